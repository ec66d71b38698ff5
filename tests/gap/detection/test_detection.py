"""Detection-controlled estimation: what it recovers, and when it says that it cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap.detection import control_detection

OFFICERS = 40


def make_cases(seed: int, cases: int = 1_500) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Officers find 0.3 to 0.95 of the tax; returned with tax there and shares."""
    rng = np.random.default_rng(seed)
    officer = rng.integers(0, OFFICERS, cases)
    share = rng.permutation(np.linspace(0.3, 0.95, OFFICERS))
    expected = rng.normal(size=cases)
    wrong = rng.random(cases) < 1 / (1 + np.exp(0.6 - 0.5 * expected))
    tax = np.where(wrong, np.exp(6.5 + 0.7 * expected + rng.normal(size=cases)), 0.0)
    names = pd.Series(officer).map("O{:02d}".format)
    table = pd.DataFrame(
        {"officer_id": names, "tax_found": tax * share[officer], "expected": np.exp(expected)}
    )
    return table, tax, share


def test_total_and_ranking_of_officers() -> None:
    cases, tax, share = make_cases(1, 5_000)
    found = control_detection(cases)
    assert found.identified
    assert found.total == pytest.approx(tax.sum(), rel=0.1)
    assert spearmanr(found.officers["share"].to_numpy(), share).statistic >= 0.8
    low, high = found.multiplier.limits
    least, most = found.facts["sampling_limits"]
    assert low < least < tax.sum() / cases["tax_found"].sum() < most < high
    assert "O00" not in str(found.to_dict())
    assert "is assumed: 0.92 of the tax, 0.60 to 0.98" in found.say_basis()


def test_limits_hold_where_the_best_find_less_than_assumed() -> None:
    cases, tax, _ = make_cases(5)
    found = control_detection(cases.assign(tax_found=0.75 * cases["tax_found"]))
    low, high = found.multiplier.limits
    true = tax.sum() / (0.75 * cases["tax_found"].sum())
    assert found.facts["sampling_limits"][1] < true
    assert low < true < high


def test_alike_officers_tell_nothing() -> None:
    cases, tax, _ = make_cases(2)
    found = control_detection(cases.assign(tax_found=0.6 * tax))
    assert not found.identified
    assert found.multiplier.limits == (1.0, 2.5)
    assert np.isnan(found.share_found)
    assert "NOT IDENTIFIED" in found.to_text()
    assert "an assumption, 1.75 (1.00 to 2.50)" in found.say_basis()


def test_cases_that_were_not_given_out_by_lot_tell_nothing() -> None:
    cases, _, _ = make_cases(3)
    order = np.argsort(cases["expected"].to_numpy())
    sorted_out = cases.iloc[order].assign(officer_id=np.sort(cases["officer_id"].to_numpy()))
    found = control_detection(sorted_out)
    assert not found.identified
    assert any("at random" in problem for problem in found.problems)


def test_few_officers_and_bad_input() -> None:
    cases, _, _ = make_cases(4)
    few = cases[cases["officer_id"].isin(["O01", "O02"])]
    assert not control_detection(few).identified
    with pytest.raises(InvalidDataError, match="negative"):
        control_detection(cases.assign(tax_found=-1.0))
    with pytest.raises(InvalidDataError, match="lack"):
        control_detection(cases[["tax_found"]])
    with pytest.raises(UsageError, match="best_range"):
        control_detection(cases, best_finds=1.0)
