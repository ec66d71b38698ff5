"""Rules on links: both ends differ, are on the register and bear the link, and it ends after it begins."""

from __future__ import annotations

import pandas as pd

from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule, as_mask


def _ends_in_itself(links: pd.DataFrame, _context: Context) -> Mask:
    return as_mask((links["other_id"] == links["taxpayer_id"]).fillna(False))


def _ends_in_nobody(_links: pd.DataFrame, context: Context) -> Mask:
    return context.unknown("links", "other_id")


def _is_one_sided(_links: pd.DataFrame, context: Context) -> Mask:
    # Where the other end is nobody the link cannot stand there: that is said already.
    return context.noted("link_one_sided", "links", "other_id") & ~context.unknown("links", "other_id")


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
    Rule(
        code="link_without_other_end",
        table="links",
        severity="warn",
        columns=("other_id",),
        needs=("taxpayers",),
        sentence="The taxpayer at the other end of the link is not on the register.",
        remedy="Mend the identifier, or add the taxpayer; links to abroad or to the dead may be right.",
        check=_ends_in_nobody,
    ),
    Rule(
        code="link_one_sided",
        table="links",
        severity="warn",
        columns=("other_id", "kind", "taxpayer_id"),
        sentence="The link does not stand at its other end.",
        remedy="Write each link once at each of its ends, under the name it has there.",
        check=_is_one_sided,
    ),
)
