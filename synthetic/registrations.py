"""Registrations: for which tax a taxpayer is registered, since when, and who acts for him."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.filing import agents
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import ALL_YEARS, DAY, FIRST, NOT_A_DAY, PERIOD_END, Days


def self_assessment_registrations(people: pd.DataFrame, streams: Streams) -> pd.DataFrame:
    """Make each person's registration for Self Assessment."""
    last = people["last_year"].to_numpy()
    ended = PERIOD_END[np.clip(last, 0, len(ALL_YEARS) - 1)]
    return pd.DataFrame(
        {
            "taxpayer_id": people["taxpayer_id"].array,
            "regime": "self_assessment",
            "applied_on": applied_on(people, streams),
            "effective_from": _april(first_tax_year(people, streams)),
            "late": registers_late(people, streams),
            "agent_id": agents(people["agent"].to_numpy(), streams),
            "basis": "compulsory",
            "deregistered_on": np.where(last < len(ALL_YEARS), ended + 361 * DAY, NOT_A_DAY),
        }
    )


def first_tax_year(people: pd.DataFrame, streams: Streams) -> np.ndarray:
    """Return the calendar year in which the first tax year on the register begins."""
    first = people["first_year"].to_numpy()
    before = (FIRST - 1 - np.floor(18 * streams.uniform("years on the register"))).astype(int)
    return np.asarray(np.where(first >= 0, FIRST + first, np.clip(before, people["birth_year"] + 18, FIRST)))


def registers_late(people: pd.DataFrame, streams: Streams) -> np.ndarray:
    """Return who registers after the legal limit."""
    return streams.happens(0.06 + 0.03 * (people["disposition"].to_numpy() > 1), "registers late")


def applied_on(people: pd.DataFrame, streams: Streams) -> Days:
    """Return the day on which each person applied: the limit is 5 October after the tax year."""
    # 547 days lie between the start of the first tax year and the limit.
    wait = np.where(registers_late(people, streams), 560, 20) + np.floor(80 * streams.uniform("applies"))
    return np.asarray(_april(first_tax_year(people, streams)) + wait.astype(int) * DAY)


def _april(years: np.ndarray) -> Days:
    months = (years - 1970).astype("datetime64[Y]").astype("datetime64[M]") + np.timedelta64(3, "M")
    return np.asarray(months.astype("datetime64[D]") + 5 * DAY)
