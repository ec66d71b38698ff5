"""Records and Truth: the tables of one population, read whole or partition by partition."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.absence import no_records
from taxgap.records.frames import describe_frames
from taxgap.records.known import hide_future, is_after, to_date
from taxgap.records.manifest import FILE_NAME, Manifest
from taxgap.records.parquet import refuse_repeated
from taxgap.records.periods import tax_year_of
from taxgap.records.sources import FolderSource, FrameSource, SomeTables, Source
from taxgap.schemas import TABLES, TRUTH_TABLES, Table
from taxgap.schemas.table import known_later


class TableSet:
    """The tables of a folder or of frames in memory; the base of `Records` and `Truth`."""

    models: ClassVar[Mapping[str, type[Table]]]

    def __init__(self, source: Source, manifest: Manifest) -> None:
        self._source = source
        self.manifest = manifest

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a folder that `generate` or `validate` wrote.

        Parameters
        ----------
        path : str or Path
            The folder with ``manifest.json``; nothing is read but the manifest.

        Raises
        ------
        InvalidDataError
            The folder or its manifest is missing.
        IncompatibleError
            The folder is of a newer format.
        """
        folder = Path(path)
        if not (folder / FILE_NAME).is_file():
            raise no_records(folder)
        return cls(FolderSource(folder, cls.models), Manifest.read(folder))

    @classmethod
    def from_frames(
        cls, frames: Mapping[str, pd.DataFrame], *, as_of: str | pd.Timestamp | None = None
    ) -> Self:
        """Hold frames as one partition.

        Parameters
        ----------
        frames : mapping of str to DataFrame
            Table name to frame with the columns of its schema.
        as_of : str or Timestamp, optional
            The date at which the records stand; when absent, the latest date on which something became known.

        Raises
        ------
        UsageError
            A name is not that of a table, or `as_of` is no date.
        InvalidDataError
            Two columns of a table bear one name.
        """
        unknown = [name for name in frames if name not in cls.models]
        if unknown:
            raise UsageError(f"Not a table: {', '.join(unknown)}.", available=cls.models)
        for name, frame in frames.items():
            refuse_repeated(list(frame.columns), name)
        return cls(FrameSource(dict(frames)), describe_frames(cls.models, frames, as_of))

    @property
    def where(self) -> str:
        """Where the tables come from: the path of a folder, or words."""
        return self._source.where

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are present, in schema order."""
        return tuple(name for name in self.models if self._source.has(name))

    @property
    def partitions(self) -> range:
        """The partitions; every table has all of them."""
        return range(self.manifest.partitions)

    @property
    def periods(self) -> list[str]:
        """The tax years, oldest first."""
        return list(self.manifest.periods)

    def table(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Read a whole table into memory.

        Parameters
        ----------
        name : str
            The table.
        columns : sequence of str, optional
            The columns to read; all when absent.
        where : mapping, optional
            Column to value, or to a list of values, that a row must have.

        Returns
        -------
        DataFrame
            Rows in partition order, with a fresh index.
        """
        needed = None if columns is None else list(dict.fromkeys([*columns, *(where or {})]))
        parts = [self._select(self.read(name, needed, partition=p), where) for p in self.partitions]
        table = parts[0] if len(parts) == 1 else pd.concat(parts)
        return table.reset_index(drop=True)[list(columns) if columns is not None else list(table.columns)]

    def read(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        partition: int | None = None,
        periods: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Read a table, or one partition of it.

        Parameters
        ----------
        name : str
            The table.
        columns : sequence of str, optional
            The columns to read; all when absent.
        partition : int, optional
            One partition; all when absent.
        periods : sequence of str, optional
            The tax years to keep, or the months in which returns end; all when absent.

        Returns
        -------
        DataFrame

        Raises
        ------
        InvalidDataError
            The table or a column is missing, or a file is damaged.
        """
        if partition is None:
            parts = [self.read(name, columns, part, periods) for part in self.partitions]
            return (parts[0] if len(parts) == 1 else pd.concat(parts)).reset_index(drop=True)
        if name not in self.tables:
            raise InvalidDataError(
                f"The table '{name}' is missing.", where=self._source.where, available=self.tables
            )
        extra = [] if periods is None else ["period"]
        wanted = None if columns is None else list(dict.fromkeys([*columns, *extra]))
        table = self._visible(name, wanted, partition)
        if periods is not None:
            label = table["period"]
            table = table[label.isin(list(periods)) | tax_year_of(label).isin(list(periods))]
        return table if columns is None else table[list(columns)]

    def iterate(self, names: Iterable[str]) -> Iterator[dict[str, pd.DataFrame]]:
        """Yield the named tables, partition by partition."""
        wanted = list(names)
        for partition in self.partitions:
            yield {name: self.read(name, partition=partition) for name in wanted}

    def _visible(self, name: str, columns: list[str] | None, partition: int) -> pd.DataFrame:
        return self._source.read(name, self.models[name], columns, partition)

    @staticmethod
    def _select(table: pd.DataFrame, where: Mapping[str, Any] | None) -> pd.DataFrame:
        for column, value in (where or {}).items():
            wanted = [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
            table = table[table[column].isin(wanted)]
        return table


class Records(TableSet):
    """What an administration holds: registrations, returns, third-party reports, enquiries.

    Every reader sees the records as they stood at `as_of`: rows received later are not there, and what became
    known later about a row (the outcome of an enquiry, say) is empty.

    Parameters
    ----------
    source : Source
        Where the tables come from; `open` and `from_frames` make one.
    manifest : Manifest
        What the records say of themselves.
    as_of : Timestamp, optional
        The date at which they are seen; the manifest's when absent.
    days : Series of datetime64, optional
        Taxpayer to the day on which his rows are seen, as `known_when` sets it.

    Examples
    --------
    >>> from taxgap.records import Records
    >>> Records.from_frames({}).tables
    ()
    """

    models = TABLES

    def __init__(
        self,
        source: Source,
        manifest: Manifest,
        as_of: pd.Timestamp | None = None,
        days: pd.Series | None = None,
    ) -> None:
        super().__init__(source, manifest)
        self.as_of = pd.Timestamp(manifest.as_of) if as_of is None else as_of
        self._days = days

    @classmethod
    def open(
        cls, path: str | Path, *, columns: str | Path | None = None, as_of: str | None = None
    ) -> Records:
        """Open records: a folder of the library's form, or an administration's own tables.

        Parameters
        ----------
        path : str or Path
            A folder that `generate`, `validate` or `ingest` wrote: nothing is read but its manifest. Or
            whatever `ingest` reads: it is brought into the library's form in a temporary folder, which lives
            as long as the process. What is used more than once is better ingested once.
        columns : str or Path, optional
            The mapping of an administration's own tables, as for `ingest`.
        as_of : str, optional
            The date at which own tables stand, as for `ingest`.

        Raises
        ------
        InvalidDataError
            There is nothing that could be read.
        IncompatibleError
            The folder is of a newer format.
        UsageError
            The mapping does not fit; or `columns` or `as_of` is given for records in the library's form.
        """
        if not (Path(path) / FILE_NAME).is_file():
            from taxgap.records.ingestion.opening import open_own_tables  # noqa: PLC0415  it imports Records

            found = open_own_tables(path, columns, as_of)
            if found is not None:
                return found
        elif columns is not None or as_of is not None:
            raise UsageError(
                "These records are in the library's form: no mapping and no other date apply.",
                where=str(path),
                remedy="Leave out `columns`; see records as they stood earlier with `known_at`.",
            )
        return super().open(path)

    def known_at(self, as_of: str | pd.Timestamp | None) -> Records:
        """Return the records as they stood at an earlier date.

        Parameters
        ----------
        as_of : str or Timestamp or None
            The date; ``None`` changes nothing.

        Raises
        ------
        UsageError
            It is no date, or later than the date at which the records stand.
        """
        if as_of is None:
            return self
        date = to_date(as_of)
        if date > self.as_of:
            raise UsageError(
                f"The records stand at {self.as_of.date()}; nothing is known of {date.date()}.",
                remedy="Choose an earlier date.",
            )
        return Records(self._source, self.manifest, date, self._days)

    def known_when(self, days: pd.Series) -> Records:
        """Return the records of some taxpayers, those of each as they stood on a day of his own.

        Parameters
        ----------
        days : Series of datetime64
            Indexed by taxpayer, each once. The rows of other taxpayers are left out; tables that do not go by
            taxpayer stand at the date of the records. Nothing later than that date is shown.

        Returns
        -------
        Records

        Raises
        ------
        UsageError
            A taxpayer has two days, or none.

        Examples
        --------
        >>> returns = pd.DataFrame({"taxpayer_id": ["A", "B"], "received_on": pd.to_datetime("2024-01-31")})
        >>> days = pd.Series(pd.to_datetime(["2024-01-30", "2024-02-01"]), ["A", "B"])
        >>> records = Records.from_frames({"payments": returns})
        >>> records.known_when(days).read("payments")["taxpayer_id"].tolist()
        ['B']
        """
        if not days.index.is_unique or days.isna().any():
            raise UsageError("Each taxpayer needs one day, and only one.", where="days")
        return Records(self._source, self.manifest, self.as_of, days.clip(upper=self.as_of))

    def hold(self, names: Iterable[str], partition: int, taxpayers: Iterable[str] | None = None) -> Records:
        """Return one partition of some tables, read once and held in memory, to be looked at more than once.

        Parameters
        ----------
        names : iterable of str
            The tables; those that are absent are left out.
        partition : int
        taxpayers : iterable of str, optional
            Whose rows are held; everybody's when absent.

        Returns
        -------
        Records
            With a single partition, as of the same date.
        """
        wanted = [name for name in names if name in self.tables]
        frames = {name: self._source.read(name, self.models[name], None, partition) for name in wanted}
        if taxpayers is not None:
            these = pd.Index(taxpayers).unique()
            frames = {name: _of_these(frame, these) for name, frame in frames.items()}
        return Records(FrameSource(frames), replace(self.manifest, partitions=1), self.as_of, self._days)

    def only(self, names: Collection[str]) -> Records:
        """Return the records with some of their tables alone."""
        return Records(SomeTables(self._source, names), self.manifest, self.as_of, self._days)

    def count_later(self, name: str, partition: int) -> int:
        """Count the rows of one partition of a table that were received after the date of the records.

        Returns
        -------
        int
            Where the day of receipt is missing or no date, the row is not hidden and does not count.
        """
        table = self._source.read(name, self.models[name], ["received_on"], partition)
        return int(is_after(table, "received_on", self.as_of).sum())

    def _visible(self, name: str, columns: list[str] | None, partition: int) -> pd.DataFrame:
        later = known_later(self.models[name])
        absent = self.manifest.made_by.get("absent", {}).get(name, ())
        dates = ["received_on", *(date for date in later if date not in absent)]
        own_days = self._days is not None and "taxpayer_id" in self.models[name].to_schema().columns
        key = ["taxpayer_id"] if own_days else []
        wanted = None if columns is None else list(dict.fromkeys([*columns, *dates, *key]))
        table = self._source.read(name, self.models[name], wanted, partition)
        if own_days:
            table, day = self._give_days(table)
        table = hide_future(table, day if own_days else self.as_of, later)
        return table if columns is None else table[columns]

    def _give_days(self, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
        """Keep the rows of the taxpayers that have a day, and give each row its day."""
        assert self._days is not None  # noqa: S101 - for the type checker: asked before
        day = table["taxpayer_id"].map(self._days)
        return table[day.notna()], day[day.notna()]


class Truth(TableSet):
    """What only the generator knows: truthful twins, misreporting, what officers would have found.

    Parameters
    ----------
    source : Source
        Where the tables come from; `open` makes one.
    manifest : Manifest
        What the tables say of themselves.
    """

    models = TRUTH_TABLES


def _of_these(table: pd.DataFrame, taxpayers: pd.Index) -> pd.DataFrame:
    if "taxpayer_id" not in table.columns:
        return table
    return table[taxpayers.get_indexer(pd.Index(table["taxpayer_id"])) >= 0]
