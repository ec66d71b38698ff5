"""For which months a trader files, and by when."""

from __future__ import annotations

import numpy as np

from taxgap.synthetic.form import PANEL, Scene
from taxgap.synthetic.timeline import MONTHS, first_day, last_day
from taxgap.synthetic.vat.periods import lay_out

YEARS = np.arange(4)


def lay(first: int, last: int, frequency: int, stagger: int) -> list[tuple[int, int]]:
    registered = np.zeros((1, MONTHS), dtype=bool)
    registered[0, first : last + 1] = True
    periods = lay_out(registered, np.array([frequency]), np.array([stagger]), YEARS)
    return list(zip(periods["first"], periods["last"], strict=True))


def test_quarters_end_in_the_months_of_their_stagger() -> None:
    assert lay(0, MONTHS - 1, 1, 2)[:2] == [(12, 14), (15, 17)]
    assert lay(0, MONTHS - 1, 1, 0)[0] == (10, 12)


def test_months_and_years_are_periods_too() -> None:
    assert lay(12, 14, 0, 0) == [(12, 12), (13, 13), (14, 14)]
    assert lay(0, MONTHS - 1, 2, 5)[0] == (6, 17)


def test_the_first_and_the_last_period_are_as_long_as_the_registration() -> None:
    assert lay(16, 24, 1, 2) == [(16, 17), (18, 20), (21, 23), (24, 24)]


def test_periods_of_a_trader_follow_each_other(vat: Scene) -> None:
    panel = vat.panel
    assert set(PANEL) <= set(panel)
    same = panel["entity"].to_numpy()[1:] == panel["entity"].to_numpy()[:-1]
    gap = panel["period_start"].to_numpy()[1:] - panel["period_end"].to_numpy()[:-1]
    assert (gap[same] == np.timedelta64(1, "D")).all()
    assert panel["entity"].is_monotonic_increasing


def test_returns_are_due_a_month_and_seven_days_after_the_end(vat: Scene) -> None:
    counter, due = vat.counter, vat.panel["due_on"].to_numpy()
    annual = due == last_day(counter + 2)
    assert (due[~annual] == first_day(counter[~annual] + 2) + np.timedelta64(6, "D")).all()
    assert annual.mean() < 0.02
