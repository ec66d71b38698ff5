"""What is accepted as incomes and how the rest is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.tax import personal_tax

RESULT = ["income_tax", "nics_class_1", "nics_class_2", "nics_class_4", "total"]


@pytest.fixture
def minimal():
    return pd.DataFrame(
        {
            "employment": [30_000, 0, 52_000],
            "self_employment": [0, 25_000, 0],
            "property": 0,
            "interest": [100.5, 0, 900],
            "dividends": 0,
            "nation": ["Scotland", "Wales", "England"],
        }
    )


def test_optional_columns_may_be_absent(minimal):
    result = personal_tax(minimal, "2024-25")
    assert list(result.columns) == RESULT
    absent = {"pension": 0, "gift_aid": 0.0, "over_state_pension_age": False}
    pd.testing.assert_frame_equal(result, personal_tax(minimal.assign(**absent), "2024-25"))


def test_empty_frame(minimal):
    result = personal_tax(minimal.iloc[:0], "2024-25")
    assert list(result.columns) == RESULT
    assert result.empty
    assert (result.dtypes == np.float64).all()
    untyped = pd.DataFrame(columns=[*minimal.columns, "over_state_pension_age"])
    pd.testing.assert_frame_equal(personal_tax(untyped, "2024-25"), result, check_index_type=False)


def test_input_is_not_modified(minimal):
    before = minimal.copy(deep=True)
    personal_tax(minimal, "2024-25")
    pd.testing.assert_frame_equal(minimal, before)


def test_other_columns_and_their_order_do_not_matter(minimal):
    expected = personal_tax(minimal, "2024-25")
    shuffled = minimal.assign(taxpayer_id=["a", "b", "c"])[["taxpayer_id", *minimal.columns[::-1]]]
    pd.testing.assert_frame_equal(personal_tax(shuffled, "2024-25"), expected)


@pytest.mark.parametrize("dtype", ["int64", "float32", "Int64", "Float64", "int64[pyarrow]"])
def test_any_numeric_type_is_accepted(minimal, dtype):
    whole = minimal.assign(interest=[100, 0, 900])
    expected = personal_tax(whole, "2024-25")
    typed = whole.astype(dict.fromkeys(["employment", "interest"], dtype))
    pd.testing.assert_frame_equal(personal_tax(typed, "2024-25"), expected)


@pytest.mark.parametrize("dtype", ["object", "str", "category"])
def test_any_type_of_nation_is_accepted(minimal, dtype):
    expected = personal_tax(minimal, "2024-25")
    pd.testing.assert_frame_equal(personal_tax(minimal.astype({"nation": dtype}), "2024-25"), expected)


def test_unused_levels_of_nation_do_not_matter(minimal):
    levels = ["Scotland", "Jersey", "Wales", "England"]
    typed = minimal.assign(nation=pd.Categorical(minimal["nation"], categories=levels))
    pd.testing.assert_frame_equal(personal_tax(typed, "2024-25"), personal_tax(minimal, "2024-25"))


@pytest.mark.parametrize(
    "flags", [[True, False, True], [1, 0, 1], pd.array([True, False, True], dtype="boolean")]
)
def test_flags_may_be_booleans_or_ones_and_zeros(minimal, flags):
    result = personal_tax(minimal.assign(over_state_pension_age=flags), "2024-25")
    assert result["nics_class_1"].tolist() == [0, 0, 0]
    assert result["nics_class_4"].gt(0).tolist() == [False, True, False]


def test_missing_columns_are_all_named(minimal):
    with pytest.raises(InvalidDataError, match="Columns are missing: dividends, nation") as raised:
        personal_tax(minimal.drop(columns=["dividends", "nation"]), "2024-25")
    assert raised.value.available == ("employment", "self_employment", "property", "interest")
    assert "pension" in raised.value.remedy


def test_repeated_column_is_refused(minimal):
    twice = pd.concat([minimal, minimal[["interest"]]], axis=1)
    with pytest.raises(InvalidDataError, match="more than once: interest"):
        personal_tax(twice, "2024-25")


def test_all_bad_amounts_are_named_without_their_values(minimal):
    bad = minimal.assign(
        interest=[np.nan, 5, np.inf],
        property=[0, -123_456.78, 0],
        gift_aid=[0, -1, -2],
        losses=[0, 0, -np.inf],
    )
    with pytest.raises(InvalidDataError) as raised:
        personal_tax(bad, "2024-25")
    message = str(raised.value)
    assert "interest: 2 missing or infinite (first at row 0)" in message
    assert "property: 1 negative (first at row 1)" in message
    assert "gift_aid: 2 negative (first at row 1)" in message
    assert "losses: 1 missing or infinite (first at row 2)" in message
    assert "123" not in message


def test_missing_amount_of_a_nullable_type_is_refused(minimal):
    bad = minimal.assign(employment=pd.array([1, None, 3], dtype="Int64"))
    with pytest.raises(InvalidDataError, match="employment: 1 missing or infinite"):
        personal_tax(bad, "2024-25")


@pytest.mark.parametrize(
    "values", [["none", "1", "2"], ["0", "1", "2"], pd.date_range("2024-04-06", periods=3), [1, None, "2"]]
)
def test_anything_but_numbers_for_an_amount_is_refused(minimal, values):
    with pytest.raises(InvalidDataError, match="Column interest holds something other than numbers"):
        personal_tax(minimal.assign(interest=values), "2024-25")


@pytest.mark.parametrize("nation", ["France", "scotland", None, np.nan, ""])
def test_unknown_nation_is_refused(minimal, nation):
    bad = minimal.assign(nation=pd.Series(["Wales", nation, "England"], dtype="object"))
    with pytest.raises(
        InvalidDataError, match=r"nation: 1 missing or not a nation.*first at row 1"
    ) as raised:
        personal_tax(bad, "2024-25")
    assert raised.value.available == ("England", "Northern Ireland", "Scotland", "Wales")


@pytest.mark.parametrize("flag", [None, 2, "yes"])
def test_unknown_flag_is_refused(minimal, flag):
    bad = minimal.assign(over_state_pension_age=pd.Series([True, False, flag], dtype="object"))
    with pytest.raises(InvalidDataError, match=r"1 neither true nor false \(first at row 2\)"):
        personal_tax(bad, "2024-25")


def test_something_else_than_a_frame_is_refused():
    with pytest.raises(UsageError, match="must be a pandas DataFrame, not dict"):
        personal_tax({"employment": [1]}, "2024-25")
