"""Sentences: what the records show and what the middle half of the peers report, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose

from taxgap.regimes import Feature

NOTHING_STANDS_OUT = "No single reason stands out."
"""What is said where a return ranks high without a reason of its own."""

GROUP_STANDS_OUT = "No single reason stands out; most of the score comes from the group of similar taxpayers."
"""The same, where the group effect outweighs all of the taxpayer's own contributions."""

_SCALE = {"share": 100.0, "points": 100.0}
_DECIMALS = {"times": 1}
_MOST_DECIMALS = 3


def write_sentence(feature: Feature, observed: float, low: float, high: float) -> str:
    """Fill in a feature's sentence.

    Parameters
    ----------
    feature : Feature
    observed : float
        The taxpayer's value, in the unit of the feature.
    low, high : float
        The peers' quartiles.

    Returns
    -------
    str

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> expenses = get_regime("self_assessment").feature["expenses_to_turnover"]
    >>> write_sentence(expenses, 0.62, 0.24, 0.35)
    'Expenses are 62% of turnover; half of similar traders report 24% to 35%.'
    """
    shown, first, last = _write_numbers(feature, (observed, low, high))
    peers = first if first == last else f"{_bare(first, feature)} to {last}"
    return feature.sentence.format(observed=shown, peers=peers)


def _write_numbers(feature: Feature, values: Sequence[float]) -> list[str]:
    """Write numbers with as few decimals as tell those apart that differ."""
    decimals = _DECIMALS.get(feature.unit, 0)
    while True:
        texts = [_write_number(feature, value, decimals) for value in values]
        if decimals >= _MOST_DECIMALS or _tells_apart(values, texts):
            return texts
        decimals += 1


def _tells_apart(values: Sequence[float], texts: Sequence[str]) -> bool:
    observed, *peers = zip(values, texts, strict=True)
    return all(isclose(observed[0], value) or observed[1] != text for value, text in peers)


def _write_number(feature: Feature, value: float, decimals: int) -> str:
    digits = f"{value * _SCALE.get(feature.unit, 1.0):.{decimals}f}"
    digits = digits.lstrip("-") if float(digits) == 0 else digits
    if feature.unit == "share":
        digits = f"{digits}%"
    if feature.unit == "days":
        digits = f"{digits} day" if digits == "1" else f"{digits} days"
    if abs(value) >= feature.limit and feature.unit != "yes_no":
        return f"{digits} or {'more' if value > 0 else 'less'}"
    return digits


def _bare(text: str, feature: Feature) -> str:
    # Of "0 days to 3 days" only the last names the unit.
    return text.removesuffix(" days").removesuffix(" day") if feature.unit == "days" else text
