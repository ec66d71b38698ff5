"""The VAT return: its nine boxes."""

from __future__ import annotations

from taxgap.schemas.columns import Day, day, flag, identifier, money, month, number, received
from taxgap.schemas.table import Table


class Vat(Table):
    """One row a taxpayer, period and version of the return; `period` is the month in which it ends."""

    taxpayer_id: str = identifier("Taxpayer")
    period: str = month()
    period_start: Day = day("First day of the period")
    period_end: Day = day("Last day of the period")
    version: int = number("Version: 0 original, n the n-th amendment", "count")
    by_agent: bool = flag("Filed by an agent")
    received_on: Day = received()

    output_tax: float = money("VAT due on sales and other outputs", box="VAT100 1")
    acquisition_tax: float = money("VAT due on goods acquired from the EU (Northern Ireland)", box="VAT100 2")
    total_output_tax: float = money("Total VAT due", box="VAT100 3")
    input_tax: float = money("VAT reclaimed on purchases", box="VAT100 4")
    net_vat: float = money("Net VAT to pay, or to reclaim if negative", box="VAT100 5", signed=True)
    sales: float = money("Sales without VAT; with it under the flat rate scheme", box="VAT100 6")
    purchases: float = money("Purchases without VAT", box="VAT100 7")
    goods_to_eu: float = money("Goods supplied to the EU (Northern Ireland)", box="VAT100 8")
    goods_from_eu: float = money("Goods acquired from the EU (Northern Ireland)", box="VAT100 9")

    class Config:
        """What identifies a row."""

        unique = ["taxpayer_id", "period", "version"]
