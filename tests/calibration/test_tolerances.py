"""Tolerances follow one rule, and every one of them can fail; explanations speak of figures that exist."""

import math

import pytest

from taxgap.calibration.explanations import EXPLANATIONS, explain
from taxgap.calibration.row import Group
from taxgap.calibration.tolerances import FEWEST, MOST, NAMED, RELATIVE, TAXPAYERS, is_frequent, tolerance

FACT = {"source": "A source", "basis": "found"}


def test_a_quarter_of_the_figure_is_tolerated():
    assert tolerance("A share", 0.2, 0.001, TAXPAYERS) == RELATIVE * 0.2
    assert tolerance("A share", -0.2, math.nan, TAXPAYERS) == RELATIVE * 0.2


def test_two_standard_errors_of_fifty_thousand_taxpayers_are():
    assert tolerance("A share", 0.02, 0.004, TAXPAYERS) == pytest.approx(0.008)
    assert tolerance("A share", 0.02, 0.008, TAXPAYERS / 4) == pytest.approx(0.008)


def test_half_of_the_figure_never_is_more():
    assert tolerance("A share", 0.02, 1.0, TAXPAYERS) == MOST * 0.02


@pytest.mark.parametrize("target", NAMED)
def test_agreed_tolerances_come_first(target):
    assert tolerance(target, 0.5, 1.0, TAXPAYERS) == NAMED[target]


def test_a_share_of_few_cases_is_no_target():
    assert is_frequent(0.01, FEWEST / 0.01, TAXPAYERS)
    assert not is_frequent(0.01, 0.9 * FEWEST / 0.01, TAXPAYERS)
    assert is_frequent(0.01, FEWEST / 0.01 / 10, TAXPAYERS / 10)
    group = Group("A group", FACT, TAXPAYERS)
    group.add("Rare", 0.001, (0.002, 0.001, 0.003), cases=100)
    group.add("Frequent", 0.5, (0.4, 0.3, 0.5), cases=100)
    assert [row.is_target for row in group.rows] == [False, True]


def test_explanations_speak_of_figures_that_exist(population):
    pairs = set(zip(population.table["group"], population.table["target"], strict=True))
    groups = set(population.table["group"])
    for (group, target, _), words in EXPLANATIONS.items():
        assert (group, target) in pairs if target else group in groups
        assert words.endswith(".")


def test_an_explanation_holds_on_its_side_only():
    group, figure = "The tax gap by tax", "Self Assessment"
    assert explain(group, figure, "above")
    assert not explain(group, figure, "below")
    assert explain("Percentiles of total income", "Percentile 50 of total income from £12,570", "above")
