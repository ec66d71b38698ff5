"""Enquiries: which returns were opened, why, and what was found."""

from __future__ import annotations

from typing import Annotated

import pandas as pd

from taxgap.schemas.codes import BEHAVIOURS, PROGRAMMES, REGIMES
from taxgap.schemas.columns import Day, code, day, identifier, money, number, period_label, received, share
from taxgap.schemas.table import Table


class Enquiries(Table):
    """One row an enquiry. What it found is empty until it is closed."""

    enquiry_id: str = identifier("Enquiry")
    taxpayer_id: str = identifier("Taxpayer")
    regime: Annotated[pd.CategoricalDtype, REGIMES, False] = code("Tax")
    period: str = period_label()
    programme: Annotated[pd.CategoricalDtype, PROGRAMMES, False] = code("Drawn at random, or chosen for risk")
    inclusion_probability: float = share("Probability of being drawn by this programme")
    opening_probability: float = share("Probability of being opened by either programme")
    officer_id: str = identifier("Officer")
    opened_on: Day = day("Opened on")
    appealed_on: Day = day("Appealed on", nullable=True)
    closed_on: Day = day("Closed on", nullable=True)
    hours: float = number("Officer's hours", "hours", nullable=True)
    cost: float = money("Cost of it", nullable=True)
    tax_found: float = money("Tax found", nullable=True)
    behaviour: Annotated[pd.CategoricalDtype, BEHAVIOURS, False] = code("Behaviour settled", nullable=True)
    received_on: Day = received()

    class Config:
        """What identifies a row, and what is known later than the row."""

        unique = ["enquiry_id"]
        metadata = {
            "known_later": {
                "closed_on": ("closed_on", "hours", "cost", "tax_found", "behaviour"),
                "appealed_on": ("appealed_on",),
            }
        }
