"""DuckDB files: their tables come as they are stored, and a file from anywhere can do no harm."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.readers.chunks import ROWS
from taxgap.records.readers.databases import is_database, open_database
from taxgap.records.readers.duckdb_files import DuckDBFile, DuckDBReader

PERSON = "Ermintrude Brown"

TYPES = """CREATE TABLE types AS SELECT
    7::TINYINT AS tiny, 70000::BIGINT AS large, 12345678901234567890::UBIGINT AS unsigned,
    5::HUGEINT AS huge, 12.34::DECIMAL(14, 2) AS pounds, 0.1::DOUBLE AS rate, true AS yes, 'a' AS words,
    DATE '2024-02-29' AS day, TIMESTAMP '2024-02-29 10:11:12.5' AS moment,
    TIMESTAMP_NS '2024-02-29 10:11:12.123456' AS fine, TIMESTAMPTZ '2024-06-01 23:30:00+00' AS zoned,
    'a'::ENUM('a', 'b') AS kind, uuid '00000000-0000-0000-0000-000000000001' AS id, [1, 2] AS several,
    {'a': 1} AS parts, TIME '10:00' AS clock, '{"a":1}'::JSON AS json, 'ab'::BLOB AS bytes,
    NULL::INTEGER AS none"""

LONG = f"CREATE TABLE long AS SELECT i AS number, 'T' || i AS reference FROM range({2 * ROWS + 5}) r(i)"  # noqa: S608
DAYS = """CREATE TABLE days AS SELECT * FROM (
    VALUES (DATE '2024-01-01', TIMESTAMP '2024-01-01 10:00:00'), ('infinity', '-infinity'),
        ('0044-03-15 (BC)', NULL), (NULL, '2024-01-01')) v(day, moment)"""
FAILS = f"""CREATE VIEW fails AS FROM long
    SELECT CASE WHEN number > {ROWS + 5} THEN CAST('{PERSON}' AS INTEGER) END AS x"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all that may stand in one; tests do not write to it."""
    folder = tmp_path_factory.mktemp("duckdb")
    path, other = folder / "own.duckdb", folder / "other.csv"
    other.write_text(f"name\n{PERSON}\n")
    _make(
        path,
        TYPES,
        LONG,
        DAYS,
        "CREATE TABLE empty (a INTEGER, b VARCHAR)",
        "CREATE SCHEMA own",  # as the file is called
        "CREATE TABLE own.own.vat AS SELECT 1 AS box",
        "CREATE TABLE own.main.vat AS SELECT 2 AS box",
        'CREATE TABLE "we""ird; DROP TABLE vat" AS SELECT 3 AS "a ""b"" $1 ?"',
        "CREATE VIEW sums AS SELECT number % 3 AS rest, sum(number) AS total FROM long GROUP BY rest",
        FAILS,
        "CREATE TABLE gone AS SELECT 1 AS x",
        "CREATE VIEW dangling AS SELECT * FROM gone",
        "DROP TABLE gone",
        f"CREATE VIEW a_file AS FROM '{other}'",
        f"CREATE VIEW a_text AS FROM read_text('{other}')",
        f"CREATE VIEW many_files AS FROM glob('{folder}/*')",
    )
    return path


