"""Periods: for which months each registered firm files a return, and by when."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.codes import FREQUENCIES
from taxgap.synthetic.form import Bools
from taxgap.synthetic.register import Integers
from taxgap.synthetic.timeline import DAY, Days, first_day, last_day, year_of_month

_LENGTHS = np.array([{"monthly": 1, "quarterly": 3, "annual": 12}[name] for name in FREQUENCIES])


def lay_out(registered: Bools, frequency: Integers, stagger: Integers, years: Integers) -> pd.DataFrame:
    """List the periods that end in some tax years.

    Parameters
    ----------
    registered : ndarray of bool, shape (firms, months)
        One unbroken run of months a firm.
    frequency, stagger : ndarray of int64
        Position in `FREQUENCIES`, and the remainder of the end month's number by the length of a period.
    years : ndarray of int64
        Positions in `ALL_YEARS`.

    Returns
    -------
    DataFrame
        One row a period, by firm, then month: `firm` (row), `first`, `last` (months, by number), `months`,
        `due_on`. The first and the last period of a registration may be shorter than the others.
    """
    month = np.arange(registered.shape[1])
    length = _LENGTHS[frequency]
    ends = month % length[:, None] == (stagger % length)[:, None]
    after = np.concatenate([registered[:, 1:], np.ones((len(registered), 1), dtype=bool)], axis=1)
    ends = registered & (ends | ~after) & np.isin(year_of_month(month), years)
    firm, last = np.nonzero(ends)
    begun = np.where(registered.any(axis=1), registered.argmax(axis=1), 0)[firm]
    steps = (last - stagger[firm] % length[firm]) % length[firm]  # months since a period last ended
    first = np.maximum(last - np.where(steps == 0, length[firm], steps) + 1, begun)
    return pd.DataFrame(
        {
            "firm": firm,
            "first": first,
            "last": last,
            "months": last - first + 1,
            "due_on": _due(last, length[firm] == _LENGTHS.max()),
        }
    )


def _due(last: Integers, annual: Bools) -> Days:
    # One month and seven days after the end; under annual accounting two months.
    return np.where(annual, last_day(last + 2), first_day(last + 2) + 6 * DAY)
