"""Income Tax on taxable income: what is left of each kind of income after the personal allowance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taxgap.tax.amounts import HALF_PENNY, Amounts, Flags
from taxgap.tax.law import IncomeTaxLaw


@dataclass(frozen=True, slots=True)
class Streams:
    """Income by the three kinds that are taxed differently, with what decides the bands.

    Parameters
    ----------
    non_savings, savings, dividends : numpy.ndarray
        Pounds of each kind, not negative.
    extension : numpy.ndarray
        By how many pounds the bands are widened (gross pension contributions at source and gifts).
    scottish : numpy.ndarray of bool
        Whether Scottish rates apply to the first kind.
    """

    non_savings: Amounts
    savings: Amounts
    dividends: Amounts
    extension: Amounts
    scottish: Flags

    def total(self) -> Amounts:
        """Return the sum of the three kinds."""
        return self.non_savings + self.savings + self.dividends

    def select(self, rows: npt.NDArray[np.intp]) -> Streams:
        """Return the streams of some people only."""
        return Streams(
            self.non_savings[rows],
            self.savings[rows],
            self.dividends[rows],
            self.extension[rows],
            self.scottish[rows],
        )


def charge(taxable: Streams, law: IncomeTaxLaw) -> Amounts:
    """Return the Income Tax on taxable income, before tax reductions.

    Parameters
    ----------
    taxable : Streams
        Income after the personal allowance.
    law : IncomeTaxLaw
        The figures of the year.

    Returns
    -------
    numpy.ndarray
        Pounds.

    Notes
    -----
    Non-savings income is the lowest part of income, savings lie above it and dividends on top (Income Tax
    Act 2007 s.16). Each stream is therefore charged between two heights of one pile: n to the top of
    non-savings income, u to the top of savings, t to the top of dividends. The nil rates (ss.12, 12A, 13A)
    charge the lowest slice of their stream at 0% but leave it in the pile, so it still uses up the bands.
    The starting rate covers savings within the first GBP 5,000 of taxable income and the savings allowance
    follows on top. Savings and dividends of Scottish taxpayers are charged at the rates of the rest of the
    United Kingdom, by bands that the whole of their income fills (ss.11A and 16).
    """
    n = taxable.non_savings
    u = n + taxable.savings
    t = u + taxable.dividends
    main, dividend = law.main_scale, law.dividend_scale
    starting = np.maximum(n, law.savings_starting_limit)
    nil_savings = np.minimum(u, starting + savings_allowance(t, taxable.extension, law))
    nil_dividends = np.minimum(t, u + law.dividend_allowance)
    tax = _charge_non_savings(taxable, law)
    tax += main.tax(u, taxable.extension) - main.tax(nil_savings, taxable.extension)
    tax += dividend.tax(t, taxable.extension) - dividend.tax(nil_dividends, taxable.extension)
    return tax


def savings_allowance(total: Amounts, extension: Amounts, law: IncomeTaxLaw) -> Amounts:
    """Return the savings allowance (Income Tax Act 2007 s.12B).

    It depends on whether any income, dividends and nil-rate income included, lies in the higher or the
    additional rate band. The bands are those of the rest of the United Kingdom for Scottish taxpayers too
    (s.12B(8)).
    """
    basic_limit, higher_limit = law.main_limits
    basic, higher, additional = law.savings_allowance
    excess = total - extension
    below_additional = np.where(excess > basic_limit + HALF_PENNY, higher, basic)
    return np.where(excess > higher_limit + HALF_PENNY, additional, below_additional)


def _charge_non_savings(taxable: Streams, law: IncomeTaxLaw) -> Amounts:
    tax = law.main_scale.tax(taxable.non_savings, taxable.extension)
    rows = np.flatnonzero(taxable.scottish)
    if rows.size:
        tax[rows] = law.scottish_scale.tax(taxable.non_savings[rows], taxable.extension[rows])
    return tax
