"""Content is checked before anything is drawn, and what is missing is named."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.publication import PageContent
from taxgap.publication.content import COLUMNS

FRAMES = ["comparison", "validation", "rows", "evaluation", "gain", "calibration"]


@pytest.mark.parametrize("name", FRAMES)
def test_a_missing_column_is_named(content: PageContent, name: str) -> None:
    last = COLUMNS[name][-1]
    with pytest.raises(UsageError, match=f"lack: {last}") as caught:
        replace(content, **{name: getattr(content, name).drop(columns=last)})
    assert caught.value.where == name
    assert COLUMNS[name][0] in caught.value.available


@pytest.mark.parametrize("name", ["contributions", "reasons", "declared", "truth"])
def test_a_missing_column_of_a_case_is_named(content: PageContent, name: str) -> None:
    case = content.cases[0]
    last = COLUMNS[name][-1]
    with pytest.raises(UsageError, match=last):
        replace(case, **{name: getattr(case, name).drop(columns=last)})


@pytest.mark.parametrize("name", ["made", "ceiling"])
def test_a_missing_key_is_named(content: PageContent, name: str) -> None:
    mapping = dict(getattr(content, name))
    first = next(iter(mapping))
    del mapping[first]
    with pytest.raises(UsageError, match=first):
        replace(content, **{name: mapping})


@pytest.mark.parametrize(("column", "value"), [("unit", "yen"), ("basis", "guessed")])
def test_an_unknown_value_is_named(content: PageContent, column: str, value: str) -> None:
    with pytest.raises(UsageError, match=value) as caught:
        replace(content, comparison=content.comparison.assign(**{column: value}))
    assert "found" in caught.value.available or "GBP" in caught.value.available


def test_parts_must_add_up_to_the_score(content: PageContent) -> None:
    case = content.cases[0]
    with pytest.raises(UsageError, match="add up"):
        replace(case, score_row={**case.score_row, "score": case.score_row["score"] + 0.01})


def test_a_score_that_is_missing_does_not_add_up(content: PageContent) -> None:
    case = content.cases[0]
    with pytest.raises(UsageError, match="add up"):
        replace(case, score_row={**case.score_row, "score": float("nan")})


def test_a_row_of_scores_may_be_a_series(content: PageContent) -> None:
    case = content.cases[0]
    assert replace(case, score_row=pd.Series(case.score_row)).score_row["rank"] == 3


def test_the_headline_needs_its_metrics(content: PageContent) -> None:
    without = content.evaluation[content.evaluation["metric"] != "share_of_gap@5%"]
    with pytest.raises(UsageError, match=r"share_of_gap@5%"):
        replace(content, evaluation=without)
