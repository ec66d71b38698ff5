"""Which contributions are reasons: the largest that raise the risk, a few, from different families."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import UsageError
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools, Floats

MOST_REASONS = 4
"""More reasons than this help nobody."""

MOST_OF_A_FAMILY = 2
"""So many reasons of one family, so that the others are heard."""

LEAST_LOG_UNITS = 0.03
"""A reason multiplies expected tax by at least exp(0.03), about 3%."""

LEAST_SHARE = 0.03
"""A reason has at least this share of all that raises the score."""

NEAR_EQUAL = 0.4
"""Reasons this near to the strongest, in log units, are told in the order of `Regime.precedence`: to fit the
model again moves the lead of one over another by 0.12, and other enquiries by 0.17, so that their order by
size is mostly chance."""

NONE = -1

Positions: TypeAlias = NDArray[np.int64]

_BLOCK = 4096  # rows at a time: their codes stay in the cache of the processor


@dataclass(frozen=True)
class Selection:
    """The reasons of each return, the strongest first; one row a return, one column a reason.

    Attributes
    ----------
    codes : ndarray of int64
        Position of the reason code in the regime; -1 where there is no further reason.
    features : ndarray of int64
        Position, among the regime's features, of the one that contributes most within the code; or -1.
    contributions : ndarray of float64
        What the features of the code add to the score together, in log units; missing where there is none.
    """

    codes: Positions
    features: Positions
    contributions: Floats

    @classmethod
    def empty(cls, rows: int, most: int) -> Selection:
        """Make room for so many reasons of so many returns, all of them absent."""
        shape = (rows, most)
        return cls(
            np.full(shape, NONE, dtype=np.int64), np.full(shape, NONE, dtype=np.int64), np.full(shape, np.nan)
        )

    def first(self, most: int) -> Selection:
        """Return the first so many reasons of each return."""
        return Selection(self.codes[:, :most], self.features[:, :most], self.contributions[:, :most])

    def fill(self, rows: slice | Positions, part: Selection) -> None:
        """Put the reasons of some rows in their place."""
        self.codes[rows], self.features[rows] = part.codes, part.features
        self.contributions[rows] = part.contributions


def select_reasons(
    regime: Regime,
    values: pd.DataFrame,
    visible: pd.DataFrame,
    *,
    most: int = MOST_REASONS,
    noise: Mapping[str, float] | None = None,
) -> Selection:
    """Choose the reasons of each return.

    Parameters
    ----------
    regime : Regime
    values : DataFrame
        The contributions, one column a feature; a feature that the model does not use may be absent.
    visible : DataFrame of bool
        The same rows: whether the observed value lies on the side of the peers' middle half that the
        feature's sentence speaks of. Other features count within their code, but are not named.
    most : int, default 4
        The most reasons a return, from 0 to 4.
    noise : mapping of str to float, optional
        By reason code, the least contribution in log units that fitting the model again cannot undo. A code
        that is absent has no such floor.

    Returns
    -------
    Selection

    Raises
    ------
    UsageError
        Too many reasons are asked for, or the noise is of an unknown code, negative or missing.

    Notes
    -----
    Contributions are summed within a code. A code is a reason if its sum reaches three floors, which are
    `LEAST_LOG_UNITS`, `LEAST_SHARE` of the sum over all codes that raise the score, and its noise, and if a
    visible feature of it raises the score. The largest four sums are chosen; of equal ones, the code that the
    regime names first. Those within `NEAR_EQUAL` of the largest come first, in `Regime.precedence`, then the
    others by size: between near equals the order by size changes from one fit of the model to the next, and
    that of the regime does not. Where no code is left, no single reason stands out, which is an answer too.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> regime = get_regime("self_assessment")
    >>> values = pd.DataFrame({"staff_to_turnover": [0.2], "days_late": [0.1]})
    >>> chosen = select_reasons(regime, values, values > 0, noise={"timing.late": 0.15})
    >>> chosen.contributions.round(2)
    array([[0.2, nan, nan, nan]])
    """
    check_most(most, MOST_REASONS)
    found = select(regime, values, visible, most=MOST_REASONS if most else 0, noise=noise)
    return _settle(regime, found).first(most)


def check_most(most: int, limit: int) -> None:
    """Refuse a number of reasons beyond the limit."""
    if not 0 <= most <= limit:
        raise UsageError(f"There can be 0 to {limit} reasons, not {most}.", where="reasons")


def select(
    regime: Regime,
    values: pd.DataFrame,
    visible: pd.DataFrame,
    *,
    most: int,
    noise: Mapping[str, float] | None = None,
) -> Selection:
    """Choose by the rules of `select_reasons`, however many."""
    floors = noise_floors(regime, noise)
    found = Selection.empty(len(values), most)
    for start in range(0, len(values) if most else 0, _BLOCK):
        rows = slice(start, start + _BLOCK)
        parts = by_feature(regime, values, rows, np.dtype(np.float64))
        seen = by_feature(regime, visible, rows, np.dtype(np.bool_))
        sums, named = sum_codes(regime, parts, seen)
        part = Selection(found.codes[rows], found.features[rows], found.contributions[rows])
        _pick(regime, part, np.where(_strong(sums, floors) & (named != NONE), sums, -np.inf), named)
    return found


def _settle(regime: Regime, found: Selection) -> Selection:
    """Put reasons that are near equals of the strongest in the regime's precedence."""
    size, width = found.codes.shape
    if not width:
        return found
    near = found.contributions >= found.contributions[:, :1] - NEAR_EQUAL
    precedence = np.array(regime.precedence)
    place = np.where(near, precedence[found.codes], len(precedence) + np.arange(width))
    order = np.argsort(place, axis=1, kind="stable")
    rows = np.arange(size)[:, np.newaxis]
    return Selection(found.codes[rows, order], found.features[rows, order], found.contributions[rows, order])


