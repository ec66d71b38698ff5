"""Explanations held against the truth of the twins, return by return."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.peers import GROUPS
from taxgap.reasons.audit.twins.twins import check_alike, find_changes, sum_codes
from taxgap.reasons.families import family_of
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools, Floats

LEAST = 1e-9
"""Log units: what is nearer to zero is rounding."""


def compare_with_twins(
    regime: Regime,
    values: pd.DataFrame,
    truths: pd.DataFrame,
    seen: pd.DataFrame,
    twin_seen: pd.DataFrame,
) -> pd.DataFrame:
    """Hold explanations against the truth of the twins, return by return.

    Parameters
    ----------
    regime : Regime
    values : DataFrame
        The contributions to judge, one column a feature; features that are not there count as zero.
    truths : DataFrame
        From `twin_contributions`.
    seen, twin_seen : DataFrame
        What the model sees of returns and of their twins.

    Returns
    -------
    DataFrame
        `gain`, the score of the return less that of its twin; `defined`, whether that is above zero;
        `changed`, how many features differ. Where defined, and else missing: `top_code` and `top_family`, 1
        where the code or family that raises the score most is the truth's, else 0; `correlation` over the
        features and `family_correlation` over the families (Pearson), missing where one of both is constant;
        `sign`, the share of the features with a part in the truth whose sign is right; `mass`, the share of
        what raises the score that lies in families with a changed feature, missing where nothing raises it.

    Raises
    ------
    UsageError
        The frames are of different returns, or a column is no feature of the regime.

    Notes
    -----
    Where the return scores no higher than its twin, being untrue explains nothing of the score: these are
    to be counted apart. What is worked out from a changed box changes with it, so that families say more
    than features do.
    """
    for frame in (truths, seen, twin_seen):
        check_alike(values, frame)
    features = [name for name in truths.columns if name not in GROUPS]
    own = values.reindex(columns=features, fill_value=0.0).fillna(0.0)
    sum_codes(regime, values)  # refuses what is no feature
    gain = truths.sum(axis=1)
    changed = pd.DataFrame(find_changes(seen[features], twin_seen[features]), seen.index, features)
    mine, true = own.to_numpy(), truths[features].to_numpy()
    codes = [sum_codes(regime, frame).to_numpy() for frame in (own, truths[features])]
    families = [_by_family(regime, frame) for frame in (own, truths[features])]
    found = pd.DataFrame(
        {
            "top_code": _same_top(*codes),
            "top_family": _same_top(*families),
            "correlation": _correlate(mine, true),
            "family_correlation": _correlate(*families),
            "sign": _share_of(np.sign(mine) == np.sign(true), np.abs(true) > LEAST),
            "mass": _mass(mine, _in_changed_family(regime, changed)),
        },
        index=values.index,
    ).where(gain > LEAST)
    return pd.concat(
        [pd.DataFrame({"gain": gain, "defined": gain > LEAST, "changed": changed.sum(axis=1)}), found], axis=1
    )


def _by_family(regime: Regime, values: pd.DataFrame) -> Floats:
    families = family_of(regime)
    names = list(dict.fromkeys(families.values()))
    sums = np.zeros((len(values), len(names)))
    for name in values.columns:
        sums[:, names.index(families[name])] += values[name].to_numpy(dtype=np.float64)
    return sums


def _same_top(mine: Floats, true: Floats) -> Floats:
    raises = (mine.max(axis=1, initial=0.0) > 0) & (true.max(axis=1, initial=0.0) > 0)
    same: Bools = raises & (mine.argmax(axis=1) == true.argmax(axis=1))
    return same.astype(np.float64)


def _correlate(mine: Floats, true: Floats) -> Floats:
    one = mine - mine.mean(axis=1, keepdims=True)
    other = true - true.mean(axis=1, keepdims=True)
    spread = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    found: Floats = (one * other).sum(axis=1) / np.where(spread > LEAST**2, spread, np.nan)
    return found


def _share_of(right: Bools, asked: Bools) -> Floats:
    count = asked.sum(axis=1)
    share: Floats = (right & asked).sum(axis=1) / np.where(count > 0, count, np.nan)
    return share


def _in_changed_family(regime: Regime, changed: pd.DataFrame) -> Bools:
    families = np.array([family_of(regime)[name] for name in changed.columns])
    inside = np.zeros(changed.shape, dtype=np.bool_)
    for family in np.unique(families):
        own = families == family
        inside[:, own] = changed.to_numpy()[:, own].any(axis=1, keepdims=True)
    return inside


def _mass(mine: Floats, inside: Bools) -> Floats:
    raising = np.maximum(mine, 0.0)
    total = raising.sum(axis=1)
    share: Floats = (raising * inside).sum(axis=1) / np.where(total > 0, total, np.nan)
    return share
