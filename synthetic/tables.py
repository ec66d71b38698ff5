"""The tables of one partition: everything about some taxpayers, made together and laid out by schema."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from taxgap.records.known import hide_future
from taxgap.records.parquet import as_text, restore_types
from taxgap.schemas import TABLES, TRUTH_TABLES
from taxgap.schemas.table import Table, code_levels, column_names, known_later, row_key
from taxgap.synthetic import identifiers
from taxgap.synthetic.casework import Casework, work
from taxgap.synthetic.economy import Economy
from taxgap.synthetic.hidden import Hidden, draw_hidden, unmatched_of_registered
from taxgap.synthetic.identities import draw_identities
from taxgap.synthetic.links import link_firms, link_neighbours, link_partners, link_people
from taxgap.synthetic.published import trades
from taxgap.synthetic.register import FORMS, Integers
from taxgap.synthetic.reporting import Reporting
from taxgap.synthetic.returns import Tables, tables_of
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import ALL_YEARS, year_label

_LOSE = 0.03
"""Share of their reports that lose the number, at a difficulty of one (assumption)."""

_WITHOUT_NUMBER = ("platform", "card_processor", "bank", "overseas")
"""Reporters who do not always know the number of the taxpayer."""


def make_tables(economy: Economy, hidden_numbers: Integers) -> tuple[Tables, Tables]:
    """Make all tables of some taxpayers.

    Parameters
    ----------
    economy : Economy
        The taxpayers and what is true of them.
    hidden_numbers : ndarray of int64
        The people of the partition who are on no register, by number.

    Returns
    -------
    records, truth : dict of str to DataFrame
        Every table with the columns of its schema, sorted by its keys; without `aggregates`, which takes all
        partitions.
    """
    reporting = Reporting(economy)
    made: list[tuple[Tables, Tables]] = [tables_of(done) for done in casework_of(economy, reporting)]
    registrations = _registrations(economy)
    taxpayers = _known_from(_taxpayers(economy), registrations)
    identities = _identities(taxpayers, economy)
    reports, moved = _lose_identifiers(reporting.table(), identities, economy)
    hidden = draw_hidden(hidden_numbers, economy.settings, economy.register.individuals)
    register: Tables = {
        "taxpayers": taxpayers,
        "identities": identities,
        "registrations": registrations,
        "links": _links(economy),
        "third_party": reports,
        "third_party_unmatched": pd.concat([hidden.unmatched, moved], ignore_index=True),
    }
    records = _gather([register, *(tables for tables, _ in made)])
    truth = _gather(
        [
            {"unregistered": _unregistered(hidden, taxpayers, identities, economy)},
            *(tables for _, tables in made),
        ]
    )
    as_of = pd.Timestamp(economy.settings.as_of)
    return (
        {name: _lay_out(table, TABLES[name], as_of) for name, table in records.items()},
        {name: _lay_out(table, TRUTH_TABLES[name], None) for name, table in truth.items()},
    )


def casework_of(economy: Economy, reporting: Reporting) -> Iterator[Casework]:
    """Fill in, file and examine the returns of every tax."""
    for regime, scene in economy.scenes.items():
        yield work(scene, reporting.on(regime), economy.settings)


def _gather(parts: list[Tables]) -> Tables:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: _concat([part[name] for part in parts if name in part]) for name in names}


def _concat(frames: list[pd.DataFrame]) -> pd.DataFrame:
    # An empty frame says nothing of types, and pandas warns of it.
    some = [frame for frame in frames if len(frame)] or frames[:1]
    return some[0] if len(some) == 1 else pd.concat(some, ignore_index=True)


def _taxpayers(economy: Economy) -> pd.DataFrame:
    people, seed = economy.people, economy.settings.seed
    columns = ["entity", "taxpayer_id", "trade", "region", "nation", "first_year"]
    firms = [economy.companies.firms, economy.partnerships.firms]
    table = pd.concat(
        [people[[*columns, "birth_year"]], *(part[columns] for part in firms)], ignore_index=True
    )
    entity = table["entity"].to_numpy().astype(np.int64)
    form = np.repeat(np.arange(len(FORMS)), [len(people), *map(len, firms)])
    trade, first = table["trade"].to_numpy(), table["first_year"].to_numpy()
    codes = trades()["sic2007"].to_numpy(dtype=object)
    return table.assign(
        utr=identifiers.utrs(entity, seed),
        nino=_where(form == 0, identifiers.ninos, entity, seed),
        company_number=_where(form == 1, identifiers.company_numbers, entity),
        legal_form=np.array(FORMS, dtype=object)[form],
        sic2007=np.where(trade >= 0, codes[trade], None),
        combined_authority=None,
        received_on=np.array(["2020-04-06", *(f"{y[:4]}-04-06" for y in ALL_YEARS)], dtype="datetime64[D]")[
            np.clip(first, -1, None) + 1
        ],
    )


def _known_from(taxpayers: pd.DataFrame, registrations: pd.DataFrame) -> pd.DataFrame:
    # Who registers for a tax before his first year is known from then on.
    first = registrations.groupby("taxpayer_id", observed=True)["received_on"].min()
    known = first.reindex(taxpayers["taxpayer_id"]).to_numpy()
    received = taxpayers["received_on"].to_numpy()
    return taxpayers.assign(received_on=np.where(known < received, known, received))


def _where(rows: np.ndarray, make: object, entity: np.ndarray, *others: int) -> np.ndarray:
    values = np.full(len(entity), None, dtype=object)
    values[rows] = make(entity[rows], *others)  # type: ignore[operator]  # one of the makers of identifiers
    return values


def _identities(taxpayers: pd.DataFrame, economy: Economy) -> pd.DataFrame:
    drawn = draw_identities(
        taxpayers["entity"].to_numpy().astype(np.int64),
        seed=economy.settings.seed,
        is_firm=(taxpayers["legal_form"] != "individual").to_numpy(),
        region=taxpayers["region"],
        birth_year=taxpayers["birth_year"],
    )
    return drawn.assign(
        entity=taxpayers["entity"].to_numpy().astype(np.int64),
        taxpayer_id=taxpayers["taxpayer_id"],
        received_on=taxpayers["received_on"],
    )


def _lose_identifiers(
    reports: pd.DataFrame, identities: pd.DataFrame, economy: Economy
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Divide reports into those with the number of a taxpayer, and those that say only a name."""
    loose = reports[reports["source"].isin(_WITHOUT_NUMBER)]
    place = pd.Index(identities["taxpayer_id"]).get_indexer(loose["taxpayer_id"])
    entity = identities["entity"].to_numpy()[place]
    share = min(_LOSE * economy.settings.difficulty**2, 0.5)
    moved = unmatched_of_registered(
        identities, loose.assign(identity=place), Streams(economy.settings.seed, entity), share
    )
    return reports.drop(index=moved.index), moved


