"""Files as bytes: regular ones only, unpacked where gzip packed them, and of no kind that is not text."""

from __future__ import annotations

import gzip
import io
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from taxgap.errors import InvalidDataError, TaxGapError

GZIP_MARK = b"\x1f\x8b"
"""How a file begins that gzip packed."""

_BLOCK = 1 << 19
_EXPANDED, _RATIO = 1 << 30, 1_000  # a compressed file beyond both is taken for a bomb
_FOREIGN = {
    b"PK\x03\x04": ("a zip file or a workbook", "Unpack it first, or save the sheet as CSV."),
    b"\xd0\xcf\x11\xe0": ("a workbook", "Save the sheet as CSV."),
    b"PAR1": ("a parquet file", 'Give it the ending ".parquet".'),
    b"BZh": ("compressed with bzip2", "Unpack it first, or compress it with gzip."),
    b"\xfd7zXZ": ("compressed with xz", "Unpack it first, or compress it with gzip."),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "Unpack it first, or compress it with gzip."),
}


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file, and nothing else: a pipe or a device could be read for ever.

    Parameters
    ----------
    path : Path

    Returns
    -------
    binary file

    Raises
    ------
    InvalidDataError
        It is missing, may not be read, or is a folder, a pipe or a device.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InvalidDataError(
                "This is no regular file.",
                where=path.name,
                remedy="Name a file, not a folder, pipe or device.",
            )
        return path.open("rb")
    except TaxGapError:
        raise
    except FileNotFoundError as error:
        raise InvalidDataError("The file is missing.", where=path.name) from error
    except (OSError, ValueError) as error:  # a name with NUL is a ValueError
        raise InvalidDataError(
            "The file cannot be opened.", where=path.name, remedy="Check its name and who may read it."
        ) from error


def expanded(file: BinaryIO, where: str) -> Iterator[bytes]:
    """Read a file piece by piece; what gzip made small becomes large again.

    Parameters
    ----------
    file : binary file
        At its beginning.
    where : str
        Its name for messages.

    Yields
    ------
    bytes
        At most half a megabyte each.

    Raises
    ------
    InvalidDataError
        It is of another kind than text, or expands to more than a gigabyte and 1,000 times its size.
    OSError, EOFError, zlib.error
        It is damaged.

    Examples
    --------
    >>> b"".join(expanded(io.BytesIO(GZIP_MARK + gzip.compress(b"a,b")[2:]), "a.csv.gz"))
    b'a,b'
    """
    packed = file.read(2) == GZIP_MARK
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    total = 0
    source = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
    while piece := source.read(_BLOCK):
        if not total:
            _refuse_foreign(piece, where)
        total += len(piece)
        if packed and total > max(_EXPANDED, _RATIO * size):
            raise InvalidDataError(
                f"The compressed file expands to more than {_RATIO:,} times its size.",
                where=where,
                remedy="Unpack it yourself, if it is what it should be.",
            )
        yield piece


def _refuse_foreign(first: bytes, where: str) -> None:
    for mark, (kind, remedy) in _FOREIGN.items():
        if first.startswith(mark):
            raise InvalidDataError(f"This is no text file: it is {kind}.", where=where, remedy=remedy)
