"""Non-payment: what was written off, and what of the debts still owed will be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.gap.chain.lags import Lags, Spread
from taxgap.gap.chain.reading import RegimeData
from taxgap.risk.arrays import Bools, Floats


def find_non_payment(data: RegimeData) -> tuple[Floats, Floats]:
    """Return what was written off on each return, and what may be expected to be.

    Parameters
    ----------
    data : RegimeData

    Returns
    -------
    gone, later : ndarray
        GBP, one a return; ``later`` is never more than what is still owed.

    Notes
    -----
    Of a debt of age a what is still owed is expected to be written off with the share
    q(a) = written off after a / owed at a, by the lags from the due date of debts old enough to tell
    (`Lags`). Debts that fall due later do not count.
    """
    gone, later, _ = _project_debts(data)
    return gone, later


def find_spread_of_debts(data: RegimeData, rows: Bools) -> Spread:
    """Return how far what is still to be written off may lie from what is expected.

    Parameters
    ----------
    data : RegimeData
    rows : ndarray of bool
        Which returns.

    Notes
    -----
    A debt still owed is taken to be written off whole, with chance q, or paid. How well q is known: as a sum
    of as many write-offs as there were, its relative variance is their mean square over mean and sum.
    """
    _, later, variance = _project_debts(data)
    expected = float(later[rows].sum())
    if data.debts is None or expected <= 0:
        return Spread()
    gone = data.debts["written_off"].to_numpy(dtype=np.float64)
    relative = float((gone**2).sum()) / float(gone.sum()) ** 2
    return Spread(float(variance[rows].sum()) ** 0.5, expected * relative**0.5)


def share_paid(data: RegimeData) -> float:
    """Return the share of the tax declared and due that has been paid."""
    if data.debts is None:
        return 1.0
    due = (pd.to_datetime(data.debts["due_on"]) <= data.as_of).to_numpy()
    liability = float(data.debts["liability"].to_numpy(dtype=np.float64)[due].sum())
    paid = float(data.debts["paid"].to_numpy(dtype=np.float64)[due].sum())
    return min(1.0, paid / liability) if liability > 0 else 1.0


def _project_debts(data: RegimeData) -> tuple[Floats, Floats, Floats]:
    """Return by return what was written off, what is expected to be, and the variance of that."""
    count = len(data.index)
    if data.debts is None:
        return np.zeros(count), np.zeros(count), np.zeros(count)
    debts = data.debts
    liability, gone = (debts[name].to_numpy(dtype=np.float64) for name in ("liability", "written_off"))
    paid = np.minimum(debts["paid"].to_numpy(dtype=np.float64), np.maximum(liability - gone, 0.0))
    owed = np.maximum(liability - gone - paid, 0.0)
    due = pd.to_datetime(debts["due_on"])
    lag, paid_lag = (_days(pd.to_datetime(debts[name]) - due) for name in ("written_off_on", "paid_on"))
    age = (data.as_of - due).dt.days.to_numpy(dtype=np.float64)
    still = np.isnan(lag) & (age >= 0) & (owed > 0)
    share = np.zeros(len(debts))
    if still.any() and (gone > 0).any():
        part = np.divide(gone, liability, out=np.zeros(len(debts)), where=liability > 0)
        after = Lags.fit(part, lag, age, liability).later(age[still])
        at = _owed_at(age[still], age, liability, ((paid_lag, paid), (lag, gone)))
        share[still] = np.clip(after / np.maximum(at, 1e-300), 0.0, 1.0)
    sums = (gone, owed * share, owed**2 * share * (1 - share))
    first, second, third = (
        np.asarray(np.bincount(debts["row"], amount, count), dtype=np.float64) for amount in sums
    )
    return first, second, third


def _owed_at(
    ages: Floats, age: Floats, liability: Floats, settled: tuple[tuple[Floats, Floats], tuple[Floats, Floats]]
) -> Floats:
    """Return what would be owed at each age, had all debts been watched as long.

    Notes
    -----
    Of the debts as old or older, their liability less what was paid or written off by that age; what younger
    debts settled was all settled by then. Scaled by all liability over theirs.
    """
    older = liability.sum() - _sum_below(ages, age, liability)
    owed = older.copy()
    for when, amount in settled:
        owed -= _sum_below(np.nextafter(ages, np.inf), np.where(np.isnan(when), 0.0, when), amount)
        owed += _sum_below(ages, age, amount)
    return np.asarray(owed * liability.sum() / np.maximum(older, 1e-300), dtype=np.float64)


def _sum_below(ages: Floats, at: Floats, amount: Floats) -> Floats:
    """Return the sum of the amounts that stand below each age."""
    order = np.argsort(at, kind="stable")
    sums = np.append(0.0, np.cumsum(amount[order]))
    return np.asarray(sums[np.searchsorted(at[order], ages, side="left")], dtype=np.float64)


def _days(lag: pd.Series) -> Floats:
    return np.asarray(lag.dt.days.astype(np.float64).clip(lower=0).to_numpy(), dtype=np.float64)
