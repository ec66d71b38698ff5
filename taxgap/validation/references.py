"""Rules across tables: what a row refers to must be there, and must itself be kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from taxgap.records.partitions import partition_of
from taxgap.schemas import RETURN_TABLES
from taxgap.validation.context import Context, Key
from taxgap.validation.rule import Mask, Rule, as_mask


@dataclass(frozen=True)
class Reference:
    """A table whose rows refer to rows of another one.

    Attributes
    ----------
    table : str
    parents : tuple of str
        The tables that it refers to; of several, the one that its column `regime` names.
    key : {"taxpayer", "case", "enquiry"}
        What they have in common.
    columns : tuple of str
        The columns of that key.
    noun : str
        What a row of the parent is called, in sentences and in the rules' names.
    """

    table: str
    parents: tuple[str, ...]
    key: Key
    columns: tuple[str, ...]
    noun: str


_CHILDREN = (
    "registrations",
    "obligations",
    "links",
    "identities",
    *RETURN_TABLES,
    "third_party",
    "enquiries",
    "reviews",
    "payments",
)

REFERENCES = (
    *(Reference(child, ("taxpayers",), "taxpayer", ("taxpayer_id",), "taxpayer") for child in _CHILDREN),
    Reference("enquiries", RETURN_TABLES, "case", ("taxpayer_id", "period", "regime"), "return"),
    Reference("adjustments", ("enquiries",), "enquiry", ("enquiry_id",), "enquiry"),
    Reference("reviews", ("enquiries",), "enquiry", ("enquiry_id",), "enquiry"),
)
"""What refers to what; by design both ends lie in the same partition.

The other end of a link and the reporter of a report may lie in another partition, so they are not looked for.
"""


def _is_absent(reference: Reference, table: pd.DataFrame, context: Context) -> Mask:
    absent = np.zeros(len(table), dtype=np.bool_)
    for parent in reference.parents:
        absent |= _applies(reference, parent, table) & _lacks(reference, parent, context)
    return absent


def _lacks(reference: Reference, parent: str, context: Context) -> Mask | bool:
    if not context.is_present(parent):
        return context.is_expected(parent)
    if not context.is_complete(parent):
        return False  # what it holds is not known: see `_has_lost`
    asked = context.key(reference.table, reference.key)
    return ~context.knows(parent, reference.key, asked, kept=False)


def _is_rejected(reference: Reference, table: pd.DataFrame, context: Context) -> Mask:
    rejected = np.zeros(len(table), dtype=np.bool_)
    for parent in reference.parents:
        rejected |= _applies(reference, parent, table) & _has_lost(reference, parent, context)
    return rejected


def _has_lost(reference: Reference, parent: str, context: Context) -> Mask | bool:
    if not context.is_present(parent):
        return False
    if not context.is_complete(parent):
        return True
    asked = context.key(reference.table, reference.key)
    kept = context.knows(parent, reference.key, asked, kept=True)
    return ~kept & context.knows(parent, reference.key, asked, kept=False)


def _applies(reference: Reference, parent: str, table: pd.DataFrame) -> Mask:
    if "regime" in reference.columns:
        return as_mask(table["regime"] == parent)
    return np.ones(len(table), dtype=np.bool_)


def _rules(reference: Reference) -> tuple[Rule, Rule]:
    absent = Rule(
        code=f"no_{reference.noun}",
        table=reference.table,
        columns=reference.columns,
        sentence=f"There is no such {reference.noun} in the records.",
        remedy=f"Add the {reference.noun}, or mend the identifier.",
        check=partial(_is_absent, reference),
    )
    rejected = Rule(
        code=f"{reference.noun}_rejected",
        consequence=True,
        table=reference.table,
        columns=reference.columns,
        sentence=f"The {reference.noun} it belongs to was rejected or could not be read.",
        remedy=f"Mend the {reference.noun}, and validate again: this row may be right.",
        check=partial(_is_rejected, reference),
    )
    return absent, rejected


def _is_misplaced(table: pd.DataFrame, context: Context) -> Mask:
    partition, partitions = context.place
    if partitions == 1:
        return np.zeros(len(table), dtype=np.bool_)
    return as_mask(partition_of(table["taxpayer_id"].fillna(""), partitions) != partition)


def _is_of_another_case(_adjustments: pd.DataFrame, context: Context) -> Mask:
    asked = context.key("adjustments", "enquiry")
    case = pd.Series(context.key("enquiries", "case"))
    of_enquiry = context.look_up(case, context.key("enquiries", "enquiry"), asked)
    own = context.key("adjustments", "case")
    return as_mask(of_enquiry.notna() & (of_enquiry >= 0) & (of_enquiry != own))


RULES = (
    *(rule for reference in REFERENCES for rule in _rules(reference)),
    Rule(
        code="wrong_partition",
        table="taxpayers",
        columns=("taxpayer_id",),
        sentence="The taxpayer does not belong to this partition, so nothing that refers to it can be found.",
        remedy="Write the records again with `taxgap.records.partitions.partition_of`.",
        check=_is_misplaced,
    ),
    Rule(
        code="adjustment_of_another_case",
        table="adjustments",
        columns=("taxpayer_id", "period", "enquiry_id"),
        needs=("enquiries",),
        sentence="The taxpayer or period is not that of the adjustment's enquiry.",
        remedy="Mend the taxpayer, the period or the enquiry's identifier.",
        check=_is_of_another_case,
    ),
)
