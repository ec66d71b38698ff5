"""Registrations: for which tax, since when, and on whose behalf."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import pandera.pandas as pa

from taxgap.schemas.codes import FREQUENCIES, REGIMES, REGISTRATION_BASES, VAT_SCHEMES
from taxgap.schemas.columns import Day, code, day, flag, identifier, received, share, text
from taxgap.schemas.identifiers import is_vrn
from taxgap.schemas.table import Table


class Registrations(Table):
    """One row a taxpayer, regime and start of registration."""

    taxpayer_id: str = identifier("Taxpayer")
    regime: Annotated[pd.CategoricalDtype, REGIMES, False] = code("Tax")
    reference: str = text("Registration number: VRN for VAT, employer reference for PAYE", nullable=True)
    applied_on: Day = day("Applied on")
    effective_from: Day = day("Effective from")
    basis: Annotated[pd.CategoricalDtype, REGISTRATION_BASES, False] = code("Compulsory or voluntary")
    scheme: Annotated[pd.CategoricalDtype, VAT_SCHEMES, False] = code("VAT scheme", nullable=True)
    flat_rate: float = share("Flat rate of the VAT scheme", nullable=True)
    frequency: Annotated[pd.CategoricalDtype, FREQUENCIES, False] = code("How often it files", nullable=True)
    late: bool = flag("Applied after the legal limit")
    agent_id: str = text("Agent acting", nullable=True)
    deregistered_on: Day = day("Deregistered on", nullable=True)
    received_on: Day = received()

    class Config:
        """What identifies a row, and what is known later than the row."""

        unique = ["taxpayer_id", "regime", "effective_from"]
        metadata = {"known_later": {"deregistered_on": ("deregistered_on",)}}

    @pa.dataframe_check(name="vrn_check_digits", description="for VAT nine digits, the last two the check")
    def vat_reference_is_valid(cls, table: pd.DataFrame) -> pd.Series:  # noqa: N805  pandera passes the class
        """Hold a VAT number to nine digits of which the last two are a check."""
        return (table["regime"] != "vat") | table["reference"].isna() | is_vrn(table["reference"])
