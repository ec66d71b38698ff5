"""Whatever a file of delimited text holds: rows with their lines, bad lines by name, and no line lost."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError, TaxGapError, UsageError
from taxgap.records.faults import FAULTS, SKIPPED
from taxgap.records.readers import chunks, gathering, raw_files
from taxgap.records.readers.delimited import DelimitedReader
from taxgap.records.readers.plain_blocks import PlainBlocks
from taxgap.records.readers.text_lines import count_lines


class Found(NamedTuple):
    """What a reader gave, put together."""

    rows: list[tuple[str | None, ...]]
    lines: list[int]
    faults: list[tuple[int, str]]
    skipped: dict[str, int]


def gather(reader: DelimitedReader) -> Found:
    columns, found, skipped = reader.columns(), Found([], [], [], {}), Counter[str]()
    for chunk in reader.chunks():
        assert chunk.table.column_names == columns
        assert set(chunk.table.schema.types) == {pa.string()}
        assert len(chunk.lines) == chunk.table.num_rows <= chunks.ROWS
        assert chunk.lines.dtype == "int64"
        found.rows.extend(zip(*(column.to_pylist() for column in chunk.table.columns), strict=True))
        found.lines.extend(chunk.lines.tolist())
        found.faults.extend((fault.line, fault.fault) for fault in chunk.faults)
        skipped.update(chunk.skipped or {})
        assert all(fault.text.encode("utf-8") or True for fault in chunk.faults)
    return found._replace(skipped=dict(skipped))


def read(content: str | bytes, **settings: Any) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.csv")
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return gather(DelimitedReader(path, **settings))


def read_in_pieces(content: bytes, size: int, *, short_way: bool = True, **settings: Any) -> Found:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw_files, "_BLOCK", size)
        if not short_way:
            patch.setattr(PlainBlocks, "read", lambda *_: None)
        return read(content, **settings)


def test_rows_lines_and_what_stands_for_nothing() -> None:
    found = read('id,name,due\n1," Smith, J ",5.00\n\n2, N/A ,\n', empty=("", "N/A"))
    assert found == Found([("1", "Smith, J", "5.00"), ("2", None, None)], [2, 4], [], {"blank_line": 1})


def test_texts_stand_for_nothing_only_when_they_are_named() -> None:
    assert read("id,name\n1,NULL\n2,\n", empty=("NULL",)).rows == [("1", None), ("2", "")]


def test_lines_are_physical_lines() -> None:
    found = read('\n"i\nd",due\r\n"1\r\n\r",2\r3,4\n\n"5",6')
    assert found.rows == [("1", "2"), ("3", "4"), ("5", "6")]
    assert found.lines == [4, 7, 9]
    assert found.skipped == {"blank_line": 2}


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(mark: str) -> None:
    other = ";" if mark == "," else ","
    content = f'id{mark}"due{other * 9}"{mark}x\n1{mark}2{mark}3{other}4\n'
    assert read(content).rows == [("1", "2", f"3{other}4")]


def test_a_header_that_does_not_show_its_delimiter_is_refused() -> None:
    with pytest.raises(InvalidDataError, match="does not show") as caught:
        read("id,due;paid\n")
    assert caught.value.available == ("','", "';'")
    assert read("id,due;paid\n1,2;3\n", delimiter=";").rows == [("1,2", "3")]
    assert read("id,due;paid\n1,2;3\n", delimiter=",").rows == [("1", "2;3")]


@pytest.mark.parametrize("mark", ["", ",,", '"', "\n", " ", "\u20ac"])
def test_a_delimiter_that_cannot_be_one_is_misuse(mark: str) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        DelimitedReader(Path("a.csv"), delimiter=mark)


def test_a_line_of_a_spreadsheet_names_the_separator() -> None:
    found = read("\ufeffsep=;\r\nid;a,b,c\r\n1;2\r\n")
    assert found == Found([("1", "2")], [3], [], {"separator_line": 1})
    assert read("sep=;\nid|x\n1|2\n", delimiter="|").rows == [("1", "2")]


def test_lines_with_other_numbers_of_cells_are_no_rows() -> None:
    found = read("id,due\n1,2\n3\n4,5,6\n7,8,, \n   \n9,\nTRAILER\n")
    assert found.rows == [("1", "2"), ("7", "8"), ("9", None)]
    assert found.lines == [2, 5, 7]
    assert found.faults == [(3, "too_few_cells"), (4, "too_many_cells"), (8, "too_few_cells")]
    assert found.skipped == {"blank_line": 1}


def test_empty_columns_at_the_end_are_no_columns() -> None:
    found = read("id,due,,\n1,2,,\n3,4\n5,6,7,\n")
    assert found == Found([("1", "2"), ("3", "4")], [2, 3], [(4, "too_many_cells")], {})
    wide = "id,due,\n" + "1,2, \n" * 50
    assert read_in_pieces(wide.encode(), 64).rows == [("1", "2")] * 50
    assert read_in_pieces(wide.replace(" ", "x").encode(), 64).rows == []


def test_headers_repeated_within_the_file_are_left_out() -> None:
    content = 'id,"due",\n1,2,\n\ufeff"id",due,\nid,3,\nid , due\n'
    expected = Found([("1", "2"), ("id", "3")], [2, 4], [], {"repeated_header": 2})
    assert read(content) == expected
    assert read_in_pieces(content.encode(), 10) == expected


def test_one_column_may_have_empty_cells_and_blank_lines() -> None:
    found = read('id\n1\n""\n\n2\n')
    assert found == Found([("1",), (None,), ("2",)], [2, 3, 5], [], {"blank_line": 1})


def test_lines_that_are_no_text_are_no_rows() -> None:
    content = b'id,name\n1,caf\xc3\xa9\n2,caf\xe9\n3,a\0b\n4,"two\nlines \xff"\n5,x\n'
    found = read(content)
    assert found.rows == [("1", "caf\u00e9"), ("5", "x")]
    assert found.lines == [2, 7]
    assert found.faults == [(3, "undecodable_text"), (4, "null_character"), (5, "undecodable_text")]
    assert read(b"id,name\n1,caf\xe9\n2,\x81\n", encoding="windows-1252")[:3] == (
        [("1", "caf\u00e9")],
        [2],
        [(3, "undecodable_text")],
    )


def test_marks_inside_a_cell_that_is_not_quoted_are_text() -> None:
    assert read('id,name\n1,5" pipe\n2, "a, b"\n3,"say ""yes"""\n').rows == [
        ("1", '5" pipe'),
        ("2", "a, b"),
        ("3", 'say "yes"'),
    ]


