"""The files or tables of an administration: those with the same columns together, and a sample of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from glob import escape
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.ingestion.mapping import Writing
from taxgap.records.ingestion.mapping_file import is_safe
from taxgap.records.ingestion.places import TEXT_SUFFIXES, Place
from taxgap.records.readers.chunks import Chunk, Reader
from taxgap.records.suggestion.kinds import Observed, observe

FIRST_ROWS, LATER_ROWS, CHUNKS, FILES = 5_000, 1_000, 3, 3
"""Rows of the first chunk, and of each later one, that are looked at; chunks of a file; files of a group."""

UNDECODED = "undecodable_text"
"""The fault of lines that are not in the encoding."""

SECOND_ENCODING = "windows-1252"
"""What text is taken to be where it is not UTF-8; any bytes can be read so, rightly or not."""

_LAYOUT = {"name", "start", "length"}
_VALUE = re.compile(
    r"[A-Z]{2}[0-9]{6}[A-D]|[0-9]{9,10}|[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}|-?[0-9]+[.,][0-9]{2}"
    r"|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}",
    re.IGNORECASE,
)
_MANY_VALUES = 0.3


@dataclass(frozen=True)
class Group:
    """Files with the same columns, or one table.

    Attributes
    ----------
    source : str
        What a mapping names them by.
    names : tuple of str
        The files.
    layout : str or None
        The file with the layout of fixed-width lines.
    encoding : str or None
        Of text; UTF-8 where none is named.
    columns : dict of str to Observed
        What each column holds, in a sample.
    """

    source: str
    names: tuple[str, ...]
    layout: str | None = None
    encoding: str | None = None
    columns: dict[str, Observed] = field(default_factory=dict)


@dataclass(frozen=True)
class _File:
    name: str
    columns: tuple[str, ...]
    layout: str | None
    encoding: str | None


def look_at(place: Place) -> tuple[list[Group], dict[str, str]]:
    """Look at all files or tables of a place.

    Parameters
    ----------
    place : Place

    Returns
    -------
    groups : list of Group
    left_out : dict of str to str
        Files that cannot be suggested for anything, and why.
    """
    left_out: dict[str, str] = {}
    files = []
    layouts = _layouts(place)
    for name in place.names():
        if name in layouts:
            continue
        try:
            file = _open(place, name, layouts)
        except (InvalidDataError, UsageError) as error:
            left_out[name] = error.message
            continue
        reason = _unfit(file)
        if reason:
            left_out[name] = reason
        else:
            files.append(file)
    return [_sample(place, source, members) for source, members in _groups(place, files)], left_out


def _layouts(place: Place) -> list[str]:
    """List the files that describe fixed-width lines."""
    found = []
    for name in place.names():
        if name.lower().endswith(TEXT_SUFFIXES):
            try:
                columns = {column.lower() for column in place.reader(name, Writing()).columns()}
            except (InvalidDataError, UsageError):
                continue
            if columns == _LAYOUT:
                found.append(name)
    return found


def _open(place: Place, name: str, layouts: Sequence[str]) -> _File:
    """Read the header of a file, in the encoding and by the layout that fit it."""
    tries: list[tuple[str | None, str | None]] = [(None, None), (SECOND_ENCODING, None)]
    is_text = name.lower().endswith(TEXT_SUFFIXES)
    problem: InvalidDataError | None = None
    for encoding, layout in tries if is_text else tries[:1]:
        try:
            columns = place.reader(name, Writing(encoding=encoding), layout).columns()
        except InvalidDataError as error:
            problem = problem or error
            continue
        if len(columns) > 1 or not layouts:
            return _File(name, tuple(columns), None, encoding)
        break
    if not is_text or not layouts:
        raise problem or InvalidDataError("It has no columns.", where=name)
    layout = max(layouts, key=lambda each: (len(_words(each) & _words(name)), each))
    columns = place.reader(name, Writing(), layout).columns()
    return _File(name, tuple(columns), layout, None)


def _unfit(file: _File) -> str:
    if not is_safe(file.name):
        return "Its name leads out of the folder."
    if not file.columns:
        return "It has no columns."
    values = sum(bool(_VALUE.fullmatch(column.strip())) for column in file.columns)
    if values and values >= _MANY_VALUES * len(file.columns):
        # Its names would be values of somebody: none of them may be written down.
        return "Its first line looks like data, not like a header: add a header line."
    return ""


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z]+", PurePosixPath(name).stem.lower()))


def _groups(place: Place, files: Sequence[_File]) -> list[tuple[str, list[_File]]]:
    """Take files with the same columns and alike names together, under a pattern that means them alone."""
    alike: dict[tuple[object, ...], list[_File]] = {}
    for file in files:
        path = PurePosixPath(file.name)
        first = re.match(r"[^A-Za-z]*([A-Za-z]*)", path.name)
        key = (file.columns, path.suffix.lower(), str(path.parent), first and first[1].lower(), file.layout)
        alike.setdefault(key, []).append(file)
    groups = []
    for members in alike.values():
        names = [file.name for file in members]
        source = _source_of(place, names)
        if source is not None:
            groups.append((source, members))
        else:
            groups += [(_source_of(place, [file.name]) or file.name, [file]) for file in members]
    return groups


def _source_of(place: Place, names: list[str]) -> str | None:
    """Return what stands for these files alone, or nothing."""
    if len(names) == 1:
        tries = [names[0], escape(names[0])]
    else:
        start = _same_start(names)
        end = _same_start([name[len(start) :][::-1] for name in names])[::-1]
        bare = start.rstrip("0123456789")
        tries = [f"{escape(bare)}*{escape(end)}", f"{escape(start)}*{escape(end)}"]
    wanted = sorted(names)
    return next((each for each in tries if is_safe(each) and sorted(place.matching(each)) == wanted), None)


def _same_start(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    return first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


def _sample(place: Place, source: str, members: Sequence[_File]) -> Group:
    spread = sorted({round(i) for i in np.linspace(0, len(members) - 1, FILES)})
    encoding = next((file.encoding for file in members if file.encoding), None)
    layout = members[0].layout
    parts: list[pa.Table] = []
    for number in spread:
        name = members[number].name
        chunks, undecoded = _read(place.reader(name, Writing(encoding=encoding), layout))
        if undecoded and encoding is None:
            encoding = SECOND_ENCODING
            chunks, _ = _read(place.reader(name, Writing(encoding=encoding), layout))
        parts += chunks
    columns = {
        column: observe(column, _column(parts, column))
        for column in members[0].columns
    }  # fmt: skip
    return Group(source, tuple(file.name for file in members), layout, encoding, columns)


def _read(reader: Reader) -> tuple[list[pa.Table], bool]:
    """Read the beginning of a source, and tell whether lines of it cannot be decoded."""
    parts: list[pa.Table] = []
    undecoded = False
    try:
        for number, chunk in enumerate(reader.chunks()):
            parts += _rows_of(chunk, first=number == 0)
            undecoded = undecoded or any(fault.fault == UNDECODED for fault in chunk.faults)
            if number + 1 >= CHUNKS:
                break
    except InvalidDataError:
        pass  # what could be read is enough to guess by; to read it all is the work of `ingest`
    return parts, undecoded


def _rows_of(chunk: Chunk, *, first: bool) -> list[pa.Table]:
    table = chunk.table
    begun = FIRST_ROWS if first else 0
    if table.num_rows <= begun:
        return [table]
    later = np.linspace(begun, table.num_rows - 1, LATER_ROWS).astype(np.int64)
    return [table.slice(0, begun), table.take(pa.array(np.unique(later), pa.int64()))]


def _column(parts: Sequence[pa.Table], column: str) -> pa.ChunkedArray:
    arrays = [part.column(column) for part in parts if column in part.column_names]
    if not arrays:
        return pa.chunked_array([], type=pa.string())
    kinds = {array.type for array in arrays}
    if len(kinds) > 1:
        arrays = [array.cast(pa.string()) for array in arrays]
    return pa.chunked_array([chunk for array in arrays for chunk in array.chunks], type=arrays[0].type)
