"""One table as a parquet file: types survive, damage is named, the same rows give the same bytes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taxgap.errors import InvalidDataError
from taxgap.records.parquet import arrow_schema, read_table, write_table
from taxgap.schemas import TABLES

Frames = dict[str, pd.DataFrame]


@pytest.fixture
def path(tmp_path: Path, frames: Frames) -> Path:
    path = tmp_path / "enquiries" / "part-0000.parquet"
    write_table(path, frames["enquiries"], TABLES["enquiries"], synthetic=True)
    return path


@pytest.mark.parametrize("name", ["taxpayers", "self_assessment", "obligations", "enquiries"])
def test_a_frame_comes_back_as_it_was(name: str, frames: Frames, tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    write_table(path, frames[name], TABLES[name], synthetic=False)
    back = read_table(path, TABLES[name])
    pd.testing.assert_frame_equal(back, frames[name])
    TABLES[name].to_schema().columns["received_on"].validate(back)


def test_the_types_in_the_file(path: Path) -> None:
    types = {field.name: field.type for field in pq.read_schema(path)}
    assert types["enquiry_id"] == pa.string()
    assert types["tax_found"] == pa.float64()
    assert types["closed_on"] == pa.date32()
    assert pa.types.is_dictionary(arrow_schema(TABLES["enquiries"]).field("behaviour").type)
    returns = arrow_schema(TABLES["self_assessment"])
    assert (returns.field("version").type, returns.field("by_agent").type) == (pa.int64(), pa.bool_())


def test_the_file_says_that_it_is_synthetic_and_holds_no_pandas_metadata(path: Path) -> None:
    metadata = pq.read_metadata(path).metadata
    assert metadata == {b"taxgap.format": b"1", b"taxgap.synthetic": b"true"}
    column = pq.read_metadata(path).row_group(0).column(0)
    assert column.compression == "ZSTD"
    assert not [encoding for encoding in column.encodings if "DICTIONARY" in encoding]


def test_the_same_rows_give_the_same_bytes(path: Path, frames: Frames, tmp_path: Path) -> None:
    write_table(tmp_path / "again.parquet", frames["enquiries"], TABLES["enquiries"], synthetic=True)
    assert (tmp_path / "again.parquet").read_bytes() == path.read_bytes()


def test_an_empty_frame_keeps_its_types(frames: Frames, tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    write_table(path, frames["taxpayers"].iloc[:0], TABLES["taxpayers"], synthetic=True)
    back = read_table(path, TABLES["taxpayers"])
    assert len(back) == 0
    assert back.dtypes.to_dict() == frames["taxpayers"].dtypes.to_dict()


def test_columns_and_rows_can_be_chosen(path: Path) -> None:
    read = read_table(path, TABLES["enquiries"], ["tax_found"], filters=[("enquiry_id", "==", "E0")])
    assert read.to_dict("list") == {"tax_found": [100.0]}


@pytest.mark.parametrize("damage", ["cut off", "empty", "not parquet", "missing"])
def test_a_file_that_cannot_be_read_is_named(damage: str, path: Path) -> None:
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"cut off": content[:-20], "empty": b"", "not parquet": b"a,b\n1,2\n"}[damage])
    with pytest.raises(InvalidDataError, match="cannot be read as parquet") as raised:
        read_table(path, TABLES["enquiries"])
    assert raised.value.where == str(path)
    assert raised.value.remedy


def test_a_damaged_page_is_named_too(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4:40] = bytes(36)
    path.write_bytes(bytes(content))
    with pytest.raises(InvalidDataError, match="cannot be read as parquet"):
        read_table(path, TABLES["enquiries"])


def test_missing_columns_are_named_beside_those_there(path: Path) -> None:
    with pytest.raises(
        InvalidDataError, match=r"Missing columns: profit, sex\..*Available: enquiry_id, taxpayer_id"
    ):
        read_table(path, TABLES["enquiries"], ["enquiry_id", "profit", "sex"])


def test_columns_that_do_not_fit_the_schema_keep_their_type(path: Path) -> None:
    table = pq.read_table(path)
    changed = table.set_column(0, "enquiry_id", pa.array([1, 2])).append_column("note", pa.array(["a", "b"]))
    changed = changed.set_column(
        changed.schema.get_field_index("regime"), "regime", pa.array(["vat", "rates"])
    )
    pq.write_table(changed, path)
    read = read_table(path, TABLES["enquiries"])
    assert read["enquiry_id"].tolist() == [1, 2]
    assert read["regime"].tolist() == ["vat", "rates"]
    assert read["note"].tolist() == ["a", "b"]


def test_two_columns_of_one_name_are_refused(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.append_column("hours", table["hours"]), path)
    with pytest.raises(InvalidDataError, match="stand there more than once: hours"):
        read_table(path, TABLES["enquiries"])


def test_a_frame_that_does_not_fit_is_not_written(frames: Frames, tmp_path: Path) -> None:
    wrong = frames["enquiries"].assign(tax_found="much")
    with pytest.raises(pa.ArrowException):
        write_table(tmp_path / "part.parquet", wrong, TABLES["enquiries"], synthetic=True)
    assert list(tmp_path.iterdir()) == []
