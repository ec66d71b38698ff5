"""Sentences: what the records show and what the middle half of the peers report, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from taxgap.regimes import Feature
from taxgap.risk.arrays import Floats

NOTHING_STANDS_OUT = "No single reason stands out."
"""What is said where a return ranks high without a reason of its own."""

GROUP_STANDS_OUT = "No single reason stands out; most of the score comes from the group of similar taxpayers."
"""The same, where the group effect outweighs all of the taxpayer's own contributions."""

Positions: TypeAlias = NDArray[np.int64]

_SCALE = {"share": 100.0, "points": 100.0}
_DECIMALS = {"times": 1}
_MOST_DECIMALS = 3
_RELATIVE = 1e-9  # as close as `isclose` asks
_SPLIT = 2.0**27 + 1


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
    return fill_in(feature, feature.sentence, observed, low, high)


def write_sentences(
    feature: Feature, observed: ArrayLike, low: ArrayLike, high: ArrayLike, *, sentence: str | None = None
) -> NDArray[Any]:
    """Fill in a feature's sentence for many returns.

    Parameters
    ----------
    feature : Feature
    observed, low, high : array_like of float
        As in `write_sentence`, one value a return.
    sentence : str, optional
        Another sentence with the same places; that of the feature when absent.

    Returns
    -------
    ndarray of str objects
        The texts of `write_sentence`. Numbers that read alike are written once, and so are sentences: peers
        share their quartiles, and rounded values are few.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> late = get_regime("self_assessment").feature["days_late"]
    >>> write_sentences(late, [1.0, 12.0], [0.0, 0.0], [0.0, 3.0]).tolist()[0]
    'The return came 1 day after it was due; for half of similar taxpayers the delay was 0 days.'
    """
    numbers = np.array([observed, low, high], dtype=np.float64)
    decimals, rounded = _round_apart(feature, numbers)
    own, first_own = number_alike([decimals, rounded, _beyond(feature, numbers[0])])
    pair, first_pair = number_alike([numbers[1], numbers[2], decimals])
    shown = [
        _write_number(feature, value, int(places))
        for value, places in zip(numbers[0, first_own].tolist(), decimals[first_own].tolist(), strict=True)
    ]
    peers = [
        join_numbers(feature, *(_write_number(feature, value, int(places)) for value in ends))
        for ends, places in zip(
            numbers[1:, first_pair].T.tolist(), decimals[first_pair].tolist(), strict=True
        )
    ]
    form = feature.sentence if sentence is None else sentence
    which, first = number_alike([own, pair])
    texts = [
        form.format(observed=shown[i], peers=peers[j])
        for i, j in zip(own[first].tolist(), pair[first].tolist(), strict=True)
    ]
    return np.array(texts, dtype=object)[which]


def fill_in(feature: Feature, sentence: str, observed: float, low: float, high: float) -> str:
    """Fill in any sentence about a feature; the places are ``{observed}`` and ``{peers}``."""
    shown, first, last = write_numbers(feature, (observed, low, high))
    return sentence.format(observed=shown, peers=join_numbers(feature, first, last))


def write_numbers(feature: Feature, values: Sequence[float], *, more: Sequence[float] = ()) -> list[str]:
    """Write the observed value and some of its peers with as few decimals as tell it from them.

    Parameters
    ----------
    feature : Feature
    values : sequence of float
        The observed value, then those of the peers.
    more : sequence of float
        Further values to write with the same decimals.

    Returns
    -------
    list of str
        First `values`, then `more`.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> write_numbers(get_regime("self_assessment").feature["gross_margin"], (0.349, 0.35, 0.6))
    ['34.9%', '35.0%', '60.0%']
    """
    decimals = _DECIMALS.get(feature.unit, 0)
    while True:
        texts = [_write_number(feature, value, decimals) for value in values]
        if decimals >= _MOST_DECIMALS or _tells_apart(values, texts):
            return [*texts, *(_write_number(feature, value, decimals) for value in more)]
        decimals += 1


def join_numbers(feature: Feature, first: str, last: str) -> str:
    """Write the peers' middle half; of "0 days to 3 days" only the last names the unit."""
    if first == last:
        return first
    bare = first.removesuffix(" days").removesuffix(" day") if feature.unit == "days" else first
    return f"{bare} to {last}"


def _tells_apart(values: Sequence[float], texts: Sequence[str]) -> bool:
    observed, *peers = zip(values, texts, strict=True)
    return all(isclose(observed[0], value, rel_tol=_RELATIVE) or observed[1] != text for value, text in peers)


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


def _round_apart(feature: Feature, numbers: Floats) -> tuple[Floats, Floats]:
    """Return, of each row, the decimals that `write_numbers` takes and the observed value so rounded."""
    scaled, beyond = numbers * _SCALE.get(feature.unit, 1.0), _beyond(feature, numbers)
    decimals, rounded = np.empty(numbers.shape[1]), np.empty(numbers.shape[1])
    left = np.arange(numbers.shape[1])
    for places in range(_DECIMALS.get(feature.unit, 0), _MOST_DECIMALS + 1):
        shown = _round(scaled[:, left], places)
        decimals[left], rounded[left] = places, shown[0]
        values, limits = numbers[:, left], beyond[:, left]
        other_text = (shown[1:] != shown[0]) | (limits[1:] != limits[0])
        left = left[~(other_text | _close(values[1:], values[0])).all(axis=0)]
    return decimals, rounded


def _round(values: Floats, places: int) -> Floats:
    """Round as formatting does, to a whole number of 10 ** -places: by the exact product, halves to even."""
    if not places:
        return np.rint(values)
    times, sizes = 10.0**places, np.abs(values)  # below zero the rest over a whole number is not exact
    product = sizes * times
    # Veltkamp's split of a number in two halves gives what the product lost, which decides at a half.
    upper = _SPLIT * sizes - (_SPLIT * sizes - sizes)
    lost = (upper * times - product) + (sizes - upper) * times
    below = np.floor(product)
    half = (product - below == 0.5) & (lost != 0)
    return np.sign(values) * np.where(half, below + (lost > 0), np.rint(product))


def _beyond(feature: Feature, values: Floats) -> Floats:
    # The side on which "or more", "or less" is said.
    return np.where((np.abs(values) >= feature.limit) & (feature.unit != "yes_no"), np.sign(values), 0.0)


def _close(values: Floats, others: Floats) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.abs(values - others) <= _RELATIVE * np.maximum(
        np.abs(values), np.abs(others)
    )
    return near


def number_alike(columns: Sequence[NDArray[Any]]) -> tuple[Positions, Positions]:
    """Give rows that are alike in every column one number; return that of each row, and one row of each."""
    which = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes, levels = pd.factorize(column, use_na_sentinel=False)
        which = pd.factorize(which * max(len(levels), 1) + codes)[0].astype(np.int64)
    rows = np.arange(len(which))
    one = np.empty(which.max(initial=-1) + 1, dtype=np.int64)
    one[which[::-1]] = rows[::-1]
    return which, one
