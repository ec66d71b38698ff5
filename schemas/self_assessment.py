"""The Self Assessment return: the boxes that carry a person's income and reliefs."""

from __future__ import annotations

from taxgap.schemas.columns import Day, day, flag, identifier, money, number, received, tax_year
from taxgap.schemas.table import Table

EXPENSE_BOXES = (
    "cost_of_goods",
    "subcontractor_costs",
    "staff_costs",
    "travel_costs",
    "premises_costs",
    "office_costs",
    "other_expenses",
)
"""The expense boxes of the self-employment pages that add up to `total_expenses`."""


class SelfAssessment(Table):
    """One row a taxpayer, tax year and version of the return (0 is the original, n the n-th amendment)."""

    taxpayer_id: str = identifier("Taxpayer")
    period: str = tax_year()
    period_start: Day = day("First day of the tax year")
    period_end: Day = day("Last day of the tax year")
    version: int = number("Version: 0 original, n the n-th amendment", "count")
    by_agent: bool = flag("Filed by an agent")
    received_on: Day = received()

    employment_pay: float = money("Pay from employments", box="SA102 1")
    tax_deducted: float = money("Tax taken off pay and pensions", box="SA102 2")
    employment_expenses: float = money("Employment expenses", box="SA102 17-20")

    turnover: float = money("Turnover of the trade", box="SA103F 15")
    other_business_income: float = money("Other business income", box="SA103F 16")
    cost_of_goods: float = money("Cost of goods", box="SA103F 17")
    subcontractor_costs: float = money("Payments to subcontractors", box="SA103F 18")
    staff_costs: float = money("Wages, salaries and other staff costs", box="SA103F 19")
    travel_costs: float = money("Car, van and travel expenses", box="SA103F 20")
    premises_costs: float = money("Rent, rates, power, insurance and repairs", box="SA103F 21-22")
    office_costs: float = money("Phone, office, advertising and professional fees", box="SA103F 23-28")
    other_expenses: float = money("Other business expenses", box="SA103F 30")
    total_expenses: float = money("Total expenses", box="SA103F 31")
    capital_allowances: float = money("Capital allowances", box="SA103F 57")
    trading_allowance: float = money("Trading allowance claimed", box="SA103F 16.1")
    net_profit: float = money("Net profit, or loss if negative", box="SA103F 64-65", signed=True)
    accounts_months: float = number("Months of trading the accounts cover", "months", minimum=1)
    basis_adjustment: float = money("Adjustment to the basis period", box="SA103F 68", signed=True)
    losses_brought_forward: float = money("Losses brought forward used", box="SA103F 74")
    trading_profit: float = money("Taxable trading profit, after losses", box="SA103F 76")
    cis_deductions: float = money("Construction scheme deductions", box="SA103F 81")
    partnership_profit: float = money("Share of a partnership's profit", box="SA104S 16-20")

    rents: float = money("Rents and other property income", box="SA105 20")
    property_repairs: float = money("Property repairs and maintenance", box="SA105 25")
    property_costs: float = money("Other allowable property costs", box="SA105 24, 27-29")
    property_allowance: float = money("Property allowance claimed", box="SA105 20.1")
    property_profit: float = money("Taxable property profit", box="SA105 40")
    finance_costs: float = money("Residential finance costs", box="SA105 44")

    interest: float = money("Interest from banks and building societies", box="SA100 TR3 1-2")
    dividends: float = money("Dividends", box="SA100 TR3 4-5")
    pension: float = money("State and other pensions", box="SA100 TR3 8-11")
    foreign_income: float = money("Foreign income", box="SA106")
    other_income: float = money("Other taxable income", box="SA100 TR3 17")

    pension_contributions: float = money("Pension payments, gross, relief at source", box="SA100 TR4 1")
    gift_aid: float = money("Gift Aid payments, gross", box="SA100 TR4 5")

    total_income: float = money("Total income", box="SA302")
    tax_charged: float = money("Income Tax, Class 2 and Class 4 charged", box="SA110 6")

    class Config:
        """What identifies a row."""

        unique = ["taxpayer_id", "period", "version"]
