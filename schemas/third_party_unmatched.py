"""Third-party reports that match no registered taxpayer."""

from __future__ import annotations

from typing import Annotated

import pandas as pd

from taxgap.schemas.codes import REPORT_SOURCES
from taxgap.schemas.columns import Day, code, day, identifier, money, number, received, tax_year, text
from taxgap.schemas.table import Table


class ThirdPartyUnmatched(Table):
    """One row a report without an identifier: what the reporter wrote down of the person, as he wrote it."""

    report_id: str = identifier("Report")
    source: Annotated[pd.CategoricalDtype, REPORT_SOURCES, False] = code("Kind of reporter")
    period: str = tax_year()
    period_start: Day = day("First day reported on")
    period_end: Day = day("Last day reported on")
    amount: float = money("Amount reported, as the reporter's rules define it")
    transactions: float = number("Number of transactions", "count", nullable=True)
    name: str = text("Name as written", nullable=True)
    birth_date: Day = day("Date of birth as written", nullable=True)
    address: str = text("Number and street as written", nullable=True)
    postcode: str = text("Postcode as written", nullable=True)
    account: str = text("Bank account, as a token", nullable=True)
    received_on: Day = received()

    class Config:
        """What identifies a row."""

        unique = ["report_id"]
