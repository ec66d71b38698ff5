"""Hours that a case would take."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.risk.arrays import Floats, to_floats

ASSUMED = {"self_assessment": 16.0, "vat": 13.0, "corporation_tax": 35.0, "employer_paye": 18.0}
"""Hours of an enquiry by tax: an assumption, the means of synthetic enquiries; nothing of it is published."""


def read_hours(
    frame: pd.DataFrame, given: float | str | Mapping[str, float] | None
) -> tuple[Floats, list[str]]:
    """Return the hours of each case, and what should be known of them.

    Parameters
    ----------
    frame : DataFrame
        The scores.
    given : float, str, mapping or None
        One number, a column, hours by case type (or regime), or nothing.

    Raises
    ------
    InvalidDataError
        The column is missing, a type has no hours, or hours are not above 0.

    Examples
    --------
    >>> read_hours(pd.DataFrame({"regime": ["vat", "vat"]}), {"vat": 9})[0]
    array([9., 9.])
    """
    notes: list[str] = []
    if given is None and "expected_hours" in frame.columns and frame["expected_hours"].notna().all():
        given = "expected_hours"
    if given is None:
        notes.append("Hours by tax are assumed; give case_hours.")
        hours = _by_type(frame, "regime", ASSUMED)
    elif isinstance(given, str):
        if given not in frame.columns:
            raise InvalidDataError(
                f"The scores have no column {given}.",
                where="case_hours",
                available=[str(name) for name in frame.columns][:20],
                remedy="Name a column of hours, or join one (on the command line: --columns-from FILE).",
            )
        hours = to_floats(frame[given], given)
    elif isinstance(given, Mapping):
        hours = _by_type(frame, "case_type" if "case_type" in frame.columns else "regime", given)
    else:
        hours = np.full(len(frame), float(given))
    if not (hours > 0).all():
        raise InvalidDataError("A case takes no hours.", where="case_hours", remedy="Give hours above 0.")
    return hours, notes


def _by_type(frame: pd.DataFrame, name: str, given: Mapping[str, float]) -> Floats:
    types = frame[name].astype(str)
    unknown = sorted(set(types.unique()) - set(given))
    if unknown:
        raise InvalidDataError(
            f"No hours are given for {name} {', '.join(unknown)}.",
            where="case_hours",
            available=list(given),
            remedy="Give hours for each, or join case_type (on the command line: --columns-from FILE).",
        )
    return np.asarray(types.map(dict(given)), dtype=np.float64)
