"""The tables of one partition: everything about some people, made together and laid out by schema."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.schemas import TABLES, TRUTH_TABLES
from taxgap.schemas.codes import BEHAVIOURS, PROGRAMMES, REGIMES
from taxgap.schemas.table import column_names
from taxgap.synthetic import enquiries, filing, identifiers
from taxgap.synthetic.activity import draw_activity, spread_over_years
from taxgap.synthetic.mechanisms import MECHANISMS, Scene
from taxgap.synthetic.misreporting import Planted, plant
from taxgap.synthetic.people import draw_people
from taxgap.synthetic.self_assessment import (
    PERSONAL,
    PRIMITIVE_BOXES,
    complete_return,
    fill_in_truthfully,
)
from taxgap.synthetic.selection import Opened, select
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.third_parties import report

Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class _Filed:
    """The returns of some people as they were filed, and all that is known about them."""

    settings: Settings
    people: pd.DataFrame
    scene: Scene
    planted: Planted
    filed: np.ndarray
    amended: np.ndarray

    @property
    def panel(self) -> pd.DataFrame:
        return self.scene.panel

    @property
    def streams(self) -> Streams:
        return self.scene.streams

    @property
    def as_of(self) -> np.datetime64:
        return np.datetime64(self.settings.as_of, "D")

    @property
    def in_time(self) -> np.ndarray:
        """Returns that are on file at the as-of date."""
        return np.asarray(self.filed <= self.as_of)

    @property
    def as_filed(self) -> pd.DataFrame:
        """The primitive boxes as filed."""
        return self.planted.reported[[*PRIMITIVE_BOXES, *PERSONAL]]


def make_tables(entity: np.ndarray, settings: Settings) -> tuple[Tables, Tables]:
    """Make all tables of some people.

    Parameters
    ----------
    entity : ndarray of int64
        The people, by number.
    settings : Settings

    Returns
    -------
    records, truth : dict of str to DataFrame
        Every table with the columns of its schema, sorted by its keys.
    """
    world = _draw_world(entity, settings)
    reports = report(world.scene, _vat_rows(world))
    late = np.asarray(world.filed > filing.DUE[world.scene.year])
    opened = select(world.panel, world.planted.reported, reports, late, world.streams, settings)
    records, truth = _enquiry_tables(world, opened)
    records |= {
        "taxpayers": _taxpayers(world),
        "registrations": filing.registrations(
            world.people, identifiers.vrns(entity, settings.seed), Streams(settings.seed, entity)
        ),
        "obligations": filing.obligations(world.panel, world.filed, world.as_of),
        "self_assessment": _returns(world),
        "third_party": _third_party(world, reports),
        "payments": filing.payments(world.panel, world.planted, world.filed, world.as_of, world.streams),
    }
    truth |= {"self_assessment": _twins(world), "misreporting": _misreporting(world)}
    records = {name: _lay_out(records[name], column_names(model), world.as_of) for name, model in TABLES.items()}
    truth = {name: _lay_out(truth[name], column_names(model), None) for name, model in TRUTH_TABLES.items()}
    return records, truth


def _draw_world(entity: np.ndarray, settings: Settings) -> _Filed:
    people = draw_people(Streams(settings.seed, entity))
    people["taxpayer_id"] = identifiers.taxpayer_ids(entity)
    panel = spread_over_years(people, settings.tax_years)
    streams = Streams(settings.seed, panel["entity"])
    activity = draw_activity(panel, streams)
    scene = Scene(panel, activity, fill_in_truthfully(activity, panel), streams)
    filed = filing.filed_on(panel, streams)
    return _Filed(settings, people, scene, plant(scene), filed, filing.amended_on(filed, panel, streams))


def _vat_rows(world: _Filed) -> np.ndarray:
    streams = Streams(world.settings.seed, world.people["entity"])
    registered = pd.Series(filing.vat_registered(world.people, streams), index=world.people["entity"])
    return world.panel["entity"].map(registered).to_numpy()


def _taxpayers(world: _Filed) -> pd.DataFrame:
    people = world.people
    entity, seed = people["entity"].to_numpy().astype(np.int64), world.settings.seed
    from taxgap.synthetic.published import trades

    sic = trades()["sic2007"].to_numpy(dtype=object)
    trade = people["trade"].to_numpy()
    first = people["first_year"].to_numpy()
    known = np.where(first >= 0, 2021 + first, 2020)
    return people.assign(
        utr=identifiers.utrs(entity, seed),
        nino=identifiers.ninos(entity, seed),
        legal_form=pd.Categorical.from_codes(
            np.zeros(len(people), dtype=int), categories=["individual", "partnership", "company", "trust", "non_profit"]
        ),
        sic2007=np.where(trade >= 0, sic[trade], None),
        combined_authority=None,
        received_on=np.array([f"{y}-04-06" for y in known], dtype="datetime64[D]"),
    )


def _returns(world: _Filed) -> pd.DataFrame:
    final = _as_table(world, world.planted.reported)
    is_amended = world.amended <= world.as_of
    final["version"] = is_amended.astype(np.int64)
    final["received_on"] = np.where(is_amended, world.amended, world.filed)
    rows = np.flatnonzero(is_amended)
    original = _as_table(world, complete_return(_before_amendment(world))).iloc[rows]
    original = original.assign(version=0, received_on=world.filed[rows])
    return pd.concat([final[world.in_time], original], ignore_index=True)


def _before_amendment(world: _Filed) -> pd.DataFrame:
    # The first version had one box wrong; what was amended is right by the taxpayer's own account.
    boxes = world.as_filed.copy()
    slip = np.exp(0.35 * world.streams.normal("first version", world.scene.year))
    for box in ("turnover", "interest", "rents"):
        boxes[box] = (boxes[box] * slip).round()
    return boxes


def _twins(world: _Filed) -> pd.DataFrame:
    twin = _as_table(world, world.planted.twin)
    is_amended = world.amended <= world.as_of
    twin["version"] = is_amended.astype(np.int64)
    twin["received_on"] = np.where(is_amended, world.amended, world.filed)
    return twin[world.in_time]


def _as_table(world: _Filed, form: pd.DataFrame) -> pd.DataFrame:
    panel, year = world.panel, world.scene.year
    return form.assign(
        taxpayer_id=panel["taxpayer_id"],
        period=panel["tax_year"],
        period_start=filing.PERIOD_START[year],
        period_end=filing.PERIOD_END[year],
        by_agent=panel["agent"],
    )


def _third_party(world: _Filed, reports: pd.DataFrame) -> pd.DataFrame:
    row = reports["row"].to_numpy()
    ids = world.panel["taxpayer_id"].to_numpy()[row]
    period = world.panel["tax_year"].to_numpy()[row]
    source = reports["source"].astype(str)
    return reports.assign(
        taxpayer_id=ids, period=period, report_id="R" + pd.Series(ids).str[1:] + "-" + period + "-" + source
    )


def _enquiry_tables(world: _Filed, opened: Opened) -> tuple[Tables, Tables]:
    year, rows = world.scene.year, len(world.panel)
    findings, tax = enquiries.find(world.planted, world.as_filed, world.streams, year, world.settings)
    settled = enquiries.settle(findings, world.streams, year)
    hours = enquiries.hours_of(findings, rows, world.streams, year)
    officer = enquiries.officer_of(world.streams, year)
    lost = world.planted.tax_lost
    potential = pd.DataFrame(
        {
            "taxpayer_id": world.panel["taxpayer_id"],
            "regime": _self_assessment(rows),
            "period": world.panel["tax_year"],
            "officer_id": [f"O{number:03d}" for number in officer],
            "hours": hours,
            "tax_lost": lost,
            "tax_found": tax,
            "detection": np.where(lost >= 1, np.clip(tax / np.maximum(lost, 1), 0, 1), np.nan),
        }
    )
    cases = _cases(world, opened, potential, enquiries.main_behaviour(settled, rows))
    return {"enquiries": cases, "adjustments": _adjustments(cases, settled)}, {
        "enquiries": potential[world.in_time]
    }


def _cases(world: _Filed, opened: Opened, potential: pd.DataFrame, behaviour: np.ndarray) -> pd.DataFrame:
    year, streams = world.scene.year, world.streams
    last_version = np.where(world.amended <= world.as_of, world.amended, world.filed)
    wait = (30 + 300 * streams.uniform("opened after", year)).astype(int)
    opened_on = last_version + wait * filing.DAY
    length = (215 * np.exp(0.5 * streams.normal("length", year))).astype(int) + 14
    closed_on = opened_on + length * filing.DAY
    closed = closed_on <= world.as_of
    programme = np.where(opened.by_chance, 0, 1)
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
        behaviour=pd.Categorical(
            np.where(closed & (potential["tax_found"] > 0), behaviour, None), categories=BEHAVIOURS
        ),
        received_on=opened_on,
    )
    return cases[(opened.by_chance | opened.for_risk) & world.in_time & (opened_on <= world.as_of)]


def _adjustments(cases: pd.DataFrame, settled: pd.DataFrame) -> pd.DataFrame:
    closed = cases.loc[cases["tax_found"] > 0, ["row", "enquiry_id", "taxpayer_id", "period", "closed_on"]]
    table = settled.merge(closed, on="row").rename(columns={"found": "amount", "closed_on": "received_on"})
    table["behaviour"] = pd.Categorical(table["behaviour"], categories=BEHAVIOURS)
    return table


def _misreporting(world: _Filed) -> pd.DataFrame:
    items = world.planted.items
    row = items["row"].to_numpy()
    names = np.array([mechanism.name for mechanism in MECHANISMS], dtype=object)
    table = items.assign(
        taxpayer_id=world.panel["taxpayer_id"].to_numpy()[row],
        regime=_self_assessment(len(items)),
        period=world.panel["tax_year"].to_numpy()[row],
        mechanism=names[items["mechanism"].to_numpy()],
        behaviour=pd.Categorical(items["behaviour"], categories=BEHAVIOURS),
    )
    return table[world.in_time[row]]


def _self_assessment(rows: int) -> pd.Categorical:
    return pd.Categorical.from_codes(np.zeros(rows, dtype=int), categories=REGIMES)


def _lay_out(table: pd.DataFrame, columns: list[str], as_of: np.datetime64 | None) -> pd.DataFrame:
    table = table[columns]
    if as_of is not None:
        table = table[(table["received_on"] <= as_of).to_numpy()]
    keys = [name for name in ("taxpayer_id", "regime", "period", "version", "report_id") if name in columns]
    keys += [name for name in ("mechanism", "field") if name in columns]
    return table.sort_values(keys, kind="stable").reset_index(drop=True)
