"""What may be expected of each return where no model says it: from its size and what it declares."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import PoissonRegressor

from taxgap.gap.chain.reading import RegimeData
from taxgap.risk.arrays import Floats, Integers

_RIDGE = 1e-4
_MOST = 0.9999
_SPARE = 20.0


def expect_returns(data: RegimeData, filled: pd.DataFrame, customers: pd.Series | None) -> Floats:
    """Return the tax that an enquiry may be expected to find on each return, up to a common factor.

    Parameters
    ----------
    data : RegimeData
    filled : DataFrame
        Random cases with ``y`` and ``open``; the closed ones are learned from.
    customers : Series or None
        Customer group of each return; None where these groups are what is estimated.

    Returns
    -------
    ndarray
        GBP, one a return.

    Notes
    -----
    Poisson regression, weighted by 1 / probability, on the logs of the size boxes and of the tax declared,
    and the customer group: with these its means in each are those of the cases. No more than a working
    model: it says what is expected of a group with few cases, and its error is part of the variance between
    them.
    """
    boxes = [data.sizes[name].to_numpy(dtype=np.float64) for name in data.sizes]
    logs = np.column_stack([np.log1p(np.maximum(np.nan_to_num(box), 0.0)) for box in (*boxes, data.declared)])
    X = (logs - logs.mean(axis=0)) / np.maximum(logs.std(axis=0), 1e-9)
    if customers is not None:
        X = np.column_stack([X, pd.get_dummies(customers.astype(str)).to_numpy(dtype=np.float64)])
    cases = filled[~filled["open"].to_numpy(dtype=np.bool_)]
    y, chance = (cases[name].to_numpy(dtype=np.float64) for name in ("y", "probability"))
    weight = chance.mean() / chance
    level = float(np.average(y, weights=weight))
    if level <= 0:
        return np.ones(len(X))
    model = PoissonRegressor(alpha=_RIDGE, max_iter=300)
    model.fit(X[cases["row"].to_numpy()], y / level, sample_weight=weight)
    found = level * model.predict(X)
    return np.asarray(np.minimum(found, np.quantile(found, _MOST)), dtype=np.float64)


def follow_groups(filled: pd.DataFrame, expected: Floats, codes: Integers) -> Floats:
    """Return by how much the closed cases of each group found more or less than was expected of them.

    Parameters
    ----------
    filled : DataFrame
        Random cases with ``y`` and ``open``.
    expected : ndarray
        What is expected of each return, above 0.
    codes : ndarray of int
        Group of each return.

    Returns
    -------
    ndarray
        One factor a group: near 1 with few cases, those of its cases with many.
    """
    closed = filled[~filled["open"].to_numpy(dtype=np.bool_)]
    row, weight = closed["row"].to_numpy(), 1 / closed["probability"].to_numpy(dtype=np.float64)
    count = int(codes.max()) + 1
    found, wanted = (
        np.bincount(codes[row], weight * amount, count)
        for amount in (closed["y"].to_numpy(dtype=np.float64), expected[row])
    )
    if found.sum() <= 0:
        return np.ones(count)
    wanted = wanted * found.sum() / wanted.sum()
    spare = _SPARE * float(found.sum()) / max(len(closed), 1)
    return np.asarray((found + spare) / (wanted + spare), dtype=np.float64)


def share_open(filled: pd.DataFrame, expected: Floats) -> Floats:
    """Return the amounts of the cases, those of open ones shared out anew by what is expected of each.

    Notes
    -----
    The lag of a case tells what open cases bring together, not which: with the same amount in each, groups of
    small amounts would come out too high (by a half, for individuals in Self Assessment).
    """
    y, chance = (filled[name].to_numpy(dtype=np.float64) for name in ("y", "probability"))
    still = filled["open"].to_numpy(dtype=np.bool_)
    own = np.maximum(expected[filled["row"].to_numpy()], 1e-9)
    together = float((own / chance)[still].sum())
    if together <= 0:
        return np.asarray(y)
    shared = own * float((y / chance)[still].sum()) / together
    return np.asarray(np.where(still, shared, y), dtype=np.float64)
