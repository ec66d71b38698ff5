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
    table, parent : str
        The table, and the one it refers to.
    key : {"taxpayer", "case", "enquiry"}
        What they have in common.
    columns : tuple of str
        The columns of that key.
    noun : str
        What a row of the parent is called, in sentences and in the rules' names.
    """

    table: str
    parent: str
    key: Key
    columns: tuple[str, ...]
    noun: str


_CHILDREN = ("registrations", "obligations", "self_assessment", "third_party", "enquiries", "payments")

REFERENCES = (
    *(Reference(child, "taxpayers", "taxpayer", ("taxpayer_id",), "taxpayer") for child in _CHILDREN),
    *(
        Reference("enquiries", regime, "case", ("taxpayer_id", "period", "regime"), "return")
        for regime in RETURN_TABLES
    ),
    Reference("adjustments", "enquiries", "enquiry", ("enquiry_id",), "enquiry"),
)
"""What refers to what; by design both ends lie in the same partition."""


def _is_absent(reference: Reference, table: pd.DataFrame, context: Context) -> Mask:
    parent, key = reference.parent, reference.key
    if not context.is_present(parent):
        return np.full(len(table), context.is_expected(parent)) & _applies(reference, table)
    if not context.is_complete(parent):
        return np.zeros(len(table), dtype=np.bool_)  # what it holds is not known: see `_is_rejected`
    found = context.knows(parent, key, context.key(reference.table, key), kept=False)
    return ~found & _applies(reference, table)


def _is_rejected(reference: Reference, table: pd.DataFrame, context: Context) -> Mask:
    parent, key = reference.parent, reference.key
    if not context.is_present(parent):
        return np.zeros(len(table), dtype=np.bool_)
    if not context.is_complete(parent):
        return _applies(reference, table)
    asked = context.key(reference.table, key)
    kept = context.knows(parent, key, asked, kept=True)
    return ~kept & context.knows(parent, key, asked, kept=False) & _applies(reference, table)


def _applies(reference: Reference, table: pd.DataFrame) -> Mask:
    if "regime" in reference.columns:
        return as_mask(table["regime"] == reference.parent)
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