def _unregistered(
    hidden: Hidden, taxpayers: pd.DataFrame, identities: pd.DataFrame, economy: Economy
) -> pd.DataFrame:
    """Join the hidden people and the taxpayers who should be registered for VAT."""
    below = economy.below_threshold
    below = below[below["year"] >= ALL_YEARS.index(economy.settings.tax_years[0])]
    place = pd.Index(taxpayers["entity"]).get_indexer(below["entity"])
    register = taxpayers.loc[place, ["sic2007", "region", "nation"]].reset_index(drop=True)
    names = identities.loc[place, ["name", "birth_date", "address", "postcode"]].reset_index(drop=True)
    ids = economy.name(below["entity"].to_numpy())
    mine = pd.concat([register, names], axis=1).assign(
        person_id=ids,
        taxpayer_id=ids,
        regime="vat",
        period=year_label(below["year"].to_numpy()),
        kind="unregistered_trader",
        income=below["turnover"].to_numpy(),
        tax_lost=below["tax_lost"].to_numpy(),
    )
    return _concat([hidden.unregistered, mine])


def _registrations(economy: Economy) -> pd.DataFrame:
    table = pd.concat(list(economy.registrations()), ignore_index=True)
    return table.assign(received_on=table["applied_on"])


def _links(economy: Economy) -> pd.DataFrame:
    register = economy.register
    return pd.concat(
        [
            link_people(economy.numbers("individual"), register),
            link_firms(economy.numbers("company"), economy.numbers("partnership"), register),
            *(link_neighbours(economy.numbers(form), form, register) for form in ("company", "partnership")),
            link_partners(economy.entity, economy.settings),
        ],
        ignore_index=True,
    )


def _lay_out(table: pd.DataFrame, model: type[Table], as_of: pd.Timestamp | None) -> pd.DataFrame:
    columns = column_names(model)
    absent = [name for name in columns if name not in table.columns]
    table = table.assign(**dict.fromkeys(absent))[columns] if absent else table[columns]
    if as_of is not None:
        table = hide_future(table, as_of, known_later(model))
    table = table.sort_values(row_key(model), ignore_index=True)
    codes = code_levels(model)
    spelt = {
        name: pd.Series(as_text(table[name]), dtype="str")
        for name in columns
        if name not in codes and isinstance(table[name].dtype, pd.CategoricalDtype)
    }
    return restore_types(table.assign(**spelt) if spelt else table, model)
