"""Reviews: what an officer said of a flag and of the reasons given for it."""

from __future__ import annotations

from typing import Annotated

import pandas as pd

from taxgap.schemas.codes import ANSWERS, REGIMES
from taxgap.schemas.columns import (
    NO_SPACE,
    Day,
    code,
    flag,
    identifier,
    number,
    period_label,
    received,
    text,
)
from taxgap.schemas.table import Table

MOST_REASONS = 4
"""The most reasons that a flag can bear."""

USEFUL = "Whether this reason helped: yes, no, or empty where the officer did not say"


class Reviews(Table):
    """One row a flag that an officer looked at, whether or not it led to an enquiry."""

    review_id: str = identifier("Review")
    taxpayer_id: str = identifier("Taxpayer")
    regime: Annotated[pd.CategoricalDtype, REGIMES, False] = code("Tax")
    period: str = period_label()
    model_id: str = identifier("Model that flagged it")
    officer_id: str = identifier("Officer")
    enquiry_id: str = text("Enquiry that it led to", str_matches=NO_SPACE, nullable=True)
    overridden: bool = flag("The officer set the flag aside")
    minutes: float = number("Time spent on the review", "minutes")
    reason_1_code: str = text("First reason", str_matches=NO_SPACE, nullable=True)
    reason_1_useful: Annotated[pd.CategoricalDtype, ANSWERS, False] = code(USEFUL, nullable=True)
    reason_2_code: str = text("Second reason", str_matches=NO_SPACE, nullable=True)
    reason_2_useful: Annotated[pd.CategoricalDtype, ANSWERS, False] = code(USEFUL, nullable=True)
    reason_3_code: str = text("Third reason", str_matches=NO_SPACE, nullable=True)
    reason_3_useful: Annotated[pd.CategoricalDtype, ANSWERS, False] = code(USEFUL, nullable=True)
    reason_4_code: str = text("Fourth reason", str_matches=NO_SPACE, nullable=True)
    reason_4_useful: Annotated[pd.CategoricalDtype, ANSWERS, False] = code(USEFUL, nullable=True)
    received_on: Day = received()

    class Config:
        """What identifies a row."""

        unique = ["review_id"]
