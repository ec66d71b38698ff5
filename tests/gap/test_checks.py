"""Checks of arguments: what passes, what is refused, and what the error says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.gap.checks import check_level, check_positive, check_same_rows, check_whole


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, float("nan"), None, "0.95"])
def test_levels_lie_between_0_and_1(level):
    with pytest.raises(UsageError, match="not between 0 and 1"):
        check_level(level)
    check_level(np.float32(0.5))


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), None, "5"])
def test_positive_numbers_are_finite_and_above_0(value):
    with pytest.raises(UsageError, match=f"largest is {value}, not") as refused:
        check_positive(value, "largest", where="here")
    assert refused.value.where == "here"
    assert check_positive(np.int64(3), "largest") == 3.0


@pytest.mark.parametrize("value", [9, 10.5, float("nan"), float("inf"), None, "12"])
def test_whole_numbers_have_no_fraction_and_are_large_enough(value):
    with pytest.raises(UsageError, match="whole number of at least 10"):
        check_whole(value, "cases", least=10)
    assert check_whole(np.float64(10), "cases", least=10) == 10


def test_rows_are_compared_where_there_is_an_index():
    a, b = pd.Series([1, 2], index=["p", "q"]), pd.Series([1, 2], index=["q", "p"])
    check_same_rows(a=a, array=np.zeros(3), missing=None, frame=a.to_frame())
    with pytest.raises(UsageError, match="rows of b are not those of a"):
        check_same_rows(first=[1, 2], a=a, b=b)
    with pytest.raises(UsageError, match="rows of b are not those of frame"):
        check_same_rows(frame=a.to_frame(), b=b)
