"""The employer's year: the sums of what came with each payday, and of the monthly construction returns."""

from __future__ import annotations

from taxgap.schemas.columns import Day, day, flag, identifier, money, number, received, tax_year
from taxgap.schemas.table import Table


class EmployerPaye(Table):
    """One row an employer, tax year and version."""

    taxpayer_id: str = identifier("Taxpayer")
    period: str = tax_year()
    period_start: Day = day("First day of the tax year")
    period_end: Day = day("Last day of the tax year")
    version: int = number("Version: 0 original, n the n-th amendment", "count")
    by_agent: bool = flag("Filed by an agent")
    received_on: Day = received()

    employees: float = number("Employees paid in the year, averaged over its months", "count")
    pay: float = money("Taxable pay", box="FPS")
    directors_pay: float = money("Part of it that directors had", box="FPS")
    tax_deducted: float = money("Income Tax deducted", box="FPS")
    employee_nics: float = money("Employees' contributions deducted", box="FPS")
    employer_nics: float = money("Employer's contributions", box="FPS")
    employment_allowance: float = money("Employment allowance claimed", box="EPS")
    paid_to_subcontractors: float = money("Paid to construction subcontractors", box="CIS300")
    cis_deducted: float = money("Deducted from subcontractors", box="CIS300")
    cis_suffered: float = money("Deducted from the employer's own income and set off", box="EPS")
    tax_charged: float = money("Due for the year, or to be repaid if negative", box="P32", signed=True)

    class Config:
        """What identifies a row."""

        unique = ["taxpayer_id", "period", "version"]
