"""The company tax return: accounts and computation of one accounting period."""

from __future__ import annotations

from taxgap.schemas.columns import Day, day, flag, identifier, money, month, number, received
from taxgap.schemas.table import Table

COST_LINES = (
    "cost_of_sales",
    "staff_costs",
    "directors_pay",
    "premises_costs",
    "travel_costs",
    "other_costs",
    "entertaining",
    "depreciation",
)
"""The costs of the accounts that turn turnover and other income into the profit before tax."""


class CorporationTax(Table):
    """One row a company, accounting period and version; `period` is the month in which it ends.

    An accounting period is at most twelve months: accounts for longer are split into two returns.
    """

    taxpayer_id: str = identifier("Taxpayer")
    period: str = month()
    period_start: Day = day("First day of the accounting period")
    period_end: Day = day("Last day of the accounting period")
    version: int = number("Version: 0 original, n the n-th amendment", "count")
    by_agent: bool = flag("Filed by an agent")
    received_on: Day = received()

    turnover: float = money("Turnover", box="CT600 145")
    other_income: float = money("Interest, rents and other income", box="CT600 170, 190")
    cost_of_sales: float = money("Cost of sales", box="accounts")
    staff_costs: float = money("Wages and employer's contributions, without directors", box="accounts")
    directors_pay: float = money("Directors' pay", box="accounts")
    premises_costs: float = money("Rent, rates, power, insurance and repairs", box="accounts")
    travel_costs: float = money("Car, van and travel expenses", box="accounts")
    other_costs: float = money("Other costs", box="accounts")
    entertaining: float = money("Entertaining, which no company may deduct", box="accounts")
    depreciation: float = money("Depreciation, which no company may deduct", box="accounts")
    profit_before_tax: float = money("Profit before tax, or loss if negative", box="accounts", signed=True)
    added_back: float = money("Costs of the accounts that may not be deducted", box="computation")
    capital_allowances: float = money("Capital allowances", box="CT600 690-760")
    rd_relief: float = money("Extra deduction for research and development", box="CT600 660")
    losses_brought_forward: float = money("Losses brought forward used", box="CT600 160, 285")
    taxable_profit: float = money("Profits chargeable to Corporation Tax", box="CT600 315")
    associated_companies: float = number("Associated companies", "count")
    marginal_relief: float = money("Marginal relief", box="CT600 435")
    corporation_tax: float = money("Corporation Tax chargeable", box="CT600 440")
    loan_to_directors: float = money("Loans to directors outstanding after nine months", box="CT600A 15")
    tax_on_loans: float = money("Tax on loans to directors", box="CT600 480")
    tax_charged: float = money("Tax chargeable", box="CT600 510")

    dividends_paid: float = money("Dividends paid", box="accounts")
    net_assets: float = money("Net assets", box="accounts", signed=True)
    employees: float = number("Average number of employees, directors included", "count")

    class Config:
        """What identifies a row."""

        unique = ["taxpayer_id", "period", "version"]
