"""How good the model is, in words, tables and curves."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from taxgap.publication import PageContent
from taxgap.publication.curves import order_rankings
from taxgap.publication.headline import describe_headline
from taxgap.publication.performance import Performance, describe_performance, name_metric


@pytest.fixture(scope="module")
def performance(content: PageContent) -> Performance:
    return describe_performance(content)


def test_the_truth_comes_before_the_enquiries(performance: Performance) -> None:
    assert [table.caption for table in performance.tables] == [
        "Measured against the truth (40,801 returns)",
        "Measured on random enquiries (2,040 returns)",
    ]


def test_the_model_stands_beside_naive_orders(performance: Performance) -> None:
    heads = [column.head for column in performance.tables[0].columns]
    assert heads == [
        "Measure",
        "The model",
        "Largest mismatch first",
        "Largest turnover first",
        "Random order",
    ]
    assert [name for name, _ in performance.baselines] == heads[2:]
    row = next(row for row in performance.tables[0].rows if row[0].text == "Tax lost that the top 5% hold")
    assert (row[1].text, row[1].note) == ("41%", "40% to 42%")


def test_a_measure_that_was_not_taken_says_so(content: PageContent) -> None:
    rows = content.evaluation
    gone = (rows["ranking"] == "turnover") & (rows["metric"] == "auc")
    table = describe_performance(replace(content, evaluation=rows[~gone])).tables[0]
    assert table.rows[0][3].text == "not measured"


def test_an_unknown_ranking_keeps_its_name(content: PageContent) -> None:
    assert order_rankings(content.gain["ranking"].replace("model", "officers' choice")) == [
        "largest mismatch",
        "turnover",
        "random",
        "ceiling",
        "officers' choice",
    ]


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("share_of_gap@0.5%", "Tax lost that the top 0.5% hold"),
        ("strike_rate@5%", "Top 5% with under-declared tax"),
        ("precision@5%", "Top 5% with a material amount"),
        ("brier", "Brier"),
    ],
)
def test_metrics_have_names(metric: str, words: str) -> None:
    assert name_metric(metric) == words


def test_the_curve_is_read_off_at_a_few_points(performance: Performance) -> None:
    table = performance.gain.table
    assert [row[0].text for row in table.rows] == ["1%", "5%", "10%", "20%", "50%"]
    assert table.rows[1][-1].text == "87%"  # the best possible order
    assert "The first 5% of returns hold" in performance.gain.alt


def test_calibration_says_how_often_the_interval_holds(performance: Performance) -> None:
    assert "In 10 of 10 groups the interval holds the predicted share." in performance.calibration.alt


def test_the_ceiling_is_said_with_its_interval(content: PageContent, performance: Performance) -> None:
    assert performance.ceiling == "The ceiling is 0.84 (0.84 to 0.85). The dice decide the rest."
    bare = replace(content, ceiling={"auc": 0.8, "low": float("nan"), "high": float("nan")})
    assert describe_performance(bare).ceiling.startswith("The ceiling is 0.80. Part of")


def test_the_headline_is_read_off_the_frames(content: PageContent) -> None:
    figures = describe_headline(content).figures
    assert [figure.number for figure in figures] == ["41%", "68%", "17 of 20"]
    assert figures[0].note == "95% interval: 40% to 42%"


def test_a_measure_can_be_asked_for(content: PageContent) -> None:
    assert content.measure("truth", "auc") == 0.791
    assert content.measure("random enquiries", "auc") == pytest.approx(0.791 * 0.93)
    assert math.isnan(content.measure("truth", "luck"))
