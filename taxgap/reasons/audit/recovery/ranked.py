"""Rankings of codes, features and families, whoever explains: the one form that all measures take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import UsageError
from taxgap.reasons.audit.planted import LEVELS
from taxgap.reasons.selection import MOST_REASONS, NONE
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools, Floats, Integers

Whole: TypeAlias = NDArray[np.uint64]
Join: TypeAlias = Callable[[Floats], Floats]

_DIGITS = 9  # what is nearer is rounding: sums differ in their last digits with the order they are taken in
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIXERS = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))
_LAST = np.uint64(31)


@dataclass(frozen=True, eq=False)
class Ranked:
    """What explains each return, the strongest first.

    Attributes
    ----------
    method : str
        What explains, such as ``reasons``.
    positions : mapping of str to ndarray of int64, shape (returns, k)
        By level (``code``, ``field``, ``family``), the places of the strongest among the regime's codes, its
        features, or its families by name; -1 where none is named.
    scores : mapping of str to ndarray of float64, shape (returns, choices)
        By level, how strong each is: what the mass is measured on. Only positive ones count.
    """

    method: str
    positions: Mapping[str, Integers]
    scores: Mapping[str, Floats]

    def spread(self, rows: Bools) -> Ranked:
        """Lay out a ranking of some returns for all of them; of the others nothing is named.

        Parameters
        ----------
        rows : ndarray of bool
            Which returns these are, in their order.

        Returns
        -------
        Ranked
        """

        def lay(some: NDArray[Any], empty: float) -> NDArray[Any]:
            every = np.full((len(rows), some.shape[1]), empty, dtype=some.dtype)
            every[rows] = some
            return every

        return Ranked(
            self.method,
            {level: lay(places, NONE) for level, places in self.positions.items()},
            {level: lay(scores, 0.0) for level, scores in self.scores.items()},
        )


def names_of(regime: Regime, level: str) -> list[str]:
    """List what there is to choose from at a level, in the order of the positions.

    Parameters
    ----------
    regime : Regime
    level : {"code", "field", "family"}

    Returns
    -------
    list of str

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> names_of(get_regime("self_assessment"), "family")[:3]
    ['change', 'expenses', 'margin']
    """
    if level == "code":
        return list(regime.code)
    if level == "field":
        return list(regime.feature)
    if level == "family":
        return sorted({code.family for code in regime.codes})
    raise UsageError(f"There is no level '{level}'.", where="level", available=LEVELS)


def rank_contributions(
    regime: Regime, contributions: pd.DataFrame, method: str, *, most: int = MOST_REASONS
) -> Ranked:
    """Rank contributions by size, without floors; those of a code, and of a family, are summed.

    Parameters
    ----------
    regime : Regime
    contributions : DataFrame
        By feature, indexed by return. Other columns are passed over, missing values count as zero.
    method : str
        What explains.
    most : int, default 4
        How many are ranked.

    Returns
    -------
    Ranked
        Only what raises the score is named. Ties are broken as by `rank_scores`.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> regime = get_regime("self_assessment")
    >>> values = pd.DataFrame({"days_late": [0.2], "gross_margin": [0.1], "no_agent": [-1.0]})
    >>> places = rank_contributions(regime, values, "mine").positions["code"][0]
    >>> [names_of(regime, "code")[place] for place in places if place >= 0]
    ['timing.late', 'margin.gross']
    """
    by_feature = np.nan_to_num(lay_by_feature(regime, contributions))
    return rank_features(regime, contributions.index, by_feature, method, most=most)


def rank_features(
    regime: Regime,
    index: pd.Index,
    by_feature: Floats,
    method: str,
    *,
    join: Join = lambda own: own.sum(axis=1),
    most: int = MOST_REASONS,
) -> Ranked:
    """Rank scores by feature, and by code and family as `join` makes one number of those of their features.

    Parameters
    ----------
    regime : Regime
    index : Index
        Of the returns.
    by_feature : ndarray of float64, shape (returns, features)
        In the order of the regime's features.
    method : str
    join : callable, optional
        From the columns of some features to one; their sum when absent.
    most : int, default 4

    Returns
    -------
    Ranked
    """
    code = np.array([feature.code for feature in regime.features], dtype=object)
    family = np.array([regime.code[name].family for name in code], dtype=object)
    scores = {"field": by_feature}
    for level, of in (("code", code), ("family", family)):
        columns = [join(by_feature[:, of == name]) for name in names_of(regime, level)]
        scores[level] = np.column_stack(columns)
    return rank_scores(regime, index, scores, method, most=most)


def rank_scores(
    regime: Regime, index: pd.Index, scores: Mapping[str, Floats], method: str, *, most: int = MOST_REASONS
) -> Ranked:
    """Rank scores, one table a level.

    Parameters
    ----------
    regime : Regime
    index : Index
        Of the returns.
    scores : mapping of str to ndarray of float64, shape (returns, choices)
        By level, in the order of `names_of`. What is not above zero is not named.
    method : str
    most : int, default 4

    Returns
    -------
    Ranked

    Notes
    -----
    Scores are rounded to nine digits. Of equal ones, that comes first whose name and return together have the
    smaller hash: the order of the columns has no say, and a constant explanation names something else of
    every return.
    """
    rounded = {level: np.round(table, _DIGITS) for level, table in scores.items()}
    positions = {
        level: _strongest(table, hash_pairs(index, names_of(regime, level)), most)
        for level, table in rounded.items()
    }
    return Ranked(method, positions, rounded)


def rank_reasons(regime: Regime, reasons: pd.DataFrame, method: str = "reasons") -> Ranked:
    """Take reasons in the order in which they are given.

    Parameters
    ----------
    regime : Regime
    reasons : DataFrame
        With `taxgap.reasons.reason_columns`.
    method : str, default "reasons"

    Returns
    -------
    Ranked
        By family, a reason of a family that was named before names nothing. The scores are the contributions
        of the reasons, zero for all else.
    """
    most = sum(f"reason_{k}_code" in reasons for k in range(1, MOST_REASONS + 1))
    numbers = range(1, most + 1)
    codes = _places(reasons, [f"reason_{k}_code" for k in numbers], names_of(regime, "code"))
    fields = _places(reasons, [f"reason_{k}_feature" for k in numbers], names_of(regime, "field"))
    families = names_of(regime, "family")
    of = np.array([families.index(code.family) for code in regime.codes] + [NONE])
    positions = {"code": codes, "field": fields, "family": _drop_repeats(of[codes])}
    size = reasons[[f"reason_{k}_contribution" for k in numbers]].to_numpy(dtype=np.float64)
    named = {"code": codes, "field": fields, "family": of[codes]}
    scores = {level: _lay_out(places, size, len(names_of(regime, level))) for level, places in named.items()}
    return Ranked(method, positions, scores)


def lay_by_feature(regime: Regime, frame: pd.DataFrame) -> Floats:
    """Return the columns of the regime's features in their order; missing where the frame has none."""
    table: Floats = frame.reindex(columns=list(regime.feature)).to_numpy(dtype=np.float64)
    return table


