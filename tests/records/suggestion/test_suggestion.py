"""Drafts of mappings: what is read off names and values, and what is never written down."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.ingestion.mapping import SourceMapping, Writing
from taxgap.records.ingestion.mapping_file import mapping_of, read_mapping
from taxgap.records.readers.chunks import Chunk, Reader
from taxgap.records.suggestion.kinds import NOTHING
from taxgap.records.suggestion.levels import levels_of
from taxgap.records.suggestion.names import shared_start, take_apart
from taxgap.records.suggestion.suggestion import suggest_mapping
from taxgap.schemas import TABLES
from taxgap.schemas.codes import REGIONS
from taxgap.schemas.table import code_levels

Columns = Mapping[str, Sequence[str]]


@dataclass
class InMemory:
    """A source in memory."""

    columns_of: Columns
    where: str = "vat"

    def columns(self) -> list[str]:
        return list(self.columns_of)

    def chunks(self) -> Iterator[Chunk]:
        table = pa.table(
            {name: pa.array(list(texts), pa.string()) for name, texts in self.columns_of.items()}
        )
        yield Chunk(table, np.arange(table.num_rows))


@dataclass
class Shelf:
    """A place in memory."""

    tables: Mapping[str, Columns]
    where: str = "shelf"
    asked: list[str] = field(default_factory=list)

    def names(self) -> list[str]:
        return list(self.tables)

    def matching(self, source: str) -> list[str]:
        return [source] if source in self.tables else []

    def reader(self, name: str, writing: Writing, layout: str | None = None) -> Reader:  # noqa: ARG002
        return InMemory(self.tables[name], name)


RETURNS: Columns = {
    "TRDR_REF": [f"T{i}" for i in range(40)],
    "PRD_BEG": ["01/04/2024"] * 40,
    "PRD_END": ["30/06/2024"] * 40,
    "RCVD_DT": ["05/08/2024"] * 40,
    "BOX1": [str(200 + i) for i in range(40)],
    "BOX6": [str(1000 + 5 * i) for i in range(40)],
}


def draft(columns: Columns, name: str = "vat_returns", **options: object) -> SourceMapping:
    suggestion = suggest_mapping(Shelf({name: columns}), **options)  # type: ignore[arg-type]
    return mapping_of(tomllib.loads(suggestion.to_toml()))


def test_a_return_is_drafted_with_what_follows_from_it() -> None:
    vat = draft(RETURNS).tables["vat"]
    assert vat.source == "vat_returns"
    assert vat.column("output_tax").name == "BOX1"
    assert vat.column("sales").name == "BOX6"
    assert vat.column("period").derivation == ("month_of", "period_end")
    assert vat.column("version").value == 0
    assert vat.writing.dates == ("%d/%m/%Y",)


@pytest.mark.parametrize(
    ("days", "forms", "said"),
    [
        (["03/04/2024", "28/02/2024"], ("%d/%m/%Y",), ""),
        (["03/04/2024", "02/28/2024"], ("%m/%d/%Y",), ""),
        (["03/04/2024", "05/06/2024"], ("%d/%m/%Y",), "no value tells day from month"),
        (["2024-02-28", "2024-03-04"], (), ""),
        (["45000", "45100"], ("excel",), ""),
    ],
)
def test_the_order_of_day_and_month_is_read_off_the_values(
    days: list[str], forms: tuple[str, ...], said: str
) -> None:
    text = suggest_mapping(
        Shelf({"vat": {**RETURNS, "PRD_BEG": days * 20, "PRD_END": days * 20, "RCVD_DT": days * 20}})
    ).to_toml()
    assert mapping_of(tomllib.loads(text)).tables["vat"].writing.dates == forms
    assert (said in text) if said else ("tells day" not in text)


def test_pence_are_told_by_the_name_or_by_a_related_amount() -> None:
    named = {**RETURNS, "BOX1_P": RETURNS["BOX1"]}
    assert draft({name: v for name, v in named.items() if name != "BOX1"}).tables["vat"].column(
        "output_tax"
    ).unit == ("pence")
    related = draft({**RETURNS, "BOX1": [text + "00" for text in RETURNS["BOX1"]]}).tables["vat"]
    assert related.column("output_tax").unit == "pence"
    assert related.column("sales").unit is None
    assert draft(RETURNS).tables["vat"].column("output_tax").unit is None


def test_decimal_commas_and_texts_for_nothing_are_found() -> None:
    amounts = ["1.234,50", "17,00", "NULL", "8,25"] * 10
    writing = draft({**RETURNS, "BOX1": amounts}).tables["vat"].writing
    assert writing.decimal == ","
    assert writing.empty == ("", "NULL")


def test_codes_stand_for_levels() -> None:
    regimes = levels_of(
        {"ITSA": 3, "VATC": 2, "COTAX": 1}, "regime", code_levels(TABLES["payments"])["regime"]
    )
    assert regimes.codes == {"ITSA": "self_assessment", "VATC": "vat", "COTAX": "corporation_tax"}
    regions = levels_of({"E12000007": 1, "W92000004": 1, "S92000003": 1, "E06000001": 1}, "region", REGIONS)
    assert regions.codes == {"E12000007": "London", "W92000004": "Wales", "S92000003": "Scotland"}
    assert regions.unknown == ("E06000001",)
    assert levels_of({"J": 1, "N": 1}, "late", []).codes == {"J": True, "N": False}


def test_names_are_taken_apart() -> None:
    assert [min(word) for word in take_apart("totalValueSalesExVAT").words] == [
        "total", "value", "sales", "ex", "vat"
    ]  # fmt: skip
    assert take_apart("TURNOVER_P").unit == "pence"
    assert shared_start(["a_b", "a_c", "x_d", "y_e"]) == ()


def test_values_that_may_identify_somebody_are_not_written_down() -> None:
    nino, name = "AB123456C", "Jane Example"
    columns = {
        **RETURNS,
        "NI": [nino] * 40,
        "CONTACT": [name] * 40,
        "AGT_IND": ["Y", "N"] * 20,
    }
    suggestion = suggest_mapping(Shelf({"vat": columns}))
    text = suggestion.to_toml() + suggestion.frame.to_csv()
    assert nino not in text
    assert name not in text
    assert "T17" not in text


def test_a_first_line_of_data_is_no_header() -> None:
    people = {"AB123456C": ["x"], "1955839661": ["y"], "01/02/1970": ["z"], "M": ["1"]}
    suggestion = suggest_mapping(Shelf({"vat": RETURNS, "people": people}))
    assert "AB123456C" not in suggestion.to_toml() + suggestion.frame.to_csv()
    assert "header" in suggestion.left_out["people"]


def test_nothing_alike_is_an_error_and_so_is_an_unknown_table() -> None:
    with pytest.raises(InvalidDataError, match="Nothing here"):
        suggest_mapping(Shelf({"weather": {"rain": ["wet"], "wind": ["north"]}}))
    with pytest.raises(UsageError, match="no table named"):
        suggest_mapping(Shelf({"vat": RETURNS}), tables=["vats"])


def test_a_table_may_be_named() -> None:
    assert list(draft(RETURNS, tables=["vat"]).tables) == ["vat"]


def test_what_is_doubtful_or_lacking_is_a_comment() -> None:
    columns = {name: values for name, values in RETURNS.items() if name != "RCVD_DT"}
    text = suggest_mapping(Shelf({"vat": {**columns, "XYZ": ["a", "b"] * 20}})).to_toml()
    assert '# received_on = "..."  # needed' in text
    assert 'nothing takes: "XYZ".' in text
    assert "Absent" in text


def test_files_of_several_years_are_one_pattern(tmp_path: Path) -> None:
    frame = pd.DataFrame(RETURNS)
    for year in (2023, 2024):
        frame.to_csv(tmp_path / f"VAT_RETURNS_{year}.csv", index=False)
    written = frame.assign(NOTE="Café").rename(columns={"BOX1": "BOX4"})
    written.to_csv(tmp_path / "VAT_OLD.csv", index=False, encoding="windows-1252")
    suggestion = suggest_mapping(tmp_path)
    assert [table.group.source for table in suggestion.tables] == ["VAT_RETURNS_*.csv"]
    assert "comes from other files already" in suggestion.left_out["VAT_OLD.csv"]


def test_the_encoding_is_found(tmp_path: Path) -> None:
    frame = pd.DataFrame({**RETURNS, "NOTE": "Café"})
    frame.to_csv(tmp_path / "vat.csv", index=False, encoding="windows-1252")
    mapping = mapping_of(tomllib.loads(suggest_mapping(tmp_path).to_toml()))
    assert mapping.tables["vat"].writing.encoding == "windows-1252"


def test_fixed_width_lines_go_with_their_layout(tmp_path: Path) -> None:
    rows = zip(*RETURNS.values(), strict=True)
    (tmp_path / "vat_returns.dat").write_text(
        "".join("".join(c.ljust(12) for c in row) + "\n" for row in rows)
    )
    lines = [f"{name},{1 + 12 * i},12" for i, name in enumerate(RETURNS)]
    (tmp_path / "vat_layout.csv").write_text("name,start,length\n" + "\n".join(lines) + "\n")
    mapping = mapping_of(tomllib.loads(suggest_mapping(tmp_path).to_toml()))
    assert mapping.tables["vat"].layout == "vat_layout.csv"
    assert mapping.tables["vat"].column("sales").name == "BOX6"


def test_parquet_keeps_its_own_types(tmp_path: Path) -> None:
    frame = pd.DataFrame(RETURNS).astype({"BOX1": "float64", "BOX6": "int64"})
    for column in ("PRD_BEG", "PRD_END", "RCVD_DT"):
        frame[column] = pd.to_datetime(frame[column], format="%d/%m/%Y")
    frame.to_parquet(tmp_path / "vat.parquet")
    vat = mapping_of(tomllib.loads(suggest_mapping(tmp_path).to_toml())).tables["vat"]
    assert vat.column("period_end").name == "PRD_END"
    assert vat.writing.dates == ()


texts = st.text(max_size=12)
ODD = ('a"b', "é\\n", "x\ny", "#", "🙂", "\x7f", "\x85", "'''", "")
headers = st.lists(st.sampled_from([*RETURNS, *ODD]) | texts, min_size=1, max_size=8, unique=True)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headers, st.lists(texts, min_size=1, max_size=4), texts)
def test_every_draft_can_be_read(tmp_path: Path, names: list[str], values: list[str], source: str) -> None:
    columns = {**RETURNS, **{name: (values * 40)[:40] for name in names if name not in RETURNS}}
    try:
        suggestion = suggest_mapping(Shelf({source: columns, "other": dict.fromkeys(names, values)}))
    except InvalidDataError:
        return
    path = tmp_path / "columns.toml"
    path.write_text(suggestion.to_toml(), "utf-8")
    assert read_mapping(path).tables


def test_a_level_is_never_taken_for_nothing() -> None:
    levels = [level for model in TABLES.values() for each in code_levels(model).values() for level in each]
    assert not {level.upper() for level in levels} & NOTHING


def test_all_tables_know_a_taxpayer_by_the_same_number() -> None:
    numbers = [f"9{number:09d}" for number in range(40)]
    customers = [f"C{number:06d}" for number in range(40)]
    day, later = ["01/04/2024"] * 40, ["31/07/2024"] * 40
    shelf = Shelf(
        {
            "vat_returns": {
                "CUSTOMER_REF": customers, "PRD_BEG": day, "PRD_END": ["30/06/2024"] * 40,
                "RCVD_DT": later, "BOX1_P": [str(1_000 + number) for number in range(40)],
            },
            "payments": {
                "TAXPAYER_REFERENCE": numbers, "CUSTOMER_REF": customers, "TAX": ["VAT"] * 40,
                "DUE_DT": day, "RCVD_DT": later, "LIABILITY": ["100.50"] * 40, "PAID": ["50.25"] * 40,
            },
            "taxpayers": {
                "CUST_REF": customers, "TAXPAYER_REFERENCE": numbers, "REGION": ["E12000007"] * 40,
                "RCVD_DT": later, "LEGAL_FORM": ["I", "C"] * 20,
            },
        }
    )  # fmt: skip
    frame = suggest_mapping(shelf).frame
    keys = frame[frame["suggested"] == "taxpayer_id"].set_index("table")["column"].to_dict()
    assert keys == {"vat": "CUSTOMER_REF", "payments": "CUSTOMER_REF", "taxpayers": "CUST_REF"}
