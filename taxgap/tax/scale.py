"""A scale of tax: slices of income, each charged at its own rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxgap.tax.amounts import Amounts


@dataclass(frozen=True, slots=True)
class Scale:
    """Rates that rise with income.

    Parameters
    ----------
    limits : tuple of float
        Where each slice but the last ends, pounds of taxable income, rising.
    rates : tuple of float
        The rate of each slice, as a fraction, one more than limits.
    first_extended : int, default 0
        The first limit that is raised by pension contributions and gifts; those below it stay where they are.

    Examples
    --------
    >>> scale = Scale(limits=(37_700.0, 125_140.0), rates=(0.2, 0.4, 0.45))
    >>> scale.tax(np.array([10_000.0, 40_000.0])).tolist()
    [2000.0, 8460.0]
    >>> scale.tax(np.array([40_000.0]), np.array([1_000.0])).tolist()
    [8260.0]
    """

    limits: tuple[float, ...]
    rates: tuple[float, ...]
    first_extended: int = 0

    def tax(self, income: Amounts, extension: Amounts | float = 0.0) -> Amounts:
        """Return the tax on the first ``income`` pounds.

        Parameters
        ----------
        income : numpy.ndarray
            Taxable income, pounds, not negative.
        extension : numpy.ndarray or float, default 0
            By how many pounds the limits are raised.

        Returns
        -------
        numpy.ndarray
            Pounds.

        Notes
        -----
        With rates r and limits L the tax on x is r_0 x + sum over i of (r_i - r_(i-1)) max(x - L_i, 0): each
        limit passed adds the step in the rate on what lies beyond it.
        """
        tax = self.rates[0] * income
        for position, limit in enumerate(self.limits):
            step = self.rates[position + 1] - self.rates[position]
            raised = extension if position >= self.first_extended else 0.0
            tax = tax + step * np.maximum(income - (limit + raised), 0.0)
        return tax