def test_text_after_a_closing_mark_is_a_fault_of_its_line() -> None:
    found = read('id,name\n1,"Joe "Big" Smith"\n2,x\n')
    assert found == Found([("2", "x")], [3], [(2, "loose_quote")], {})


def test_a_quote_that_never_closes_costs_its_line_only() -> None:
    rows = "".join(f"{number},x\n" for number in range(5_000))
    found = read('id,name\n1,"open\n' + rows)
    assert found.faults == [(2, "open_quote")]
    assert found.lines == list(range(3, 5_003))
    assert read('id,name\n1,"open\n2,"closed"\n3,x\n').rows == [("2", "closed"), ("3", "x")]
    assert read('id,name\n0,x\n1,"open').faults == [(3, "open_quote")]


def test_what_a_broken_record_had_swallowed_is_read_with_doubt() -> None:
    found = read('id,name\n1,"a text\n2,with "marks" within",x\n3,y\n')
    assert found.rows == [("3", "y")]
    assert [line for line, _ in found.faults] == [2, 3]
    found = read('id,name\n1,"a text\nwith "marks",within\n3,y\n')
    assert found.faults == [(2, "open_quote"), (3, "loose_quote")]


def test_long_records_end_in_time() -> None:
    text = "x\n" * 998
    assert read(f'id,name\n1,"{text}"\n').rows == [("1", text.strip())]
    found = read(f'id,name\n1,"{text}\n\n"\n2,x\n')
    assert found.faults[0] == (2, "open_quote")
    assert found.rows == [("2", "x")]
    found = read('id,name\n1,"' + f"{'x' * 400_000}\n" * 4 + '"\n2,x\n')
    assert found.faults[0] == (2, "open_quote")
    assert ("2", "x") in found.rows


