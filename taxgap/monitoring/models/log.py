"""The log of a shelf: lines that are only ever added, each holding the hash of the line before.

Beside the log stands its head: how many lines there are and the hash of the last. A chain alone cannot tell
that its last line was changed or removed, nor a line that was cut from one whose writer was killed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from errno import ENOSPC
from pathlib import Path

from filelock import FileLock, Timeout

from taxgap.errors import BusyError, UsageError
from taxgap.monitoring.models.entries import ORIGIN, Entry, begin_line, broken, hash_line, now
from taxgap.records.files import read_json

LOG = "log.jsonl"
HEAD = "log.head"
LOCK = "log.lock"
PATIENCE = 30.0
"""Seconds to wait for another writer."""


@dataclass(frozen=True)
class Log:
    """A log as it was read.

    Parameters
    ----------
    entries : tuple of Entry
        Its lines, oldest first.
    last : str
        SHA-256 of the last line; zeros where there is none.
    size : int
        Bytes of its whole lines.
    torn : bytes
        What stands behind the last whole line: the beginning of a line whose writer was killed. It counts
        for nothing; the next write drops it, and notes so.
    """

    entries: tuple[Entry, ...] = ()
    last: str = ORIGIN
    size: int = 0
    torn: bytes = b""


def read_log(shelf: Path) -> Log:
    """Read the log of a shelf and check its chain.

    Parameters
    ----------
    shelf : Path
        The folder; without a log it is empty.

    Returns
    -------
    Log

    Raises
    ------
    InvalidDataError
        A line was changed, removed, added or cut; the error names it.
    IncompatibleError
        A line is of a newer format.

    Notes
    -----
    Hashes show damage and careless changes; they are no signature. Whoever may write to the folder can write
    all of it anew.
    """
    path = shelf / LOG
    # The head first: a writer adds to the log before it moves the head on.
    head = _read_head(shelf)
    content = path.read_bytes() if path.is_file() else b""
    head = _read_head(shelf) if head is None else head
    *lines, rest = content.split(b"\n")
    entries, hashes = [], [ORIGIN]
    for sequence, line in enumerate(lines, 1):
        entries.append(Entry.from_line(line, sequence, hashes[-1], f"{path}, line {sequence}"))
        hashes.append(hash_line(line))
    _check_head(head, hashes, path, empty=not content)
    _check_rest(rest, len(lines) + 1, hashes[-1], path)
    return Log(tuple(entries), hashes[-1], len(content) - len(rest), rest)


def append(shelf: Path, log: Log, entry: Entry) -> Log:
    """Add a line; call it within `locked`, with the log read there.

    Parameters
    ----------
    shelf : Path
    log : Log
        As it stands.
    entry : Entry
        What to add. Its time is set; where a torn line is dropped, its note says so.

    Returns
    -------
    Log
        As it stands now, safe on the disk.

    Raises
    ------
    UsageError
        The log cannot be written; it is left as it was.
    """
    if log.torn:
        dropped = f"Before this line, {len(log.torn)} bytes of a line were dropped whose writer was killed."
        entry = replace(entry, note=f"{entry.note} {dropped}" if entry.note else dropped)
    entry = replace(entry, time=now())
    line = entry.to_line(len(log.entries) + 1, log.last)
    try:
        _write_head(shelf, len(log.entries), log.last)  # it lags behind if a writer was killed
        _write_line(shelf / LOG, log.size, line + b"\n")
        _move_head(shelf, log, line)
    except OSError as error:
        raise UsageError(
            f"The log cannot be written: {error.strerror or type(error).__name__}.",
            where=str(shelf / LOG),
            remedy="Choose a shelf that you may write to, with room on the disk.",
        ) from error
    return Log((*log.entries, entry), hash_line(line), log.size + len(line) + 1)


@contextmanager
def locked(shelf: Path) -> Iterator[None]:
    """Keep other writers out.

    Raises
    ------
    BusyError
        Another has held the shelf for half a minute.
    UsageError
        The folder cannot be written to.
    """
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        lock = FileLock(shelf / LOCK, timeout=PATIENCE)
        lock.acquire()
    except Timeout as error:
        raise BusyError(
            "Another run is writing to the shelf.", where=str(shelf), remedy="Wait until it has ended."
        ) from error
    except OSError as error:
        raise UsageError(
            f"The shelf cannot be written to: {error.strerror or type(error).__name__}.",
            where=str(shelf),
            remedy="Choose a folder that you may write to.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def sync(path: Path) -> None:
    """Make sure that a file, or the names in a folder, are on the disk."""
    if path.is_dir() and os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_head(shelf: Path) -> tuple[int, str] | None:
    path = shelf / HEAD
    if not path.is_file():
        return None
    head = read_json(path)
    lines, last = head.get("lines"), head.get("last")
    if not isinstance(lines, int) or not isinstance(last, str):
        raise broken("Its head cannot be read", str(path))
    return lines, last


def _check_head(head: tuple[int, str] | None, hashes: list[str], path: Path, *, empty: bool) -> None:
    if head is None:
        if not empty:
            raise broken(
                f"Its head is missing, so that its last line (line {len(hashes) - 1}) cannot be checked",
                str(path.with_name(HEAD)),
            )
        return
    lines, last = head
    if lines >= len(hashes):
        raise broken(
            f"Line {len(hashes)} was cut or removed: {lines} were written", f"{path}, line {len(hashes)}"
        )
    if hashes[lines] != last:
        raise broken(f"Line {lines} was changed", f"{path}, line {lines}")


def _check_rest(rest: bytes, sequence: int, before: str, path: Path) -> None:
    """Refuse what stands behind the last whole line, unless it is how the next line would begin."""
    written = rest.rstrip(b"\0")  # a file may have grown before its bytes reached the disk
    begin = begin_line(sequence, before)
    if not written.startswith(begin) and not begin.startswith(written):
        raise broken(f"Line {sequence} was added or changed by hand", f"{path}, line {sequence}")


def _write_line(path: Path, size: int, line: bytes) -> None:
    """Write behind the first `size` bytes, all or nothing as far as the system lets us."""
    with path.open("ab", buffering=0) as file:
        file.truncate(size)
        try:
            written = file.write(line)
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)
            raise
        if written != len(line):
            file.truncate(size)
            raise OSError(ENOSPC, os.strerror(ENOSPC))
    if not size:
        sync(path.parent)


def _move_head(shelf: Path, log: Log, line: bytes) -> None:
    try:
        _write_head(shelf, len(log.entries) + 1, hash_line(line))
    except OSError:
        os.truncate(shelf / LOG, log.size)  # what is reported as not done must not stand
        raise


def _write_head(shelf: Path, lines: int, last: str) -> None:
    temporary = shelf / f".{HEAD}.tmp"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(f'{{"format": 1, "lines": {lines}, "last": "{last}"}}\n')
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(shelf / HEAD)
