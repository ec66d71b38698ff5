"""Payments: what was due on a return, what was paid, what was written off."""

from __future__ import annotations

from typing import Annotated

import pandas as pd

from taxgap.schemas.codes import REGIMES
from taxgap.schemas.columns import Day, code, day, identifier, money, period_label, received
from taxgap.schemas.table import Table


class Payments(Table):
    """One row a taxpayer, regime and period with something to pay."""

    taxpayer_id: str = identifier("Taxpayer")
    regime: Annotated[pd.CategoricalDtype, REGIMES, False] = code("Tax")
    period: str = period_label()
    liability: float = money("Tax due after deductions at source")
    due_on: Day = day("Due on")
    paid_on: Day = day("Last payment on", nullable=True)
    paid: float = money("Paid so far", nullable=True)
    written_off_on: Day = day("Written off on", nullable=True)
    written_off: float = money("Written off", nullable=True)
    received_on: Day = received()

    class Config:
        """What identifies a row, and what is known later than the row."""

        unique = ["taxpayer_id", "regime", "period"]
        metadata = {
            "known_later": {
                "paid_on": ("paid_on", "paid"),
                "written_off_on": ("written_off_on", "written_off"),
            }
        }
