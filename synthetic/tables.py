"""The tables of one partition: everything about some people, made together and laid out by schema."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.records.parquet import restore_types
from taxgap.records.tables import hide_future
from taxgap.schemas import TABLES, TRUTH_TABLES
from taxgap.schemas.codes import LEGAL_FORMS
from taxgap.schemas.table import Table, column_names, known_later, row_key
from taxgap.synthetic import filing, identifiers
from taxgap.synthetic.casework import FIRST_OPENED, enquiry_tables
from taxgap.synthetic.mechanisms import MECHANISMS
from taxgap.synthetic.published import trades
from taxgap.synthetic.selection import select
from taxgap.synthetic.self_assessment import complete_return
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.third_parties import report
from taxgap.synthetic.world import World, draw_world

Tables = dict[str, pd.DataFrame]


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
    world = draw_world(entity, settings)
    reports = report(world.scene, world.vat_registered)
    late = np.asarray(world.filed > filing.DUE[world.scene.year])
    form = world.planted.reported
    # The older rule can use only what has come in by the time a return is opened.
    earliest = world.last_received + FIRST_OPENED * filing.DAY
    in_hand = reports[reports["received_on"].to_numpy() <= earliest[reports["row"].to_numpy()]]
    opened = select(world.panel, form, in_hand, late=late, streams=world.streams, settings=settings)
    cases, adjustments, potential = enquiry_tables(world, opened)
    records = {
        "enquiries": cases,
        "adjustments": adjustments,
        "taxpayers": _taxpayers(world),
        "registrations": filing.registrations(
            world.people, identifiers.vrns(entity, settings.seed), Streams(settings.seed, entity)
        ),
        "obligations": filing.obligations(world.panel, world.filed, world.as_of),
        "self_assessment": _returns(world),
        "third_party": _third_party(world, reports),
        "payments": filing.payments(world.panel, world.planted, world.filed, world.as_of, world.streams),
    }
    truth = {"enquiries": potential, "self_assessment": _twins(world), "misreporting": _misreporting(world)}
    return (
        {name: _lay_out(records[name], model, world.as_of) for name, model in TABLES.items()},
        {name: _lay_out(truth[name], model, None) for name, model in TRUTH_TABLES.items()},
    )


def _taxpayers(world: World) -> pd.DataFrame:
    people = world.people
    entity, seed = people["entity"].to_numpy().astype(np.int64), world.settings.seed
    sic = trades()["sic2007"].to_numpy(dtype=object)
    trade = people["trade"].to_numpy()
    first = people["first_year"].to_numpy()
    known = np.where(first >= 0, 2021 + first, 2020)
    return people.assign(
        utr=identifiers.utrs(entity, seed),
        nino=identifiers.ninos(entity, seed),
        legal_form=LEGAL_FORMS[0],
        sic2007=np.where(trade >= 0, sic[trade], None),
        combined_authority=None,
        received_on=np.array([f"{y}-04-06" for y in known], dtype="datetime64[D]"),
    )


def _returns(world: World) -> pd.DataFrame:
    final = _as_table(world, world.planted.reported)
    rows = np.flatnonzero(world.is_amended)
    original = _as_table(world, complete_return(_before_amendment(world))).iloc[rows]
    original = original.assign(version=0, received_on=world.filed[rows])
    return pd.concat([final[world.in_time], original], ignore_index=True)


def _before_amendment(world: World) -> pd.DataFrame:
    # The first version had one box wrong; what was amended is right by the taxpayer's own account.
    boxes = world.as_filed.copy()
    slip = np.exp(0.35 * world.streams.normal("first version", world.scene.year))
    for box in ("turnover", "interest", "rents"):
        boxes[box] = (boxes[box] * slip).round()
    return boxes


def _twins(world: World) -> pd.DataFrame:
    twin = _as_table(world, world.planted.twin)
    return twin[world.in_time]


def _as_table(world: World, form: pd.DataFrame) -> pd.DataFrame:
    panel, year = world.panel, world.scene.year
    return form.assign(
        taxpayer_id=panel["taxpayer_id"],
        period=panel["tax_year"],
        period_start=filing.PERIOD_START[year],
        period_end=filing.PERIOD_END[year],
        by_agent=panel["agent"],
        version=world.is_amended.astype(np.int64),
        received_on=world.last_received,
    )


def _third_party(world: World, reports: pd.DataFrame) -> pd.DataFrame:
    row = reports["row"].to_numpy()
    ids = world.panel["taxpayer_id"].to_numpy()[row]
    period = world.panel["tax_year"].to_numpy()[row]
    source = reports["source"].astype(str)
    return reports.assign(
        taxpayer_id=ids, period=period, report_id="R" + pd.Series(ids).str[1:] + "-" + period + "-" + source
    )


def _misreporting(world: World) -> pd.DataFrame:
    items = world.planted.items
    row = items["row"].to_numpy()
    names = np.array([mechanism.name for mechanism in MECHANISMS], dtype=object)
    table = items.assign(
        taxpayer_id=world.panel["taxpayer_id"].to_numpy()[row],
        regime="self_assessment",
        period=world.panel["tax_year"].to_numpy()[row],
        mechanism=names[items["mechanism"].to_numpy()],
    )
    return table[world.in_time[row]]


def _lay_out(table: pd.DataFrame, model: type[Table], as_of: np.datetime64 | None) -> pd.DataFrame:
    table = table[column_names(model)]
    if as_of is not None:
        table = hide_future(table, pd.Timestamp(as_of), known_later(model))
    return restore_types(table.sort_values(row_key(model)).reset_index(drop=True), model)
