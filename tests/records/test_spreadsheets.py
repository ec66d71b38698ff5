"""What is written for people opens in a spreadsheet as what it is: no text becomes a formula."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import UsageError
from taxgap.records.readers.delimited import DelimitedReader
from taxgap.records.spreadsheets import write_csv

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"


def write(frame: pd.DataFrame) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write_csv(Path(folder, "file.csv"), frame)
        return Path(folder, "file.csv").read_bytes()


def cells(frame: pd.DataFrame) -> list[list[str]]:
    text = write(frame).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_the_form_is_that_of_spreadsheets() -> None:
    frame = pd.DataFrame({"name": ["caf\u00e9", None, 'a "b", c'], "due": [-5.5, np.nan, 1e20]})
    expected = '\ufeffname,due\r\ncaf\u00e9,-5.5\r\n,\r\n"a ""b"", c",1e+20\r\n'
    assert write(frame) == expected.encode("utf-8")


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", ["", " ", "\t", "\r\n", "\u00a0", "\u3000", "\u200b", "\ufeff", "\x01"])
def test_a_text_that_would_be_a_formula_gets_an_apostrophe(sign: str, before: str) -> None:
    text = f"{before}{sign}SUM(A1:A9)"
    assert cells(pd.DataFrame({text: [text]})) == [[f"'{text}"], [f"'{text}"]]


@pytest.mark.parametrize("text", ["\tx", "\rx", "\nx", "-inf", "+-1", "-1-1", "-1,5", "-", "@", "+44 20"])
def test_what_is_no_number_is_guarded(text: str) -> None:
    assert cells(pd.DataFrame({"a": [text]}))[1] == [f"'{text}"]


@pytest.mark.parametrize("text", ["a=b", "'=1", "Smith-Jones", "x@y", "", " x", "1-2"])
def test_other_texts_stay(text: str) -> None:
    assert cells(pd.DataFrame({"a": [text]}))[1] == [text]


def test_numbers_stay_numbers() -> None:
    frame = pd.DataFrame(
        {
            "float": [-1.5, 1e-7],
            "int": [-3, 4],
            "text": ["-5.00", "+5"],
            "mixed": [-1, "=1"],
            "inf": [-np.inf, 1.0],
            "on": pd.to_datetime(["2026-03-31", None]),
            "yes": [True, False],
            "code": pd.Categorical(["-", "b"]),
            "large": pd.array([-(2**62), None], "Int64"),
        }
    )
    assert cells(frame)[1:] == [
        ["-1.5", "-3", "-5.00", "-1", "'-inf", "2026-03-31", "True", "'-", str(-(2**62))],
        ["1e-07", "4", "+5", "'=1", "1.0", "", "False", "b", ""],
    ]


def test_nul_and_broken_text_are_replaced() -> None:
    frame = pd.DataFrame({"a\0": ["x\0y", "\0=1"], "b": pd.Series(["caf\udce9", "=\udce9"], dtype=object)})
    found = cells(frame)
    assert found[0] == ["a\ufffd", "b"]
    assert found[1] == ["x\ufffdy", "caf?"]
    assert found[2][1] == "'=?"


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame({"a": ["x"]}, index=[7])]
)
def test_small_frames_are_written(frame: pd.DataFrame) -> None:
    assert [row for row in cells(frame) if row] == [
        row for row in [list(frame.columns), *frame.to_numpy().tolist()] if row
    ]


def test_columns_may_bear_one_name() -> None:
    assert cells(pd.DataFrame([["=1", "x"]], columns=["a", "a"])) == [["a", "a"], ["'=1", "x"]]


def test_a_folder_that_cannot_be_written_to_is_misuse(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_csv(tmp_path / "file" / "a.csv", pd.DataFrame({"a": [1]}))


def test_the_reader_understands_what_was_written(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", pd.DataFrame({"id": ["1", "2"], "name": ["a\nb", "=x"]}))
    (chunk,) = DelimitedReader(tmp_path / "a.csv").chunks()
    assert chunk.table.to_pydict() == {"id": ["1", "2"], "name": ["a\nb", "'=x"]}


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.text(st.sampled_from(SIGNS + " \t\r\n\0\u00a0\u200b,;'\"1.eA("), max_size=8),
)
HEADERS = TEXTS.map(lambda text: text.encode("utf-8", "ignore").decode())  # pandas takes no half characters
FRAMES = st.lists(st.tuples(TEXTS, TEXTS, st.one_of(st.floats(), st.integers(), st.none())), max_size=8)


def check_that_nothing_is_a_formula(rows: list[tuple[object, ...]], header: str) -> None:
    found = cells(pd.DataFrame(rows, columns=[header, "b", "c"], dtype=object))
    assert [len(row) for row in found] == [3] * (len(rows) + 1)
    for cell in (cell for row in found for cell in row):
        assert "\0" not in cell
        assert not cell.startswith(("\t", "\r", "\n"))
        if cell.strip().startswith(tuple(SIGNS)):
            assert np.isfinite(float(cell)) or "e" in cell.lower()
            assert cell[1:].isascii()


@settings(max_examples=25, deadline=None)
@given(FRAMES, HEADERS)
def test_no_cell_is_a_formula(rows: list[tuple[object, ...]], header: str) -> None:
    check_that_nothing_is_a_formula(rows, header)


@pytest.mark.long
@settings(max_examples=2_000, deadline=None)
@given(FRAMES, HEADERS)
def test_never_is_a_cell_a_formula(rows: list[tuple[object, ...]], header: str) -> None:
    check_that_nothing_is_a_formula(rows, header)
