"""Value Added Tax: thresholds and rates on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date  # noqa: F401  the documentation looks the inherited annotations up here

from taxgap.tax.dated import DatedLaw, When, law_on


@dataclass(frozen=True, slots=True)
class VatLaw(DatedLaw):
    """The figures of VAT on a day; units and sources stand in ``vat.toml``."""

    registration_threshold: float
    deregistration_limit: float
    standard_rate: float
    reduced_rate: float
    flat_rate_join_limit: float
    flat_rate_leave_limit: float
    flat_rate_first_year_discount: float
    limited_cost_rate: float
    limited_cost_share: float
    limited_cost_minimum: float


def vat_law(when: When) -> VatLaw:
    """Return the thresholds and rates of VAT on a day.

    Parameters
    ----------
    when : str, datetime.date or numpy.datetime64
        A day, or the label of a tax year, which stands for the 6 April on which it begins.

    Returns
    -------
    VatLaw
        The figures in force; ``projected`` from 1 April 2026 on. Under the Flat Rate Scheme a trader pays a
        fraction of turnover with VAT: that of the trade (`taxgap.tax.flat_rate`), or ``limited_cost_rate``
        where goods are below ``limited_cost_share`` of that turnover or below ``limited_cost_minimum`` a
        year.

    Raises
    ------
    UsageError
        If it is neither a day nor a tax year, or before 1 April 2017.

    Examples
    --------
    >>> vat_law("2024-03-31").registration_threshold, vat_law("2024-04-01").registration_threshold
    (85000.0, 90000.0)
    >>> vat_law("2023-24").deregistration_limit
    83000.0
    """
    return law_on(VatLaw, "vat", when)
