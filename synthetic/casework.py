"""From truthful returns to what was filed, opened and found, for the returns of any tax.

Who is found wrong by a closed enquiry improves for some years: his later returns are filled in again, and
looked at again. Only the first such enquiry counts, so that one second pass is enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from taxgap.synthetic import enquiries, filing
from taxgap.synthetic.form import Bools, Scene
from taxgap.synthetic.misreporting import Planted, overwrite, plant
from taxgap.synthetic.selection import Opened, select
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats
from taxgap.synthetic.timeline import DAY, NOT_A_DAY, Days

FIRST_OPENED = 30
"""Days after the last version came in before a return is opened."""

IMPROVEMENT = 0.70
"""Share of the wrong habits that an enquiry which found tax puts right, for `LASTS` (assumption; audits found
that 60 to 65% of their revenue is later behaviour, and that only those found wrong respond: found)."""

LASTS = 5 * 365 * DAY
"""How long the improvement lasts: about five years (found, Advani, Elming and Shaw)."""


@dataclass(frozen=True)
class Casework:
    """The returns of one tax and some taxpayers, with what was and would be found: one entry a return.

    Attributes
    ----------
    settings : Settings
    scene : Scene
    planted : Planted
    filed, amended : ndarray of datetime64[D]
        When each return and its amendment came; not a day where it never did.
    opened : Opened
    findings : DataFrame
        From `enquiries.find`.
    tax_found : ndarray of float64
        What the officer of each return would find.
    opened_on, closed_on : ndarray of datetime64[D]
        When an enquiry would be opened and closed.
    appealed : ndarray of bool
    """

    settings: Settings
    scene: Scene
    planted: Planted
    filed: Days
    amended: Days
    opened: Opened
    findings: pd.DataFrame
    tax_found: Floats
    opened_on: Days
    closed_on: Days
    appealed: Bools

    @property
    def as_of(self) -> np.datetime64:
        """The date at which the records stand."""
        return np.datetime64(self.settings.as_of, "D")

    @property
    def in_time(self) -> Bools:
        """Returns that are on file at the as-of date."""
        return np.asarray(self.filed <= self.as_of)

    @property
    def is_amended(self) -> Bools:
        """Returns whose amendment is on file at the as-of date."""
        return np.asarray(self.amended <= self.as_of)

    @property
    def last_received(self) -> Days:
        """The day on which the last version on file came."""
        return np.where(self.is_amended, self.amended, self.filed)

    @property
    def is_case(self) -> Bools:
        """Returns into which an enquiry was opened by the as-of date."""
        return self.opened.either & self.in_time & (self.opened_on <= self.as_of)


def work(scene: Scene, reports: pd.DataFrame, settings: Settings) -> Casework:
    """Fill in, file, open and examine returns.

    Parameters
    ----------
    scene : Scene
    reports : DataFrame
        Third-party reports of these taxpayers: `row` of the scene, `source`, `amount`, `received_on`.
    settings : Settings

    Returns
    -------
    Casework
    """
    filed = filing.filed_on(scene)
    first = _examine(scene, reports, filed, settings)
    again = np.flatnonzero(_follows_enquiry(first))
    if not len(again):
        return first
    place = np.full(len(scene), -1)
    place[again] = np.arange(len(again))
    later = scene.take(again)
    later = replace(later, panel=later.panel.assign(reform=IMPROVEMENT))
    mine = place[reports["row"].to_numpy()]
    moved = reports.assign(row=mine)[mine >= 0]
    return _replace_rows(first, again, _examine(later, moved, filed[again], settings))


def _examine(scene: Scene, reports: pd.DataFrame, filed: Days, settings: Settings) -> Casework:
    planted = plant(scene)
    amended = filing.amended_on(filed, scene)
    as_of = np.datetime64(settings.as_of, "D")
    last = np.where(amended <= as_of, amended, filed)
    # The older rule can use only what has come in by the time a return is opened.
    earliest = last + FIRST_OPENED * DAY
    in_hand = reports[reports["received_on"].to_numpy() <= earliest[reports["row"].to_numpy()]]
    late = np.asarray(filed > scene.panel["due_on"].to_numpy())
    opened = select(scene, planted.reported, in_hand, late=late, settings=settings)
    findings, tax, appealed = enquiries.find(planted, scene, settings)
    opened_on, closed_on = _timetable(scene, last, appealed)
    return Casework(
        settings, scene, planted, filed, amended, opened, findings, tax, opened_on, closed_on, appealed
    )


def _timetable(scene: Scene, last: Days, appealed: Bools) -> tuple[Days, Days]:
    streams, counter = scene.streams, scene.counter
    wait = (FIRST_OPENED + 300 * streams.uniform("opened after", counter)).astype(int)
    opened_on = last + wait * DAY
    length = 215 * np.exp(0.5 * streams.normal("length", counter)) + 14
    length = length + appealed * (120 + 300 * streams.uniform("appeal", counter))
    return opened_on, opened_on + length.astype(int) * DAY


def _follows_enquiry(work: Casework) -> Bools:
    """Find the returns filed within some years of the first closed enquiry that found the taxpayer wrong."""
    taxpayer, _ = pd.factorize(work.scene.panel["entity"])
    found = work.is_case & (work.tax_found > 0) & (work.closed_on <= work.as_of)
    never = np.datetime64("2200-01-01", "D").astype(np.int64)
    first = np.full(taxpayer.max(initial=-1) + 1, never)
    np.minimum.at(first, taxpayer[found], work.closed_on[found].astype("datetime64[D]").astype(np.int64))
    day = first[taxpayer].astype("datetime64[D]")
    return np.asarray((work.filed > day) & (work.filed <= day + LASTS))


def _replace_rows(first: Casework, rows: np.ndarray, second: Casework) -> Casework:
    planted, later = first.planted, second.planted
    return replace(
        first,
        planted=replace(
            planted,
            reported=overwrite(planted.reported, later.reported, rows),
            items=_splice(planted.items, later.items, rows, len(first.scene)),
        ),
        opened=first.opened.overwrite(rows, second.opened),
        findings=_splice(first.findings, second.findings, rows, len(first.scene)),
        tax_found=_put(first.tax_found, rows, second.tax_found),
        closed_on=_put(first.closed_on, rows, second.closed_on),
        appealed=_put(first.appealed, rows, second.appealed),
    )


def _put(values: np.ndarray, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    changed = np.array(values)
    changed[rows] = others
    return changed


def _splice(items: pd.DataFrame, others: pd.DataFrame, rows: np.ndarray, length: int) -> pd.DataFrame:
    replaced = np.zeros(length, dtype=bool)
    replaced[rows] = True
    kept = items[~replaced[items["row"].to_numpy()]]
    moved = others.assign(row=rows[others["row"].to_numpy()])
    return pd.concat([kept, moved], ignore_index=True)


def potential_enquiries(work: Casework) -> pd.DataFrame:
    """Make the truth table of what the officer of every return on file would have found."""
    panel, lost = work.scene.panel, work.planted.tax_lost
    officer = enquiries.officer_of(work.scene)
    table = pd.DataFrame(
        {
            "taxpayer_id": panel["taxpayer_id"],
            "regime": work.scene.form.regime,
            "period": panel["period"],
            "officer_id": enquiries.officer_ids(officer),
            "hours": enquiries.hours_of(work.findings, work.scene),
            "tax_lost": lost,
            "tax_found": work.tax_found,
            "detection": np.where(lost >= 1, np.clip(work.tax_found / np.maximum(lost, 1), 0, 1), np.nan),
        }
    )
    return table[work.in_time]


def enquiry_tables(work: Casework, potential: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the tables of enquiries opened by the as-of date, and of what the closed ones changed."""
    rows = np.flatnonzero(work.is_case)
    settled = enquiries.settle(work.findings[work.is_case[work.findings["row"].to_numpy()]], work.scene)
    cases = _cases(work, potential.loc[rows], rows, enquiries.main_behaviour(settled, len(work.scene))[rows])
    return cases, _adjustments(cases, settled)


