"""What an explanation is of: which returns, against what, by what, in which unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from taxgap.reasons.uncertainty import Uncertainty
from taxgap.risk.arrays import Floats

UNIT = "log of expected tax, pounds"
"""What contributions, base values and scores are measured in: 0.1 more multiplies expected tax by 1.11."""

KEYS = ["taxpayer_id", "period"]
PEER_COLUMNS = ("trade_group", "size_band", "number", "rung", "peers")
"""What is known of the group of each return; against the cases trained on, its first two alone."""


@dataclass(frozen=True, eq=False)
class Explained:
    """What was explained, against what, and by what; one row a return.

    Attributes
    ----------
    index : MultiIndex
        (taxpayer_id, period) of each return.
    codes : mapping of str to str
        Reason code of each feature, in the order of the features.
    population_mean : float
        Mean score of the population, in log pounds.
    group_effect : ndarray of float64
        What trade group and size band add to each score: shown, and never a reason.
    peers : DataFrame
        `PEER_COLUMNS`, by row: trade group and size band of the return; the number of its group, which only
        tells groups apart; how wide its peers had to be, and how many they are.
    baseline : str
        ``peers`` or ``training``.
    engine, model_id, regime, as_of : str
    uncertainty : Uncertainty or None
        What refits make of the reasons, if there are any.
    score : ndarray of float64, optional
        The score of each return, in log pounds; when absent, the sum of its parts.
    reasons, untold : DataFrame, optional
        From `taxgap.reasons.give_reasons` and `taxgap.reasons.untold.list_untold`; absent where read from a
        file.
    """

    index: pd.MultiIndex
    codes: Mapping[str, str]
    population_mean: float
    group_effect: Floats
    peers: pd.DataFrame
    baseline: str
    engine: str
    model_id: str
    regime: str
    as_of: str
    unit: str = field(default=UNIT)
    uncertainty: Uncertainty | None = None
    score: Floats | None = None
    reasons: pd.DataFrame | None = None
    untold: pd.DataFrame | None = None
