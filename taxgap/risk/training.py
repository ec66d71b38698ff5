"""From records to a model: labels as known on a date, earlier years to train, the latest to evaluate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.records.periods import tax_year_of
from taxgap.regimes import Regime, get_regime
from taxgap.risk.arrays import Floats
from taxgap.risk.evaluation.baselines import rank_naively
from taxgap.risk.evaluation.report import Evaluation, evaluate
from taxgap.risk.labels import build_labels
from taxgap.risk.leaks import check_leaks
from taxgap.risk.model import RiskModel
from taxgap.risk.outcomes import MINIMUM_RANDOM

EVALUATION_CASES = 500
"""The fewest closed random enquiries of a tax year that can tell how good a model is."""

CLOSED_SHARE = 0.6
"""The share of a year's random enquiries that must be closed: the first to close are not like the rest."""

# These are set from the regime and the other arguments.
_TAKEN = ("monotone", "random_state", "n_threads")


@dataclass(frozen=True)
class Window:
    """Which tax years train, and which one evaluates.

    Parameters
    ----------
    train : tuple of str
        Tax years that train, oldest first.
    evaluate : str
        The later tax year whose random enquiries evaluate.
    """

    train: tuple[str, ...]
    evaluate: str

    @property
    def all(self) -> list[str]:
        """All of them, oldest first."""
        return [*self.train, self.evaluate]


def train(
    records: Records,
    regime: str = "self_assessment",
    *,
    as_of: date | str | None = None,
    periods: Sequence[str] | None = None,
    seed: int = 0,
    waive: Sequence[str] = (),
    n_threads: int | None = None,
    evaluation_cases: int | None = None,
    **model_options: Any,
) -> RiskModel:
    """Train a risk model on closed enquiries and evaluate it on later random ones.

    Parameters
    ----------
    records : Records
        Records with a table ``enquiries`` and what the regime measures.
    regime : str, default "self_assessment"
        The tax.
    as_of : date, optional
        The day on which the model could have been trained; nothing that came later is seen. The date of the
        records where not given.
    periods : sequence of str, optional
        Tax years whose enquiries may be used; all where not given.
    seed : int, default 0
        Seed of everything drawn.
    waive : sequence of str
        Features that the leak check lets pass; the card records them.
    n_threads : int, optional
        LightGBM's threads; one where not given.
    evaluation_cases : int, optional
        The fewest closed random enquiries that evaluate; what the regime asks for where not given: 500,
        or 150 where programmes are small. The card records it.
    **model_options : object
        Settings of `RiskModel`, such as ``material`` or ``n_estimators``.

    Returns
    -------
    RiskModel
        Its card holds regime, window, counts, waived features, and the evaluation beside naive rankings; its
        peers are attached.

    Raises
    ------
    UsageError
        If a setting or regime is unknown.
    InvalidDataError, NotIdentifiedError, LeakError
        If the enquiries cannot carry a model, an evaluation, or give the label away.

    Notes
    -----
    Returns whose periods end in a month belong to the tax year that holds its last day. The latest tax year
    with enough closed random enquiries, and 60% of those opened, evaluates; all earlier ones train. Peers are
    drawn from all returns of the years that train. Trees grow on random and chosen cases, weighted by the
    probability of being opened by either programme; calibration and evaluation rest on random ones alone.
    """
    model = _make_model(model_options, seed, n_threads)
    tax = get_regime(regime)
    view = records if as_of is None else records.known_at(pd.Timestamp(as_of))
    enquiries = view.read("enquiries")
    labels = build_labels(
        enquiries, regime=tax.name, as_of=view.as_of, periods=periods, material=model.material
    )
    asked = tax.evaluation_cases if evaluation_cases is None else evaluation_cases
    opened = enquiries[enquiries["regime"] == tax.name]
    window = split_periods(labels, closed=closed_share(opened), cases=asked)
    observed, peers = _observe(view, tax, labels.index, window)
    missing = tax.missing_features(view)
    X = tax.compare(observed, peers).drop(columns=missing, errors="ignore")
    known = labels.loc[X.index]
    trains = _years(X.index).isin(window.train).to_numpy()
    waived = check_leaks(X[trains], known["material"][trains], known["tax_found"][trains], waive=waive)
    _fit(model, tax, X[trains], known[trains])
    later = ~trains & known["random"].to_numpy()
    naive = rank_naively(view, tax, X[later], seed=seed)
    facts = _evaluate(model, X[later], known[later], naive).to_dict()
    facts.pop("gain")
    notes = {
        "as_of": str(pd.Timestamp(view.as_of).date()),
        "periods": list(window.train),
        "evaluation_period": window.evaluate,
        "evaluation_cases_asked": asked,
        "seed": seed,
        "enquiries_without_return": int(_years(labels.index).isin(window.all).sum()) - len(X),
        "missing_features": missing,
        "waived_leaks": waived.to_dict("records"),
    }
    codes = {f.name: f.code for f in tax.features if f.name in X.columns}
    model.attach_peers(peers)
    return model.annotate(regime=tax.name, reason_codes=codes, training=notes, evaluation=facts)