def _make(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def _rows(path: Path, table: str) -> pa.Table:
    return pa.concat_tables([chunk.table for chunk in DuckDBReader(path, table).chunks()])


def _failure(path: Path, table: str) -> InvalidDataError:
    with pytest.raises(InvalidDataError) as caught:
        _rows(path, table)
    return _checked(caught.value, path)


def _checked(error: InvalidDataError, path: Path) -> InvalidDataError:
    """Every error says what to do, and neither where the file lies nor what stands in it."""
    assert error.remedy
    assert path.name in str(error)
    assert str(path.parent) not in str(error)
    assert PERSON not in str(error)
    assert error.__suppress_context__ or error.__context__ is None  # nor does the traceback
    return error


def test_columns_come_in_their_own_types(own: Path) -> None:
    table = _rows(own, "types")
    assert DuckDBReader(own, "types").columns() == table.column_names
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds == {
        "tiny": "int8",
        "large": "int64",
        "unsigned": "uint64",
        "huge": "decimal128(38, 0)",
        "pounds": "decimal128(14, 2)",
        "rate": "double",
        "yes": "bool",
        "day": "date32[day]",
        "none": "int32",
        **dict.fromkeys(["moment", "fine", "zoned"], "timestamp[us]"),
        **dict.fromkeys(["words", "kind", "id", "several", "parts", "clock", "json", "bytes"], "string"),
    }
    (row,) = table.to_pylist()
    assert row["pounds"] == Decimal("12.34")
    assert row["unsigned"] == 12345678901234567890
    assert row["day"] == date(2024, 2, 29)
    assert row["fine"] == datetime(2024, 2, 29, 10, 11, 12, 123456)  # noqa: DTZ001
    assert row["zoned"] == datetime(2024, 6, 2, 0, 30)  # noqa: DTZ001 - the next day, in British summer
    assert (row["kind"], row["several"], row["json"], row["none"]) == ("a", "[1, 2]", '{"a":1}', None)


def test_rows_come_in_chunks_as_they_are_stored(own: Path) -> None:
    chunks = list(DuckDBReader(own, "long").chunks())
    assert [len(chunk.table) for chunk in chunks] == [ROWS, ROWS, 5]
    lines = np.concatenate([chunk.lines for chunk in chunks])
    assert lines.dtype == np.int64
    assert (lines == np.arange(1, 2 * ROWS + 6)).all()
    assert (np.concatenate([chunk.table["number"] for chunk in chunks]) == lines - 1).all()


def test_a_reader_left_early_lets_the_file_go(own: Path, tmp_path: Path) -> None:
    path = _make(tmp_path / "own.duckdb", LONG)
    chunks = DuckDBReader(path, "long").chunks()
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    _make(path, "DROP TABLE long")


def test_an_empty_table_has_columns_and_no_chunk(own: Path) -> None:
    reader = DuckDBReader(own, "empty")
    assert reader.columns() == ["a", "b"]
    assert list(reader.chunks()) == []


def test_a_view_is_read_as_a_table(own: Path) -> None:
    total = (2 * ROWS + 4) * (2 * ROWS + 5) // 2
    first = _rows(own, "sums")
    assert sum(first["total"].to_pylist()) == total
    assert _rows(own, "sums").equals(first)


def test_days_out_of_range_come_as_text(own: Path) -> None:
    table = _rows(own, "days")
    assert table["day"].to_pylist() == ["2024-01-01", "after 9999-12-31", "before 0001-01-01", None]
    moments = ["2024-01-01 10:00:00.000000", "before 0001-01-01", None, "2024-01-01 00:00:00.000000"]
    assert table["moment"].to_pylist() == moments


def test_tables_are_found_by_their_names(own: Path) -> None:
    assert _rows(own, "vat")["box"].to_pylist() == [2]
    assert _rows(own, "main.vat")["box"].to_pylist() == [2]
    assert _rows(own, "own.vat")["box"].to_pylist() == [1]
    assert _rows(own, "VAT")["box"].to_pylist() == [2]
    weird = 'we"ird; DROP TABLE vat'
    assert DuckDBReader(own, weird).columns() == ['a "b" $1 ?']
    assert _rows(own, weird).to_pylist() == [{'a "b" $1 ?': 3}]


def test_a_missing_table_lists_those_there_are(own: Path) -> None:
    error = _failure(own, "vatt")
    assert error.message == "There is no table 'vatt'."
    assert list(error.available) == DuckDBFile(own).tables()
    assert {"vat", "own.vat", "sums"} <= set(error.available)


def test_of_very_many_tables_the_likeliest_are_listed(tmp_path: Path) -> None:
    path = _make(tmp_path / "many.duckdb", *(f"CREATE TABLE t{i} (a INTEGER)" for i in range(60)))
    _make(path, 'CREATE TABLE "vat\u001b[2J" (a INTEGER)')
    error = _failure(path, "vats")
    assert len(error.available) == 30
    assert error.available[0] == "vat\ufffd[2J"


@pytest.mark.parametrize("table", ["a_file", "a_text", "many_files"])
def test_a_view_cannot_read_other_files(own: Path, table: str) -> None:
    assert "reads other files" in _failure(own, table).message


def test_a_view_cannot_read_another_database_or_a_variable(tmp_path: Path) -> None:
    frame = pa.table({"name": [PERSON]})  # noqa: F841 - DuckDB would find it by its name
    _make(tmp_path / "second.duckdb", f"CREATE TABLE t AS SELECT '{PERSON}' AS name")
    path = _make(tmp_path / "first.duckdb", "CREATE TABLE frame AS SELECT 1 AS name")
    _make(
        path,
        f"ATTACH '{tmp_path / 'second.duckdb'}' AS second",
        "CREATE VIEW other AS SELECT * FROM second.t",
        "CREATE VIEW variable AS SELECT * FROM frame",
        "DROP TABLE frame",
    )
    for table in ("other", "variable"):
        _failure(path, table)


def test_a_view_that_fails_gives_no_value_away(own: Path) -> None:
    assert _failure(own, "fails").message == "A value in it cannot be worked out."
    assert "does not fit" in _failure(own, "dangling").message


def test_reading_leaves_no_trace(own: Path) -> None:
    before = {path.name: path.read_bytes() for path in own.parent.iterdir()}
    _rows(own, "long")
    assert {path.name: path.read_bytes() for path in own.parent.iterdir()} == before


@pytest.mark.parametrize(
    "content", [b"", b"hello" * 5000, bytes(range(256)) * 100, b"SQLite format 3\0" + b"\0" * 5000]
)
def test_what_is_no_duckdb_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.duckdb"
    path.write_bytes(content)
    assert "no DuckDB file" in _failure(path, "vat").message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert _failure(tmp_path / "own.duckdb", "vat").message == "There is no such file."
    (tmp_path / "folder.duckdb").mkdir()
    assert _failure(tmp_path / "folder.duckdb", "vat").message == "There is no such file."


@pytest.mark.parametrize("kept", [13, 5_000, 200_000, 700_000])
def test_a_cut_file_is_refused(own: Path, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "own.duckdb"
    path.write_bytes(own.read_bytes()[:kept])
    assert _failure(path, "long").remedy


def test_a_damaged_file_gives_an_error_or_the_right_rows(tmp_path: Path) -> None:
    whole = _make(
        tmp_path / "whole.duckdb",
        "CREATE TABLE vat AS SELECT i AS number, hash(i) AS noise, 'T' || i AS words FROM range(20000) r(i)",
    )
    expected, content = _rows(whole, "vat"), whole.read_bytes()
    draws = np.random.default_rng(3)
    places = [*draws.integers(0, 13_000, 10), *draws.integers(13_000, len(content), 10)]
    refused = 0
    for place in places:
        path = tmp_path / f"{place}.duckdb"
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x5A]) + content[place + 1 :])
        refused += _is_refused(path, expected)
    assert refused >= 5