def hash_pairs(index: pd.Index, names: list[str], salt: int = 0) -> Whole:
    """Return a number of 64 bits for each return and name, as good as drawn, whatever their order.

    Parameters
    ----------
    index : Index
        Of the returns.
    names : list of str
    salt : int, default 0
        Another salt gives other numbers.

    Returns
    -------
    ndarray of uint64, shape (returns, names)
    """
    rows = pd.util.hash_pandas_object(index.to_frame(index=False), index=False).to_numpy(dtype=np.uint64)
    own = pd.util.hash_array(np.array([f"{salt} {name}" for name in names], dtype=object))
    # The finalizer of splitmix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit.
    mixed: Whole = rows[:, np.newaxis] ^ (own.astype(np.uint64) * _STEP)
    for shift, factor in _MIXERS:
        mixed = (mixed ^ (mixed >> shift)) * factor
    return mixed ^ (mixed >> _LAST)


def _strongest(scores: Floats, ties: Whole, most: int) -> Integers:
    order = np.lexsort((ties, -scores), axis=-1)[:, :most]
    places: Integers = np.where(np.take_along_axis(scores, order, axis=1) > 0, order, NONE)
    return places


def _places(reasons: pd.DataFrame, columns: list[str], names: list[str]) -> Integers:
    found = [pd.Index(names).get_indexer(reasons[column].astype("object")) for column in columns]
    return np.column_stack(found).astype(np.int64) if found else np.empty((len(reasons), 0), dtype=np.int64)


def _drop_repeats(places: Integers) -> Integers:
    kept = places.copy()
    for k in range(1, places.shape[1]):
        kept[(places[:, :k] == places[:, [k]]).any(axis=1), k] = NONE
    return kept


def _lay_out(places: Integers, sizes: Floats, width: int) -> Floats:
    table = np.zeros((len(places), width))
    rows, columns = np.nonzero(places != NONE)
    np.add.at(table, (rows, places[rows, columns]), sizes[rows, columns])
    return table