@pytest.mark.parametrize("length", [1_100_000, 3_000_000, 10_000_000])
@pytest.mark.parametrize("mark", ["", '"'])
def test_a_cell_of_megabytes_is_a_fault_of_its_line(length: int, mark: str) -> None:
    found = read(f"id,name\n0,x\n1,{mark}{'x' * length}{mark}\n2,x\n")
    assert found == Found([("0", "x"), ("2", "x")], [2, 4], [(3, "cell_too_long")], {})


def test_a_cell_of_a_million_characters_is_read_whatever_the_module_allows_elsewhere() -> None:
    csv.field_size_limit(131_072)
    assert read(f"id,name\n1,{'x' * 1_000_000}\n").rows == [("1", "x" * 1_000_000)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no header"),
        ("\n \r\n\n", "no header"),
        ("sep=;\n", "no header"),
        ("id,due,id\n", "more than once: id"),
        ("id,,due\n", "counted from 1: 2"),
        (",,\n", "counted from 1: all"),
        ('id,"due\n1,2\n', "header cannot be read. A quotation mark"),
        ("i\0d,due\n", "header cannot be read. The line holds a NUL"),
        (b"\xe9,due\n", "header cannot be read. The line holds bytes"),
        ("x," * 10_001 + "\n", "10,002 columns"),
        ("c," * 1_000_000, "1,000,001 columns"),
        ("c," * 5_000_000, "first line has more than four million"),
    ],
)
def test_a_file_without_a_good_header_is_refused(content: str | bytes, message: str) -> None:
    with pytest.raises(InvalidDataError, match=message) as caught:
        read(content)
    assert caught.value.remedy or "four million" in message
    assert caught.value.where == "file.csv"


def test_the_widest_header_is_read() -> None:
    names = [f"c{number}" for number in range(10_000)]
    assert read(",".join(names) + "\n" + ",".join(names[::-1]) + "\n").rows == [tuple(names[::-1])]


def test_a_file_without_rows_still_gives_its_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,due")
    reader = DelimitedReader(tmp_path / "a.csv")
    (chunk,) = reader.chunks()
    assert chunk.table.schema == pa.schema([("id", pa.string()), ("due", pa.string())])
    assert (reader.where, chunk.table.num_rows, chunk.faults, chunk.skipped) == ("a.csv", 0, (), None)


def test_chunks_are_bounded_and_keep_the_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(raw_files, "_BLOCK", 100)
    monkeypatch.setattr(gathering, "ROWS", 60)
    content = "id,due\n" + "".join(f"{n},x\n" if n % 7 else f"{n}\n\n" for n in range(1_000))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content.encode()))
    reader = DelimitedReader(tmp_path / "a.csv.gz")
    found = list(reader.chunks())
    assert all(chunk.table.num_rows + len(chunk.faults) <= 60 for chunk in found)
    assert [int(x) for chunk in found for x in chunk.table["id"].to_pylist()] == [
        n for n in range(1_000) if n % 7
    ]
    places = [(*chunk.lines.tolist(), *(fault.line for fault in chunk.faults)) for chunk in found]
    assert all(max(before) < min(after) for before, after in pairwise(places))
    assert sum((chunk.skipped or {}).get("blank_line", 0) for chunk in found) == 143


def test_memory_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("id,name,due\n")
        for _ in range(20):
            file.write('1234567890,"Smith, J",100.00\n' * 20_000)
    tracemalloc.start()
    rows = sum(chunk.table.num_rows for chunk in DelimitedReader(path).chunks())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 400_000
    assert peak < 20_000_000


def test_faults_and_what_is_left_out_are_described() -> None:
    assert {"undecodable_text", "null_character", "open_quote", "loose_quote", "cell_too_long"} <= set(FAULTS)
    assert {"repeated_header", "blank_line", "separator_line"} <= set(SKIPPED)


CELLS = st.text(st.sampled_from("abz09 ,;|\t\"'\r\n\u00e9\u20ac"), max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    names = [
        f"c{number}{draw(st.sampled_from(['', ' x', chr(34), chr(10)]))}".strip() for number in range(width)
    ]
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6))
    return [names, *rows]


def as_csv(table: Sequence[Sequence[str]], delimiter: str, end: str, *, quote_all: bool) -> str:
    # The module quotes what holds the line end that is set, not what holds another.
    quoting = csv.QUOTE_ALL if quote_all or end != "\r\n" or len(table[0]) == 1 else csv.QUOTE_MINIMAL
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(table)
    return text.getvalue()


