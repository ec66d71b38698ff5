"""Rules on links: both ends differ, and they end after they begin.

That each link is written at both of its ends is no rule: the other end may lie in another partition.
"""

from __future__ import annotations

import pandas as pd

from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule, as_mask


def _ends_in_itself(links: pd.DataFrame, _context: Context) -> Mask:
    return as_mask((links["other_id"] == links["taxpayer_id"]).fillna(False))


def _ends_before_it_starts(links: pd.DataFrame, _context: Context) -> pd.Series:
    return links["until"] < links["since"]


RULES = (
    Rule(
        code="link_to_itself",
        table="links",
        columns=("other_id", "taxpayer_id"),
        sentence="Both ends of the link are the same taxpayer.",
        remedy="Mend one of the ends, or remove the link.",
        check=_ends_in_itself,
    ),
    Rule(
        code="link_dates",
        table="links",
        columns=("until", "since"),
        sentence="The link ends before it begins.",
        remedy="Mend the days.",
        check=_ends_before_it_starts,
    ),
)
