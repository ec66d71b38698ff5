"""Who would be looked at: ranking by probability beside expected tax, on the truth of a later year."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from taxgap.peers import PeerGroups
from taxgap.records import Records, Truth
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel, build_labels
from taxgap.risk.fairness import FairnessPack, declared_income, groups_of, measure_fairness
from taxgap.synthetic import generate

REGIME, TRAIN, EVALUATE = "self_assessment", ("2021-22", "2022-23"), "2023-24"
# Fewer and larger steps than the default, alike for all rankings.
TREES = {"n_estimators": 100, "learning_rate": 0.06, "folds": 3}
EXPECTED, MATERIAL, ANY = "expected tax", "probability of material", "probability of any"
RANKINGS = (EXPECTED, MATERIAL, ANY, "random")
MEASURES = (
    *("share_of_gap", "no_change_rate", "fpr", "yield_per_audit", "yield_per_hour"),
    *("concentration", "slope_given_amount", "falls_given_amount", "falls_by_chance_given_amount"),
)


@dataclass
class Population:
    """A later year's returns with the truth, the scores of every ranking, groups and incomes."""

    scores: dict[str, np.ndarray]
    truth: pd.DataFrame
    groups: pd.DataFrame
    income: pd.Series
    hours: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taxpayers", type=int, default=50_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    parser.add_argument("--budget", type=float, default=0.05)
    parser.add_argument(
        "--populations", type=Path, nargs="*", help="folders with records/ and truth/, one a seed"
    )
    options = parser.parse_args()
    packs: list[FairnessPack] = []
    for place, seed in enumerate(options.seeds):
        population = (
            read(options.populations[place], seed) if options.populations else make(options.taxpayers, seed)
        )
        packs.append(measure(population, options.budget, seed))
        print(f"\nseed {seed}\n{packs[-1].to_text()}", flush=True)
        by_hours(population, options.budget, seed)
    show(packs)


def make(taxpayers: int, seed: int) -> Population:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "population"
        generate(folder, taxpayers=taxpayers, seed=seed, workers=2)
        return read(folder, seed)


def read(folder: Path, seed: int) -> Population:
    records, truth, regime = (
        Records.open(folder / "records"),
        Truth.open(folder / "truth"),
        get_regime(REGIME),
    )
    observed = pd.concat([regime.measure(records, [*TRAIN, EVALUATE], part) for part in records.partitions])
    year = observed.index.get_level_values("period")
    X = regime.compare(observed, PeerGroups.fit(observed[year.isin(TRAIN)]))
    labels = build_labels(records.read("enquiries"), regime=REGIME, as_of=records.as_of)
    past, later = X[year.isin(TRAIN)], X[year == EVALUATE]
    index = later.index
    potential = truth.table("enquiries", where={"regime": REGIME}).set_index(["taxpayer_id", "period"])
    known = labels.loc[past.index.intersection(labels.index)]
    directions = {f.name: int(f.direction) for f in regime.features if f.direction}
    model, anything = (
        RiskModel(monotone=directions, random_state=seed, allow_constant=True, material=amount, **TREES).fit(
            past.loc[known.index],
            amount=known["tax_found"],
            hours=known["hours"],
            inclusion_probability=known["opening_probability"],
            random=known["random"],
            random_probability=known["inclusion_probability"],
        )
        for amount in (1000.0, 1.0)
    )
    scores = {
        EXPECTED: model.ranking_score(later),
        MATERIAL: model.predict_proba(later)[:, 1],
        ANY: anything.predict_proba(later)[:, 1],
        "random": np.random.default_rng([seed, 4]).random(len(later)),
    }
    return Population(
        scores=scores,
        truth=potential.reindex(index),
        groups=groups_of(records, index, regime=REGIME),
        income=declared_income(records, index, regime=REGIME),
        hours=model.expected_hours(later),
    )


def measure(population: Population, budget: float, seed: int) -> FairnessPack:
    return measure_fairness(
        population.scores,
        population.groups,
        amount=population.truth["tax_lost"],
        income=population.income,
        case_hours=population.truth["hours"],
        budget_share=budget,
        index=population.truth.index,
        seed=seed,
    )


def by_hours(population: Population, budget: float, seed: int) -> None:
    """Print what the same officer hours buy, with and without regard to expected hours in the ranking."""
    hours = population.truth["hours"]
    scores = {name: population.scores[name] for name in (EXPECTED, MATERIAL)}
    # Ranked by the hours that the model expects; used up are the hours that the cases would take.
    scores["expected tax an hour"] = population.scores[EXPECTED] - np.log(population.hours)
    pack = measure_fairness(
        scores,
        population.groups[["income decile"]],
        amount=population.truth["tax_lost"],
        income=population.income,
        case_hours=hours,
        hours=budget * float(hours.sum()),
        index=population.truth.index,
        draws=100,
        seed=seed,
    )
    wanted = ["audit_rate", "share_of_gap", "no_change_rate", "yield_per_hour", "concentration"]
    table = pack.summary[pack.summary["metric"].isin(wanted)].pivot_table(
        index="metric", columns="ranking", values="value", sort=False
    )
    print(f"\nBy {pack.settings['hours']:,.0f} officer hours:")
    print(table[list(scores)].to_string(float_format="{:,.3f}".format), flush=True)


def show(packs: list[FairnessPack]) -> None:
    print(f"\nMeans of {len(packs)} seeds")
    for metric in ("audit_rate", "no_change_rate", "burden_ratio"):
        for dimension in ("income decile", "nation", "age band"):
            table = average([pack.compare(metric, dimension) for pack in packs])
            print(f"\n{metric} by {dimension}")
            print(table[list(RANKINGS)].to_string(float_format="{:.3f}".format))
    gap = average([pack.compare("gap_share", "income decile") for pack in packs])
    print(f"\nshare of the gap by income decile\n{gap.T.to_string(float_format='{:.3f}'.format)}")
    table = average(
        [
            pack.summary[pack.summary["metric"].isin(MEASURES)].pivot_table(
                index="metric", columns="ranking", values="value", sort=False
            )
            for pack in packs
        ]
    )
    print(f"\n{table[list(RANKINGS)].to_string(float_format='{:,.3f}'.format)}")
    for number, pack in enumerate(packs):
        own = pack.differences.set_index(["ranking", "dimension", "level", "metric"]).loc[MATERIAL]
        rows = [("income decile", str(decile), "audit_rate") for decile in range(1, 11)]
        rows += [("all", "all", metric) for metric in ("share_of_gap", "no_change_rate", "concentration")]
        print(f"\n{MATERIAL} less {EXPECTED}, population {number + 1}")
        print(own.loc[rows, ["value", "low", "high"]].to_string(float_format="{:+.4f}".format))


def average(tables: list[pd.DataFrame]) -> pd.DataFrame:
    # Levels that were too small in one population are averaged over the others.
    return pd.concat(tables).groupby(level=0, sort=False).mean()


if __name__ == "__main__":
    main()
