"""Who had to file and has not: a row and a reason each, beside the scores."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from taxgap.batch.taking import DUTIES
from taxgap.records import Records
from taxgap.records.periods import tax_year_of

COLUMNS = ("taxpayer_id", "period", "regime", "due_on", "days_overdue", "reason", "sentence")
REASON = "not_filed"


def find_not_filed(records: Records, regime: str, periods: Sequence[str]) -> pd.DataFrame:
    """List the returns that were due on the day of the records and had not come.

    Parameters
    ----------
    records : Records
    regime : str
        The tax.
    periods : sequence of str
        The tax years.

    Returns
    -------
    DataFrame
        `COLUMNS`, by taxpayer and period; without rows where the records do not tell what was due.

    Examples
    --------
    >>> due = {"taxpayer_id": ["A"], "regime": ["vat"], "period": ["2024-03"], "received_on": ["2024-04-01"]}
    >>> due |= {"due_on": ["2024-05-07"], "met_on": [None], "status": [None]}
    >>> table = pd.DataFrame(due)
    >>> for day in ("received_on", "due_on", "met_on"):
    ...     table[day] = pd.to_datetime(table[day])
    >>> records = Records.from_frames({"obligations": table}, as_of="2024-05-17")
    >>> find_not_filed(records, "vat", ["2023-24"])["sentence"].tolist()
    ['The return for 2024-03 was due on 2024-05-07 and had not come by 2024-05-17, 10 days later.']
    """
    if DUTIES not in records.tables:
        return pd.DataFrame(columns=list(COLUMNS))
    due = records.read(DUTIES, ["taxpayer_id", "period", "regime", "due_on", "met_on"])
    wanted = (due["regime"] == regime) & tax_year_of(due["period"]).isin(list(periods))
    late = due[wanted & due["met_on"].isna() & (due["due_on"] < records.as_of)]
    late = late.drop_duplicates(["taxpayer_id", "period"]).sort_values(["taxpayer_id", "period"])
    days, today = (records.as_of - late["due_on"]).dt.days, str(records.as_of.date())
    sentence = (
        "The return for "
        + late["period"].astype("str")
        + " was due on "
        + late["due_on"].dt.strftime("%Y-%m-%d")
        + f" and had not come by {today}, "
        + days.astype("str")
        + " days later."
    )
    columns = {"days_overdue": days.astype("int64"), "reason": REASON, "sentence": sentence}
    return late.assign(regime=regime, **columns)[list(COLUMNS)].reset_index(drop=True)
