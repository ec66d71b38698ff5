"""What a scoring came to, in words."""

from __future__ import annotations

import pandas as pd

from taxgap.batch import summarise


def scores(*, flagged: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "period": ["2023-24", "2023-24"],
            "score": [1.0, 2.0],
            "probability": [0.1, 0.44],
            "population_mean": [None, 0.5],
            "expected_tax": [10.0, 50.0],
            "flagged": [False, flagged],
            "reason_1_code": [None, "third_party.takings"],
        }
    )


def test_the_first_reasons_of_the_flagged_are_counted() -> None:
    summary = summarise(scores(flagged=True))
    assert summary.reasons.to_dict() == {"third_party.takings": 1}
    assert "£50" in summary.to_text()


def test_where_nothing_is_flagged_the_highest_probability_is_said() -> None:
    text = summarise(scores(flagged=False)).to_text()
    assert "Nothing is flagged: the highest probability is 0.44; see --cutoff." in text


def flagged(**columns: list[object]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "period": "2023-24",
            "score": [2.0, 2.0, 2.0, 2.0],
            "probability": 0.6,
            "population_mean": 0.5,
            "group_effect": [1.0, 0.5, -0.5, 1.6],  # own: 0.5, 1.0, 2.0, -0.1
            "expected_tax": 7.4,
            "flagged": True,
            "reason_1_code": pd.Categorical(["a", "b", "a", None]),
        }
    )
    return frame.assign(**columns)


def test_who_is_flagged_mainly_because_of_the_group_is_counted() -> None:
    summary = summarise(flagged())
    assert summary.group_share == 0.5
    assert "50% of the flagged are so mainly because of their group" in summary.to_text()
    assert "likelihood" not in summary.to_text()
    assert summary.to_dict()["first_reason_differs_by_likelihood_share"] is None


def test_reasons_that_differ_for_the_likelihood_are_counted() -> None:
    codes = pd.Categorical(["a", "a", None, None], ["z", "a"])
    summary = summarise(flagged(likelihood_code=codes))
    assert summary.differing_share == 0.5  # another, or none; none and none are alike
    assert "50% of the flagged would have another first reason" in summary.to_text()
    assert summary.to_dict()["first_reason_differs_by_likelihood_share"] == 0.5
