"""The register: who is known to the administration."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import pandera.pandas as pa

from taxgap.schemas.codes import LEGAL_FORMS, NATIONS, REGION_NATION, REGIONS
from taxgap.schemas.columns import FIVE_DIGITS, Day, code, identifier, number, received, text
from taxgap.schemas.identifiers import is_company_number, is_nino, is_utr
from taxgap.schemas.table import Table


class Taxpayers(Table):
    """One row a taxpayer."""

    taxpayer_id: str = identifier("Taxpayer")
    utr: str = text("Unique Taxpayer Reference")
    nino: str = text("National Insurance number", nullable=True)
    company_number: str = text("Number at the companies register", nullable=True)
    legal_form: Annotated[pd.CategoricalDtype, LEGAL_FORMS, False] = code("Legal form")
    sic2007: str = text("Trade (SIC 2007, five digits)", str_matches=FIVE_DIGITS, nullable=True)
    region: Annotated[pd.CategoricalDtype, REGIONS, False] = code("Region (ITL1)")
    nation: Annotated[pd.CategoricalDtype, NATIONS, False] = code("Nation")
    combined_authority: str = text("Combined authority, where a published table gives it", nullable=True)
    birth_year: float = number("Year of birth; empty for firms", "year", minimum=1900, nullable=True)
    received_on: Day = received()

    class Config:
        """What identifies a row."""

        unique = ["taxpayer_id"]

    @pa.check("utr", name="utr_check_digit", description="ten digits, the first the check digit")
    def utr_is_valid(cls, values: pd.Series) -> pd.Series:  # noqa: N805  pandera passes the class
        """Hold to ten digits of which the first is the check digit."""
        return is_utr(values)

    @pa.check("nino", name="nino_format", description="two letters, six digits and A to D")
    def nino_is_valid(cls, values: pd.Series) -> pd.Series:  # noqa: N805  pandera passes the class
        """Hold to the format of NIM39110, or the dummy prefix QQ."""
        return is_nino(values)

    @pa.check(
        "company_number",
        name="company_number_format",
        description="eight digits, or a prefix of the register and six characters",
    )
    def company_number_is_valid(cls, values: pd.Series) -> pd.Series:  # noqa: N805  pandera passes the class
        """Hold to eight characters: digits, or a prefix of the register and digits."""
        return is_company_number(values)

    @pa.dataframe_check(name="nation_of_region", description="the nation that the region lies in")
    def nation_follows_region(cls, table: pd.DataFrame) -> pd.Series:  # noqa: N805  pandera passes the class
        """Hold the nation to the one that the region lies in."""
        return table["region"].astype(object).map(REGION_NATION) == table["nation"].astype(object)
