"""The files of the records that outcomes are added to, and the rows that are put into them."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from taxgap.errors import UsageError
from taxgap.records import Manifest, Records
from taxgap.records.manifest import FILE_NAME
from taxgap.records.parquet import read_table, restore_types
from taxgap.records.partitions import part_name
from taxgap.schemas import TABLES
from taxgap.schemas.table import column_names, row_key


@dataclass(frozen=True)
class Held:
    """The files of the records that outcomes are added to; read as they are, whatever the date."""

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, records: Records | str | Path) -> Held:
        """Find the folder."""
        folder = Path(records.where if isinstance(records, Records) else records)
        if not (folder / FILE_NAME).is_file():
            raise UsageError(
                "Outcomes are recorded in records that stand in a folder of the library's form.",
                where=str(folder),
                remedy="Ingest the administration's own tables first; give what `ingest` wrote.",
            )
        return cls(folder, Manifest.read(folder))

    def has(self, table: str) -> bool:
        """Tell whether the records have the table."""
        return (self.folder / table).is_dir()

    def part(self, table: str, number: int, columns: list[str] | None = None) -> pd.DataFrame:
        """Read one file, with every column of the table."""
        frame = read_table(self.folder / table / part_name(number), TABLES[table], columns)
        return frame if columns else frame.reindex(columns=column_names(TABLES[table]))

    def rows(self, table: str, keys: pd.Series) -> pd.DataFrame:
        """Return the rows with some keys, by key, and the `partition` of each."""
        key, parts = row_key(TABLES[table])[0], []
        for number in range(self.manifest.partitions if self.has(table) else 0):
            frame = self.part(table, number)
            parts.append(frame[frame[key].isin(keys.dropna())].assign(partition=number))
        if not parts:
            parts = [pd.DataFrame(columns=[*column_names(TABLES[table]), "partition"])]
        return pd.concat(parts).drop_duplicates(key).set_index(key)

    def taxpayers(self, asked: pd.Series) -> set[str]:
        """Return those of some taxpayers who are in the records."""
        found: set[str] = set()
        for number in range(self.manifest.partitions):
            people = self.part("taxpayers", number, ["taxpayer_id"])["taxpayer_id"]
            found.update(people[people.isin(asked.dropna())])
        return found


def merge(
    old: pd.DataFrame | None,
    rows: pd.DataFrame,
    table: str,
    columns: tuple[str, ...] | None,
    *,
    given: tuple[str, ...],
) -> pd.DataFrame:
    """Put rows into one partition of a table: results into the rows they belong to, new rows at their place.

    Parameters
    ----------
    old : DataFrame or None
        The partition as it is.
    rows : DataFrame
        Rows to put in.
    table : str
    columns : tuple of str or None
        The columns of rows that are there which may change, of those `given`; all where None.
    given : tuple of str

    Returns
    -------
    DataFrame
        Sorted by key, with the types of the table.
    """
    model, key = TABLES[table], row_key(TABLES[table])[0]
    names = column_names(model)
    base = rows.iloc[:0] if old is None else old
    index = base.set_index(key).index
    news = rows[~rows[key].isin(index)]
    known = rows[rows[key].isin(index)].set_index(key)
    place = index.get_indexer(known.index)
    merged = base.reset_index(drop=True)
    for name in [n for n in (names if columns is None else columns) if n != key]:
        if len(known) and (columns is None or name in given):
            values = merged[name].astype("object").to_numpy().copy()
            values[place] = known[name].astype("object").to_numpy()
            merged[name] = values
    parts = [part for part in (merged, news) if len(part)] or [merged]
    whole = pd.concat([part[names].astype("object") for part in parts], ignore_index=True)
    types = {name: str(column.dtype) for name, column in model.to_schema().columns.items()}
    for name, dtype in types.items():
        whole[name] = _to_type(whole[name], dtype)
    return restore_types(whole.sort_values(key, ignore_index=True), model)


def _to_type(values: pd.Series, dtype: str) -> pd.Series:
    if dtype.startswith("datetime"):
        return pd.to_datetime(values).astype("datetime64[ms]")
    return values.astype(dtype if dtype in ("float64", "int64", "bool") else "str")


def link_or_copy(source: Path, target: Path) -> None:
    """Let a file stand in a second place: as a hard link, or as a copy where the file system has none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
