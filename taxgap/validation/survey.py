"""The first pass over records: what each partition holds of what must be unique or known over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from taxgap.errors import InvalidDataError
from taxgap.records import Records
from taxgap.schemas import TABLES
from taxgap.schemas.table import row_key
from taxgap.validation.texts import to_arrow
from taxgap.validation.value_types import fit_column

Hashes = NDArray[np.uint64]


class Unique(NamedTuple):
    """Columns of a table that together must stand in one row, or in the rows of one owner.

    Attributes
    ----------
    code : str
        The rule that they are held to.
    table : str
    columns : tuple of str
    owner : str
        The column whose rows may share them; each row owns itself where it is empty.
    """

    code: str
    table: str
    columns: tuple[str, ...]
    owner: str = ""


KEYS = tuple(
    Unique("duplicate_key", name, tuple(row_key(model)))
    for name, model in TABLES.items()
    if "taxpayer_id" not in row_key(model)
)
"""Keys that do not name the taxpayer. Those that do lie in one partition: the second pass sees them all."""

NUMBERS = (
    *(
        Unique("unique_identifier", "taxpayers", (column,), "taxpayer_id")
        for column in ("utr", "nino", "company_number")
    ),
    Unique("unique_identifier", "registrations", ("reference", "regime"), "taxpayer_id"),
)
"""Numbers by which one taxpayer is known."""

POINTERS = (("links", "other_id"), ("third_party", "reporter_id"))
"""Columns that name a taxpayer who may lie in another partition."""

_LINK = ("taxpayer_id", "kind", "other_id")


class Look(NamedTuple):
    """What one partition is looked through for; a job for a worker."""

    records: Records
    partition: int
    uniques: tuple[Unique, ...]


@dataclass(frozen=True)
class Seen:
    """What one partition holds.

    Attributes
    ----------
    hashes : dict of Unique to ndarray of uint64
        Of each row that has all the columns.
    register : pyarrow.Array or None
        The taxpayers; None where they cannot be read.
    pointers : dict of (table, column) to pyarrow.Array
        The distinct identifiers that stand there.
    links : pyarrow.Table or None
        `taxpayer_id`, `kind` and `other_id` of each link, and its `row`; None where they cannot be read.
    """

    hashes: Mapping[Unique, Hashes]
    register: pa.Array | None
    pointers: Mapping[tuple[str, str], pa.Array]
    links: pa.Table | None


def look_through(job: Look) -> Seen:
    """Read the columns that matter, and nothing else, of one partition."""
    frames = {name: _read(job, name) for name in TABLES}
    found = {unique: _hashes(_cells(frames[unique.table], unique), unique) for unique in job.uniques}
    return Seen(
        hashes=found,
        register=_texts(frames["taxpayers"], "taxpayer_id"),
        pointers={
            (table, column): texts.unique()
            for table, column in POINTERS
            if (texts := _texts(frames[table], column)) is not None
        },
        links=_links(frames["links"]),
    )


class Again(NamedTuple):
    """Hashes that recur, to be looked at as texts; a job for a worker."""

    records: Records
    partition: int
    hashes: Mapping[Unique, Hashes]


def read_again(job: Again) -> dict[Unique, pd.DataFrame]:
    """Read the texts behind hashes: one row a row of the records, with `row`, `owner` and the columns."""
    look = Look(job.records, job.partition, tuple(job.hashes))
    return {
        unique: cells[np.isin(_hashes(cells, unique), wanted)]
        for unique, wanted in job.hashes.items()
        if len(cells := _cells(_read(look, unique.table), unique))
    }


def _read(job: Look, table: str) -> pd.DataFrame:
    # A column that is missing, or a file that cannot be read, is a finding of the second pass.
    columns = _wanted(job.uniques, table)
    if table not in job.records.tables or not columns:
        return pd.DataFrame()
    for wanted in (columns, None):
        try:
            frame = job.records.read(table, wanted, job.partition)
        except InvalidDataError:
            continue
        return frame[[name for name in columns if name in frame.columns]].reset_index(drop=True)
    return pd.DataFrame()


def _wanted(uniques: Iterable[Unique], table: str) -> list[str]:
    columns = [
        name
        for unique in uniques
        if unique.table == table
        for name in (*unique.columns, unique.owner)
        if name
    ]
    columns += [column for name, column in POINTERS if name == table]
    fixed = {"taxpayers": ("taxpayer_id",), "links": _LINK}
    return list(dict.fromkeys([*columns, *fixed.get(table, ())]))


def _cells(frame: pd.DataFrame, unique: Unique) -> pd.DataFrame:
    names = [*unique.columns, *([unique.owner] if unique.owner else [])]
    if any(name not in frame.columns for name in names):
        return pd.DataFrame()
    cells = pd.DataFrame({name: _as_text(frame[name]) for name in names})
    cells["row"] = np.arange(len(cells), dtype=np.int32)
    cells["owner"] = cells[unique.owner] if unique.owner else ""
    return cells[cells[names].notna().all(axis=1)]


def _as_text(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    return fit_column(values, "text", []).content


def _hashes(cells: pd.DataFrame, unique: Unique) -> Hashes:
    # Two texts may have one hash: `read_again` tells whether hashes that recur mean the same.
    if cells.empty:
        return np.zeros(0, dtype=np.uint64)
    texts = cells[list(unique.columns)]
    hashes: Hashes = pd.util.hash_pandas_object(texts, index=False).to_numpy(dtype=np.uint64)
    return hashes


def _texts(frame: pd.DataFrame, column: str) -> pa.Array | None:
    if column not in frame.columns:
        return None
    return to_arrow(_as_text(frame[column])).drop_null()


def _links(frame: pd.DataFrame) -> pa.Table | None:
    if any(name not in frame.columns for name in _LINK):
        return None
    columns = {name: to_arrow(_as_text(frame[name])) for name in _LINK}
    table = pa.table({**columns, "row": pa.array(np.arange(len(frame), dtype=np.int32))}).drop_null()
    # Identifiers without white space can be joined by it without two links becoming one text.
    plain = [pc.invert(pc.match_substring_regex(table[name], r"\s")) for name in ("taxpayer_id", "other_id")]
    return table.filter(pc.and_(*plain))
