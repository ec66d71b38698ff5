"""Settings: what can be asked for, and what is refused before anything is made."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxgap.errors import UsageError
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.timeline import BASE_YEAR, TAX_YEARS

SHARES = ["random_share", "risk_share", "detection", "missed_whole"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("taxpayers", 0),
        ("difficulty", 0.1),
        ("difficulty", 4),
        ("taxpayers", -5),
        ("taxpayers", 10**8),
        ("taxpayers", 2.5),
        ("taxpayers", "100"),
        ("taxpayers", None),
        ("taxpayers", True),
        ("years", 0),
        ("years", 6),
        ("years", 1.5),
        ("seed", -1),
        ("seed", 7.0),
        *((share, value) for share in SHARES for value in (-0.01, 1.01, float("nan"), float("inf"), "0.5")),
        ("detection", 0.0),
        ("as_of", "yesterday"),
        ("as_of", "2026-02-30"),
        ("as_of", "30/09/2026"),
        ("as_of", "20260930"),
        ("as_of", "2026-09-30T12:00"),
        ("as_of", "NaT"),
        ("as_of", None),
        ("as_of", date(2026, 9, 30)),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=name) as caught:
        Settings.from_mapping({name: value})
    assert caught.value.where == name


@pytest.mark.parametrize("share", ["random_share", "risk_share"])
@pytest.mark.parametrize("value", [0, 0.0, 0.5, 1, 1.0])
def test_a_programme_may_open_nothing_or_everything(share: str, value: float) -> None:
    assert getattr(Settings.from_mapping({share: value}), share) == value


def test_an_unknown_setting_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UsageError, match="taxpayer") as caught:
        Settings.from_mapping({"taxpayer": 10})
    assert "taxpayers" in caught.value.available


@given(
    st.dictionaries(
        st.sampled_from(["years", "seed", "detection"]), st.floats() | st.text("0.e- ") | st.none()
    )
)
def test_nothing_but_a_usage_error_comes_of_odd_values(values: dict[str, Any]) -> None:
    try:
        made = Settings.from_mapping(values)
    except UsageError:
        return
    assert made.years in range(1, 5)


def test_numbers_of_any_origin_are_kept_as_plain_numbers() -> None:
    made = Settings.from_mapping({"taxpayers": np.int64(9), "random_share": 1, "risk_share": np.float32(0.5)})
    assert type(made.taxpayers) is int
    assert type(made.random_share) is float
    assert type(made.risk_share) is float


def test_years_are_counted_back_from_the_last() -> None:
    assert Settings(years=1).tax_years == ("2024-25",)
    assert Settings(years=4).tax_years == TAX_YEARS == ("2021-22", "2022-23", "2023-24", "2024-25")


def test_the_year_of_transition_is_2023_24() -> None:
    assert BASE_YEAR == "2023-24"


def test_the_defaults_are_those_that_are_documented() -> None:
    made = Settings()
    assert (made.as_of, made.random_share, made.risk_share) == ("2026-09-30", 0.05, 0.05)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().seed = 3  # type: ignore[misc]