def _is_refused(path: Path, expected: pa.Table) -> bool:
    try:
        found = _rows(path, "vat")
    except InvalidDataError as error:
        return bool(_checked(error, path))
    assert found.equals(expected)
    return False


def test_a_file_open_for_writing_is_refused(tmp_path: Path) -> None:
    path = _make(tmp_path / "own.duckdb", "CREATE TABLE vat AS SELECT 1 AS box")
    with duckdb.connect(str(path)):
        assert "open elsewhere" in _failure(path, "vat").message
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        assert "open elsewhere" in _failure(path, "vat").message
        writer.communicate()
    assert len(_rows(path, "vat")) == 1


def test_two_readers_of_one_file_read_side_by_side(own: Path) -> None:
    both = zip(DuckDBReader(own, "long").chunks(), DuckDBReader(own, "long").chunks(), strict=True)
    assert all(left.table.equals(right.table) for left, right in both)


def test_the_file_is_named_without_its_folder(own: Path) -> None:
    database = open_database(own)
    assert database.where == "own.duckdb"
    assert database.reader("own.vat").where == "own.vat"
    assert database.tables()[:3] == ["a_file", "a_text", "dangling"]
    assert database.tables()[-1] == "own.vat"


def test_a_database_is_known_by_its_name_or_its_beginning(own: Path, tmp_path: Path) -> None:
    assert is_database(own)
    assert is_database("not/there.DDB")
    bare = tmp_path / "bare"
    bare.write_bytes(own.read_bytes())
    assert is_database(str(bare))
    assert not is_database(own.parent)
    assert not is_database(own.parent / "other.csv")
    (tmp_path / "tables.duckdb").mkdir()
    assert not is_database(tmp_path / "tables.duckdb")
    assert is_database("postgres://host/name")
    assert not is_database("C:/own")


@pytest.mark.parametrize(
    "address", ["mysql://me:hunter2@host/db", "postgresql:/me:hunter2@host/db", "duckdb:///x"]
)
def test_other_addresses_are_refused(address: str) -> None:
    for ask in (is_database, open_database):
        with pytest.raises(UsageError, match="cannot be read") as caught:
            ask(address)
        assert "postgresql://user@host/database" in caught.value.available
        assert "hunter2" not in str(caught.value)
