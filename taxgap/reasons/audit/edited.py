"""Records in which some returns say something else: nothing is written, and the records stay as they are."""

from __future__ import annotations

import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records import Records
from taxgap.schemas import TABLES, Table

KEYS = ["taxpayer_id", "period"]
FIXED = (*KEYS, "version", "received_on")
"""What says which return a row is, and when it came; no edit changes it."""


def edit_returns(records: Records, table: str, rows: pd.DataFrame) -> Records:
    """Return the records with some returns replaced.

    Every reader of what is returned sees the new values: whole tables, one partition, some columns, or what
    is held of it.

    Parameters
    ----------
    records : Records
        They stay as they are, and are read when the edited ones are.
    table : str
        The returns, such as ``self_assessment``.
    rows : DataFrame
        Indexed by (taxpayer_id, period), each return once; one column for each box that is replaced. An
        empty cell empties the box. Columns that are not there stay as they were filed.

    Returns
    -------
    Records
        As of the same date, in the same partitions.

    Raises
    ------
    UsageError
        The rows are not indexed so, hold a return twice, or replace a column of `FIXED`.
    InvalidDataError
        The table, a column or a return is not there, or a value does not fit its column.

    Notes
    -----
    Of a return that was amended, the version that is replaced is the latest that these records show: the one
    that is measured. Earlier versions stay as they were filed, and what is seen as of an earlier date than
    that version is they. To edit what was known then, edit ``records.known_at(date)``.

    Examples
    --------
    >>> filed = pd.DataFrame(
    ...     {"taxpayer_id": ["A", "A"], "period": "2023-24", "version": [0, 1], "turnover": [70.0, 90.0],
    ...      "received_on": pd.to_datetime(["2025-01-31", "2025-03-01"])}
    ... )
    >>> records = Records.from_frames({"self_assessment": filed})
    >>> index = pd.MultiIndex.from_tuples([("A", "2023-24")], names=["taxpayer_id", "period"])
    >>> edited = edit_returns(records, "self_assessment", pd.DataFrame({"turnover": [50.0]}, index))
    >>> edited.read("self_assessment")["turnover"].tolist()
    [70.0, 50.0]
    >>> records.read("self_assessment")["turnover"].tolist()
    [70.0, 90.0]
    """
    if table not in records.tables:
        raise InvalidDataError(
            f"The table '{table}' is missing.", where=records.where, available=records.tables
        )
    _check_rows(rows, table)
    source = _EditedSource(records, table, rows, _latest_shown(records, table, rows))
    return Records(source, records.manifest, records.as_of)


class _EditedSource:
    """What some records show, with the rows of one table replaced."""

    def __init__(self, records: Records, table: str, rows: pd.DataFrame, version: pd.Series) -> None:
        self.where = records.where
        self._records, self._table, self._rows, self._version = records, table, rows, version
        self._people = pd.Index(rows.index.get_level_values(KEYS[0])).unique()

    def has(self, name: str) -> bool:
        """Tell whether the records show the table."""
        return name in self._records.tables

    def read(self, name: str, model: type[Table], columns: list[str] | None, partition: int) -> pd.DataFrame:
        """Read one partition of a table as the records show it, and replace what was edited."""
        del model  # the records read by their own
        if name != self._table:
            return self._records.read(name, columns, partition)
        wanted = None if columns is None else list(dict.fromkeys([*columns, *KEYS, "version"]))
        table = self._replace(self._records.read(name, wanted, partition))
        return table if columns is None else table[columns]

    def _replace(self, table: pd.DataFrame) -> pd.DataFrame:
        at = (self._people.get_indexer(pd.Index(table["taxpayer_id"])) >= 0).nonzero()[0]
        some = table.iloc[at]
        place = self._rows.index.get_indexer(pd.MultiIndex.from_frame(some[KEYS]))
        version = self._version.to_numpy()[place]
        mine = (place >= 0) & (some["version"].to_numpy() == version)
        at, place = at[mine], place[mine]
        replaced = {}
        for name in [str(column) for column in self._rows.columns if column in table.columns]:
            replaced[name] = _put(table[name], at, self._rows[name].iloc[place])
        return table.assign(**replaced)


def _put(column: pd.Series, at: object, values: pd.Series) -> pd.Series:
    edited = column.copy()
    try:
        edited.iloc[at] = values.astype(column.dtype).array
    except (TypeError, ValueError) as error:
        raise InvalidDataError(
            f"New values of '{column.name}' do not fit the column, which holds {column.dtype}.",
            remedy="Give values of the type that the records hold.",
        ) from error
    return edited


def _check_rows(rows: pd.DataFrame, table: str) -> None:
    if list(rows.index.names) != KEYS:
        raise UsageError(
            "The rows must be indexed by taxpayer_id and period.",
            where="rows",
            remedy="Use set_index(['taxpayer_id', 'period']).",
        )
    if not rows.index.is_unique or not rows.columns.is_unique:
        raise UsageError("A return or a column comes twice.", where="rows", remedy="Give each once.")
    fixed = [str(name) for name in rows.columns if name in FIXED]
    if fixed:
        raise UsageError(f"An edit cannot change {', '.join(fixed)}.", where="rows")
    known = [*TABLES[table].to_schema().columns]
    unknown = [str(name) for name in rows.columns if name not in known]
    if unknown:
        raise InvalidDataError(
            f"No column of '{table}': {', '.join(unknown)}.", where="rows", available=known
        )


def _latest_shown(records: Records, table: str, rows: pd.DataFrame) -> pd.Series:
    """Find the latest version of each return, and refuse what is not there."""
    people = pd.Index(rows.index.get_level_values(KEYS[0])).unique()
    columns = [*KEYS, "version", *map(str, rows.columns)]
    latest = []
    for partition in records.partitions:
        shown = records.read(table, columns, partition)[[*KEYS, "version"]]
        shown = shown[people.get_indexer(pd.Index(shown["taxpayer_id"])) >= 0]
        latest.append(shown.groupby(KEYS, sort=False, observed=True)["version"].max())
    version = pd.concat(latest).reindex(rows.index)
    absent = int(version.isna().sum())
    if absent:
        raise InvalidDataError(
            f"{absent} of {len(rows)} returns to be replaced are not in '{table}'.",
            where=records.where,
            remedy="Take taxpayer_id and period from what the records show as of their date.",
        )
    return version