def noise_floors(regime: Regime, noise: Mapping[str, float] | None) -> Floats:
    """Lay out the noise by reason code, in the order of the regime; 0 where a code has none."""
    given = dict(noise or {})
    unknown = [code for code in given if code not in regime.code]
    if unknown:
        raise UsageError(f"There is no reason code '{unknown[0]}'.", where="noise", available=regime.code)
    floors = np.array([given.get(code, 0.0) for code in regime.code], dtype=np.float64)
    if not (floors >= 0).all():
        raise UsageError("Noise is a number of log units from 0 up for every code.", where="noise")
    return floors


def by_feature(regime: Regime, frame: pd.DataFrame, rows: slice, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Lay rows of a frame on their side: one line a feature of the regime, zero where the frame has none."""
    table = frame.to_numpy()[rows]
    found = np.zeros((len(regime.features), len(table)), dtype)
    places = {name: place for place, name in enumerate(regime.feature)}
    for column, name in enumerate(frame.columns):
        if name in places:
            found[places[name]] = table[:, column]
    return found


def sum_codes(regime: Regime, parts: Floats, seen: Bools) -> tuple[Floats, Positions]:
    """Return, by code and row, the sum of the contributions and the feature to name, or -1."""
    places = {code: place for place, code in enumerate(regime.code)}
    shape = (len(places), parts.shape[1])
    sums, largest, named = np.zeros(shape), np.zeros(shape), np.full(shape, NONE)
    for i, feature in enumerate(regime.features):
        code = places[feature.code]
        sums[code] += parts[i]
        larger = seen[i] & (parts[i] > largest[code])
        np.copyto(largest[code], parts[i], where=larger)
        np.copyto(named[code], i, where=larger)
    return sums, named


def _strong(sums: Floats, floors: Floats) -> Bools:
    raising = LEAST_SHARE * np.maximum(sums, 0.0).sum(axis=0)
    strong: Bools = (sums >= np.maximum(LEAST_LOG_UNITS, raising)) & (sums >= floors[:, np.newaxis])
    return strong


def _pick(regime: Regime, found: Selection, left: Floats, named: Positions) -> None:
    """Fill in reasons, the strongest of those left first; the first of equal ones, as `argmax` takes it."""
    members = list(_families(regime))
    family = np.empty(len(left), dtype=np.int64)
    for number, codes in enumerate(members):
        family[codes] = number
    taken = np.zeros((len(members), left.shape[1]), dtype=np.int8)
    for k in range(found.codes.shape[1]):
        codes = left.argmax(axis=0)
        rows = np.flatnonzero(left[codes, np.arange(left.shape[1])] > 0)
        codes = codes[rows]
        found.codes[rows, k], found.features[rows, k] = codes, named[codes, rows]
        found.contributions[rows, k] = left[codes, rows]
        left[codes, rows] = -np.inf
        taken[family[codes], rows] += 1
        for number, own in enumerate(members):
            left[own[:, np.newaxis], np.flatnonzero(taken[number] >= MOST_OF_A_FAMILY)] = -np.inf


def _families(regime: Regime) -> Iterator[Positions]:
    """List the positions of the codes of each family."""
    names = np.array([code.family for code in regime.codes])
    yield from (np.flatnonzero(names == family) for family in dict.fromkeys(names.tolist()))
