"""Which contributions are reasons: the largest that raise the risk, a few, from different families."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import UsageError
from taxgap.regimes import Regime

MOST_REASONS = 4
"""More reasons than this help nobody."""

MOST_OF_A_FAMILY = 2
"""So many reasons of one family, so that the others are heard."""

LEAST_LOG_UNITS = 0.05
"""A reason multiplies expected tax by at least exp(0.05), about 5%."""

LEAST_SHARE = 0.05
"""A reason has at least this share of all that raises the score."""

NONE = -1

Floats: TypeAlias = NDArray[np.float64]
Positions: TypeAlias = NDArray[np.int64]


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


def select_reasons(
    regime: Regime, values: pd.DataFrame, visible: pd.DataFrame, *, most: int = MOST_REASONS
) -> Selection:
    """Choose the reasons of each return.

    Parameters
    ----------
    regime : Regime
    values : DataFrame
        The contributions, one column a feature; a feature that the model does not use may be absent.
    visible : DataFrame of bool
        Same shape: whether the observed value lies on the side of the peers' middle half that the feature's
        sentence speaks of. Other features count within their code, but are not named.
    most : int, default 4
        The most reasons a return, from 0 to 4.

    Returns
    -------
    Selection

    Notes
    -----
    Contributions are summed within a code. A code is a reason if its sum reaches both `LEAST_LOG_UNITS` and
    `LEAST_SHARE` of the sum over all codes that raise the score, and a visible feature of it raises the
    score. The largest sums come first; of equal ones, the code that the regime names first. Where no code is
    left, no single reason stands out, which is an answer too.
    """
    if not 0 <= most <= MOST_REASONS:
        raise UsageError(f"There can be 0 to {MOST_REASONS} reasons, not {most}.", where="reasons")
    parts = values.reindex(columns=list(regime.feature), fill_value=0.0).to_numpy(dtype=np.float64)
    seen = visible.reindex(columns=list(regime.feature), fill_value=False).to_numpy(dtype=np.bool_)
    sums, named = _sum_codes(regime, parts, seen)
    return _pick(sums, named, _families(regime), most)


def _sum_codes(regime: Regime, parts: Floats, seen: NDArray[np.bool_]) -> tuple[Floats, Positions]:
    """Return, by return and code, the sum of the contributions and the feature to name, or -1."""
    shown = np.where(seen & (parts > 0), parts, 0.0)
    sums, named = np.zeros((len(parts), len(regime.codes))), np.full((len(parts), len(regime.codes)), NONE)
    for place, code in enumerate(regime.codes):
        own = np.array([i for i, feature in enumerate(regime.features) if feature.code == code.code])
        sums[:, place] = parts[:, own].sum(axis=1)
        named[:, place] = np.where(shown[:, own].any(axis=1), own[shown[:, own].argmax(axis=1)], NONE)
    return sums, named


def _pick(sums: Floats, named: Positions, families: Positions, most: int) -> Selection:
    rows = np.arange(len(sums))
    floor = np.maximum(LEAST_LOG_UNITS, LEAST_SHARE * np.maximum(sums, 0.0).sum(axis=1))
    strong = (sums >= floor[:, np.newaxis]) & (named != NONE)
    order = np.argsort(-sums, axis=1, kind="stable")
    taken = np.zeros(len(sums), dtype=np.int64)
    of_family = np.zeros((len(sums), families.max(initial=0) + 1), dtype=np.int64)
    codes = np.full((len(sums), most), NONE)
    for code in order.T:
        room = (taken < most) & (of_family[rows, families[code]] < MOST_OF_A_FAMILY)
        add = np.flatnonzero(strong[rows, code] & room)
        codes[add, taken[add]] = code[add]
        of_family[add, families[code[add]]] += 1
        taken[add] += 1
    features = np.where(codes == NONE, NONE, np.take_along_axis(named, codes, axis=1))
    amounts = np.where(codes == NONE, np.nan, np.take_along_axis(sums, codes, axis=1))
    return Selection(codes, features, amounts)


def _families(regime: Regime) -> Positions:
    names = [code.family for code in regime.codes]
    return np.array([names.index(name) for name in names], dtype=np.int64)
