"""Wrong reasons: true sentences about a return that name nothing that is wrong with it.

They are made of the return's own figures, and say what stands out from the peers, so they read as real ones.
None is of a code that the model gives, none is in the evidence of a mechanism planted in the return, and
none is worked out from a line in which something is planted: costs are high against a turnover that lacks
sales, and to say so would name what is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.peers import PeerGroups
from taxgap.reasons.selection import MOST_OF_A_FAMILY, NONE, Positions
from taxgap.reasons.table import NUMBERS, is_unusual, look_up, read_numbers, reason_columns, write_texts
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools, Floats


def find_wrong_reasons(
    regime: Regime,
    observed: pd.DataFrame,
    peers: PeerGroups,
    given: pd.DataFrame,
    *,
    forbidden: Sequence[Collection[str]],
    planted: Sequence[Collection[str]],
) -> pd.DataFrame:
    """Find wrong reasons, as many as there are real ones where that can be.

    Parameters
    ----------
    regime : Regime
    observed : DataFrame
        From `Regime.measure`.
    peers : PeerGroups
    given : DataFrame
        The real reasons of the same returns, from `taxgap.reasons.give_reasons`.
    forbidden : sequence of collection of str
        For each return the codes that could reveal what is wrong with it.
    planted : sequence of collection of str
        For each return the columns in which something is wrong, totals of them included.

    Returns
    -------
    DataFrame
        The columns and the index of `given`. What stands out most from the peers comes first. The
        contribution is that of the real reason in the same place, so that nothing but the content differs.

    Raises
    ------
    UsageError
        The tables are not of the same returns.
    """
    if not given.index.equals(observed.index) or {len(forbidden), len(planted)} != {len(observed)}:
        raise UsageError("The reasons and the measures are not of the same returns.", where="given")
    most = sum(column.endswith("_code") for column in given.columns)
    barred = _barred(regime, given, forbidden, most) | _touching(regime, planted)
    features = np.full((len(observed), most), NONE)
    numbers = np.full((len(NUMBERS), len(observed), most), np.nan)
    for rows, values, quartiles in look_up(regime, observed, peers):
        away = _distance(values, quartiles)
        allowed = is_unusual(regime, values, quartiles) & ~barred[rows]
        features[rows] = _pick(regime, np.where(allowed, away, -np.inf), most)
        numbers[:, rows] = read_numbers(features[rows], values, quartiles)
    features[given[[f"reason_{k}_code" for k in range(1, most + 1)]].isna().to_numpy()] = NONE
    return _lay_out(regime, given, features, np.where(features == NONE, np.nan, numbers))


def count_reasons(table: pd.DataFrame) -> pd.Series:
    """Count the reasons of each return."""
    codes = [column for column in table.columns if column.endswith("_code")]
    return table[codes].notna().sum(axis=1)


def keep_first(table: pd.DataFrame, counts: pd.Series) -> pd.DataFrame:
    """Keep so many reasons of each return, and empty the rest."""
    kept = table.copy()
    for column in table.columns:
        kept[column] = table[column].where(counts >= int(column.split("_")[1]))
    return kept


def _barred(regime: Regime, given: pd.DataFrame, forbidden: Sequence[Collection[str]], most: int) -> Bools:
    """Tell the features whose code the model gives, or could reveal what is wrong: one row a return."""
    own = given[[f"reason_{k}_code" for k in range(1, most + 1)]].astype("object").to_numpy()
    codes = np.array([feature.code for feature in regime.features])
    barred = [
        np.isin(codes, [*named[pd.notna(named)], *also]) for named, also in zip(own, forbidden, strict=True)
    ]
    return np.array(barred, dtype=np.bool_).reshape(len(own), len(codes))


def _touching(regime: Regime, planted: Sequence[Collection[str]]) -> Bools:
    """Tell the features that are worked out from a column in which something is wrong: one row a return."""
    own = f"{regime.name}."
    needs = [{need.removeprefix(own) for need in feature.needs} for feature in regime.features]
    touching = [[bool(each & set(columns)) for each in needs] for columns in planted]
    return np.array(touching, dtype=np.bool_).reshape(len(planted), len(needs))


def _distance(values: Floats, quartiles: Floats) -> Floats:
    """Return how far a value lies outside the peers' middle half, by the width of that."""
    low, middle, high = np.moveaxis(quartiles, -1, 0)
    width = np.maximum(high - low, 0.1 * np.abs(middle)) + 0.01
    away: Floats = np.maximum(low - values, values - high) / width
    return away


def _pick(regime: Regime, left: Floats, most: int) -> Positions:
    """Take the largest first, each code once, and no more of a family than real reasons have."""
    codes = np.array([feature.code for feature in regime.features])
    families = np.array([regime.code[code].family for code in codes])
    rows = np.arange(len(left))
    chosen = np.full((len(left), most), NONE)
    used = np.zeros(left.shape, dtype=np.int64)
    for k in range(most):
        place = left.argmax(axis=1)
        there = np.isfinite(left[rows, place])
        chosen[there, k] = place[there]
        used += (families[place][:, np.newaxis] == families) & there[:, np.newaxis]
        same = codes[place][:, np.newaxis] == codes
        left = np.where(same | (used >= MOST_OF_A_FAMILY), -np.inf, left)
    return chosen


def _lay_out(regime: Regime, given: pd.DataFrame, features: Positions, numbers: Floats) -> pd.DataFrame:
    most = features.shape[1]
    place = {code: number for number, code in enumerate(regime.code)}
    code_of = np.array([place[feature.code] for feature in regime.features])
    codes = np.where(features == NONE, NONE, code_of[features])
    texts = write_texts(regime, features, numbers)
    columns: dict[str, object] = {}
    for k in range(most):
        name = f"reason_{k + 1}"
        there = features[:, k] != NONE
        columns[f"{name}_code"] = pd.Categorical.from_codes(codes[:, k], list(regime.code))
        columns[f"{name}_feature"] = pd.Categorical.from_codes(features[:, k], list(regime.feature))
        columns[f"{name}_contribution"] = given[f"{name}_contribution"].where(there).to_numpy()
        columns |= {f"{name}_{part}": numbers[i, :, k] for i, part in enumerate(NUMBERS)}
        columns[f"{name}_sentence"] = pd.array(texts[:, k], dtype="str")
    return pd.DataFrame(columns, index=given.index, columns=reason_columns(most))
