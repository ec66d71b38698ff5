"""What raises a score and is no reason: the largest of it, and why it is not told as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import UsageError
from taxgap.peers import PeerGroups
from taxgap.reasons.contributions import Contributions
from taxgap.reasons.effects import effect_factor
from taxgap.reasons.naming import write_factor
from taxgap.reasons.selection import (
    LEAST_LOG_UNITS,
    LEAST_SHARE,
    MOST_OF_A_FAMILY,
    MOST_REASONS,
    NONE,
    Positions,
    by_feature,
    noise_floors,
    sum_codes,
)
from taxgap.reasons.table import NUMBERS, check_same_returns, is_unusual, look_up, read_numbers
from taxgap.reasons.telling import write_parts
from taxgap.regimes import Feature, Regime
from taxgap.risk.arrays import Bools, Floats

MOST_UNTOLD = 3
"""So much that is no reason is listed for a return."""

UNTOLD = ("code", "feature", "contribution", *NUMBERS, "why")
"""What is said of it: the parts of a reason, and `WHY` it is none."""

WHY = ("usual", "other_side", "not_known", "noise", "share", "family", "most")
"""Why something is no reason: the figure lies within the peers' middle half; or beyond it, on the side that
raises no concern; or cannot be compared; fitting the model again can move it as far; it is a small share of
all that raises the score; two reasons of its family are told; or the most reasons are."""

_USUAL, _OTHER_SIDE, _NOT_KNOWN, _NOISE, _SHARE, _FAMILY, _MOST = range(len(WHY))

_BUT = {
    "not_known": "the figure or that of similar taxpayers is not known, so it is no reason",
    "noise": "fitting the model again can move it as far, so it is no reason",
    "share": f"that is less than {LEAST_SHARE:.0%} of all that raises the score, so it is no reason",
    "family": "two reasons of its kind are told already",
    "most": "there is no room for more reasons",
}


def list_untold(
    regime: Regime,
    found: Contributions,
    observed: pd.DataFrame,
    peers: PeerGroups,
    table: pd.DataFrame,
    *,
    noise: Mapping[str, float] | None = None,
    most: int = MOST_UNTOLD,
) -> pd.DataFrame:
    """List what raises the score of each return most without being told as a reason, and why it is not.

    Parameters
    ----------
    regime : Regime
    found : Contributions
    observed : DataFrame
        The measures of the same returns in the same order, from `Regime.measure`.
    peers : PeerGroups
    table : DataFrame
        The reasons of the same returns, from `taxgap.reasons.give_reasons`.
    noise : mapping of str to float, optional
        As it was given to `give_reasons`.
    most : int, default 3
        The most things a return.

    Returns
    -------
    DataFrame
        `UNTOLD`, one row a return and reason code, on the index of `observed`, in its order, the largest
        first. The contribution is that of all features of the code, in log units, and at least
        `taxgap.reasons.selection.LEAST_LOG_UNITS`; the feature is the one that raises the score most of those
        that could be named, or, where none could, of all.

    Raises
    ------
    UsageError
        The tables are not of the same returns, or `most` is below 0.
    """
    check_same_returns(found, observed)
    if most < 0 or not table.index.equals(observed.index):
        raise UsageError("The reasons and the measures must be of the same returns.", where="table, most")
    values, floors = found.values, noise_floors(regime, noise)  # noqa: PD011 - a field of ours
    parts = []
    for rows, measures, quartiles in look_up(regime, observed, peers):
        unusual = is_unusual(regime, measures, quartiles)
        each = by_feature(regime, values, rows, np.dtype(np.float64))
        sums, named = sum_codes(regime, each, unusual.T)
        largest = sum_codes(regime, each, np.ones_like(each, dtype=np.bool_))[1]
        told = _told(regime, table.iloc[rows])
        at, codes = _choose(sums, told, most)
        features = np.where(named != NONE, named, largest)[codes, at]
        numbers = read_numbers(features[:, np.newaxis], measures[at], quartiles[at])[:, :, 0]
        why = _give_grounds(regime, sums, told, floors)[codes, at]
        columns = (
            pd.Categorical.from_codes(codes, list(regime.code)),
            pd.Categorical.from_codes(features, list(regime.feature)),
            sums[codes, at],
            *numbers,
            pd.Categorical.from_codes(np.where(named[codes, at] == NONE, _compare(numbers), why), list(WHY)),
        )
        index = observed.index[rows][at]
        parts.append(pd.DataFrame(dict(zip(UNTOLD, columns, strict=True)), index=index))
    return pd.concat(parts)


def tell_untold(regime: Regime, rows: pd.DataFrame) -> tuple[str, ...]:
    """Say of what raises scores without being a reason why it is none.

    Parameters
    ----------
    regime : Regime
    rows : DataFrame
        From `list_untold`.

    Returns
    -------
    tuple of str
        One sentence a row.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> numbers = (0.4, 0.84, 0.39, 0.6, 0.88)
    >>> row = ("expenses.total", "expenses_to_turnover", *numbers, "usual")
    >>> tell_untold(get_regime("self_assessment"), pd.DataFrame([row], columns=list(UNTOLD)))[0]
    'Expenses as a whole: multiplies by 1.5, but 84% is usual here (39% to 88%), so it is no reason.'
    """
    return tuple(
        _write(regime.code[row["code"]].title, regime.feature[row["feature"]], row)
        for row in rows.to_dict("records")
    )


def _told(regime: Regime, table: pd.DataFrame) -> Bools:
    """Tell, by code and return, which codes are reasons."""
    told = np.zeros((len(regime.code), len(table)), dtype=np.bool_)
    places = pd.Index(list(regime.code))
    for k in range(1, MOST_REASONS + 1):
        if f"reason_{k}_code" in table:
            codes = places.get_indexer(table[f"reason_{k}_code"].astype(object))
            told[codes[codes != NONE], np.flatnonzero(codes != NONE)] = True
    return told


def _choose(sums: Floats, told: Bools, most: int) -> tuple[Positions, Positions]:
    """Choose the largest sums that are not told: their returns, in order, and their codes."""
    left = np.where(told | (sums < LEAST_LOG_UNITS), -np.inf, sums)
    order = np.argsort(-left, axis=0, kind="stable")[:most].T
    at, place = np.nonzero(np.isfinite(np.take_along_axis(left.T, order, axis=1)))
    return at, order[at, place]


def _give_grounds(regime: Regime, sums: Floats, told: Bools, floors: Floats) -> NDArray[np.int64]:
    """Say, by code and return, why something unusual that raises the score is no reason."""
    kin = np.array([[one.family == other.family for other in regime.codes] for one in regime.codes])
    of_family = kin.astype(np.int64) @ told.astype(np.int64)
    small = sums < LEAST_SHARE * np.maximum(sums, 0.0).sum(axis=0)
    cases = [sums < floors[:, np.newaxis], small, of_family >= MOST_OF_A_FAMILY]
    return np.select(cases, [_NOISE, _SHARE, _FAMILY], default=_MOST)


def _compare(numbers: Floats) -> NDArray[np.int64]:
    """Say where a figure lies that no sentence would speak of."""
    observed, low, _, high = numbers
    known = np.isfinite(numbers).all(axis=0)
    inside = (observed >= low) & (observed <= high)
    return np.select([~known, inside], [_NOT_KNOWN, _USUAL], default=_OTHER_SIDE)


def _write(title: str, feature: Feature, row: Mapping[Any, Any]) -> str:
    why = str(row["why"])
    head = f"{title}: multiplies by {write_factor(float(effect_factor(row['contribution'])))}, but"
    if why in _BUT:
        return f"{head} {_BUT[why]}."
    observed, _, half = write_parts(feature, row)
    answer = feature.unit == "yes_no"
    said = f"the answer {observed}" if answer else observed
    beside = "" if answer or half == observed else f" ({half})"
    place = "" if why == "usual" else "lower than " if feature.side > 0 else "higher than "
    return f"{head} {said} is {place}usual here{beside}, so it is no reason."
