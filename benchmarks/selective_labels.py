"""What chosen labels cost, and how much of it weights win back, measured on the truth of a later year."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from taxgap.errors import NotIdentifiedError
from taxgap.peers import PeerGroups
from taxgap.records import Records, Truth
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel, build_labels
from taxgap.risk.boosting import Growth
from taxgap.risk.evaluation.metrics import draw_counts
from taxgap.risk.selection import (
    bound_outcomes,
    diagnose_overlap,
    estimate_opening,
    estimate_selected,
    predict_outcomes,
    weigh_labels,
)
from taxgap.synthetic import generate

REGIME, TRAIN, EVALUATE = "self_assessment", ("2021-22", "2022-23"), "2023-24"
VARIANTS = ("older rule", "tip-offs")
# Fewer and larger steps than the default, alike for all: the comparison takes a third of the time.
TREES = {"n_estimators": 100, "learning_rate": 0.06, "folds": 3}
REFERENCE, NAIVE = "random cases", "chosen cases, naive"
DRAWS = 100
MATERIAL = 1000.0
Measures = dict[str, np.ndarray]


@dataclass
class Population:
    """Features of all returns, what officers found or would have found, and the enquiries there were."""

    X: pd.DataFrame
    on_file: pd.DataFrame
    labels: pd.DataFrame
    found: pd.Series
    lost: pd.Series
    directions: dict[str, int]

    def of(self, years: tuple[str, ...]) -> Population:
        """Return the returns of some years."""
        rows = self.X.index.get_level_values("period").isin(years)
        return Population(
            self.X[rows], self.on_file[rows], self.labels, self.found[rows], self.lost[rows], self.directions
        )


@dataclass
class Choice:
    """Who was opened, with the recorded probability (where opened) and what else stood on file."""

    opened: pd.Series
    probability: np.ndarray
    on_file: pd.DataFrame
    random: pd.Index


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taxpayers", type=int, default=50_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    parser.add_argument(
        "--populations", type=Path, nargs="*", help="folders with records/ and truth/, one a seed"
    )
    options = parser.parse_args()
    populations = [read(folder) for folder in options.populations or ()]
    populations = populations or [make(options.taxpayers, seed) for seed in options.seeds]
    for variant in VARIANTS:
        study(variant, dict(zip(options.seeds, populations, strict=True)))


def make(taxpayers: int, seed: int) -> Population:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "population"
        generate(folder, taxpayers=taxpayers, seed=seed, workers=2)
        return read(folder)


def read(folder: Path) -> Population:
    records, truth, regime = (
        Records.open(folder / "records"),
        Truth.open(folder / "truth"),
        get_regime(REGIME),
    )
    observed = pd.concat([regime.measure(records, [*TRAIN, EVALUATE], part) for part in records.partitions])
    X = regime.compare(
        observed, PeerGroups.fit(observed[observed.index.get_level_values("period").isin(TRAIN)])
    )
    potential = truth.table("enquiries", where={"regime": REGIME}).set_index(["taxpayer_id", "period"])
    potential = potential.reindex(X.index)
    labels = build_labels(records.read("enquiries"), regime=REGIME, as_of=records.as_of, material=MATERIAL)
    directions = {f.name: int(f.direction) for f in regime.features if f.direction}
    return Population(
        X,
        X.join(read_sizes(records)),
        labels,
        potential["tax_found"],
        potential["tax_lost"].clip(lower=0),
        directions,
    )


def read_sizes(records: Records) -> pd.DataFrame:
    """Return size in pounds: the older rule looks at it, and the model may not."""
    columns = ["total_income", "turnover", "total_expenses", "interest"]
    returns = records.table(REGIME, ["taxpayer_id", "period", "version", *columns])
    first = returns.sort_values("version").drop_duplicates(["taxpayer_id", "period"])
    return first.set_index(["taxpayer_id", "period"])[columns]


def choose(variant: str, past: Population, seed: int) -> Choice:
    if variant == "older rule":
        return choose_as_recorded(past)
    return choose_by_tips(past, seed)


def choose_as_recorded(past: Population) -> Choice:
    chosen = past.labels[~past.labels["random"]]
    opened = pd.Series(past.X.index.isin(chosen.index), index=past.X.index)
    probability = chosen["inclusion_probability"].reindex(past.X.index).to_numpy()
    drawn = past.X.index.intersection(past.labels.index[past.labels["random"]])
    return Choice(opened, probability, past.on_file, drawn[: int(opened.sum())])


def choose_by_tips(past: Population, seed: int) -> Choice:
    """Open 2% of all, and half of those on whom there is a tip; tips come from every second trade group only.

    Half of the material returns of those trades bring a tip, and one in fifty of the others. The tip is on
    file, and in the recorded probability, but is no feature of the model.
    """
    rng = np.random.default_rng(seed)
    group = past.X["trade_group"]
    watched = group.isin([level for level in group.cat.categories if level != "none"][::2]).to_numpy()
    wrong = (past.lost >= MATERIAL).to_numpy()
    tip = watched & (rng.random(len(wrong)) < np.where(wrong, 0.5, 0.02))
    probability = np.where(tip, 0.5, 0.02)
    opened = pd.Series(rng.random(len(wrong)) < probability, index=past.X.index)
    drawn = past.X.index[np.sort(rng.permutation(len(wrong))[: int(opened.sum())])]
    return Choice(opened, probability, past.X.assign(tip=tip.astype(float)), drawn)


def study(variant: str, populations: dict[int, Population]) -> None:
    measured: list[dict[str, Measures]] = []
    for seed, population in populations.items():
        past, later = population.of(TRAIN), population.of((EVALUATE,))
        choice = choose(variant, past, seed)
        counts = draw_counts(len(later.X), DRAWS, np.random.default_rng(seed))
        weights = np.concatenate([np.ones((1, len(later.X))), counts])
        models = dict(train_all(past, choice, seed, both=variant == "older rule"))
        measured.append({name: measure(model, later, weights) for name, model in models.items()})
        print(
            f"\n{variant}, seed {seed}: {int(choice.opened.sum()):,} chosen of {len(past.X):,} returns",
            flush=True,
        )
        show_estimates(past, choice)
    show(variant, measured)


def train_all(past: Population, choice: Choice, seed: int, *, both: bool) -> Iterator[tuple[str, RiskModel]]:
    def fit(cases: pd.Index, power: float = 0.5, **columns: object) -> RiskModel:
        model = RiskModel(monotone=past.directions, random_state=seed, weight_power=power, **TREES)
        return model.fit(past.X.loc[cases], amount=past.found.loc[cases], **columns)

    opened = choice.opened.index[choice.opened]
    yield REFERENCE, fit(choice.random)
    if both:
        known = past.labels.loc[past.X.index.intersection(past.labels.index)]
        columns = {
            "inclusion_probability": known["opening_probability"],
            "random": known["random"],
            "random_probability": known["inclusion_probability"],
        }
        yield "random and chosen", fit(known.index, **columns)
    yield NAIVE, fit(opened)
    frames = {"estimated on file": choice.on_file} | ({"estimated by features": past.X} if both else {})
    kinds = {"recorded": choice.probability}
    for kind, frame in frames.items():
        kinds[kind] = estimate_opening(frame, choice.opened, folds=3, seed=seed).probability.to_numpy()
    for kind, probability in kinds.items():
        predicted = predict_outcomes(
            past.X,
            choice.opened,
            past.found.where(choice.opened, 0.0),
            probability=probability,
            folds=3,
            seed=seed,
            growth=Growth(n_estimators=100, learning_rate=0.06),
        )
        for method, outcomes in (("weighted", None), ("doubly robust", predicted)):
            weights = weigh_labels(choice.opened, probability, predicted=outcomes)
            yield f"{method}, {kind}", fit(opened, inclusion_probability=weights.probability)
            if outcomes is not None:
                # The trees grow as the naive ones do; only level and curve are set by the weights.
                yield f"calibrated only, {kind}", fit(opened, 0.0, inclusion_probability=weights.probability)


def measure(model: RiskModel, later: Population, weights: np.ndarray) -> Measures:
    """Return each measure on the later year's truth: first as it is, then on bootstrap draws of returns."""
    found, lost = later.found.to_numpy(), later.lost.to_numpy()
    material = found >= MATERIAL
    probability, expected = model.predict_proba(later.X)[:, 1], model.expected_tax(later.X)
    order = np.argsort(-expected, kind="stable")
    drawn = weights[:, order]
    reached = np.cumsum(drawn, axis=1) / drawn.sum(axis=1, keepdims=True)
    taken = drawn * lost[order]
    right, wrong = drawn * material[order], drawn * ~material[order]
    pairs = right.sum(axis=1) * wrong.sum(axis=1)
    bins = np.argsort(np.argsort(probability, kind="stable"), kind="stable") * 10 // len(probability)
    off = [
        (weights[:, bins == k] @ (probability - material)[bins == k]) / weights[:, bins == k].sum(axis=1)
        for k in range(10)
    ]
    return {
        "share of gap at 1%": (taken * (reached <= 0.01)).sum(axis=1) / taken.sum(axis=1),
        "share of gap at 5%": (taken * (reached <= 0.05)).sum(axis=1) / taken.sum(axis=1),
        "AUC": 1 - (right * np.cumsum(wrong, axis=1)).sum(axis=1) / pairs,
        "expected tax, log of predicted over true": np.log((weights @ expected) / (weights @ found)),
        "probability, predicted less true": (weights @ (probability - material)) / weights.sum(axis=1),
        "calibration error": np.abs(np.stack(off)).mean(axis=0),
    }


