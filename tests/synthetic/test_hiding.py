"""Hiding: rare, small, persistent, and the same for whoever asks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from taxgap.synthetic.hiding import hidden_cash_share, hidden_share, hides_costs_too
from taxgap.synthetic.streams import Floats, Streams

FEW = Streams(7, np.arange(4_000))


def share(year: ArrayLike = 1, streams: Streams = FEW, /, **given: float) -> Floats:
    known = {"disposition": 0.0, "lean": 0.0, "size": 1e5, "covered": 0.3}
    return hidden_share(streams, year, **(known | given))


def test_most_hide_nothing_and_the_others_little() -> None:
    hidden = share()
    assert 0.1 < (hidden > 0).mean() < 0.4
    some = hidden[hidden > 0]
    assert (some < 0.3).mean() > 0.8
    assert some.max() <= 0.6


def test_hiding_lasts() -> None:
    first, second = share(1) > 0, share(2) > 0
    assert second[first].mean() > 2.5 * second[~first].mean()
    both = first & second
    assert np.corrcoef(np.log(share(1)[both]), np.log(share(2)[both]))[0, 1] > 0.5


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ({"size": 1e5}, {"size": 5e7}),
        ({"disposition": 1.0}, {"disposition": -1.0}),
        ({"lean": 0.8}, {"lean": -0.4}),
        ({"covered": 0.0}, {"covered": 0.9}),
    ],
)
def test_who_hides_more(more: dict[str, float], less: dict[str, float]) -> None:
    assert (share(**more) > 0).mean() > (share(**less) > 0).mean()
    assert share(**more).mean() > 1.2 * share(**less).mean()


def test_a_firm_hides_the_same_whoever_asks() -> None:
    rows = np.array([7, 3, 3])
    assert share(2, FEW[rows]).tolist() == share(2)[rows].tolist()
    years = np.array([0, 1, 2])
    assert share(years, FEW[rows]).tolist() == [share(y)[row] for y, row in zip(years, rows, strict=True)]


def test_the_lookback_year_is_a_year_of_its_own() -> None:
    assert not np.array_equal(share(-1), share(0))
    assert np.isfinite(share(-1)).all()


def test_no_more_cash_is_hidden_than_was_paid() -> None:
    cash = np.linspace(0, 0.9, 4_000)
    hidden = hidden_cash_share(FEW, 1, disposition=0.5, lean=0.3, size=1e5, cash=cash)
    assert (hidden <= cash).all()
    assert (hidden[cash < 0.03] == 0).all()
    assert 0.2 < (hidden > 0).mean() < 0.7


def test_half_hide_the_costs_too() -> None:
    assert 0.45 < hides_costs_too(FEW).mean() < 0.55


def test_at_a_higher_difficulty_more_hide_what_the_sales_cost() -> None:
    easy, usual, hard = (hides_costs_too(FEW, difficulty) for difficulty in (0.5, 1.0, 1.8))
    assert easy.mean() < usual.mean() < hard.mean() <= 0.95
    assert (usual | ~easy).all()  # who does at a lower difficulty does at a higher one
