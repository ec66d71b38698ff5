"""Codes and yes or no: what a mapping says goes first, and nothing that is not known is guessed."""

# ruff: noqa: PD011  `values` is what a reading gives
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import UsageError
from taxgap.records.cells.codes import read_codes, read_yes_no
from taxgap.records.cells.read_cells import Cells
from taxgap.records.faults import FAULTS, MENDED
from taxgap.records.parquet import has_levels
from taxgap.schemas.codes import BEHAVIOURS, LINK_KINDS, REGIMES, REGIONS


def series(*texts: str | None) -> pd.Series:
    return pd.Series(texts, dtype="str", index=pd.RangeIndex(5, 5 + len(texts)))


def fault_of(cells: Cells) -> list[str]:
    """The fault of each cell, or empty; no cell has two."""
    found = [""] * len(cells.values)
    for code, mask in cells.faults.items():
        assert code in FAULTS
        assert mask.any()
        for place in np.flatnonzero(mask):
            assert not found[place]
            found[place] = code
    assert set(cells.mended) <= set(MENDED)
    return found


@pytest.mark.parametrize("levels", [REGIMES, REGIONS, BEHAVIOURS, LINK_KINDS])
def test_a_level_is_the_same_in_every_spelling(levels: list[str]) -> None:
    for change in (
        str,
        str.upper,
        str.title,
        lambda level: level.replace("_", " "),
        lambda level: f" {level}\u00a0",
    ):
        assert read_codes(series(*map(change, levels)), levels).values.tolist() == levels
    spaced = [level.replace("_", "-").replace(" ", "_").upper() for level in levels]
    cells = read_codes(series(*spaced), levels)
    assert cells.values.tolist() == levels
    assert cells.mended == {"other_spelling": len(levels)}


def test_values_have_the_type_of_the_schema() -> None:
    for texts in (series(), series(None), series("vat", "no such tax"), series("vat")):
        assert has_levels(read_codes(texts, REGIMES).values, REGIMES)


def test_a_mapping_goes_before_the_levels() -> None:
    cells = read_codes(series("1", "2", "3", "one"), ["1", "2", "one"], {"1": "2", "2": "1"})
    assert cells.values.tolist()[:2] == ["2", "1"]
    assert fault_of(cells) == ["", "", "unknown_code", ""]
    assert not cells.mended
    assert cells.values.index.tolist() == [5, 6, 7, 8]


def test_what_is_no_code() -> None:
    cells = read_codes(series("vatt", "#N/A", None, " ", "self", "\x00vat"), REGIMES, {"#REF!": "vat"})
    assert fault_of(cells) == ["unknown_code", "excel_error", "", "", "unknown_code", "unknown_code"]
    assert cells.values.isna().all()
    assert read_codes(series("#REF!"), REGIMES, {"#REF!": "vat"}).values.tolist() == ["vat"]


def test_two_levels_alike_are_told_apart_or_not_read() -> None:
    cells = read_codes(series("a-b", "a_b", "A B"), ["a-b", "a_b"])
    assert cells.values.tolist()[:2] == ["a-b", "a_b"]
    assert fault_of(cells) == ["", "", "unknown_code"]


def test_a_mapping_leads_to_levels() -> None:
    with pytest.raises(UsageError, match="no level"):
        read_codes(series("V"), REGIMES, {"V": "value added tax"})


@settings(deadline=None, max_examples=30)
@given(st.lists(st.none() | st.text() | st.sampled_from([*REGIMES, "Self Assessment", "Y", "n", "1"])))
def test_any_text_is_read_or_faulted(texts: list[str | None]) -> None:
    column = pd.Series(texts, dtype="str")
    blank = np.array([text is None or not text.strip() for text in texts], dtype=bool)
    cells = read_codes(column, REGIMES)
    fault_of(cells)
    assert (cells.values.isna().to_numpy() == (cells.unread | blank)).all()
    assert not cells.unread[blank].any()
    again = read_codes(cells.values.astype("str"), REGIMES)
    pd.testing.assert_series_equal(again.values, cells.values)
    answers = read_yes_no(column)
    fault_of(answers)
    assert answers.values.dtype == bool
    assert answers.unread[blank].all()
    assert not answers.values[answers.unread].any()


@pytest.mark.parametrize(
    ("answer", "texts"),
    [(True, "true True TRUE yes Y y T 1"), (False, "false False FALSE no N n F 0")],
)
def test_yes_and_no(answer: bool, texts: str) -> None:
    cells = read_yes_no(series(*texts.split(), f" {texts[0]} "))
    assert set(cells.values) == {answer}
    assert not cells.faults


def test_a_mapping_goes_before_yes_and_no() -> None:
    cells = read_yes_no(series("1", "2", "Y", "3", None, "#N/A"), {"1": False, "2": True})
    assert cells.values.tolist() == [False, True, True, False, False, False]
    assert fault_of(cells) == ["", "", "", "not_yes_or_no", "empty_yes_no", "excel_error"]
