from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk.observing import KEYS, observe, split_rounds

REGIME = get_regime("self_assessment")
YEARS = ["2022-23", "2023-24"]


@pytest.fixture(scope="module")
def records(workshop: Any) -> Records:
    return Records.open(workshop.records)


@pytest.fixture(scope="module")
def opened_on(records: Records) -> pd.Series:
    enquiries = records.read("enquiries")
    mine = enquiries[(enquiries["regime"] == REGIME.name) & enquiries["period"].isin(YEARS)]
    return mine.drop_duplicates(KEYS).set_index(KEYS)["opened_on"].head(400)


def test_a_case_is_measured_by_what_was_known_when_it_was_opened(
    records: Records, opened_on: pd.Series
) -> None:
    observed, _ = observe(records, REGIME, opened_on, train=YEARS[:1], years=YEARS)
    assert observed.index.is_unique
    assert set(observed.index) <= set(opened_on.index)
    assert len(observed) > 0.95 * len(opened_on)
    for case in observed.index[:: len(observed) // 4]:
        then = REGIME.measure(records.known_at(str(opened_on[case].date())), YEARS)
        pd.testing.assert_series_equal(observed.loc[case], then.loc[case])


def test_what_came_after_the_opening_changes_no_measure(records: Records, opened_on: pd.Series) -> None:
    frames = {name: records.table(name) for name in records.tables}
    last = opened_on.groupby(level=KEYS[0]).max()
    reports = frames["third_party"]
    day = reports["taxpayer_id"].map(last) + pd.Timedelta(days=1)
    late = reports.assign(received_on=day, amount=1e6)[day.notna()]
    late["report_id"] = "X" + late["report_id"]
    frames["third_party"] = pd.concat([reports, late])
    later = Records.from_frames(frames, as_of=str(records.as_of.date()))
    first = opened_on[opened_on == opened_on.index.get_level_values(KEYS[0]).map(last)]
    one, _ = observe(records, REGIME, first, train=YEARS, years=YEARS)
    other, _ = observe(later, REGIME, first, train=YEARS, years=YEARS)
    pd.testing.assert_frame_equal(one, other)


def test_cases_into_nothing_are_refused(records: Records, opened_on: pd.Series) -> None:
    nobody = opened_on.rename(index=lambda name: f"X{name}", level=0)
    with pytest.raises(InvalidDataError, match="is into a return that the records held"):
        observe(records, REGIME, nobody, train=YEARS, years=YEARS)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 4)), max_size=12))
def test_rounds_hold_every_case_once_and_one_day_of_a_taxpayer(cases: list[tuple[str, int]]) -> None:
    index = pd.MultiIndex.from_tuples([(name, str(i)) for i, (name, _) in enumerate(cases)], names=KEYS)
    days = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta([d for _, d in cases], "D"), index)
    if days.empty:
        assert split_rounds(days) == []
        return
    rounds = split_rounds(days)
    pd.testing.assert_series_equal(pd.concat(rounds).sort_index(), days.sort_index())
    for part in rounds:
        days_of = part.groupby(level=KEYS[0])
        assert (days_of.min() == days_of.max()).all()
    # A taxpayer's days rise from round to round.
    for name in index.get_level_values(0).unique():
        mine = [part[part.index.get_level_values(0) == name] for part in rounds]
        assert np.all(np.diff([part.iloc[0].value for part in mine if len(part)]) > 0)
