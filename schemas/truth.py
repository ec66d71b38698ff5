"""The truth about a synthetic population, which no administration has."""

from __future__ import annotations

from typing import Annotated

import pandas as pd

from taxgap.schemas.codes import BEHAVIOURS, REGIMES
from taxgap.schemas.columns import code, identifier, money, number, share, tax_year
from taxgap.schemas.table import Table


class Misreporting(Table):
    """What was done to a return: one row a mechanism and field.

    `amount` is truth less report. Over the rows of a return `tax_lost` sums to the tax of its truthful twin
    less the tax of the return as filed.
    """

    taxpayer_id: str = identifier("Taxpayer")
    regime: Annotated[pd.CategoricalDtype, REGIMES, False] = code("Tax")
    period: str = tax_year("Period")
    mechanism: str = identifier("Mechanism")
    behaviour: Annotated[pd.CategoricalDtype, BEHAVIOURS, False] = code("Behaviour")
    field: str = identifier("Field of the return")
    amount: float = money("True figure less reported figure", signed=True)
    tax_lost: float = money("Tax lost by it", signed=True)

    class Config:
        """What identifies a row."""

        unique = ["taxpayer_id", "regime", "period", "mechanism", "field"]


class PotentialEnquiries(Table):
    """What its officer would have found had the return been opened, for every return."""

    taxpayer_id: str = identifier("Taxpayer")
    regime: Annotated[pd.CategoricalDtype, REGIMES, False] = code("Tax")
    period: str = tax_year("Period")
    officer_id: str = identifier("Officer")
    hours: float = number("Officer's hours", "hours")
    tax_lost: float = money("Tax lost on the return", signed=True)
    tax_found: float = money("Tax the officer would find")
    detection: float = share("Share of the tax lost that the officer would find", nullable=True)

    class Config:
        """What identifies a row."""

        unique = ["taxpayer_id", "regime", "period"]
