"""Small extracts of an administration's own, and ways to write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

REGISTER = """\
TRDR_REF;UTR_NO;ENTITY;SIC;GOR;FIRST_SEEN
T1;1955839661;LTD;62020;E12000007;06/04/2021
T2;2955839660;SOLE;1110;W92000004;06/04/2021
"""
RETURNS = """\
TRDR_REF;PRD_START;PRD_END;AGT;RCVD;BOX1_P;BOX4_P;BOX6
T1;01/04/2023;30/06/2023;Y;05/08/2023;120000;40000;6,000.00
T2;01/05/2023;31/07/2023;N;02/09/2023;50000;10000-;2,500.00
"""
COLUMNS = """\
format = "taxgap-columns"
format_version = 1
as_of = 2026-03-31
[read]
dates = ["%d/%m/%Y"]
[tables.taxpayers]
source = "register.csv"
[tables.taxpayers.columns]
taxpayer_id = "TRDR_REF"
utr = "UTR_NO"
legal_form = { from = "ENTITY", codes = { LTD = "company", SOLE = "individual" } }
sic2007 = "SIC"
region = { from = "GOR", codes = { E12000007 = "London", W92000004 = "Wales" } }
nation = { nation_of = "region" }
received_on = "FIRST_SEEN"
[tables.vat]
source = "returns*.csv"
[tables.vat.columns]
taxpayer_id = "TRDR_REF"
period = { month_of = "period_end" }
period_start = "PRD_START"
period_end = "PRD_END"
version = { value = 0 }
by_agent = "AGT"
received_on = "RCVD"
output_tax = { from = "BOX1_P", unit = "pence" }
input_tax = { from = "BOX4_P", unit = "pence" }
sales = "BOX6"
"""


@pytest.fixture
def extracts(tmp_path: Path) -> Path:
    """A folder with a register, VAT returns and the mapping of both."""
    folder = tmp_path / "extracts"
    folder.mkdir()
    for name, text in (("register.csv", REGISTER), ("returns.csv", RETURNS), ("columns.toml", COLUMNS)):
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def edit() -> Callable[[Path, str, str], None]:
    """Replace a text in a file, which must be there."""

    def replace(path: Path, old: str, new: str) -> None:
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    return replace
