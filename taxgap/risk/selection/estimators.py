"""What holds for all returns, estimated from those that were chosen: weights, and weights with a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import Bools, Column, Floats, Integers, split_bins, to_flags, to_floats
from taxgap.risk.card import to_plain
from taxgap.risk.crossfit import TAXPAYER
from taxgap.risk.evaluation.metrics import make_key
from taxgap.risk.selection.columns import read_known
from taxgap.risk.selection.influence import Measured, Outcome, take_top, to_events
from taxgap.risk.selection.overlap import Overlap, diagnose_overlap
from taxgap.risk.selection.weighting import make_pseudo_outcomes

NAIVE = "naive"
_COLUMNS = ["method", "measure", "value", "low", "high", "n"]
_DECILES = 10


@dataclass(frozen=True)
class SelectedEstimates:
    """Measures of all returns from chosen labels.

    Parameters
    ----------
    frame : DataFrame
        ``method, measure, value, low, high, n``. Methods: ``naive`` (as if the cases had been drawn at
        random), ``inverse_probability``, and ``doubly_robust`` where predictions were given.
    overlap : Overlap
        Whether the cases can speak for all.
    settings : dict
        Material amount and confidence.
    """

    frame: pd.DataFrame
    overlap: Overlap
    settings: dict[str, Any]

    def value(self, measure: str, method: str = "doubly_robust") -> Measured:
        """Return one measure with its interval.

        Parameters
        ----------
        measure : str
            Such as ``"mean_tax"`` or ``"share_of_gap@5%"``.
        method : str, default "doubly_robust"
            How it was estimated.

        Returns
        -------
        Measured
        """
        row = self.frame[(self.frame["measure"] == measure) & (self.frame["method"] == method)]
        if row.empty:
            known = (self.frame["method"] + " " + self.frame["measure"]).tolist()
            raise UsageError(f"There is no {measure!r} by {method!r}.", available=known)
        found = row.iloc[0]
        return Measured(float(found["value"]), float(found["low"]), float(found["high"]))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "settings": to_plain(self.settings),
            "overlap": self.overlap.to_dict(),
            "measures": to_plain(self.frame.to_dict("records")),
        }

    def to_text(self) -> str:
        """Return one line a measure."""
        lines = [
            f"{row.measure}, {row.method}: {row.value:,.4g} ({row.low:,.4g} to {row.high:,.4g})"
            for row in self.frame.itertuples()
        ]
        return "\n".join([self.overlap.to_text(), *lines])

    def _repr_html_(self) -> str:
        table = self.frame.to_html(index=False, na_rep="", float_format="{:,.4g}".format)
        return f"<pre>{self.overlap.to_text()}</pre>{table}"


@dataclass(frozen=True)
class _Question:
    """What is asked of every method, aligned with all returns."""

    opened: Bools
    amount: Floats
    cluster: Integers
    material: float
    confidence: float
    taken: dict[str, Floats]
    score: Floats | None
    predicted: Floats | None
    policy: Floats | None

    def answer(self, mass: Floats, tax: Floats, event: Floats) -> dict[str, Measured]:
        money = Outcome(mass, tax, self.cluster, self.confidence)
        events = Outcome(mass, event, self.cluster, self.confidence)
        found = {"mean_tax": money.average(), "material_share": events.average(most=1.0)}
        found |= {name: money.share_of(taken) for name, taken in self.taken.items()}
        if self.score is not None:
            found["auc"] = events.area(self.score)
        if self.predicted is not None:
            bins = split_bins(self.predicted, np.ones(len(self.predicted)), _DECILES)
            found["calibration_error"] = events.miscalibration(self.predicted, bins)
        if self.policy is not None:
            found["policy_value"] = money.gain_by(self.policy)
        return found


def estimate_selected(
    amount: Column,
    probability: Column,
    *,
    opened: pd.Series,
    outcomes: pd.DataFrame | None = None,
    score: Column | None = None,
    predicted: Column | None = None,
    policy: Column | None = None,
    coverages: Sequence[float] = (0.01, 0.05),
    material: float = 1000.0,
    confidence: float = 0.95,
    require: bool = True,
) -> SelectedEstimates:
    """Estimate measures of all returns from labels of those that were chosen.

    Parameters
    ----------
    amount : array-like
        Tax found (GBP), one row a return; read where ``opened``.
    probability : array-like
        Probability of being opened, recorded or estimated; may be missing where not opened.
    opened : Series of bool
        Which returns have a label. An index level ``taxpayer_id`` tells whose errors go together.
    outcomes : DataFrame, optional
        ``material`` and ``tax`` as `predict_outcomes` gives them: with it, doubly-robust estimates too.
    score : array-like, optional
        A ranking of all returns: its AUC and share of gap are estimated.
    predicted : array-like, optional
        A probability of a material under-declaration for all returns: its calibration error is estimated.
    policy : array-like, optional
        Probability, 0 to 1, that a policy opens each return: ``policy_value`` is the tax it finds, GBP a
        return of all.
    coverages : sequence of float
        Shares of all returns that could be worked.
    material : float, default 1000
        Tax found from which an under-declaration is material (GBP).
    confidence : float, default 0.95
        Confidence of the intervals.
    require : bool, default True
        Refuse where there is no overlap.

    Returns
    -------
    SelectedEstimates

    Raises
    ------
    NotIdentifiedError
        If the cases cannot stand for all returns.

    Notes
    -----
    Inverse probability: Hajek's ratio, weights 1 / probability of the cases over their sum. Doubly robust:
    pseudo-outcomes for all returns (`make_pseudo_outcomes`); every measure is a ratio of sums that are linear
    in them, or, for the AUC, of sums over pairs of different returns. Intervals rest on influence functions,
    summed by taxpayer; probabilities count as known. All measures are of tax *found*: what officers do not
    see is in none of them.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> risk = rng.random(8000)
    >>> opened = pd.Series(rng.random(8000) < 0.02 + 0.2 * risk)
    >>> amount = np.where(rng.random(8000) < risk / 2, 3000.0, 0.0)
    >>> found = estimate_selected(amount, 0.02 + 0.2 * risk, opened=opened)
    >>> [round(found.value("material_share", method).value, 1) for method in ("naive", "inverse_probability")]
    [0.3, 0.2]
    """
    flags = to_flags(opened, "opened", index=opened.index)
    found = read_known(amount, "amount", flags, index=opened.index, fill=0.0)
    chance = np.asarray(probability, dtype=np.float64)
    overlap = diagnose_overlap(chance, opened=flags)
    if require:
        overlap.require()
    question = _ask(
        opened.index,
        flags,
        found,
        score=score,
        predicted=predicted,
        policy=policy,
        coverages=coverages,
        material=material,
        confidence=confidence,
    )
    event = to_events(found, material, flags)
    weight = np.divide(1.0, chance, out=np.zeros(len(chance)), where=flags)
    answers = {
        NAIVE: question.answer(flags.astype(np.float64), found, event),
        "inverse_probability": question.answer(weight, found, event),
    }
    if outcomes is not None:
        _check_outcomes(outcomes, opened.index)
        pseudo = [
            make_pseudo_outcomes(value, chance, outcomes[name], flags)
            for name, value in {"tax": found, "material": event}.items()
        ]
        answers["doubly_robust"] = question.answer(np.ones(len(flags)), *pseudo)
    settings = {"material": material, "confidence": confidence}
    return SelectedEstimates(_tabulate(answers, int(flags.sum())), overlap, settings)


def _tabulate(answers: Mapping[str, Mapping[str, Measured]], cases: int) -> pd.DataFrame:
    rows = [
        (method, measure, m.value, m.low, m.high, cases)
        for method, measures in answers.items()
        for measure, m in measures.items()
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _ask(
    index: pd.Index,
    flags: Bools,
    found: Floats,
    *,
    score: Column | None,
    predicted: Column | None,
    policy: Column | None,
    coverages: Sequence[float],
    material: float,
    confidence: float,
) -> _Question:
    if not 0 < confidence < 1 or not all(0 < c <= 1 for c in coverages):
        raise UsageError("Coverages lie above 0 and up to 1, the confidence between 0 and 1.")
    if not found.any():
        raise InvalidDataError("No tax was found in any case: there is nothing to weigh.", where="amount")
    given = {"score": score, "predicted": predicted, "policy": policy}
    columns = {n: None if v is None else to_floats(v, n, rows=len(index)) for n, v in given.items()}
    taken = {}
    if columns["score"] is not None:
        key = make_key(index)
        taken = {f"share_of_gap@{100 * c:g}%": take_top(columns["score"], key, c) for c in coverages}
    whose = index.get_level_values(TAXPAYER) if TAXPAYER in index.names else index
    cluster = pd.factorize(whose)[0].astype(np.int64)
    return _Question(flags, found, cluster, material, confidence, taken, **columns)


def _check_outcomes(outcomes: pd.DataFrame, index: pd.Index) -> None:
    missing = [name for name in ("material", "tax") if name not in outcomes.columns]
    if missing or not outcomes.index.equals(index):
        raise UsageError(
            f"The predicted outcomes lack {', '.join(missing) or 'the rows of opened'}.",
            where="outcomes",
            remedy="Make them with predict_outcomes, of the same returns.",
        )
