"""Adjustments: what an enquiry changed, field by field, as the officer settled it."""

from __future__ import annotations

from typing import Annotated

import pandas as pd

from taxgap.schemas.codes import BEHAVIOURS
from taxgap.schemas.columns import Day, code, identifier, money, period_label, received
from taxgap.schemas.table import Table


class Adjustments(Table):
    """One row an enquiry and field changed."""

    enquiry_id: str = identifier("Enquiry")
    taxpayer_id: str = identifier("Taxpayer")
    period: str = period_label()
    field: str = identifier("Field of the return")
    amount: float = money("Settled figure less reported figure", signed=True)
    behaviour: Annotated[pd.CategoricalDtype, BEHAVIOURS, False] = code("Behaviour settled")
    received_on: Day = received()

    class Config:
        """What identifies a row."""

        unique = ["enquiry_id", "field"]
