"""Aggregates: totals in the style of the national accounts, from surveys rather than returns."""

from __future__ import annotations

from taxgap.schemas.columns import Day, identifier, money, received, tax_year
from taxgap.schemas.table import Table


class Aggregates(Table):
    """One row a measure, tax year and industry: what a statistical office would estimate, with its error."""

    measure: str = identifier("What is measured")
    period: str = tax_year()
    industry: str = identifier("Rows of the industry table (divisions of SIC 2007), or all")
    amount: float = money("Estimate for the population", signed=True)
    standard_error: float = money("Standard error of the estimate")
    received_on: Day = received()

    class Config:
        """What identifies a row."""

        unique = ["measure", "period", "industry"]
