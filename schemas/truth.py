"""The truth about a synthetic population, which no administration has."""

from __future__ import annotations

from typing import Annotated

import pandas as pd

from taxgap.schemas.codes import BEHAVIOURS, NATIONS, REGIMES, REGIONS, UNREGISTERED_KINDS
from taxgap.schemas.columns import (
    Day,
    code,
    day,
    identifier,
    money,
    number,
    period_label,
    share,
    tax_year,
    text,
)
from taxgap.schemas.table import Table


class Misreporting(Table):
    """What was done to a return: one row a mechanism and field.

    `amount` is truth less report. Over the rows of a return `tax_lost` sums to the tax of its truthful twin
    less the tax of the return as filed.
    """

    taxpayer_id: str = identifier("Taxpayer")
    regime: Annotated[pd.CategoricalDtype, REGIMES, False] = code("Tax")
    period: str = period_label()
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
    period: str = period_label()
    officer_id: str = identifier("Officer")
    hours: float = number("Officer's hours", "hours")
    tax_lost: float = money("Tax lost on the return", signed=True)
    tax_found: float = money("Tax the officer would find")
    detection: float = share("Share of the tax lost that the officer would find", nullable=True)

    class Config:
        """What identifies a row."""

        unique = ["taxpayer_id", "regime", "period"]


class Unregistered(Table):
    """People and firms who should be registered and are not: one row a person, tax and tax year."""

    person_id: str = identifier("Person; no taxpayer of this register")
    regime: Annotated[pd.CategoricalDtype, REGIMES, False] = code("Tax that is evaded")
    period: str = tax_year()
    kind: Annotated[pd.CategoricalDtype, UNREGISTERED_KINDS, False] = code("How they escape registration")
    taxpayer_id: str = text("Their number as a taxpayer for another tax, if any", nullable=True)
    sic2007: str = text("Trade (SIC 2007, five digits)", nullable=True)
    region: Annotated[pd.CategoricalDtype, REGIONS, False] = code("Region (ITL1)")
    nation: Annotated[pd.CategoricalDtype, NATIONS, False] = code("Nation")
    name: str = text("Name")
    birth_date: Day = day("Date of birth; empty for firms", nullable=True)
    address: str = text("Number and street")
    postcode: str = text("Postcode")
    income: float = money("Income or turnover that is hidden")
    tax_lost: float = money("Tax lost by it")

    class Config:
        """What identifies a row."""

        unique = ["person_id", "regime", "period"]
