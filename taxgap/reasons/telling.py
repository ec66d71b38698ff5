"""Telling reasons to people: each part of a return's reasons in words, and nothing twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.errors import UsageError
from taxgap.reasons.effects import effect_factor, effect_pounds
from taxgap.reasons.naming import write_factor
from taxgap.reasons.selection import LEAST_LOG_UNITS, MOST_REASONS
from taxgap.reasons.sentences import join_numbers, write_numbers
from taxgap.reasons.table import PARTS
from taxgap.reasons.uncertainty import STABLE
from taxgap.regimes import Feature, Regime

_UNITS = {"times": " times", "points": " percentage points"}
_YES_NO = {"0": "no", "1": "yes"}


@dataclass(frozen=True)
class ReasonText:
    """One reason as people read it, or one thing that lowers concern.

    Attributes
    ----------
    code, feature : str
        What it is of.
    title : str
        What it is called, in a few words.
    sentence : str
        What the records show and what the middle half of the peers report.
    observed, median, middle_half : str
        The numbers of the sentence, and the peers' median, with their units: for a table or a picture beside
        it, or for the case that the sentence is not shown.
    factor : float
        What it multiplies the tax expected by.
    pounds : float
        How many of the pounds expected are put down to it; below zero for what lowers them. Those of several
        reasons overlap and do not add up; see `taxgap.reasons.effects.effect_pounds`.
    evidence : str
        What to ask for; empty where a reason before asks for the same, and for what lowers concern.
    """

    code: str
    feature: str
    title: str
    sentence: str
    observed: str
    median: str
    middle_half: str
    factor: float
    pounds: float
    evidence: str


def describe_reasons(
    regime: Regime, table_row: Mapping[str, Any] | pd.Series, expected_tax: float
) -> tuple[ReasonText, ...]:
    """Put the reasons of one return into words.

    Parameters
    ----------
    regime : Regime
    table_row : mapping or Series
        One row of `taxgap.reasons.give_reasons`, or of the scores.
    expected_tax : float
        The tax expected of the return, in pounds.

    Returns
    -------
    tuple of ReasonText
        The strongest first; empty where no single reason stands out, which the row's first sentence says.

    Raises
    ------
    UsageError
        The row is of another regime, or the tax expected is below zero.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> row = {
    ...     "reason_1_code": "expenses.travel",
    ...     "reason_1_feature": "travel_to_turnover",
    ...     "reason_1_contribution": 0.5,
    ...     "reason_1_observed": 0.31,
    ...     "reason_1_peer_low": 0.02,
    ...     "reason_1_peer_median": 0.05,
    ...     "reason_1_peer_high": 0.09,
    ...     "reason_1_sentence": "Travel costs are 31% of turnover; half of similar traders report 2% to 9%.",
    ... }
    >>> reason = describe_reasons(get_regime("self_assessment"), row, 2_000.0)[0]
    >>> reason.title, reason.observed, reason.median, reason.middle_half, round(reason.pounds)
    ('Travel expenses', '31%', '5%', '2% to 9%', 787)
    """
    told: list[ReasonText] = []
    for k in range(1, MOST_REASONS + 1):
        code = table_row.get(f"reason_{k}_code")
        if isinstance(code, str):
            parts = {part: table_row[f"reason_{k}_{part}"] for part in PARTS}
            known = {reason.evidence for reason in told}
            told.append(_tell(regime, parts, expected_tax, known))
    return tuple(told)


def describe_lowering(regime: Regime, rows: pd.DataFrame, expected_tax: float) -> tuple[ReasonText, ...]:
    """Put what lowers the concern about one return into words.

    Parameters
    ----------
    regime : Regime
    rows : DataFrame
        The rows of `taxgap.reasons.list_lowering` for this return.
    expected_tax : float
        The tax expected of the return, in pounds.

    Returns
    -------
    tuple of ReasonText
        In the order of the rows, without evidence: nothing needs to be asked for.

    Raises
    ------
    UsageError
        The rows are of another regime, or the tax expected is below zero.
    """
    return tuple(_tell(regime, parts, expected_tax, None) for parts in rows[list(PARTS)].to_dict("records"))


def tell_stability(stability: float, refits: int, *, reasons: bool) -> str:
    """Say whether the first reason of a return is stable.

    Parameters
    ----------
    stability : float
        From `taxgap.reasons.uncertainty.Uncertainty`.
    refits : int
        How many there are.
    reasons : bool
        Whether the return has a reason.

    Returns
    -------
    str

    Examples
    --------
    >>> tell_stability(0.45, 20, reasons=True).partition(". ")[2]
    'In 9 of 20 refits the first reason is the same: it is not stable, and a hint at most.'
    """
    same, marked = round(stability * refits), stability >= STABLE - 1e-9
    what = "the first reason is the same" if reasons else "no single reason stands out either"
    verdict = "it is stable" if marked else "it is not stable, and a hint at most"
    answer = "this answer is stable" if marked else "fitted anew, it may well give reasons"
    return (
        f"The model was fitted again {refits} times, to cases drawn anew from those it was trained on. In "
        f"{same} of {refits} refits {what}: {verdict if reasons else answer}."
    )


def tell_refits(place: int, share: float, refits: int) -> str:
    """Say in how many refits a reason comes first, or among the first four.

    Parameters
    ----------
    place : int
        Which reason of the return it is, from 1.
    share : float
        The share of the refits in which it comes first, for the first reason; else, in which it is among the
        first four.
    refits : int

    Returns
    -------
    str

    Examples
    --------
    >>> tell_refits(1, 0.9, 20), tell_refits(2, 0.75, 20)
    ('In 18 of 20 refits this reason comes first', 'In 15 of 20 refits it is among the first four')
    """
    what = "this reason comes first" if place == 1 else "it is among the first four"
    return f"In {round(share * refits)} of {refits} refits {what}"


def tell_share(reasons: Sequence[float], own: float) -> str:
    """Say how much of what is the taxpayer's own the reasons explain.

    Parameters
    ----------
    reasons : sequence of float
        The contributions of the reasons, in log units.
    own : float
        All of the taxpayer's own contributions, in log units.

    Returns
    -------
    str
        Empty where there are no reasons and nothing that they could explain.

    Examples
    --------
    >>> tell_share([0.16, 0.1], 1.06)
    "These reasons explain times 1.3 of the times 2.9 that is this taxpayer's own."
    >>> tell_share([1.1], 0.85)
    "This reason multiplies by 3.0; with all else, what is this taxpayer's own multiplies by 2.3."
    >>> tell_share([], 1.06), tell_share([], 0.01)
    ("What is this taxpayer's own multiplies by 2.9, and no reason explains it.", '')
    """
    told, whole = (write_factor(float(effect_factor(part))) for part in (sum(reasons), own))
    if not len(reasons):
        said = f"What is this taxpayer's own multiplies by {whole}, and no reason explains it."
        return said if own >= LEAST_LOG_UNITS else ""
    one = len(reasons) == 1
    subject = "This reason" if one else "These reasons"
    if sum(reasons) <= own or told == whole:
        verb = "explains" if one else "explain"
        share = "all" if told == whole else f"times {told}"
        return f"{subject} {verb} {share} of the times {whole} that is this taxpayer's own."
    verb = "multiplies" if one else "multiply"
    return f"{subject} {verb} by {told}; with all else, what is this taxpayer's own multiplies by {whole}."


def _tell(
    regime: Regime, parts: Mapping[Any, Any], expected_tax: float, asked: set[str] | None
) -> ReasonText:
    code, feature = regime.code.get(parts["code"]), regime.feature.get(parts["feature"])
    if code is None or feature is None:
        raise UsageError(
            f"'{parts['code']}' is no reason of {regime.name}.", where="regime", available=regime.code
        )
    observed, median, middle_half = write_parts(feature, parts)
    return ReasonText(
        code=code.code,
        feature=feature.name,
        title=code.title,
        sentence=str(parts["sentence"]),
        observed=observed,
        median=median,
        middle_half=middle_half,
        factor=float(effect_factor(parts["contribution"])),
        pounds=float(effect_pounds(expected_tax, parts["contribution"])),
        evidence="" if asked is None or code.evidence in asked else code.evidence,
    )


def write_parts(feature: Feature, parts: Mapping[Any, Any]) -> tuple[str, str, str]:
    """Write the observed value, the peers' median and their middle half, each with its unit.

    Parameters
    ----------
    feature : Feature
    parts : mapping
        With `taxgap.reasons.table.NUMBERS`.

    Returns
    -------
    observed, median, middle_half : str
        As `ReasonText` has them.
    """
    # With the decimals of the sentence, so that both say the same number.
    values = [float(parts[name]) for name in ("observed", "peer_low", "peer_high")]
    observed, low, high, median = write_numbers(feature, values, more=(float(parts["peer_median"]),))
    if feature.unit == "yes_no":
        observed, low, high, median = (_YES_NO.get(text, text) for text in (observed, low, high, median))
    unit = _UNITS.get(feature.unit, "")
    return f"{observed}{unit}", f"{median}{unit}", f"{join_numbers(feature, low, high)}{unit}"
