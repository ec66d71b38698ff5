"""Identities: names and addresses, kept apart from every other table and read only to match records."""

from __future__ import annotations

from taxgap.schemas.columns import NOT_BLANK, Day, day, identifier, received, text
from taxgap.schemas.table import Table


class Identities(Table):
    """One row a taxpayer. No feature is made of it."""

    taxpayer_id: str = identifier("Taxpayer")
    name: str = text("Name", str_matches=NOT_BLANK)
    birth_date: Day = day("Date of birth; empty for firms", nullable=True)
    address: str = text("Number and street", str_matches=NOT_BLANK)
    postcode: str = text("Postcode", str_matches=NOT_BLANK)
    account: str = text("Bank account, as a token", nullable=True)
    received_on: Day = received()

    class Config:
        """What identifies a row."""

        unique = ["taxpayer_id"]
