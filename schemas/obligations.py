"""Obligations: every return that is due, and whether it came."""

from __future__ import annotations

from typing import Annotated

import pandas as pd

from taxgap.schemas.codes import OBLIGATION_STATUSES, REGIMES
from taxgap.schemas.columns import Day, code, day, identifier, period_label, received
from taxgap.schemas.table import Table


class Obligations(Table):
    """One row a taxpayer, regime and period for which a return was asked.

    The status is empty while it is not yet known: before the return came, at an earlier date of knowledge.
    """

    taxpayer_id: str = identifier("Taxpayer")
    regime: Annotated[pd.CategoricalDtype, REGIMES, False] = code("Tax")
    period: str = period_label()
    period_start: Day = day("First day of the period")
    period_end: Day = day("Last day of the period")
    due_on: Day = day("Due on")
    met_on: Day = day("Return received on", nullable=True)
    status: Annotated[pd.CategoricalDtype, OBLIGATION_STATUSES, False] = code(
        "Met, late or missing", nullable=True
    )
    received_on: Day = received()

    class Config:
        """What identifies a row, and what is known later than the row."""

        unique = ["taxpayer_id", "regime", "period"]
        metadata = {"known_later": {"met_on": ("met_on", "status")}}
