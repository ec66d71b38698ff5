"""An administration's own tables opened as records, without a folder named for them."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

from taxgap.errors import InvalidDataError
from taxgap.records.ingestion.places import mapping_by_name, mapping_file_of, open_place
from taxgap.records.ingestion.walk import ingest
from taxgap.records.manifest import FILE_NAME
from taxgap.records.readers.databases import is_database
from taxgap.records.tables import Records

_LOG = logging.getLogger(__name__)
_OUR_FILES = "*/part-[0-9][0-9][0-9][0-9].parquet"
_TEMPORARY: list[TemporaryDirectory[str]] = []  # each is removed when the process ends


def open_own_tables(path: str | Path, columns: str | Path | None, as_of: str | None) -> Records | None:
    """Ingest own tables into a temporary folder, and open it.

    Parameters
    ----------
    path, columns, as_of
        As for `ingest`.

    Returns
    -------
    Records or None
        None where nothing looks like somebody's tables.
    """
    if columns is None and not holds_tables(path):
        return None
    folder = TemporaryDirectory(prefix="taxgap-")
    _TEMPORARY.append(folder)
    report = ingest(path, Path(folder.name) / "ingested", columns=columns, as_of=as_of)
    if not report.passed:
        unread = int(report.rows["unread"].sum())
        _LOG.warning("%d rows could not be read: `validate` counts them, and `ingest` shows them.", unread)
    return report.records


def holds_tables(path: str | Path) -> bool:
    """Tell whether this is a database, or a folder of files told of by a mapping or by their names.

    Raises
    ------
    InvalidDataError
        It holds partitions as this library writes them, whose manifest is lost: nothing would tell whether
        they are whole.
    """
    if is_database(path):
        return True
    if not Path(path).is_dir():
        return False
    place = open_place(path)
    if mapping_file_of(place) is not None:
        return True
    if any(Path(path).glob(_OUR_FILES)) and not (Path(path) / FILE_NAME).is_file():
        raise InvalidDataError(
            f"The folder holds partitions of records, but no {FILE_NAME} to hold them against.",
            where=str(path),
            remedy="Copy the records again, whole. To take the files as tables of your own, name a mapping.",
        )
    return bool(mapping_by_name(place).tables)
