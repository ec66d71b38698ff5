"""Rules on payments: an amount has its day."""

from __future__ import annotations

from functools import partial

import pandas as pd

from taxgap.validation.context import Context
from taxgap.validation.rule import Rule

_WORDS = {"paid": "paid", "written_off": "written off"}


def _has_no_day(amount: str, payments: pd.DataFrame, _context: Context) -> pd.Series:
    return (payments[amount] > 0) != payments[f"{amount}_on"].notna()


RULES = tuple(
    Rule(
        code=f"day_when_{amount}",
        table="payments",
        columns=(amount, f"{amount}_on"),
        sentence=f"An amount was {words} without a day, or a day stands without an amount.",
        remedy="Give both, or neither.",
        check=partial(_has_no_day, amount),
    )
    for amount, words in _WORDS.items()
)
