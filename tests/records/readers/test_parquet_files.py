"""Foreign parquet files with their own types; damaged and boundless ones are refused."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taxgap.errors import InvalidDataError
from taxgap.records.readers import parquet_files
from taxgap.records.readers.chunks import Chunk
from taxgap.records.readers.parquet_files import ParquetReader, refuse_deadly

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(columns: dict[str, Any] | pa.Table, **options: Any) -> Path:
        path = tmp_path / "file.parquet"
        pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **options)
        return path

    return write


def read(path: Path) -> list[Chunk]:
    reader = ParquetReader(path)
    columns, found = reader.columns(), list(reader.chunks())
    assert all(chunk.table.column_names == columns for chunk in found)
    assert all(len(chunk.lines) == chunk.table.num_rows for chunk in found)
    assert not any(chunk.faults or chunk.skipped for chunk in found)
    return found


def test_columns_keep_their_types(write: Write) -> None:
    table = pa.table(
        {
            "id": pa.array([1, None], pa.int64()),
            "due": pa.array([5.5, None], pa.float64()),
            "on": pa.array([dt.date(2026, 3, 31), None], pa.date32()),
            "yes": pa.array([True, None]),
            "name": pa.array([" Smith ", None]),
        }
    )
    (chunk,) = read(write(table))
    assert chunk.table.equals(table)
    assert chunk.lines.tolist() == [1, 2]


CODES = [pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.large_string())]
BYTES = [pa.binary(), pa.large_binary(), pa.binary(2)]


@pytest.mark.parametrize("kind", [*CODES, *BYTES, pa.large_string(), pa.string_view()])
def test_texts_of_any_kind_are_strings(write: Write, kind: pa.DataType) -> None:
    plain = pa.array(["\u00e9", None, "\u00e9"]).cast(pa.binary() if kind in BYTES else pa.string())
    (chunk,) = read(write({"region": plain.cast(kind)}))
    assert chunk.table.schema.field("region").type == pa.string()
    assert chunk.table["region"].to_pylist() == ["\u00e9", None, "\u00e9"]


def test_dictionaries_of_numbers_are_numbers(write: Write) -> None:
    (chunk,) = read(write({"code": pa.array([7, 7, 8]).dictionary_encode()}))
    assert chunk.table["code"].to_pylist() == [7, 7, 8]
    assert chunk.table.schema.field("code").type == pa.int64()


def test_rows_come_in_batches_and_are_counted(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_files, "ROWS", 30)
    found = read(write({"id": list(range(100))}, row_group_size=45))
    assert all(0 < chunk.table.num_rows <= 30 for chunk in found)
    assert [line for chunk in found for line in chunk.lines] == list(range(1, 101))
    assert [row for chunk in found for row in chunk.table["id"].to_pylist()] == list(range(100))


def test_a_file_without_rows_still_gives_its_columns(write: Write) -> None:
    (chunk,) = read(write({"id": pa.array([], pa.int64()), "name": pa.array([], pa.large_string())}))
    assert chunk.table.schema == pa.schema([("id", pa.int64()), ("name", pa.string())])


@pytest.mark.parametrize("value", [[1], {"a": 1}])
def test_nested_columns_are_refused_by_name(write: Write, value: Any) -> None:
    path = write({"id": [1], "lines": [value]})
    with pytest.raises(InvalidDataError, match="lists or structures: lines"):
        ParquetReader(path).columns()


def test_two_columns_of_one_name_are_refused(write: Write) -> None:
    path = write(pa.table([[1], [2]], names=["id", "id"]))
    with pytest.raises(InvalidDataError, match="more than once: id"):
        ParquetReader(path).columns()


def test_too_many_columns_are_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_files, "COLUMNS", 2)
    with pytest.raises(InvalidDataError, match="3 columns; at most 2"):
        ParquetReader(write({"a": [1], "b": [1], "c": [1]})).columns()


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()])
def test_bytes_that_are_no_text_are_refused_by_column(write: Write, kind: pa.DataType) -> None:
    broken = pa.array([b"good", b"caf\xe9"], pa.binary())
    path = write({"name": broken.view(kind)})
    with pytest.raises(InvalidDataError, match="'name' holds bytes that are no text"):
        read(path)


def test_a_footer_that_claims_too_much_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write({"id": [1], "noise": [os.urandom(5_000)]})
    monkeypatch.setattr(parquet_files, "EXPANDED", 4_000)
    with pytest.raises(InvalidDataError, match="'noise' would expand"):
        ParquetReader(path).columns()


def test_a_dictionary_that_means_too_much_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    names = pa.array(["x" * 1_000]).take(pa.array(np.zeros(500, dtype=np.int64))).dictionary_encode()
    path = write({"id": list(range(500)), "name": names}, compression="none")
    monkeypatch.setattr(parquet_files, "EXPANDED", 100_000)
    assert path.stat().st_size < 20_000
    with pytest.raises(InvalidDataError, match="'name' would expand"):
        read(path)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, message in [
        (tmp_path / "pipe", "regular"),
        (tmp_path, "regular"),
        (tmp_path / "no", "missing"),
    ]:
        with pytest.raises(InvalidDataError, match=message):
            read(path)


def _large(write: Write) -> bytes:
    frame = pd.DataFrame(
        {"id": range(300), "name": [f"n{n % 7}" for n in range(300)], "due": np.arange(300) / 7}
    )
    return write(pa.Table.from_pandas(frame), row_group_size=100, write_page_checksum=True).read_bytes()


def _damages(content: bytes, step: int) -> Iterator[bytes]:
    draw = np.random.default_rng(1)
    for at in range(0, len(content), step):
        yield content[:at]
        yield content[:at] + bytes([content[at] ^ int(draw.integers(1, 256))]) + content[at + 1 :]
        yield b"PAR1" + draw.bytes(at) + b"PAR1"
        yield draw.bytes(at)


def check_damages(content: bytes, path: Path, step: int, *, probed: bool = False) -> None:
    refused = 0
    for damaged in _damages(content, step):
        path.write_bytes(damaged)
        try:
            if probed:
                refuse_deadly(path)
            found = read(path)
        except InvalidDataError:
            refused += 1
        else:
            assert sum(chunk.table.num_rows for chunk in found) == 300
            assert len(damaged) == len(content)
    assert refused


def test_a_damaged_file_is_refused(write: Write, tmp_path: Path) -> None:
    check_damages(_large(write), tmp_path / "damaged.parquet", 151)


@pytest.mark.long
def test_a_file_damaged_anywhere_is_refused(write: Write, tmp_path: Path) -> None:
    check_damages(_large(write), tmp_path / "damaged.parquet", 67, probed=True)


def test_a_file_that_ends_the_reading_program_is_refused(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sound.parquet"
    path.write_bytes(_large(write))
    refuse_deadly(path)
    monkeypatch.setattr(parquet_files, "_PROBE", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(InvalidDataError, match="breaks the program"):
        refuse_deadly(path)
