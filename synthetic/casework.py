"""The tables of enquiries: those that were opened, what they changed, and what any would have found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.codes import BEHAVIOURS, PROGRAMMES
from taxgap.synthetic import enquiries, filing
from taxgap.synthetic.selection import Opened
from taxgap.synthetic.world import World

FIRST_OPENED = 30
"""Days after the last version came in before a return is opened."""


def enquiry_tables(world: World, opened: Opened) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Make the tables of enquiries.

    Parameters
    ----------
    world : World
    opened : Opened
        Which returns are opened.

    Returns
    -------
    enquiries, adjustments, potential : DataFrame
        Enquiries opened by the as-of date, what the closed ones changed, and what the officer of every return
        would have found.
    """
    year, rows = world.scene.year, len(world.panel)
    findings, tax = enquiries.find(world.planted, world.as_filed, world.streams, year, world.settings)
    settled = enquiries.settle(findings, world.streams, year)
    hours = enquiries.hours_of(findings, rows, world.streams, year)
    officer = enquiries.officer_of(world.streams, year)
    lost = world.planted.tax_lost
    potential = pd.DataFrame(
        {
            "taxpayer_id": world.panel["taxpayer_id"],
            "regime": "self_assessment",
            "period": world.panel["tax_year"],
            "officer_id": [f"O{number:03d}" for number in officer],
            "hours": hours,
            "tax_lost": lost,
            "tax_found": tax,
            "detection": np.where(lost >= 1, np.clip(tax / np.maximum(lost, 1), 0, 1), np.nan),
        }
    )
    cases = _cases(world, opened, potential, enquiries.main_behaviour(settled, rows))
    return cases, _adjustments(cases, settled), potential[world.in_time]


def _cases(world: World, opened: Opened, potential: pd.DataFrame, behaviour: np.ndarray) -> pd.DataFrame:
    year, streams = world.scene.year, world.streams
    wait = (FIRST_OPENED + 300 * streams.uniform("opened after", year)).astype(int)
    opened_on = world.last_received + wait * filing.DAY
    length = (215 * np.exp(0.5 * streams.normal("length", year))).astype(int) + 14
    closed_on = opened_on + length * filing.DAY
    closed = closed_on <= world.as_of
    programme = np.where(opened.by_chance, 0, 1)
    settled_as = np.where(closed & (potential["tax_found"] > 0), behaviour, np.array(None, dtype=object))
    drawn = opened.random_probability, opened.risk_probability
    ids = world.panel["taxpayer_id"].astype(str)
    cases = potential.assign(
        row=np.arange(len(potential)),
        enquiry_id="E" + ids.str[1:] + "-" + world.panel["tax_year"].astype(str),
        programme=pd.Categorical.from_codes(programme, categories=PROGRAMMES),
        inclusion_probability=np.where(opened.by_chance, *drawn),
        opening_probability=opened.opening_probability,
        opened_on=opened_on,
        closed_on=np.where(closed, closed_on, filing.NOT_A_DAY),
        hours=np.where(closed, potential["hours"], np.nan),
        tax_found=np.where(closed, potential["tax_found"], np.nan),
        behaviour=pd.Categorical(settled_as, categories=BEHAVIOURS),
        received_on=opened_on,
    )
    return cases[(opened.by_chance | opened.for_risk) & world.in_time & (opened_on <= world.as_of)]


def _adjustments(cases: pd.DataFrame, settled: pd.DataFrame) -> pd.DataFrame:
    closed = cases.loc[cases["tax_found"] > 0, ["row", "enquiry_id", "taxpayer_id", "period", "closed_on"]]
    table = settled.merge(closed, on="row").rename(columns={"found": "amount", "closed_on": "received_on"})
    table["behaviour"] = pd.Categorical(table["behaviour"], categories=BEHAVIOURS)
    return table