def split_periods(
    labels: pd.DataFrame, *, closed: Mapping[str, float] | None = None, cases: int = EVALUATION_CASES
) -> Window:
    """Choose the tax year that evaluates, and those before it, which train.

    Parameters
    ----------
    labels : DataFrame
        As `build_labels` gives them.
    closed : mapping of str to float, optional
        Tax year to the share of its random enquiries that are closed; all are where not given.
    cases : int, default 500
        The fewest closed random enquiries that evaluate.

    Returns
    -------
    Window

    Raises
    ------
    NotIdentifiedError
        If no tax year has enough random enquiries, or none before it does.

    Examples
    --------
    >>> periods = [range(600), ["2021-22", "2022-23"]]
    >>> index = pd.MultiIndex.from_product(periods, names=["taxpayer_id", "period"])
    >>> split_periods(pd.DataFrame({"random": True}, index=index))
    Window(train=('2021-22',), evaluate='2022-23')
    """
    drawn = labels["random"].groupby(_years(labels.index).to_numpy()).sum().sort_index()
    counts = {str(period): int(count) for period, count in drawn.items()}
    shares = closed or {}
    enough = [
        period
        for period, count in counts.items()
        if count >= cases and shares.get(period, 1.0) >= CLOSED_SHARE
    ]
    if not enough:
        listed = ", ".join(
            f"{count} in {period} ({shares.get(period, 1.0):.0%} of those opened)"
            for period, count in counts.items()
        )
        raise NotIdentifiedError(
            f"To evaluate, a tax year needs {cases} closed random enquiries, and "
            f"{CLOSED_SHARE:.0%} of those opened closed: {listed}.",
            where="enquiries",
            remedy="Wait until more are closed; make more synthetic taxpayers; or ask for fewer, at the cost "
            "of wider intervals (evaluation_cases).",
        )
    evaluate_on = enough[-1]
    earlier = tuple(period for period in counts if period < evaluate_on)
    trained = sum(counts[period] for period in earlier)
    if trained < MINIMUM_RANDOM:
        raise NotIdentifiedError(
            f"Only {trained} closed random enquiries are of periods before {evaluate_on}; calibration needs "
            f"{MINIMUM_RANDOM}.",
            where="enquiries",
            remedy="Give records of earlier periods.",
        )
    return Window(earlier, evaluate_on)


def closed_share(enquiries: pd.DataFrame) -> dict[str, float]:
    """Return the share of each tax year's random enquiries that are closed.

    Parameters
    ----------
    enquiries : DataFrame
        With `period`, `programme` and `closed_on`, of one tax.

    Returns
    -------
    dict of str to float
    """
    drawn = enquiries[enquiries["programme"] == "random"]
    shares = drawn["closed_on"].notna().groupby(tax_year_of(drawn["period"])).mean()
    return {str(period): float(share) for period, share in shares.items()}


def _years(index: pd.Index) -> pd.Series:
    return tax_year_of(index.get_level_values("period").to_series(index=range(len(index))))


def _make_model(options: dict[str, Any], seed: int, n_threads: int | None) -> RiskModel:
    known = [name for name in RiskModel().get_params() if name not in _TAKEN]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise UsageError(f"No such settings: {', '.join(unknown)}.", where="model_options", available=known)
    return RiskModel(**options, random_state=seed, n_threads=1 if n_threads is None else n_threads)


def _observe(
    records: Records, regime: Regime, cases: pd.MultiIndex, window: Window
) -> tuple[pd.DataFrame, PeerGroups]:
    """Measure all returns partition by partition; keep those with a label, and a sample as peers."""
    kept: list[pd.DataFrame] = []

    def measure() -> Iterator[pd.DataFrame]:
        for partition in records.partitions:
            observed = regime.measure(records, window.all, partition)
            kept.append(observed[observed.index.isin(cases)])
            yield observed[_years(observed.index).isin(window.train).to_numpy()]

    peers = PeerGroups.fit(measure())
    observed = pd.concat(kept)
    if observed.empty:
        raise InvalidDataError(
            f"None of the {len(cases)} closed enquiries is into a return that the records hold.",
            where="enquiries",
            remedy="Check that taxpayer_id and period are written alike in both tables.",
        )
    return observed.sort_index(), peers


def _fit(model: RiskModel, regime: Regime, X: pd.DataFrame, labels: pd.DataFrame) -> None:
    directions = {f.name: int(f.direction) for f in regime.features if f.name in X.columns and f.direction}
    model.set_params(monotone=directions).fit(
        X,
        labels["material"],
        amount=labels["tax_found"],
        inclusion_probability=labels["opening_probability"],
        random=labels["random"],
        random_probability=labels["inclusion_probability"],
    )


def _evaluate(
    model: RiskModel, X: pd.DataFrame, labels: pd.DataFrame, naive: dict[str, Floats]
) -> Evaluation:
    return evaluate(
        pd.Series(model.ranking_score(X), index=X.index),
        amount=labels["tax_found"],
        probability=model.predict_proba(X)[:, 1],
        expected_tax=model.expected_tax(X),
        weight=1.0 / labels["inclusion_probability"],
        baselines=naive,
        material=model.material,
        seed=model.random_state,
    )
