"""Which officers' answers that come in can be recorded: judged against what the records hold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.monitoring.closing import Verdict, same_values
from taxgap.monitoring.faults import Bools
from taxgap.monitoring.incoming import Incoming
from taxgap.schemas.reviews import MOST_REASONS, Reviews
from taxgap.schemas.table import column_names, describe_columns

_MUST = [item["column"] for item in describe_columns(Reviews) if not item["empty"]]


def judge_answers(
    incoming: Incoming,
    held: pd.DataFrame,
    known: set[str],
    enquiries: set[str],
    as_of: pd.Timestamp,
    *,
    amend: bool,
) -> Verdict:
    """Judge answers that come in, and name what is wrong in their faults.

    Parameters
    ----------
    incoming : Incoming
    held : DataFrame
        The reviews of the records with the same identifiers, by `review_id`.
    known : set of str
        The taxpayers among those named who are in the records.
    enquiries : set of str
        The enquiries among those named that are in the records, or come in with these answers.
    as_of : Timestamp
        The date at which the records will stand.
    amend : bool
        Whether answers that were recorded may change.

    Returns
    -------
    Verdict
    """
    rows, faults = incoming.rows, incoming.faults
    _check_row(incoming, known, enquiries, as_of)
    before = held.reindex(rows["review_id"]).reset_index(drop=True)
    there = rows["review_id"].isin(held.index).to_numpy()
    names = [name for name in column_names(Reviews) if name != "review_id" and name in incoming.given]
    same: Bools = np.logical_and.reduce([same_values(rows[name], before[name]) for name in names])
    if not amend:
        faults.add("answered_otherwise", "review_id", there & ~same & ~faults.any)
    elsewhere = there & ~same_values(rows["taxpayer_id"], before["taxpayer_id"])
    faults.add("other_case", "taxpayer_id", elsewhere & ~faults.any)
    good = ~faults.any
    return Verdict(
        added=good & ~there,
        changed=np.zeros(len(rows), dtype=np.bool_),
        amended=good & there & ~same,
        already=good & there & same,
    )


def _check_row(incoming: Incoming, known: set[str], enquiries: set[str], as_of: pd.Timestamp) -> None:
    rows, faults = incoming.rows, incoming.faults
    for name in _MUST:
        faults.add_empty(name, rows[name].isna())
    faults.add("repeated", "review_id", rows["review_id"].duplicated() & rows["review_id"].notna())
    faults.add("negative", "minutes", rows["minutes"] < 0)
    faults.add("after_as_of", "received_on", rows["received_on"] > as_of)
    person, opened = rows["taxpayer_id"], rows["enquiry_id"]
    faults.add("unknown_taxpayer", "taxpayer_id", person.notna() & ~person.isin(known))
    faults.add("unknown_enquiry", "enquiry_id", opened.notna() & ~opened.isin(enquiries))
    for k in range(1, MOST_REASONS + 1):
        judged = rows[f"reason_{k}_useful"].notna() & rows[f"reason_{k}_code"].isna()
        faults.add("answer_without_reason", f"reason_{k}_code", judged)
