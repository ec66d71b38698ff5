"""Registrations of employers: since when, by what reference and on whose behalf."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.employer_paye.payrolls import work_out_employers
from taxgap.synthetic.filing import agents
from taxgap.synthetic.form import Bools
from taxgap.synthetic.identifiers import employer_references
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.timeline import DAY, LOOKBACK, NOT_A_DAY, PERIOD_END, PERIOD_START, Days
from taxgap.synthetic.trading import Trading

_LATE = 0.07  # share who register after the first payday (assumption)
_MOST_YEARS_AGO = 18


def registrations(trading: Trading, settings: Settings) -> pd.DataFrame:
    """Make the registration of each employer of the panel.

    Parameters
    ----------
    trading : Trading
    settings : Settings

    Returns
    -------
    DataFrame
        The columns of `taxgap.schemas.Registrations` except ``received_on``; one row a firm that employs
        somebody in one of the tax years asked for.
    """
    employers = work_out_employers(trading)
    employs = employers.employs
    rows = np.flatnonzero(employs[:, trading.columns - settings.years :].any(axis=1))
    some, staffed = trading.take(rows), (employers.employees[rows] > 0).any(axis=1)
    firms, streams, employs = some.firms, some.streams, employs[rows]
    effective, late = effective_from(some, employs), registers_late(some)
    wait = np.where(late, 5 + 200 * streams.uniform("paye applies"), -45 * streams.uniform("paye applies"))
    last = trading.columns - 1 - np.argmax(employs[:, ::-1], axis=1) - LOOKBACK
    ended = PERIOD_END[np.clip(last, 0, None)] + 30 * DAY
    return pd.DataFrame(
        {
            "taxpayer_id": firms["taxpayer_id"].array,
            "regime": "employer_paye",
            "reference": employer_references(firms["entity"].to_numpy().astype(np.int64)),
            "applied_on": effective + wait.astype(np.int64) * DAY,
            "effective_from": effective,
            "basis": "compulsory",
            "scheme": None,
            "flat_rate": np.nan,
            "frequency": np.where(staffed, "monthly", "annual"),
            "late": late,
            "agent_id": agents(firms["agent"].to_numpy(), streams),
            "deregistered_on": np.where(last < trading.columns - LOOKBACK - 1, ended, NOT_A_DAY),
        }
    )


def effective_from(trading: Trading, employs: Bools) -> Days:
    """Return the day on which each firm first employed anybody.

    Parameters
    ----------
    trading : Trading
    employs : ndarray of bool, shape (firms, years)
        In which years it does.

    Returns
    -------
    ndarray of datetime64[D]
        Within the first year that is known; long before for those who employed in the lookback year.
    """
    first = np.argmax(employs, axis=1) - LOOKBACK
    start = PERIOD_START[np.clip(first, 0, None)]
    ago = 365 * (2 + np.floor(_MOST_YEARS_AGO * trading.streams.uniform("paye years on the register")))
    into = np.floor(150 * trading.streams.uniform("paye first payday"))
    days = np.where(first < 0, -ago, into).astype(np.int64)
    return np.asarray(start + days * DAY)


def registers_late(trading: Trading) -> Bools:
    """Return who registers after the first payday."""
    careless = trading.firms["disposition"].to_numpy() > 1
    return trading.streams.happens(_LATE * (1 + careless), "paye registers late")
