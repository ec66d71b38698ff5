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
