from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import LeakError, UsageError
from taxgap.risk import check_leaks

ROWS = 1500
RNG = np.random.default_rng(0)
LABEL = RNG.random(ROWS) < 0.25
X = pd.DataFrame(RNG.normal(size=(ROWS, 6)), columns=list("abcdef"))
OPENED = pd.Series(pd.Timestamp("2024-06-01") + pd.to_timedelta(RNG.integers(0, 90, ROWS), unit="D"))


def _record(late: np.ndarray) -> pd.Series:
    return OPENED + pd.to_timedelta(np.where(late, 30, -30), unit="D")


def _days(**late: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({name: _record(values) for name, values in late.items()})


def test_late_where_something_was_found_is_a_leak() -> None:
    late = RNG.random(ROWS) < np.where(LABEL, 0.3, 0.1)
    with pytest.raises(LeakError, match=r"^1 feature\(s\) give the label away: c \(recorded late 0.1"):
        check_leaks(X, LABEL, recorded_on=_days(c=late, d=np.zeros(ROWS, bool)), opened_on=OPENED)


def test_late_by_chance_is_noted() -> None:
    late = RNG.random(ROWS) < 0.2
    noted = check_leaks(X, LABEL, recorded_on=_days(c=late), opened_on=OPENED)
    assert noted[["feature", "check", "standing"]].to_numpy().tolist() == [["c", "recorded late", "noted"]]
    assert noted["value"].iloc[0] == pytest.approx(late.mean())


def test_late_values_that_tell_more_than_those_in_time_are_a_leak() -> None:
    late = RNG.random(ROWS) < 0.3
    told = X.assign(c=np.where(late, X["c"] + 1.5 * LABEL, X["c"]))
    with pytest.raises(LeakError, match=r"c \(recorded late"):
        check_leaks(told, LABEL, recorded_on=_days(c=late), opened_on=OPENED)
    kinds = X.assign(c=np.where(late & LABEL, "settled", np.where(X["a"] > 0, "settled", "open")))
    with pytest.raises(LeakError, match=r"c \(recorded late"):
        check_leaks(kinds, LABEL, recorded_on=_days(c=late), opened_on=OPENED)


def test_always_late_is_a_leak_if_the_values_tell() -> None:
    late = np.ones(ROWS, dtype=bool)
    told = X.assign(c=X["c"] + 0.5 * LABEL)
    with pytest.raises(LeakError, match=r"c \(recorded late 1.000\)"):
        check_leaks(told, LABEL, recorded_on=_days(c=late), opened_on=OPENED)
    assert check_leaks(X, LABEL, recorded_on=_days(c=late), opened_on=OPENED)["standing"].tolist() == [
        "noted"
    ]


def test_whole_rows_have_one_finding_with_a_name_to_waive() -> None:
    late = _record(RNG.random(ROWS) < np.where(LABEL, 0.3, 0.1))
    with pytest.raises(LeakError, match=r"^1 feature\(s\) give the label away: whole rows \(recorded late"):
        check_leaks(X, LABEL, recorded_on=late, opened_on=OPENED)
    waived = check_leaks(X, LABEL, recorded_on=late, opened_on=OPENED, waive=["whole rows"])
    assert waived["standing"].tolist() == ["waived"]


def test_few_late_cases_unknown_days_and_the_day_itself_do_not_matter() -> None:
    few = np.zeros(ROWS, dtype=bool)
    few[np.flatnonzero(LABEL)[:8]] = True
    assert check_leaks(X, LABEL, recorded_on=_days(c=few), opened_on=OPENED).empty
    unknown = pd.DataFrame({"c": pd.Series(pd.NaT, index=X.index, dtype="datetime64[ns]"), "d": OPENED})
    assert check_leaks(X, LABEL, recorded_on=unknown, opened_on=OPENED).empty


def test_many_late_features_raise_no_false_alarm() -> None:
    rng = np.random.default_rng(9)
    alarms = 0
    for _ in range(6):
        label = rng.random(400) < 0.25
        noise = pd.DataFrame(rng.normal(size=(400, 8)), columns=list("abcdefgh"))
        opened = OPENED[:400]
        late = pd.DataFrame({name: _record(rng.random(ROWS) < 0.3)[:400] for name in noise.columns})
        try:
            check_leaks(noise, label, recorded_on=late, opened_on=opened)
        except LeakError:
            alarms += 1
    assert alarms == 0


def test_days_must_fit_the_frame() -> None:
    days = _days(c=LABEL)
    with pytest.raises(UsageError, match="given together"):
        check_leaks(X, LABEL, recorded_on=days)
    with pytest.raises(UsageError, match="rows of opened_on are not"):
        check_leaks(X, LABEL, recorded_on=days, opened_on=OPENED[::-1])
    with pytest.raises(UsageError, match="no such feature: typo"):
        check_leaks(X, LABEL, recorded_on=days.rename(columns={"c": "typo"}), opened_on=OPENED)