class Dialect(NamedTuple):
    delimiter: str
    end: str
    encoding: str
    quote_all: bool
    size: int  # of the pieces in which the file is read


def check_that_a_table_survives(table: list[list[str]], dialect: Dialect) -> None:
    rows = [tuple(cell.strip() or None for cell in row) for row in table[1:]]
    assume(tuple(table[0]) not in rows)
    starts = [1]
    for row in table:
        starts.append(starts[-1] + 1 + sum(count_lines(f"{cell}x") - 1 for cell in row))
    content = as_csv(table, dialect.delimiter, dialect.end, quote_all=dialect.quote_all).encode(
        dialect.encoding
    )
    asked = None if dialect.encoding in ("utf-16", "utf-8-sig") else dialect.encoding
    found = read_in_pieces(content, dialect.size, delimiter=dialect.delimiter, encoding=asked)
    assert found == Found(rows, starts[1:-1], [], {})


DIALECTS = st.builds(
    Dialect,
    st.sampled_from(",;|\t"),
    st.sampled_from(["\n", "\r", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.booleans(),
    st.sampled_from([3, 16, 50, 1 << 19]),
)


@settings(max_examples=25, deadline=None)
@given(tables(), DIALECTS)
def test_a_table_survives(table: list[list[str]], dialect: Dialect) -> None:
    check_that_a_table_survives(table, dialect)


@pytest.mark.long
@settings(max_examples=2_000, deadline=None)
@given(tables(), DIALECTS)
def test_any_table_survives(table: list[list[str]], dialect: Dialect) -> None:
    check_that_a_table_survives(table, dialect)


def check_hostile(content: bytes) -> None:
    whole = _outcome(lambda: read(content))
    for size in (8, 17, 64):
        for short_way in (True, False):
            assert _outcome(lambda s=size, w=short_way: read_in_pieces(content, s, short_way=w)) == whole
    if isinstance(whole, Found):
        places = sorted([*whole.lines, *(line for line, _ in whole.faults)])
        assert len(set(places)) == len(places)
        if b'"' not in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
            assert len(places) + sum(whole.skipped.values()) + 1 == count_lines(text)


def _outcome(action: Callable[[], Found]) -> Found | str:
    try:
        return action()
    except TaxGapError as error:
        return str(error)


HOSTILE = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [b"a", b",", b",", b"\n", b"\n", b"\r\n", b"\r", b'"', b'"', b'""', b" ", b"\0", b"\xe9", b";"]
        ),
        max_size=60,
    ).map(b"".join),
).flatmap(lambda tail: st.sampled_from([b"", b"a,b\n", b"a,b,\r\n", b"a\n"]).map(lambda head: head + tail))


@settings(max_examples=25, deadline=None)
@given(HOSTILE)
def test_hostile_text_gives_the_same_however_it_is_cut_and_whichever_way_it_takes(content: bytes) -> None:
    check_hostile(content)


@pytest.mark.long
@settings(max_examples=2_000, deadline=None)
@given(HOSTILE)
def test_any_hostile_text_gives_the_same(content: bytes) -> None:
    check_hostile(content)


def check_cut_off(step: int) -> None:
    table = [["id", "name", "due"], *([str(n), f'Smith "{n}",\nJ \u00e9', "5.00"] for n in range(20))]
    for packed in (False, True):
        content = as_csv(table, ",", "\r\n", quote_all=False).encode("utf-8")
        content = gzip.compress(content, mtime=0) if packed else content
        for stop in range(0, len(content), step):
            found = _outcome(lambda stop=stop, content=content: read(content[:stop]))
            if isinstance(found, Found):
                whole = [row for row in found.rows if row[2] == "5.00"]
                assert whole == [(str(n), f'Smith "{n}",\nJ \u00e9', "5.00") for n in range(len(whole))]
                assert len(found.rows) - len(whole) <= 1


def test_a_file_that_was_cut_off_gives_what_is_left() -> None:
    check_cut_off(29)


@pytest.mark.long
def test_a_file_cut_off_anywhere_gives_what_is_left() -> None:
    check_cut_off(1)
