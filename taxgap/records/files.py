"""Files that appear whole or not at all, and their checksums."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError


@contextmanager
def new_file(path: Path, *, clear: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; it takes its name only when the block succeeds.

    Parameters
    ----------
    path : Path
        Where the finished file shall stand.
    clear : bool, default False
        Remove first what runs that were killed on this machine left of the same file.

    Yields
    ------
    Path

    Raises
    ------
    UsageError
        The folder cannot be written to.
    """
    machine = f".{platform.node()}" if clear else ""  # a folder may be shared by several
    temporary = path.with_name(f".{path.name}{machine}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if clear:
            _remove_abandoned(path)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True) if path.parent.is_dir() else None


@contextmanager
def new_folder(path: Path, *, replace: bool = False, marker: str = "manifest.json") -> Iterator[Path]:
    """Give a temporary folder to fill; it takes the name `path` only when the block succeeds.

    What runs that were killed on this machine left of the same folder is removed first.

    Parameters
    ----------
    path : Path
        Where the finished folder shall stand.
    replace : bool, default False
        Replace a folder that stands there, instead of refusing.
    marker : str, default "manifest.json"
        The file by which a folder of the same kind is known: no other folder is ever replaced.

    Yields
    ------
    Path

    Raises
    ------
    UsageError
        The folder exists and may not be replaced, or it cannot be written to.
    """
    check_absent(path, replace=replace, marker=marker)
    # The machine too, since a folder may be shared by several.
    temporary = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}.tmp")
    try:
        _remove_abandoned(path)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_absent(path: Path, *, replace: bool = False, marker: str = "manifest.json") -> None:
    """Refuse an output that exists, unless it is of the same kind and may be replaced.

    Parameters
    ----------
    path : Path
    replace : bool, default False
    marker : str, default "manifest.json"
        The file by which a folder of the same kind is known.

    Raises
    ------
    UsageError
        The output exists and `replace` is false, or it is not of the same kind.
    """
    if not path.exists():
        return
    if not replace:
        raise UsageError(
            "The output exists already.", where=str(path), remedy="Name another folder, or use --replace."
        )
    if not path.is_dir() or (any(path.iterdir()) and not (path / marker).is_file()):
        raise UsageError(
            f"The output holds no {marker}: something else wrote it, and it is not replaced.",
            where=str(path),
            remedy="Name another folder, or remove this one yourself.",
        )


def check_writable(path: Path) -> None:
    """Refuse an output that cannot be made, before time is spent on it: a folder is made there and removed.

    Raises
    ------
    UsageError
        The folder above may not be written to, or is none.
    """
    above = path.absolute().parent
    while not above.exists():
        above = above.parent
    try:
        with TemporaryDirectory(prefix=f".{path.name}.", dir=above):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def checksum(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal text."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Write plain data as JSON: sorted keys, so that the same content gives the same bytes."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> Path:
    """Write a text with the same bytes on every system; it appears whole or not at all."""
    with new_file(path) as temporary:
        temporary.write_text(text, "utf-8", newline="\n")
    return path


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    InvalidDataError
        The file is missing, cut off or not a JSON object.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InvalidDataError("The file is missing.", where=str(path)) from error
    except (OSError, ValueError) as error:
        raise InvalidDataError(
            "The file cannot be read as JSON: it is cut off or damaged.",
            where=str(path),
            remedy="Copy the folder again, or make it again.",
        ) from error
    if not isinstance(content, dict):
        raise InvalidDataError("The file holds no JSON object.", where=str(path))
    return content


def check_format(content: dict[str, Any], *, name: str, version: int, where: Path) -> None:
    """Refuse content of another format, or of a newer version than this code knows.

    Raises
    ------
    IncompatibleError
    """
    if content.get("format") != name:
        raise IncompatibleError(f"This is not a '{name}' file.", where=str(where))
    found = content.get("format_version")
    if not isinstance(found, int) or found > version:
        raise IncompatibleError(
            f"The format '{name}' has version {found}, newer than {version}, which this taxgap knows.",
            where=str(where),
            remedy="Install a newer taxgap.",
        )


def _remove_abandoned(path: Path) -> None:
    """Remove the temporary files and folders of `path` whose process is no more."""
    begin, end = f".{path.name}.{platform.node()}.", ".tmp"
    for left in path.parent.iterdir() if path.parent.is_dir() else ():
        process = left.name.removeprefix(begin).removesuffix(end)
        if left.name == f"{begin}{process}{end}" and process.isdecimal() and not _is_running(int(process)):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    if os.name != "posix":  # elsewhere, to ask may end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it is another user's, or no number of a process
        return True
    return True


def _unwritable(path: Path, error: OSError) -> UsageError:
    reason = error.strerror or type(error).__name__
    return UsageError(
        f"The output cannot be written: {reason}.",
        where=str(path),
        remedy="Choose a folder that you may write to, with room on the disk.",
    )
