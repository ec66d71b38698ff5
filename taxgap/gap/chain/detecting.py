"""Detection-controlled estimation on the enquiries of one tax."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.gap.chain.reading import RegimeData
from taxgap.gap.chain.scoring import Scores
from taxgap.gap.detection import ControlledEstimate, control_detection


def control_regime(data: RegimeData, scores: Scores | None, level: float) -> ControlledEstimate:
    """Estimate how much officers miss of one tax, from all its closed enquiries.

    Parameters
    ----------
    data : RegimeData
    scores : Scores or None
        What is expected of each return, where a model says it.
    level : float

    Returns
    -------
    ControlledEstimate

    Raises
    ------
    InvalidDataError
        If no officer is known.

    Notes
    -----
    Chosen cases are used beside random ones: officers must have been given cases at random, not taxpayers
    their enquiries. The programme is a covariate.
    """
    cases = pd.concat([data.cases, data.chosen])
    cases = cases[cases["lag"].notna() & cases["officer_id"].notna()]
    if cases.empty:
        raise InvalidDataError(
            f"No closed enquiry into {data.regime} names its officer.",
            where="officer_id",
            remedy="Give officers in the enquiries, or state a Multiplier.",
        )
    columns = {
        "officer_id": cases["officer_id"].astype(str),
        "tax_found": cases["tax_found"],
        "group": cases["programme"].astype(str),
    }
    if scores is not None:
        columns["expected"] = np.maximum(scores.held_out[cases["row"].to_numpy()], 1e-3)
    return control_detection(pd.DataFrame(columns), level=level)
