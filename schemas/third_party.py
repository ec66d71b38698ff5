"""What others report about a taxpayer: employers, banks, platforms, contractors, customs and more."""

from __future__ import annotations

from typing import Annotated

import pandas as pd

from taxgap.schemas.codes import REPORT_SOURCES
from taxgap.schemas.columns import Day, code, day, identifier, money, number, received, tax_year, text
from taxgap.schemas.table import Table


class ThirdParty(Table):
    """One row a report. `period` is the tax year that holds most of the days reported on."""

    report_id: str = identifier("Report")
    taxpayer_id: str = identifier("Taxpayer")
    source: Annotated[pd.CategoricalDtype, REPORT_SOURCES, False] = code("Kind of reporter")
    reporter_id: str = text("The reporter, where it is on the register", nullable=True)
    period: str = tax_year()
    period_start: Day = day("First day reported on")
    period_end: Day = day("Last day reported on")
    amount: float = money("Amount reported, as the reporter's rules define it")
    tax_deducted: float = money("Tax the reporter took off")
    transactions: float = number("Number of transactions", "count", nullable=True)
    received_on: Day = received()

    class Config:
        """What identifies a row."""

        unique = ["report_id"]
