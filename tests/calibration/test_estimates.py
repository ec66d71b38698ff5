"""The gap of a cell is added up as the published one is."""

import numpy as np
import pandas as pd
import pytest

from taxgap.calibration.cells import CELLS
from taxgap.calibration.estimates import MIN_CASES, estimate_gaps, measure_detection
from taxgap.calibration.intervals import Z95

YEARS, RETURNS, WEIGHT, CHANCE, DETECTION = 2, 10_000.0, 10.0, 0.05, 0.5


def build_sums(found, *, written_off=3e6, gathered=1e6, hidden=0.0):
    """Sums of one cell of small companies, in which `found` are the random cases."""
    y = np.asarray(found, dtype=float)
    k = np.full(len(y), WEIGHT / CHANCE)
    index = pd.MultiIndex.from_tuples([("corporation_tax", "small")], names=["regime", "cell"])
    cells = pd.DataFrame(
        {
            "returns": RETURNS,
            "declared": 1e8,
            "written_off": written_off,
            "written_off_2": 0.0,
            "yield": gathered,
            "lost": 2e7,
            "cases": float(len(y)),
            **_moments("", k, y),
            **_moments("t", np.full(5, WEIGHT), np.full(5, 800.0)),
        },
        index=index,
    )
    wrong = {"n": 9, "lost": 1e6, "found": DETECTION * 1e6, "missed": 1, "aa": 1e9, "ab": 2e9, "bb": 4e9}
    named = pd.MultiIndex.from_tuples(
        [("corporation_tax", "small", "error"), ("corporation_tax", "small", "evasion")],
        names=["regime", "cell", "behaviour"],
    )
    unregistered = pd.MultiIndex.from_tuples([("vat", "ghost")], names=["regime", "kind"])
    return {
        "cells": cells,
        "wrong": pd.DataFrame([wrong], index=pd.Index(["corporation_tax"], name="regime")),
        "behaviours": pd.DataFrame({"lost": [3.0, 1.0]}, index=named),
        "hidden": pd.DataFrame({"lost": [hidden], "people": [1.0]}, index=unregistered),
    }


def _moments(prefix, k, y):
    values = {"k": k, "ky": k * y, "kk": k * k, "kky": k * k * y, "kkyy": k * k * y * y}
    return {prefix + name: each.sum() for name, each in values.items()}


@pytest.fixture
def found():
    return np.random.default_rng(1).gamma(0.5, 1_000, 400)


def test_what_was_found_is_scaled_and_multiplied(found):
    gaps = estimate_gaps(build_sums(found), YEARS)
    gross = RETURNS * found.mean() / DETECTION / YEARS
    cell = gaps.table.loc[("corporation_tax", "small")]
    assert cell["gross"] == pytest.approx(gross)
    net = gross + (3e6 - 1e6) / YEARS
    assert gaps.net.sum() == pytest.approx(net)
    mine = gaps.cells_named("corporation_tax", "small")
    share, low, high = gaps.share_of_liability(mine)
    assert share == pytest.approx(net / (1e8 / YEARS + gross))
    assert low < share < high


def test_the_variance_is_that_of_a_mean(found):
    cell = estimate_gaps(build_sums(found), YEARS).table.loc[("corporation_tax", "small")]
    error = RETURNS / DETECTION / YEARS * found.std() / np.sqrt(len(found))
    assert np.sqrt(cell["variance"]) == pytest.approx(error)


def test_intervals_cover_the_gap_nineteen_times_in_twenty():
    draws = np.random.default_rng(5)
    truth = RETURNS * 500.0 / DETECTION / YEARS + 1e6
    covered = 0
    for _ in range(200):
        sums = build_sums(draws.gamma(1.0, 500.0, 400))
        gaps = estimate_gaps({name: sums[name] for name in ("cells", "wrong")}, YEARS)
        _, low, high = gaps.amount(gaps.cells_named("corporation_tax", "small"))
        covered += low <= truth <= high
    assert 0.90 <= covered / 200 <= 0.99


def test_a_cell_with_few_cases_rests_on_what_would_be_found_in_all_returns(found):
    few = estimate_gaps(build_sums(found[: MIN_CASES - 1]), YEARS).table.loc[("corporation_tax", "small")]
    assert not few["sampled"]
    assert few["gross"] == pytest.approx(RETURNS * 800.0 / DETECTION / YEARS)


def test_hidden_tax_belongs_to_the_whole(found):
    gaps = estimate_gaps(build_sums(found, hidden=4e6), YEARS)
    assert gaps.hidden_from("vat") == 4e6 / YEARS
    assert gaps.total() == pytest.approx(gaps.net.sum() + 2e6)
    everything = pd.Series(1.0, index=gaps.table.index)
    share, *_ = gaps.share_of_total(everything, 2e6)
    assert share == pytest.approx(1.0)


def test_large_debts_written_off_widen_the_interval(found):
    sums = build_sums(found)
    narrow = estimate_gaps(sums, YEARS).share_of_debt()
    sums["cells"]["written_off_2"] = 9e12  # one debt is all of it
    wide = estimate_gaps(sums, YEARS).share_of_debt()
    assert wide[0] == narrow[0]
    assert wide[2] - wide[1] > 2 * (narrow[2] - narrow[1])
    half = (wide[2] - wide[1]) / 2
    assert half >= Z95 * (1 - wide[0]) * 3e6 / YEARS / estimate_gaps(sums, YEARS).total()


def test_behaviours_divide_a_cell(found):
    shares = estimate_gaps(build_sums(found), YEARS).behaviours.loc[("corporation_tax", "small")]
    assert shares.to_dict() == {"error": 0.75, "evasion": 0.25}


def test_every_cell_has_a_customer_group():
    groups = {group for cells in CELLS.values() for group in cells.values()}
    assert groups == {"small", "mid_sized", "large", "wealthy", "individuals"}


def test_without_the_truth_no_multiplier_is_known():
    assert measure_detection({}) == {}
    gaps = estimate_gaps({}, YEARS)
    assert gaps.total() == 0
    assert np.isnan(gaps.share_of_total(pd.Series(1.0, index=gaps.table.index))[0])
