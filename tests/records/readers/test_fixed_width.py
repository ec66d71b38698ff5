"""Columns that have their place on the line; lines that do not fit are named, not guessed at."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError, TaxGapError
from taxgap.records.readers import raw_files, text_lines
from taxgap.records.readers.fixed_width import FixedWidthReader, Layout, Place, read_layout
from taxgap.records.readers.text_lines import count_lines

LAYOUT = Layout((Place("due", 8, 4), Place("id", 1, 3)))  # 4 to 7 are not read


def read(content: str | bytes, layout: Layout = LAYOUT, **settings: Any) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.txt")
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        reader = FixedWidthReader(path, layout, **settings)
        assert reader.where == "file.txt"
        found = list(reader.chunks())
    assert all(chunk.table.column_names == reader.columns() for chunk in found)
    rows = [row for chunk in found for row in zip(*chunk.table.to_pydict().values(), strict=True)]
    faults = [(fault.line, fault.fault) for chunk in found for fault in chunk.faults]
    blank = sum((chunk.skipped or {}).get("blank_line", 0) for chunk in found)
    return {
        "rows": rows,
        "lines": [int(line) for chunk in found for line in chunk.lines],
        "faults": faults,
        "blank": blank,
    }


@pytest.fixture
def layout(tmp_path: Path) -> Callable[[str], Layout]:
    def layout(content: str) -> Layout:
        (tmp_path / "layout.csv").write_text(content, "utf-8")
        return read_layout(tmp_path / "layout.csv")

    return layout


def test_cells_are_taken_from_their_places() -> None:
    found = read("001xxxx 5.0\n\r\n0 2\u20ac\u20ac\u20ac\u20ac-1  \r003    NULL   \n", empty=("", "NULL"))
    assert found == {
        "rows": [("5.0", "001"), ("-1", "0 2"), (None, "003")],
        "lines": [1, 3, 4],
        "faults": [],
        "blank": 1,
    }


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252", "utf-16-le"])
def test_places_are_characters_whatever_their_bytes(encoding: str) -> None:
    content = "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e91234\n".encode(
        {"windows-1252": "cp1252"}.get(encoding, encoding)
    )
    assert read(content, encoding=encoding)["rows"] == [("1234", "\u00e9\u00e9\u00e9")]


def test_only_the_padding_of_the_last_column_may_be_missing() -> None:
    found = read("001....5\n002....\n003...\n004....6789  \n005....67890\n")
    assert found["rows"] == [("5", "001"), (None, "002"), ("6789", "004")]
    assert found["faults"] == [(3, "too_few_cells"), (5, "too_many_cells")]


def test_a_file_that_ends_within_its_last_column_was_cut_off() -> None:
    assert read("001....5678\n002....56")["faults"] == [(2, "too_few_cells")]
    assert read("001....5678\n002....5678")["faults"] == []
    assert read("001....5678\n  ")["blank"] == 1


def test_lines_that_are_no_text_are_no_rows() -> None:
    found = read(b"001....5678\n002\xe9...5678\n003\0...5678\n004....5678\n")
    assert found["lines"] == [1, 4]
    assert found["faults"] == [(2, "undecodable_text"), (3, "null_character")]


def test_an_endless_line_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_lines, "LINE_LIMIT", 1_000)
    monkeypatch.setattr(raw_files, "_BLOCK", 500)
    found = read("001....5678\n" + "x" * 5_000 + "\n003....5678\n")
    assert (found["lines"], found["faults"]) == ([1, 3], [(2, "cell_too_long")])


def test_a_file_without_rows_still_gives_its_columns() -> None:
    assert read("") == {"rows": [], "lines": [], "faults": [], "blank": 0}
    assert read(gzip.compress(b"001....5678\n"))["rows"] == [("5678", "001")]


def test_a_layout_keeps_its_order(layout: Callable[[str], Layout]) -> None:
    assert layout("length;start;name;note\n4;8;due;x\n3;1;id;\n") == LAYOUT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,start\na,1\n", "lacks the columns length"),
        ("name,start,length\n", "0 columns"),
        ("name,start,length\na,1,3\nb,3,2\n", "'a' and 'b' overlap"),
        ("name,start,length\na,1,3\na,4,2\n", "more than once: a"),
        ("name,start,length\na,0,3\n", "place of 'a'"),
        ("name,start,length\na,1,0\n", "place of 'a'"),
        ("name,start,length\na,-1,3\n", "Line 2"),
        ("name,start,length\na,1.5,3\n", "Line 2"),
        ("name,start,length\na,1,\u0663\n", "Line 2"),
        ("name,start,length\na,1,\n", "Line 2"),
        ("name,start,length\n,1,2\n", "Line 2"),
        ("name,start,length\na,999999,3\n", "place of 'a'"),
        ("name,start,length\na,99999999999,3\n", "Line 2"),
        ("name,start,length\na,1,2\nb,3\n", "Line 3"),
    ],
)
def test_a_layout_that_makes_no_sense_is_refused(
    layout: Callable[[str], Layout], content: str, message: str
) -> None:
    with pytest.raises(InvalidDataError, match=message) as caught:
        layout(content)
    assert caught.value.where == "layout.csv"
    assert caught.value.remedy


def check_hostile(content: bytes) -> None:
    outcomes = []
    for size in (8, 1 << 19):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(raw_files, "_BLOCK", size)
            try:
                outcomes.append(read(content))
            except TaxGapError as error:
                outcomes.append({"error": str(error)})
    assert outcomes[0] == outcomes[1]
    if "rows" in outcomes[0] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        found = outcomes[0]
        assert len(found["rows"]) + len(found["faults"]) + found["blank"] == count_lines(text)


HOSTILE = st.one_of(
    st.binary(max_size=100),
    st.lists(
        st.sampled_from(
            [b"001....", b"5678", b"x", b" ", b"\n", b"\r\n", b"\r", b"\0", b"\xe9", b"\xc3\xa9"]
        ),
        max_size=40,
    ).map(b"".join),
)


@settings(max_examples=25, deadline=None)
@given(HOSTILE)
def test_hostile_text_loses_no_line(content: bytes) -> None:
    check_hostile(content)


@pytest.mark.long
@settings(max_examples=2_000, deadline=None)
@given(HOSTILE)
def test_any_hostile_text_loses_no_line(content: bytes) -> None:
    check_hostile(content)


CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="\ufeff"), max_size=6
)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(CELLS.filter(bool), CELLS, CELLS), max_size=8), st.sampled_from(["\n", "\r", "\r\n"])
)
def test_a_table_survives(rows: list[tuple[str, str, str]], end: str) -> None:
    places = Layout((Place("a", 1, 6), Place("b", 7, 6), Place("c", 13, 6)))
    found = read("".join("".join(f"{cell:<6}" for cell in row) + end for row in rows), places)
    assert found["rows"] == [tuple(cell or None for cell in row) for row in rows]
    assert found["lines"] == list(range(1, len(rows) + 1))
