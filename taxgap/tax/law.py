"""The law of a tax year, read from the parameter files beside this module."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias, TypeVar

from taxgap.errors import UsageError
from taxgap.tax.scale import Scale

_TAX_YEAR = re.compile(r"[0-9]{4}-[0-9]{2}")

Figures: TypeAlias = Mapping[str, Mapping[str, Any]]
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class IncomeTaxLaw:
    """The figures of Income Tax; units and sources stand in ``income_tax.toml``."""

    personal_allowance: float
    allowance_income_limit: float
    allowance_withdrawal_rate: float
    main_limits: tuple[float, ...]
    main_rates: tuple[float, ...]
    scottish_limits: tuple[float, ...]
    scottish_rates: tuple[float, ...]
    dividend_rates: tuple[float, ...]
    dividend_allowance: float
    savings_allowance: tuple[float, ...]
    savings_starting_limit: float
    finance_cost_rate: float
    pension_basic_amount: float

    @property
    def main_scale(self) -> Scale:
        """The scale of England, Wales and Northern Ireland, and of savings everywhere."""
        return Scale(self.main_limits, self.main_rates)

    @property
    def scottish_scale(self) -> Scale:
        """The scale of a Scottish taxpayer's income other than savings and dividends."""
        # Only the Scottish basic rate limit and those above it are raised by contributions and gifts (FA
        # 2004 s.192(4A)): relief was given at 20% at source, so the starter band keeps its width.
        return Scale(self.scottish_limits, self.scottish_rates, first_extended=1)

    @property
    def dividend_scale(self) -> Scale:
        """The scale of dividends, wherever the taxpayer lives."""
        return Scale(self.main_limits, self.dividend_rates)


@dataclass(frozen=True, slots=True)
class NationalInsuranceLaw:
    """The figures of National Insurance; units and sources stand in ``national_insurance.toml``."""

    primary_threshold: float
    upper_earnings_limit: float
    class_1_rates: tuple[float, ...]
    class_2_weekly_rate: float
    class_2_weeks: float
    class_2_threshold: float
    class_2_due_at_threshold: float
    lower_profits_limit: float
    upper_profits_limit: float
    class_4_rates: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AllowanceLaw:
    """The allowances that stand in for expenses; units and sources stand in ``allowances.toml``."""

    trading_allowance: float
    property_allowance: float


@dataclass(frozen=True, slots=True)
class EmployerLaw:
    """The figures that concern employers; units and sources stand in ``employers.toml``."""

    secondary_threshold: float
    secondary_rate: float
    employment_allowance: float


@dataclass(frozen=True, slots=True)
class ConstructionLaw:
    """The deductions from subcontractors' pay; units and sources stand in ``construction.toml``."""

    registered_rate: float
    unregistered_rate: float


@dataclass(frozen=True, slots=True)
class TaxLaw:
    """The law of one tax year.

    Attributes
    ----------
    tax_year : str
        The year asked for, such as ``2023-24``.
    enacted_year : str
        The year whose figures these are.
    income_tax, national_insurance, allowances, employers, construction
        The figures, one attribute each.
    """

    tax_year: str
    enacted_year: str
    income_tax: IncomeTaxLaw
    national_insurance: NationalInsuranceLaw
    allowances: AllowanceLaw
    employers: EmployerLaw
    construction: ConstructionLaw

    @property
    def projected(self) -> bool:
        """Whether the year lies after the last enacted one, whose figures then stand in."""
        return self.tax_year != self.enacted_year


@cache
def tax_years() -> tuple[str, ...]:
    """Return the tax years whose law is enacted and known here, oldest first.

    Returns
    -------
    tuple of str
        Labels such as ``2023-24``: 6 April 2023 to 5 April 2024.

    Examples
    --------
    >>> tax_years()
    ('2021-22', '2022-23', '2023-24', '2024-25', '2025-26')
    """
    figure = next(iter(read_figures("income_tax").values()))
    return tuple(sorted(key for key in figure if _TAX_YEAR.fullmatch(key)))


def tax_law(tax_year: str) -> TaxLaw:
    """Return the law of a tax year.

    Parameters
    ----------
    tax_year : str
        A label such as ``2023-24``. A year after the last enacted one gets the last enacted law, marked
        ``projected``.

    Returns
    -------
    TaxLaw
        The figures of the year.

    Raises
    ------
    UsageError
        If the label is malformed, or the year lies before the first enacted one.

    Examples
    --------
    >>> tax_law("2023-24").income_tax.dividend_allowance
    1000.0
    >>> law = tax_law("2030-31")
    >>> law.enacted_year, law.projected
    ('2025-26', True)
    """
    if not isinstance(tax_year, str) or not is_tax_year(tax_year):
        raise UsageError(
            f"{tax_year!r} is not a tax year.",
            available=tax_years(),
            remedy="Write the two years it touches, such as '2023-24'.",
        )
    if tax_year < tax_years()[0]:
        raise UsageError(
            f"No tax law is held for {tax_year}.",
            available=tax_years(),
            remedy="Use one of these years, or a later one, which gets the last enacted law.",
        )
    return _build_law(tax_year)


@cache
def read_figures(name: str) -> Figures:
    """Return the figures of one parameter file, each with its unit, source, basis and value by year."""
    figures: Figures = tomllib.loads(files("taxgap.tax").joinpath(f"{name}.toml").read_text("utf-8"))
    return figures


def is_tax_year(label: str) -> bool:
    """Whether a text is the label of a tax year: two years in a row, such as ``2023-24``."""
    return bool(_TAX_YEAR.fullmatch(label)) and (int(label[:4]) + 1) % 100 == int(label[5:])


@cache
def _build_law(tax_year: str) -> TaxLaw:
    enacted_year = min(tax_year, tax_years()[-1])
    return TaxLaw(
        tax_year=tax_year,
        enacted_year=enacted_year,
        income_tax=_build_part(IncomeTaxLaw, "income_tax", enacted_year),
        national_insurance=_build_part(NationalInsuranceLaw, "national_insurance", enacted_year),
        allowances=_build_part(AllowanceLaw, "allowances", enacted_year),
        employers=_build_part(EmployerLaw, "employers", enacted_year),
        construction=_build_part(ConstructionLaw, "construction", enacted_year),
    )


def _build_part(part: type[Part], name: str, year: str) -> Part:
    figures = read_figures(name)
    # Every field of a part is a figure of its file, so a figure missing from either side fails here, by name.
    return part(**{field.name: freeze(figures[field.name][year]) for field in fields(part)})  # type: ignore[arg-type]


def freeze(value: Any) -> float | tuple[float, ...]:
    """Return a figure of a parameter file as a number or, where it has several, as a tuple."""
    return tuple(float(item) for item in value) if isinstance(value, list) else float(value)
