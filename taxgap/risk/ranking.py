"""In which order cases are worked, and the rows that say what a model makes of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from taxgap.errors import NotIdentifiedError, UsageError
from taxgap.risk.arrays import Floats
from taxgap.risk.evaluation.metrics import make_key

if TYPE_CHECKING:
    from taxgap.risk.model import RiskModel

RankBy = Literal["expected_tax", "probability", "net_yield"]
"""What cases may be ranked by: expected tax, probability of a material finding, or expected tax less cost."""

FRAME_COLUMNS = (
    *("model_id", "probability", "expected_tax", "amount_low", "amount_high", "score"),
    *("expected_hours", "ranked_by", "rank"),
)
"""The columns of `score_frame`."""


def rank_value(
    model: RiskModel, X: pd.DataFrame, by: RankBy = "expected_tax", *, hourly_cost: float | None = None
) -> Floats:
    """Return what cases are ranked by; larger comes first.

    Parameters
    ----------
    model : RiskModel
        A fitted model.
    X : DataFrame
        Features.
    by : {"expected_tax", "probability", "net_yield"}
        Log of the expected tax; the probability of a material under-declaration; or the expected tax less
        the cost of the expected hours (GBP).
    hourly_cost : float, optional
        What an hour of an officer costs (GBP), for the net yield; that of the enquiries trained on where the
        card knows it.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    UsageError
        There is no such order.
    NotIdentifiedError
        The model was trained without hours, or nobody says what an hour costs.

    Notes
    -----
    Ranking by probability finds less tax: large amounts are rarer than small ones. The net yield ranks like
    expected tax but for cases that are long and small.
    """
    if by == "expected_tax":
        return model.ranking_score(X)
    if by == "probability":
        proba: Floats = model.predict_proba(X)[:, 1]
        return proba
    if by != "net_yield":
        raise UsageError(f"Cases cannot be ranked by {by!r}.", where="rank_by", available=get_args(RankBy))
    cost = hourly_cost if hourly_cost is not None else model.card_.get("hourly_cost")
    if cost is None:
        raise NotIdentifiedError(
            "The net yield needs what an hour of an officer costs.",
            where="hourly_cost",
            remedy="Pass hourly_cost=, in pounds.",
        )
    net: Floats = model.expected_tax(X) - float(cost) * model.expected_hours(X)
    return net


def score_frame(
    model: RiskModel, X: pd.DataFrame, *, rank_by: RankBy = "expected_tax", hourly_cost: float | None = None
) -> pd.DataFrame:
    """Return one score row for each row of a feature frame; see `RiskModel.score_frame`."""
    value = rank_value(model, X, rank_by, hourly_cost=hourly_cost)
    interval = model.amount_interval(X)
    order = np.lexsort((make_key(X.index), -value))
    rank = np.empty(len(X), dtype=np.int64)
    rank[order] = np.arange(1, len(X) + 1)
    scores = model.ranking_score(X)
    hours = model.expected_hours(X) if "hours" in model.parts_.offsets else np.full(len(X), np.nan)
    columns = {
        "model_id": pd.Series(model.model_id, index=X.index, dtype="str"),
        "probability": model.predict_proba(X)[:, 1],
        "expected_tax": np.exp(scores),
        "amount_low": interval["amount_low"],
        "amount_high": interval["amount_high"],
        "score": scores,
        "expected_hours": hours,
        "ranked_by": pd.Categorical([rank_by] * len(X), categories=list(get_args(RankBy))),
        "rank": rank,
    }
    return pd.DataFrame(columns, index=X.index)[list(FRAME_COLUMNS)]
