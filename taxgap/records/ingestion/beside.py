"""Own tables in the library's form beside the output of a run, so that a run that was left off can go on."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from taxgap import __version__
from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.files import check_absent, checksum, read_json, write_json
from taxgap.records.ingestion.opening import holds_tables
from taxgap.records.ingestion.places import Place, mapping_file_of, open_place, sources_of
from taxgap.records.ingestion.walk import REPORT, ingest_by, mapping_for
from taxgap.records.manifest import FILE_NAME, Manifest
from taxgap.records.tables import Records
from taxgap.records.workshop import PLAN, locked, making

_LOG = logging.getLogger(__name__)

UNREAD = "_unread"  # readers of an output as a folder pass over names that begin so
_INGESTED, _SOURCE, _LOCK = "ingested", "source.json", "lock"


def staging(out: str | Path) -> Path:
    """Return the hidden folder in which own tables are staged for an output."""
    place = Path(out).resolve()
    return place.with_name(f".{place.name}.staged")


@contextmanager
def open_beside(
    source: str | Path,
    out: str | Path,
    *,
    columns: str | Path | None = None,
    marker: str,
    replace: bool = False,
    resume: bool = False,
    workers: int | None = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Records]:
    """Open records; own tables are staged beside an output while it is made.

    What a run that was left off had staged is taken again if the files of the source, the mapping and the
    version are the same; the tables of a server, which has no checksum, as they stood then. When the block
    succeeds the staged copy is removed; rows that could not be read go to ``_unread`` in the output. When it
    fails, the copy is kept if there is a run to go on with.

    Parameters
    ----------
    source : str or Path
        As for `Records.open`; records in the library's form are opened as they are.
    out : str or Path
        The folder that will be made.
    columns : str or Path, optional
        The mapping, as for `taxgap.ingest`.
    marker : str
        The file by which an output of the kind is known.
    replace : bool, default False
        Whether an output that stands there may be replaced.
    resume : bool, default False
        Only take up what was staged.
    workers, progress
        As for `taxgap.ingest`.

    Yields
    ------
    Records

    Raises
    ------
    UsageError
        The output exists, the mapping does not fit, or there is nothing to take up.
    InvalidDataError
        The source cannot be read, or was changed while it was.
    BusyError
        Another run is making the output.
    """
    if columns is None and ((Path(source) / FILE_NAME).is_file() or not holds_tables(source)):
        yield Records.open(source)
        return
    if columns is not None and (Path(source) / FILE_NAME).is_file():
        Records.open(source, columns=columns)  # says why not
    check_absent(Path(out), replace=replace, marker=marker)
    folder = staging(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"The output cannot be written: {error.strerror}.",
            where=str(out),
            remedy="Choose a folder that you may write to.",
        ) from error
    with locked(folder / _LOCK, Path(out)):
        try:
            _stage(source, folder, columns, resume=resume, workers=workers, progress=progress)
            yield Records.open(folder / _INGESTED / "records")
        except BaseException:
            if not (making(Path(out)) / PLAN).is_file():
                shutil.rmtree(folder, ignore_errors=True)
            raise
        _keep_unread(folder / _INGESTED, Path(out) / UNREAD)
        shutil.rmtree(folder, ignore_errors=True)


def _stage(
    source: str | Path,
    folder: Path,
    columns: str | Path | None,
    *,
    resume: bool,
    workers: int | None,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Stage the source, unless that was done."""
    place = open_place(source)
    wanted = _identify(str(source), place, columns)
    held = read_json(folder / _SOURCE) if (folder / _SOURCE).is_file() else None
    if held == wanted and _is_whole(folder / _INGESTED / "records"):
        _LOG.info("Going on with what was read of %s before.", place.where)
        return
    if resume:
        said = "Nothing that was read before is left." if held is None else "The source is not what it was."
        raise UsageError(
            f"There is no run to go on with: {said}", where=place.where, remedy="Run it without --resume."
        )
    (folder / _SOURCE).unlink(missing_ok=True)
    mapping = mapping_for(place, columns)
    report = ingest_by(source, mapping, folder / _INGESTED, replace=True, workers=workers, progress=progress)
    read = report.records.manifest.made_by["source"]["tables"]
    if {table: {name: facts["sha256"] for name, facts in found.items()} for table, found in read.items()} != (
        wanted["files"]
    ):
        raise InvalidDataError(
            "A file was changed while it was read.",
            where=place.where,
            remedy="Run it again when it is whole.",
        )
    write_json(folder / _SOURCE, wanted)
    if not report.passed:
        _LOG.warning("%d rows could not be read.", int(report.rows["unread"].sum()))


def _identify(source: str, place: Place, columns: str | Path | None) -> dict[str, Any]:
    """Return what decides how records are staged; an address only as its checksum."""
    mapping = mapping_for(place, columns)
    file = Path(columns) if columns is not None else mapping_file_of(place)
    where = str(Path(source).resolve()) if Path(source).exists() else source
    layouts = {table.layout for table in mapping.tables.values() if table.layout}
    return {
        "taxgap": __version__,
        "source": sha256(where.encode()).hexdigest(),
        "mapping": None if file is None else checksum(file),
        "layouts": {name: place.checksum(name) for name in sorted(layouts)},
        "files": {
            name: {item: place.checksum(item) for item in sources_of(place, table)}
            for name, table in mapping.tables.items()
        },
    }


def _is_whole(records: Path) -> bool:
    if not (records / FILE_NAME).is_file():
        return False
    files = Manifest.read(records).files.items()
    return all(
        (records / name).is_file() and checksum(records / name) == facts["sha256"] for name, facts in files
    )


def _keep_unread(ingested: Path, out: Path) -> None:
    """Keep rows that could not be read, with the report of the reading, in the output."""
    if (ingested / "unread").is_dir() and any((ingested / "unread").iterdir()):
        (ingested / "unread").replace(out)
        (ingested / REPORT).replace(out / REPORT)
