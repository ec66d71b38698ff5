"""Which income the personal allowance is taken from: whatever leaves the least tax (ITA 2007 s.25(2)).

The usual order, non-savings income, then savings, then dividends, is the best one for most people. It is not
where an allowance would be spent on savings that a nil rate covers anyway while dividends are taxed, nor
near the top of the basic rate band, where a pound of allowance moved to another kind of income keeps a
dearer pound out of the higher rate.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from taxgap.tax.amounts import Amounts
from taxgap.tax.charge import Streams, charge, savings_allowance
from taxgap.tax.law import IncomeTaxLaw


def least_charge(income: Streams, allowance: Amounts, law: IncomeTaxLaw) -> Amounts:
    """Return the tax left when the allowance is taken from income in the best way.

    Parameters
    ----------
    income : Streams
        Income before the allowance.
    allowance : numpy.ndarray
        The personal allowance, pounds; what exceeds total income is lost.
    law : IncomeTaxLaw
        The figures of the year.

    Returns
    -------
    numpy.ndarray
        Pounds, before tax reductions.

    Notes
    -----
    Taxable income t is the same however the allowance is split; what varies is the height n of the
    non-savings income and the height u of the savings above it. The tax is continuous and linear in (n, u)
    between the lines where a rate changes, so that its least value lies where two such lines meet.
    `_candidates` lists the meeting points that can be best; the tests compare them with all meeting points.
    """
    used = np.minimum(allowance, income.total())
    least = charge(deduct_in_order(income, used), law)
    rows = _find_choices(income, used, law)
    if rows.size:
        some, spent = income.select(rows), used[rows]
        for non_savings, height in _candidates(some, spent, law):
            least[rows] = np.minimum(least[rows], charge(_taxable_at(some, spent, non_savings, height), law))
    return least


def deduct_in_order(income: Streams, allowance: Amounts) -> Streams:
    """Take the allowance from non-savings income first, then from savings, then from dividends."""
    over = np.maximum(allowance - income.non_savings, 0.0)
    beyond = np.maximum(over - income.savings, 0.0)
    return Streams(
        np.maximum(income.non_savings - allowance, 0.0),
        np.maximum(income.savings - over, 0.0),
        np.maximum(income.dividends - beyond, 0.0),
        income.extension,
        income.scottish,
    )


def _find_choices(income: Streams, allowance: Amounts, law: IncomeTaxLaw) -> npt.NDArray[np.intp]:
    """Find the people for whom the usual order may not be the best."""
    lowest = income.non_savings - allowance
    taxed = income.total() > allowance
    # Part of the allowance reaches savings or dividends, and there are both.
    spills = taxed & (lowest < 0) & (income.savings > 0) & (income.dividends > 0)
    # Otherwise it is all spent on non-savings income, which bears the highest rate unless the other income
    # reaches into the higher rate band while the non-savings income stays below it.
    straddles = (income.total() - allowance > law.main_limits[0] + income.extension) & (
        lowest < _dear_height(income, law)
    )
    return np.flatnonzero(
        spills | (taxed & straddles & (allowance > 0) & (income.savings + income.dividends > 0))
    )


def _candidates(income: Streams, allowance: Amounts, law: IncomeTaxLaw) -> Iterator[tuple[Amounts, Amounts]]:
    """Yield the heights (n, u) of non-savings income and savings at which the tax can be least."""
    total = income.total() - allowance
    basic = law.main_limits[0] + income.extension
    lowest = np.maximum(income.non_savings - allowance, 0.0)
    dear = np.clip(_dear_height(income, law), lowest, np.minimum(income.non_savings, total))
    nil_rate = savings_allowance(total, income.extension, law)
    free_dividends = total - law.dividend_allowance
    # Non-savings income as low as it goes: savings fill their nil rates, or dividends shrink to their
    # allowance.
    yield lowest, np.maximum(lowest, law.savings_starting_limit) + nil_rate
    yield lowest, free_dividends
    # Non-savings income up to where its rate jumps.
    yield dear, basic
    yield dear, np.maximum(dear, law.savings_starting_limit) + nil_rate
    # No allowance for savings: they end at the basic rate limit, or where dividends shrink to their
    # allowance.
    yield basic - income.savings, basic
    yield free_dividends - income.savings, free_dividends
    # Savings just fill their nil rate, under dividends that get no allowance or that shrink to theirs.
    for height in (total - income.dividends, free_dividends):
        yield np.minimum(height - nil_rate, basic), height


def _taxable_at(income: Streams, allowance: Amounts, non_savings: Amounts, height: Amounts) -> Streams:
    """Return taxable income with these heights, or the nearest that the income allows."""
    total = income.total() - allowance
    lowest = np.maximum(income.non_savings - allowance, 0.0)
    n = np.clip(non_savings, lowest, np.minimum(income.non_savings, total))
    u = np.clip(height, np.maximum(n, total - income.dividends), np.minimum(n + income.savings, total))
    return Streams(n, u - n, total - u, income.extension, income.scottish)


def _dear_height(income: Streams, law: IncomeTaxLaw) -> Amounts:
    """Return the height from which non-savings income is charged at the nation's higher rate."""
    scottish_higher = law.scottish_limits[2]
    return np.where(income.scottish, scottish_higher, law.main_limits[0]) + income.extension
