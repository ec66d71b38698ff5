"""The file columns.toml: what it may say, and that everything wrong in it is named at once."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxgap.errors import IncompatibleError, InvalidDataError, TaxGapError, UsageError
from taxgap.records.ingestion.mapping_file import LARGEST, is_safe, mapping_of, read_mapping

VAT = "[tables.vat]\nsource = 'a.csv'\n[tables.vat.columns]\n"
PEOPLE = "[tables.taxpayers]\nsource = 'a.csv'\n[tables.taxpayers.columns]\n"
HEAD = 'format = "taxgap-columns"\nformat_version = 1\n'


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "columns.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_mapping_says_where_each_column_comes_from(tmp_path: Path) -> None:
    mapping = read_mapping(
        write(
            tmp_path,
            HEAD
            + """
as_of = 2026-03-31
[read]
encoding = "windows-1252"
dates = ["%d/%m/%Y"]
[tables.vat]
source = "VAT_*.csv"
[tables.vat.read]
delimiter = ";"
[tables.vat.columns]
taxpayer_id = "TRDR"
output_tax = { from = "BOX1_P", unit = "pence" }
by_agent = { from = "AGT", codes = { Y = true, N = false } }
version = { value = 0 }
period = { month_of = "period_end" }
""",
        )
    )
    vat = mapping.tables["vat"]
    assert mapping.as_of == "2026-03-31"
    assert (vat.source, vat.writing.encoding, vat.writing.delimiter) == ("VAT_*.csv", "windows-1252", ";")
    assert vat.writing.dates == ("%d/%m/%Y",)
    assert (vat.column("output_tax").name, vat.column("output_tax").unit) == ("BOX1_P", "pence")
    assert vat.column("by_agent").codes == {"Y": True, "N": False}
    assert vat.column("version").value == 0
    assert vat.column("period").derivation == ("month_of", "period_end")
    assert vat.column("sales").name == "sales"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[tables.vet]\nsource = 'a.csv'", "perhaps vat"),
        ("[tables.vat]\nsource = '../a.csv'", "below the folder"),
        ("[tables.vat]\nsource = '/etc/passwd'", "below the folder"),
        ("[tables.vat]\nsource = 'C:\\a.csv'", "below the folder"),
        ("[tables.vat]\nsource = 7", "below the folder"),
        ("[tables.vat]\nsource = 'a.csv'\nlayout = '..\\b.csv'", "below the folder"),
        ("[tables.vat]\nsource = 'a.csv'\n[tables.vat.columns]\nsails = 'B6'", "perhaps sales"),
        (
            "[tables.vat]\nsource = 'a.csv'\n[tables.vat.columns]\nsales = {from = 'B6', unit = 'pennies'}",
            "pence",
        ),
        (
            "[tables.vat]\nsource = 'a.csv'\n[tables.vat.columns]\nversion = {from = 'V', unit = 'pence'}",
            "none",
        ),
        (
            "[tables.vat]\nsource = 'a.csv'\n[tables.vat.columns]\nsales = {from = 'B6', value = 1}",
            "exactly one",
        ),
        ("[tables.vat]\nsource = 'a.csv'\n[tables.vat.columns]\nsales = {}", "exactly one"),
        ("[tables.vat]\nsource = 'a.csv'\n[tables.vat.columns]\nsales = 6", "name of a column"),
        ("[tables.vat]\nsource = 'a.csv'\n[tables.vat.columns]\nsales = {form = 'B6'}", "perhaps from"),
        (
            "[tables.vat]\nsource = 'a.csv'\n[tables.vat.columns]\nperiod = {month_of = 'sales'}",
            "holds a date",
        ),
        (f"{VAT}by_agent = {{from = 'A', codes = {{Y = 'yes'}}}}", "true, false"),
        (f"{PEOPLE}region = {{from = 'R', codes = {{1 = 'Londonn'}}}}", "Londonn"),
        ("[read]\nencoding = 'klingon'\n[tables.vat]\nsource = 'a.csv'", "klingon"),
        ("[read]\ndecimal = ';'\n[tables.vat]\nsource = 'a.csv'", "decimal"),
        ("[read]\ndelimiter = ';;'\n[tables.vat]\nsource = 'a.csv'", "one character"),
        ("[read]\ndates = '%d'\n[tables.vat]\nsource = 'a.csv'", "list of texts"),
        ("as_of = 'soon'\n[tables.vat]\nsource = 'a.csv'", "as_of"),
        ("", "names no tables"),
    ],
)
def test_what_cannot_be_is_named(line: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        read_mapping(write(tmp_path, HEAD + line))


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    text = "[tables.vet]\nsource = 'a'\n[tables.vat]\nsource = '../a'\n[tables.vat.columns]\nsails = 'B6'"
    with pytest.raises(UsageError) as error:
        read_mapping(write(tmp_path, HEAD + text))
    assert all(word in str(error.value) for word in ("vet", "below the folder", "sails"))


def test_files_that_are_no_mapping_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="missing"):
        read_mapping(tmp_path / "none.toml")
    with pytest.raises(InvalidDataError, match="TOML"):
        read_mapping(write(tmp_path, "tables ="))
    with pytest.raises(IncompatibleError):
        read_mapping(write(tmp_path, 'format = "other"'))
    with pytest.raises(IncompatibleError, match="newer"):
        read_mapping(write(tmp_path, HEAD.replace("1", "2")))
    with pytest.raises(InvalidDataError, match="larger"):
        read_mapping(write(tmp_path, "#" * (LARGEST + 1)))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.dates(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["tables", "vat", "columns", "source", "sales", "read", "from", "codes", "unit"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_stands_there_is_used_or_refused(content: object) -> None:
    if isinstance(content, dict):
        with suppress(TaxGapError):
            mapping_of(content)


@given(st.text(max_size=20))
def test_no_name_leads_out_of_the_folder(place: str) -> None:
    folder = Path("/somewhere/inside")
    if is_safe(place):
        assert (folder / place).is_relative_to(folder)
        assert ".." not in (folder / place).parts
