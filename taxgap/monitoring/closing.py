"""Which enquiries that come in can be recorded: judged against what the records hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.monitoring.faults import Bools
from taxgap.monitoring.incoming import Incoming
from taxgap.schemas.enquiries import Enquiries
from taxgap.schemas.table import column_names, describe_columns

RESULT = ("closed_on", "hours", "cost", "tax_found", "behaviour", "appealed_on")
"""What is known of an enquiry later than that it was opened."""

NEEDED = ("enquiry_id", "closed_on", "hours", "cost", "tax_found")
"""What a closed enquiry must say; the behaviour is settled only where tax was found."""

_OPENING = [name for name in column_names(Enquiries) if name not in RESULT]
_MUST = [item["column"] for item in describe_columns(Enquiries) if not item["empty"]]


@dataclass(frozen=True)
class Verdict:
    """What becomes of each row that came in; each is exactly one of the four or set aside.

    Attributes
    ----------
    added, changed, amended, already : ndarray of bool
        New to the records; filled in; changed after it had been filled in; there already, the same.
    """

    added: Bools
    changed: Bools
    amended: Bools
    already: Bools

    @property
    def recorded(self) -> Bools:
        """Rows that change the records."""
        return self.added | self.changed | self.amended


def judge_enquiries(
    incoming: Incoming, held: pd.DataFrame, known: set[str], as_of: pd.Timestamp, *, amend: bool
) -> Verdict:
    """Judge enquiries that come in, and name what is wrong in their faults.

    Parameters
    ----------
    incoming : Incoming
    held : DataFrame
        The enquiries of the records with the same identifiers, by `enquiry_id`.
    known : set of str
        The taxpayers among those named who are in the records.
    as_of : Timestamp
        The date at which the records will stand.
    amend : bool
        Whether results that were recorded may change.

    Returns
    -------
    Verdict
    """
    rows, faults = incoming.rows, incoming.faults
    before = held.reindex(rows["enquiry_id"]).reset_index(drop=True)
    there = rows["enquiry_id"].isin(held.index).to_numpy()
    _check_row(incoming, before, there, as_of)
    new = ~there & rows["enquiry_id"].notna().to_numpy()
    whole = set(_MUST) <= set(incoming.given)
    faults.add("unknown_enquiry", "enquiry_id", new & (not whole))
    if whole:
        _check_new(incoming, new, known)
    for name in (set(incoming.given) & set(_OPENING)) - {"enquiry_id"}:
        faults.add("other_case", name, there & ~same_values(rows[name], before[name]))
    given = [name for name in RESULT if name in incoming.given]
    same = np.logical_and.reduce([same_values(rows[name], before[name]) for name in given] or [there])
    closed = before["closed_on"].notna().to_numpy()
    if not amend:
        faults.add("closed_otherwise", "closed_on", there & closed & ~same & ~faults.any)
    good = ~faults.any
    return Verdict(
        added=good & new,
        changed=good & there & ~closed & ~same,
        amended=good & there & closed & ~same,
        already=good & there & same,
    )


def _check_row(incoming: Incoming, before: pd.DataFrame, there: Bools, as_of: pd.Timestamp) -> None:
    rows, faults = incoming.rows, incoming.faults
    for name in NEEDED:
        faults.add_empty(name, rows[name].isna())
    found = (rows["tax_found"] > 0) & rows["behaviour"].isna()
    faults.add_empty("behaviour", found)
    faults.add("repeated", "enquiry_id", rows["enquiry_id"].duplicated() & rows["enquiry_id"].notna())
    for name in ("hours", "cost", "tax_found"):
        faults.add("negative", name, rows[name] < 0)
    for name in ("closed_on", "appealed_on", "opened_on", "received_on"):
        faults.add("after_as_of", name, rows[name] > as_of)
    opened = before["opened_on"].where(there, rows["opened_on"])
    for name in ("closed_on", "appealed_on"):
        faults.add("closed_before_opened", name, rows[name] < opened)


def _check_new(incoming: Incoming, new: Bools, known: set[str]) -> None:
    rows, faults = incoming.rows, incoming.faults
    for name in set(_MUST) - set(NEEDED):
        faults.add_empty(name, new & rows[name].isna().to_numpy())
    person = rows["taxpayer_id"]
    faults.add("unknown_taxpayer", "taxpayer_id", new & person.notna() & ~person.isin(known))
    drawn, opened = rows["inclusion_probability"], rows["opening_probability"]
    outside = (drawn <= 0) | (drawn > opened + 1e-9) | (opened > 1)
    faults.add("outside_zero_to_one", "inclusion_probability", new & outside)


def same_values(ours: pd.Series, theirs: pd.Series) -> Bools:
    """Tell where two columns agree, row by row; two empty values do."""
    left, right = (
        values.astype("object").where(values.notna(), None).to_numpy() for values in (ours, theirs)
    )
    return np.asarray(left == right, dtype=np.bool_)
