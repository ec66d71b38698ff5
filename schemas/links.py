"""Links: who controls whom, and who shares an address or an account."""

from __future__ import annotations

from typing import Annotated

import pandas as pd

from taxgap.schemas.codes import LINK_KINDS
from taxgap.schemas.columns import Day, code, day, identifier, received, share
from taxgap.schemas.table import Table


class Links(Table):
    """One row a taxpayer, kind of link and other end; each link is written once at each of its ends."""

    taxpayer_id: str = identifier("Taxpayer")
    kind: Annotated[pd.CategoricalDtype, LINK_KINDS, False] = code("Kind of link")
    other_id: str = identifier("The taxpayer at the other end")
    share: float = share("Share of profit or ownership", nullable=True)
    since: Day = day("Since")
    until: Day = day("Until", nullable=True)
    received_on: Day = received()

    class Config:
        """What identifies a row, and what is known later than the row."""

        unique = ["taxpayer_id", "kind", "other_id"]
        metadata = {"known_later": {"until": ("until",)}}