# Measures whose best value is zero; the others are compared with as many random cases.
_LEVELS = (
    "expected tax, log of predicted over true",
    "probability, predicted less true",
    "calibration error",
)


def show(variant: str, measured: list[dict[str, Measures]]) -> None:
    rows = []
    for name in measured[0][NAIVE]:
        pooled = {model: np.mean([seed[model][name] for seed in measured], axis=0) for model in measured[0]}
        aim = np.zeros(DRAWS + 1) if name in _LEVELS else pooled[REFERENCE]
        lost = np.abs(pooled[NAIVE]) if name in _LEVELS else aim - pooled[NAIVE]
        for model, value in pooled.items():
            own = np.abs(value) if name in _LEVELS else aim - value
            rows.append((name, model, *interval(value), *interval(own), *interval(1 - own / lost)))
    columns = [
        "measure",
        "trained on",
        *(f"{what}{end}" for what in ("value", "loss", "won_back") for end in ("", "_low", "_high")),
    ]
    print(f"\n{variant}, mean of {len(measured)} seeds, intervals by return:")
    print(
        pd.DataFrame(rows, columns=columns).to_string(index=False, float_format="{:.3f}".format), flush=True
    )


def interval(drawn: np.ndarray) -> tuple[float, float, float]:
    low, high = np.quantile(drawn[1:], [0.025, 0.975])
    return float(drawn[0]), float(low), float(high)


def show_estimates(past: Population, choice: Choice) -> None:
    found = estimate_selected(past.found.where(choice.opened, 0.0), choice.probability, opened=choice.opened)
    true = {"mean_tax": past.found.mean(), "material_share": (past.found >= MATERIAL).mean()}
    table = found.frame.assign(truth=found.frame["measure"].map(true))
    print(table.to_string(index=False, float_format="{:,.4g}".format))
    try:
        # The same cases, had only those been opened whom the rule rates in the upper half of them.
        cut = np.median(choice.probability[choice.opened])
        above = choice.opened & (choice.probability >= cut)
        diagnose_overlap(choice.probability, opened=above).require()
    except NotIdentifiedError as error:
        print(f"refused: {error.message}")
        print(bound_outcomes(past.found.where(above, 0.0), opened=above, cap=50_000.0).to_text())


if __name__ == "__main__":
    main()
