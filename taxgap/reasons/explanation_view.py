"""How an explanation shows itself in a notebook."""

from __future__ import annotations

import math
from html import escape
from typing import Any

import pandas as pd

MOST_RETURNS = 10
MOST_FEATURES = 3

_AGAINST = {
    "peers": "their peers, taxpayers of the same trade and size",
    "training": "the cases the model was trained on",
}


def to_html(about: dict[str, Any], frame: pd.DataFrame, *, returns: int, whole: bool = True) -> str:
    """Show the first returns of an explanation, each with what raises and lowers its score most.

    Parameters
    ----------
    about : dict
        From `taxgap.reasons.explanation.Explanation.about`.
    frame : DataFrame
        From `taxgap.reasons.explanation.Explanation.to_frame`, of the first `MOST_RETURNS` at most.
    returns : int
        How many there are.
    whole : bool, default True
        Whether all features are there, so that the parts add up to the scores.

    Returns
    -------
    str
        HTML.
    """
    keys = ["taxpayer_id", "period"]
    each = frame.groupby(keys, sort=False, observed=True)
    score = about["population_mean"] + each["group_effect"].first() + each["contribution"].sum()
    shown = pd.DataFrame(
        {
            "expected tax": [f"£{math.exp(value):,.0f}" for value in score],
            "group": [_times(value) for value in each["group_effect"].first()],
            "what raises and lowers it most": _largest(frame, keys).reindex(score.index, fill_value=""),
        },
        index=score.index,
    )
    shown = shown if whole else shown.drop(columns="expected tax")
    against = _AGAINST.get(about["baseline"], about["baseline"])
    left = returns - len(shown)
    return "".join(
        [
            f"<p>{returns:,} returns against {escape(against)}. Unit: {escape(about['unit'])}. ",
            f"Model {escape(about['model_id'])}.</p>",
            shown.reset_index().to_html(index=False, border=0),
            f"<p>and {left:,} more</p>" if left > 0 else "",
        ]
    )


def _largest(frame: pd.DataFrame, keys: list[str]) -> pd.Series:
    parts = frame[[*keys, "feature", "contribution"]]
    order = parts["contribution"].abs().sort_values(ascending=False, kind="stable").index
    top = parts.loc[order].groupby(keys, sort=False, observed=True).head(MOST_FEATURES)
    texts = top["feature"].astype("str") + " " + top["contribution"].map(_times).astype("str")
    return texts.groupby([top[name] for name in keys], sort=False).agg(", ".join)


def _times(contribution: float) -> str:
    return f"\N{MULTIPLICATION SIGN}{math.exp(contribution):.2f}"