_COST_OF_AN_HOUR = 150.0  # set so that a random enquiry costs about the published 2,500 (assumption)


def _cases(work: Casework, potential: pd.DataFrame, rows: np.ndarray, behaviour: np.ndarray) -> pd.DataFrame:
    closed = (work.closed_on <= work.as_of)[rows]
    opened, by_chance = work.opened, work.opened.by_chance[rows]
    hours = np.where(closed, potential["hours"], np.nan)
    found = np.where(closed, potential["tax_found"], np.nan)
    drawn = opened.random_probability[rows], opened.risk_probability[rows]
    ids, period = potential["taxpayer_id"].astype(str), potential["period"].astype(str)
    regime = work.scene.form.regime
    return potential.assign(
        row=rows,
        enquiry_id="E" + _LETTERS[regime] + "-" + ids + "-" + period,
        programme=np.where(by_chance, "random", "risk"),
        inclusion_probability=np.where(by_chance, *drawn),
        opening_probability=opened.opening_probability[rows],
        opened_on=work.opened_on[rows],
        appealed_on=np.where(closed & work.appealed[rows], work.closed_on[rows] - 100 * DAY, NOT_A_DAY),
        closed_on=np.where(closed, work.closed_on[rows], NOT_A_DAY),
        hours=hours,
        cost=(hours * _COST_OF_AN_HOUR).round(2),
        tax_found=found,
        behaviour=np.where(closed & (found > 0), behaviour, np.array(None, dtype=object)),
        received_on=work.opened_on[rows],
    )


_LETTERS = {"self_assessment": "S", "vat": "V", "corporation_tax": "C", "employer_paye": "E"}


def _adjustments(cases: pd.DataFrame, settled: pd.DataFrame) -> pd.DataFrame:
    closed = cases.loc[cases["tax_found"] > 0, ["row", "enquiry_id", "taxpayer_id", "period", "closed_on"]]
    return settled.merge(closed, on="row").rename(columns={"found": "amount", "closed_on": "received_on"})
