"""Where an administration's own tables lie: a folder of files, or a database; one reader a file or table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.files import checksum
from taxgap.records.ingestion.mapping import SourceMapping, TableSource, Writing
from taxgap.records.ingestion.mapping_file import FILE_NAME, is_day, is_safe
from taxgap.records.readers.chunks import Reader
from taxgap.records.readers.databases import Database, is_database, open_database
from taxgap.records.readers.delimited import DelimitedReader
from taxgap.records.readers.fixed_width import FixedWidthReader, read_layout
from taxgap.records.readers.parquet_files import ParquetReader, refuse_deadly
from taxgap.schemas import TABLES

TEXT_SUFFIXES = (".csv", ".csv.gz", ".txt", ".tsv", ".dat")
PARQUET = (".parquet", ".pq")
SUFFIXES = (*TEXT_SUFFIXES, *PARQUET)
"""By the ends of their names files are told to be extracts; others are left alone."""


class Place(Protocol):
    """Where tables lie."""

    @property
    def where(self) -> str:
        """What it is called in reports, without path and password."""
        ...

    def names(self) -> list[str]:
        """List what there is: files by their path below the folder, or tables of the database."""
        ...

    def matching(self, source: str) -> list[str]:
        """List those of `names` that a source of the mapping stands for, in their order."""
        ...

    def size(self, name: str) -> int:
        """Return how many bytes one of `names` has; many where nobody knows."""
        ...

    def checksum(self, name: str) -> str | None:
        """Return the sha256 of the file that holds one of `names`; None where it is in no file."""
        ...

    def reader(self, name: str, writing: Writing, layout: str | None = None) -> Reader:
        """Return the reader of one of `names`."""
        ...


@dataclass(frozen=True)
class Folder:
    """A folder of extracts; nothing outside of it is ever read, links out of it included."""

    folder: Path

    @property
    def where(self) -> str:
        """The name of the folder."""
        return self.folder.name

    def names(self) -> list[str]:
        """List the extracts by their paths below the folder; hidden ones are left out."""
        below = (path.relative_to(self.folder) for path in self.folder.rglob("*"))
        return sorted(
            path.as_posix()
            for path in below
            if path.name.lower().endswith(SUFFIXES)
            and not any(part.startswith(".") for part in path.parts)
            and self._is_inside(path)
        )

    def matching(self, source: str) -> list[str]:
        """List the files that a name, a pattern or the name of a folder stands for."""
        if not is_safe(source):
            raise UsageError(f"'{source}' leads out of the folder.", where=self.where)
        found = {path.relative_to(self.folder) for path in self.folder.glob(source)}
        inside = {path for path in found if (self.folder / path).is_dir()}
        files = {path for path in found - inside if self._is_inside(path)}
        listed = [name for name in self.names() if any(Path(name).is_relative_to(path) for path in inside)]
        return sorted({path.as_posix() for path in files} | set(listed))

    def refuse_deadly(self, name: str) -> None:
        """Refuse a parquet file that would end this program."""
        if Path(name).suffix in PARQUET:
            refuse_deadly(self.folder / name)

    def size(self, name: str) -> int:
        """Return how many bytes a file has."""
        return (self.folder / name).stat().st_size

    def checksum(self, name: str) -> str | None:
        """Return the sha256 of a file."""
        return checksum(self.folder / name)

    def reader(self, name: str, writing: Writing, layout: str | None = None) -> Reader:
        """Return the reader of a file, by its name's end; a file with a layout has fixed-width lines."""
        path = self.folder / name
        if layout is not None:
            plan = self.folder / layout
            if not is_safe(layout) or not self._is_inside(Path(layout)):
                raise InvalidDataError(f"There is no layout file '{layout}'.", available=self._layouts())
            return FixedWidthReader(path, read_layout(plan), encoding=writing.encoding)
        if path.suffix in PARQUET:
            return ParquetReader(path)
        return DelimitedReader(path, encoding=writing.encoding, delimiter=writing.delimiter)

    def _is_inside(self, path: Path) -> bool:
        whole = (self.folder / path).resolve()
        return whole.is_relative_to(self.folder.resolve()) and whole.is_file()

    def _layouts(self) -> list[str]:
        return [name for name in self.names() if name.endswith(TEXT_SUFFIXES)]


@dataclass(frozen=True)
class Tables:
    """The tables of a database."""

    address: str
    database: Database

    @property
    def where(self) -> str:
        """The name of the database."""
        return self.database.where

    def names(self) -> list[str]:
        """List the tables."""
        return self.database.tables()

    def matching(self, source: str) -> list[str]:
        """Return the table; its reader says if it is not there."""
        return [source]

    def size(self, name: str) -> int:  # noqa: ARG002
        """Return a gigabyte: to count would be to read."""
        return 1 << 30

    def checksum(self, name: str) -> str | None:  # noqa: ARG002
        """Return the sha256 of a DuckDB file; None for a server."""
        path = Path(self.address)
        return checksum(path) if path.is_file() else None

    def reader(self, name: str, writing: Writing, layout: str | None = None) -> Reader:  # noqa: ARG002
        """Return the reader of a table; how text is written does not matter here."""
        return self.database.reader(name)


def open_place(place: str | Path) -> Place:
    """Open a folder, a database file or a database address.

    Raises
    ------
    InvalidDataError
        There is no such folder or file.
    UsageError
        It is neither, or an address that cannot be used.
    """
    if is_database(place):
        return Tables(str(place), open_database(str(place)))
    folder = Path(place)
    if folder.is_dir():
        return Folder(folder)
    raise InvalidDataError(
        "There is no such folder." if not folder.exists() else "This is neither a folder nor a database.",
        where=str(place),
        remedy="Name a folder of CSV or parquet files, a DuckDB file, or an address: postgresql://host/name.",
    )


def mapping_file_of(place: Place) -> Path | None:
    """Return the mapping that lies in a folder, if there is one."""
    path = place.folder / FILE_NAME if isinstance(place, Folder) else None
    return path if path is not None and path.is_file() else None


def mapping_by_name(place: Place) -> SourceMapping:
    """Map what bears the names of the schema's tables: ``vat.csv``, the folder ``vat``, the table ``vat``."""
    names = place.names()
    found = {}
    for table in TABLES:
        ends = [f"{table}{suffix}" for suffix in SUFFIXES] if isinstance(place, Folder) else [table]
        source = next((name for name in ends if name in names), None)
        if source is None and any(name.startswith(f"{table}/") for name in names):
            source = table
        if source is not None:
            found[table] = TableSource(table, source)
    return SourceMapping(found)


def sources_of(place: Place, table: TableSource) -> list[str]:
    """List the files or tables that a table of the mapping comes from.

    Raises
    ------
    InvalidDataError
        There is none.
    """
    names = place.matching(table.source)
    if not names:
        raise InvalidDataError(
            f"Nothing matches '{table.source}', which the table '{table.table}' shall come from.",
            where=place.where,
            available=place.names()[:50],
            remedy="Mend `source` in the mapping.",
        )
    if isinstance(place, Folder):
        for name in names:
            place.refuse_deadly(name)
    return names


def with_date(mapping: SourceMapping, as_of: str | None) -> SourceMapping:
    """Return the mapping with another date at which the records stand, if one is given.

    Raises
    ------
    UsageError
        It is no date.
    """
    if as_of is not None and not is_day(as_of):
        raise UsageError(f"'{as_of}' is no date.", remedy="Write it as 2026-09-30.")
    return mapping if as_of is None else replace(mapping, as_of=as_of)
