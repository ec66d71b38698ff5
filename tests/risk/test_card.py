from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import UsageError
from taxgap.risk.card import read_versions, to_plain

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None)
@given(PLAIN)
def test_plain_data_stays_as_it_is(value: Any) -> None:
    assert to_plain(value) == value


def test_other_values_are_converted() -> None:
    value = {
        "numbers": np.array([1, 2]),
        "missing": (np.nan, pd.NaT, pd.NA, np.inf),
        "dates": [date(2024, 4, 6), datetime(2024, 4, 6, 12, 0), pd.Timestamp("2024-04-06")],  # noqa: DTZ001
        "names": {"b", "a"},
        3: np.bool_(True),
    }
    assert to_plain(value) == {
        "numbers": [1, 2],
        "missing": [None] * 4,
        "dates": ["2024-04-06", "2024-04-06T12:00:00", "2024-04-06T00:00:00"],
        "names": ["a", "b"],
        "3": True,
    }


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot hold a function"):
        to_plain({"rule": lambda: None})


def test_versions_are_those_installed() -> None:
    assert read_versions()["pandas"] == pd.__version__
