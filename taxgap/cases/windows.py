"""Until when an enquiry may be opened, and what is left after that."""

from __future__ import annotations

import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.records import Records
from taxgap.records.known import to_date

MONTHS = 12
"""Months from receipt in which a return of these taxes may be enquired into (TMA 1970 s9A and FA 1998 Sch. 18
para. 24, from memory; the later limits of returns that came late or were amended are left out)."""

WITH_WINDOW = ("self_assessment", "corporation_tax")
"""The other taxes have no window: they are assessed within the limits alone (from memory)."""

YEARS = {
    "error": 4,
    "failure_to_take_reasonable_care": 6,
    "legal_interpretation": 4,
    "avoidance": 4,
    "evasion": 20,
    "criminal_attacks": 20,
    "hidden_economy": 20,
}
"""Years after the period's end in which tax may still be assessed: 4 and 20 found, 6 from memory. Which
behaviour takes which limit is an assumption; offshore matters (12) are left out. Other: 4."""

COLUMNS = ("received_on", "window_ends", "discovery", "limit_years", "limit_ends", "out_of_time")


def find_windows(
    scores: pd.DataFrame, records: Records | None, as_of: str | pd.Timestamp | None
) -> pd.DataFrame:
    """Return until when each return may be enquired into, and whether that has passed.

    Parameters
    ----------
    scores : DataFrame
        ``taxpayer_id, period, regime``, and ``behaviour`` where one is predicted.
    records : Records or None
        Where the returns stand. Without them nothing is said: all columns are missing.
    as_of : str, Timestamp or None
        The day of the selection; that of the records if None. What was received later is not known.

    Returns
    -------
    DataFrame
        One row a return, in order: ``received_on`` (missing where it had not been), ``window_ends`` (missing
        where there is no window),
        ``discovery`` (the window has passed), ``limit_years`` (4, 6 or 20), ``limit_ends``, ``out_of_time``.

    Raises
    ------
    InvalidDataError
        A return is not in the records.
    """
    if records is None:
        told = pd.DataFrame(index=scores.index, columns=list(COLUMNS))
        return told.astype(dict.fromkeys(("discovery", "out_of_time"), "boolean"))
    day = to_date(as_of) if as_of is not None else pd.Timestamp(records.as_of)
    known = pd.concat([_read(records, str(regime)) for regime in scores["regime"].unique()])
    key = ["taxpayer_id", "period", "regime"]
    found = scores[key].astype(str).merge(known, on=key, how="left", validate="many_to_one")
    missing = int(found["received_on"].isna().sum())
    if missing:
        raise InvalidDataError(
            f"{missing} of {len(scores)} returns are not in the records.",
            where="records",
            remedy="Give the records that were scored, or leave records out.",
        )
    received, ended = pd.to_datetime(found["received_on"]), pd.to_datetime(found["period_end"])
    received = received.where(received <= day)
    window = (received + pd.DateOffset(months=MONTHS)).where(found["regime"].isin(WITH_WINDOW))
    years = _limit_years(scores)
    ends = pd.Series(pd.NaT, index=found.index, dtype=ended.dtype)
    for limit in sorted(set(years)):
        ends = ends.mask(years.to_numpy() == limit, ended + pd.DateOffset(years=limit))
    told = pd.DataFrame(
        {
            "received_on": received,
            "window_ends": window,
            "discovery": (window < day).astype("boolean"),
            "limit_years": years.to_numpy(),
            "limit_ends": ends,
            "out_of_time": ((ends < day) & ~(window >= day)).astype("boolean"),
        }
    )
    return told.set_axis(scores.index)


def _limit_years(scores: pd.DataFrame) -> pd.Series:
    if "behaviour" not in scores.columns:
        return pd.Series(4, index=scores.index)
    return scores["behaviour"].astype("str").map(YEARS).fillna(4).astype("int64")


def _read(records: Records, regime: str) -> pd.DataFrame:
    table = records.table(regime, ["taxpayer_id", "period", "period_end", "version", "received_on"])
    first = table.sort_values("version").drop_duplicates(["taxpayer_id", "period"])
    return first.drop(columns="version").assign(regime=regime)
