"""Enquiries: which returns are opened, by whom, and what the officer finds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr

from taxgap.synthetic.mechanisms import MECHANISMS
from taxgap.synthetic.misreporting import Planted, correct
from taxgap.synthetic.self_assessment import complete_return
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats, Streams

OFFICERS = 60
"""Number of officers; each return is given one, who would work it if it were opened."""

_SKILL_SPREAD = 0.55
_FOUND_IN_FULL = 0.60  # share of the items seen that are settled in full (assumption)
_TAX_BEHIND_INCOME = 0.06  # finding a share of the income finds less of the tax, which rises with income


def officer_of(streams: Streams, year: np.ndarray) -> np.ndarray:
    """Return the number of the officer who has each return."""
    return np.floor(OFFICERS * streams.uniform("officer", year)).astype(np.int64)


def skill_of(seed: int, officer: np.ndarray) -> Floats:
    """Return each officer's skill: zero on average, larger finds more."""
    skills = _SKILL_SPREAD * Streams(seed, np.arange(OFFICERS)).normal("skill")
    return np.asarray((skills - skills.mean())[officer])


def find(planted: Planted, boxes: pd.DataFrame, streams: Streams, year: np.ndarray, settings: Settings) -> pd.DataFrame:
    """Work out for every return what its officer would find.

    Parameters
    ----------
    planted : Planted
    boxes : DataFrame
        The primitive boxes as filed.
    streams : Streams
        One entity a return: the person.
    year : ndarray of int
    settings : Settings
        Gives the share of tax found and the share of wrong returns missed whole.

    Returns
    -------
    DataFrame
        One row a planted box with tax lost: `row`, `mechanism`, `field`, `behaviour`, `found` (amount that the
        officer adds, GBP; zero where the return is missed whole).
    """
    officer = officer_of(streams, year)
    skill = skill_of(settings.seed, officer)
    missed = streams.happens(np.clip(settings.missed_whole * np.exp(-0.6 * skill), 0, 0.9), "missed", year)
    items = planted.items[planted.items["tax_lost"] > 0].reset_index(drop=True)
    row = items["row"].to_numpy()
    noise = np.zeros(len(items))
    for position, mechanism in enumerate(MECHANISMS):
        mine = (items["mechanism"] == position).to_numpy()
        noise[mine] = streams[row[mine]].normal(f"detects {mechanism.name}", year[row[mine]])
    needed = settings.detection / (1 - settings.missed_whole) + _TAX_BEHIND_INCOME
    partial = np.clip((needed - _FOUND_IN_FULL) / (1 - _FOUND_IN_FULL), 0.02, 0.98)
    reach = ndtr((noise + skill[row]) / np.sqrt(1 + _SKILL_SPREAD**2))
    share = np.where(reach > 1 - _FOUND_IN_FULL, 1.0, expit(logit(partial) + 2.0 * (reach - 0.25)))
    items["found"] = np.where(missed[row], 0.0, (items["amount"] * share).round())
    return items


def tax_found(planted: Planted, boxes: pd.DataFrame, findings: pd.DataFrame) -> Floats:
    """Return the tax that would be found on every return, in GBP."""
    found = findings[findings["found"] != 0]
    settled = correct(boxes, found.assign(amount=found["found"]))
    rise = complete_return(settled)["tax_charged"] - planted.reported["tax_charged"]
    return np.asarray(rise.clip(lower=0.0).round(2).where(rise >= 1.0, 0.0))
