"""Days shared: apportioning, covering, and reports of other lengths than returns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.regimes.comparison import HIGHEST, Comparison
from taxgap.regimes.returns import Returns, latest_versions
from taxgap.regimes.spans import Spans, bring_to_days, find_overlap, repeated, sum_on_days


def spans(*rows: tuple[int, float, float]) -> Spans:
    who, first, last = zip(*rows, strict=True) if rows else ((), (), ())
    return Spans(np.array(who, dtype=np.intp), np.array(first, float), np.array(last, float))


def test_only_rows_of_one_taxpayer_share_days() -> None:
    left = spans((0, 0, 9), (1, 0, 9), (-1, 0, 9))
    right = spans((1, 5, 20), (0, 9, 9), (0, 10, 12), (-1, 0, 9), (1, np.nan, 9))
    found = find_overlap(left, right)
    assert list(zip(*(part.tolist() for part in found), strict=True)) == [(0, 1, 1.0), (1, 0, 5.0)]


@pytest.mark.parametrize("nothing", [(spans(), spans((0, 0, 9))), (spans((0, 0, 9)), spans())])
def test_nothing_shares_no_days(nothing: tuple[Spans, Spans]) -> None:
    assert len(find_overlap(*nothing).days) == 0


def test_amounts_are_apportioned_by_days() -> None:
    own = spans((0, 0, 99))
    other = spans((0, -50, 49), (0, 50, 69), (0, 200, 299))
    sums, share = sum_on_days(own, other, {"pay": np.array([1000.0, 40.0, 9e9])})
    assert sums["pay"].tolist() == [540.0]
    assert share.tolist() == [0.7]
    assert bring_to_days(np.array([10.0]), share).tolist() == [7.0]
    assert np.isnan(bring_to_days(np.array([10.0]), np.array([0.1]))).all()


def test_two_reports_of_the_same_days_add_up_but_cover_once() -> None:
    year = spans((0, 0, 99), (0, 0, 99))
    assert repeated(year).tolist() == [False, True]
    sums, share = sum_on_days(spans((0, 0, 99)), year, {"card": np.array([30.0, 20.0])})
    assert (sums["card"].tolist(), share.tolist()) == ([50.0], [1.0])


def test_a_season_makes_no_mismatch() -> None:
    # A calendar year of card takings against quarters that sell 10, 20, 40 and 30: all of it was declared.
    quarters = spans((0, 0, 89), (0, 90, 179), (0, 180, 269), (0, 270, 359))
    compared = Comparison(quarters, spans((0, 0, 359)), quarters)
    assert compared.ratio(np.array([100.0]), np.array([10.0, 20.0, 40.0, 30.0])).tolist() == [1.0] * 4
    assert compared.daily(np.array([360.0])).tolist() == [1.0] * 4


def test_a_registration_within_the_year_counts_the_days_it_covers() -> None:
    later = spans((0, 180, 359))
    compared = Comparison(later, spans((0, 0, 359)), later)
    assert compared.ratio(np.array([100.0]), np.array([25.0])).tolist() == [2.0]


def test_a_window_takes_the_mean_of_its_days() -> None:
    returns = spans((0, 0, 99), (0, 100, 199))
    reports = spans((0, 0, 99), (0, 100, 199), (0, 100, 199))
    window = spans((0, 75, 124), (0, 500, 599))
    compared = Comparison(window, reports, returns)
    # The first year: 1; the second: 2 and 1 from two reporters.
    found = compared.ratio(np.array([10.0, 20.0, 10.0]), np.array([10.0, 10.0]))
    assert found[0] == pytest.approx(0.5 * 1 + 0.5 * 3)
    assert np.isnan(found[1])


def test_what_is_reported_but_not_declared_at_all_is_the_highest_ratio() -> None:
    year = spans((0, 0, 99))
    assert Comparison(year, year, year).ratio(np.array([5.0]), np.array([0.0])).tolist() == [HIGHEST]
    assert Comparison(year, year, year).ratio(np.array([0.0]), np.array([0.0])).tolist() == [0.0]


def table(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["taxpayer_id", "period_start", "period_end", "version"])
    dates = {name: pd.to_datetime(frame[name]) for name in ("period_start", "period_end")}
    frame = frame.assign(**dates, period=frame["period_end"].str[:7])
    return frame.assign(received_on=frame["period_end"] + pd.to_timedelta(30 + frame["version"], "D"))


def test_the_latest_version_stands_with_the_day_of_the_original() -> None:
    rows = table(
        ("B", "2023-04-01", "2023-06-30", 2),
        ("B", "2023-04-01", "2023-06-30", 0),
        ("A", "2023-04-01", "2023-06-30", 0),
        ("B", "2023-04-01", "2023-06-30", 1),
    )
    found = latest_versions(rows)
    assert found[["taxpayer_id", "version"]].to_numpy().tolist() == [["A", 0], ["B", 2]]
    assert (found["first_received_on"] == pd.Timestamp("2023-07-30")).all()
    assert latest_versions(rows.head(0)).empty


def test_the_return_before_and_that_of_a_year_ago_are_found_by_their_days() -> None:
    returns = Returns.of(
        table(
            ("A", "2022-04-01", "2022-06-30", 0),
            ("A", "2023-01-01", "2023-03-31", 0),
            ("A", "2023-04-01", "2023-06-30", 0),
            ("B", "2023-07-01", "2023-09-30", 0),
        )
    )
    assert returns.previous().tolist() == [-1, -1, 1, -1]
    assert returns.year_ago().tolist() == [-1, -1, 0, -1]
    assert returns.rows_of(["2022-23"]).tolist() == [0, 1]
    assert returns.rows_of(["2023-09"]).tolist() == [3]
