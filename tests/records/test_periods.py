"""Which tax year a period belongs to."""

from __future__ import annotations

import pandas as pd
import pytest

from taxgap.records.periods import shift_tax_year, tax_year_of, tax_years_among


@pytest.mark.parametrize(
    ("label", "year"),
    [
        ("2023-24", "2023-24"),
        ("2023-03", "2022-23"),
        ("2023-04", "2023-24"),
        ("2023-12", "2023-24"),
        ("2024-01", "2023-24"),
        ("2099-00", "2099-00"),
        ("2011-12", "2011-12"),
        ("2023-13", "2023-13"),
        ("x", "x"),
    ],
)
def test_a_period_belongs_to_the_tax_year_that_holds_its_last_day(label: str, year: str) -> None:
    assert tax_year_of(pd.Series([label], index=[7])).to_dict() == {7: year}


def test_a_missing_label_stays_missing() -> None:
    assert tax_year_of(pd.Series(["2023-04", None], dtype="str")).isna().tolist() == [False, True]
    assert tax_year_of(pd.Series([], dtype="str")).empty


def test_years_among_labels_are_sorted_and_named_once() -> None:
    assert tax_years_among(["2024-25", "2023-05", "2023-06"]) == ["2023-24", "2024-25"]


def test_years_can_be_counted_across_centuries() -> None:
    assert shift_tax_year("2100-01", -1) == "2099-00"
