"""Text files as blocks of whole lines: decoded, numbered, and bounded in memory whatever the file holds.

What cannot be decoded stands in the text as lone surrogates, which no text that was decoded can hold; so does
the place where an endless line was cut off. Readers ask for them only in blocks that are marked as odd.
"""

from __future__ import annotations

import codecs
import io
import re
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.readers.chunks import LineFault
from taxgap.records.readers.raw_files import expanded, open_regular

ENCODINGS = {
    "utf-8": "utf-8",
    "windows-1252": "cp1252",
    "iso-8859-1": "iso8859-1",
    "iso-8859-15": "iso8859-15",
    "utf-16": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
}
"""Encodings that may be asked for, and what Python calls them. A byte-order mark is stronger."""

_OTHER_NAMES = {
    "utf8": "utf-8",
    "utf-8-sig": "utf-8",
    "cp1252": "windows-1252",
    "latin-1": "iso-8859-1",
}

LINE_LIMIT = 4 << 20
"""Characters of the longest line that is read whole; a longer one is cut off and is no row."""

CUT = "\ud800"
"""Stands at the end of a line that was cut off."""

_BLOCK_LINES = 20_000
_SHOWN = 1_000
_LINE_END = re.compile("\r\n?|\n")
_ODD = re.compile("[\0\ud800-\udfff]")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Block(NamedTuple):
    """Some whole lines of a file.

    Attributes
    ----------
    first : int
        The number of the first line, counted from 1.
    text : str
        The lines with their ends, as they stand there: LF, CR or CRLF.
    odd : bool
        Whether NUL, undecodable bytes or a line that was cut off stand in it.
    final : bool
        Whether this is the end of the file. The final block is empty.
    """

    first: int
    text: str
    odd: bool = False
    final: bool = False

    def lines(self) -> list[str]:
        r"""Return the lines with their ends.

        Examples
        --------
        >>> Block(1, "a\rb\r\nc").lines()
        ['a\r', 'b\r\n', 'c']
        """
        return list(io.StringIO(self.text, newline=""))


def python_encoding(name: str) -> str:
    """Return what Python calls an encoding.

    Raises
    ------
    UsageError
        It is none of `ENCODINGS`, nor another name of one.
    """
    plain = name.lower().replace("_", "-")
    plain = _OTHER_NAMES.get(plain, plain)
    if plain not in ENCODINGS:
        raise UsageError(f"The encoding '{name}' is not known.", available=ENCODINGS)
    return ENCODINGS[plain]


class TextFile:
    """A text file, plain or compressed with gzip.

    Parameters
    ----------
    path : Path
        A regular file.
    encoding : str, optional
        One of `ENCODINGS`; ``utf-8`` when absent.

    Raises
    ------
    UsageError
        The encoding is none of them.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path, self.where = path, path.name
        self._encoding = python_encoding(encoding or "utf-8")

    def blocks(self) -> Generator[Block, None, None]:
        """Read the file from its beginning.

        Yields
        ------
        Block
            With at most 20,000 lines. The last one is empty and marked as final.

        Raises
        ------
        InvalidDataError
            The file is missing, no regular file, no text, damaged, or expands beyond all measure.
        """
        try:
            with open_regular(self.path) as file:
                yield from _whole_lines(self._texts(file))
        except (OSError, EOFError, zlib.error) as error:
            raise InvalidDataError(
                "The file cannot be read to its end; it may be cut off or damaged.",
                where=self.where,
                remedy="Copy or make it again.",
            ) from error

    def _texts(self, file: BinaryIO) -> Iterator[str]:
        """Decode the file piece by piece; no piece ends between CR and LF."""
        pieces = expanded(file, self.where)
        first = next(pieces, b"")
        mark, encoding = next(((mark, name) for mark, name in _MARKS if first.startswith(mark)), (b"", ""))
        encoding = encoding or self._encoding
        errors = "taxgap.escape" if encoding.startswith("utf-16") else "surrogateescape"
        decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder(encoding)(errors), translate=False
        )
        yield decoder.decode(first[len(mark) :])
        for piece in pieces:
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)


def line_fault(line: int, fault: str, text: str) -> LineFault:
    r"""Make the fault of a line; what cannot be written as text is shown as an escape.

    Parameters
    ----------
    line : int
        Counted from 1.
    fault : str
        A code of `FAULTS`.
    text : str
        The whole line.

    Returns
    -------
    LineFault

    Examples
    --------
    >>> line_fault(3, "undecodable_text", b"caf\xe9,1\n".decode("utf-8", "surrogateescape")).text
    'caf\\xe9,1'
    """
    shown = text[: _SHOWN + 2].rstrip("\r\n")[:_SHOWN]
    return LineFault(line, fault, _ODD.sub(_show, shown)[:_SHOWN])


def text_fault(text: str) -> str | None:
    """Return the fault of a text that holds NUL, undecodable bytes or the end of a cut line; None without.

    Examples
    --------
    >>> text_fault("a"), text_fault("a" + chr(0))
    (None, 'null_character')
    """
    if CUT in text:
        return "cell_too_long"
    if "\0" in text:
        return "null_character"
    return "undecodable_text" if _ODD.search(text) else None


def _whole_lines(texts: Iterator[str]) -> Iterator[Block]:
    """Put together what falls into two pieces; of a line beyond `LINE_LIMIT` only the beginning is given."""
    number, tail, dropping = 1, "", False
    for piece in texts:
        text = piece
        if dropping:
            end = _LINE_END.search(text)
            if end is None:
                continue
            text, dropping = text[end.end() :], False
        text = tail + text
        stop = max(text.rfind("\n"), text.rfind("\r")) + 1
        text, tail = text[:stop], text[stop:]
        if len(tail) > LINE_LIMIT:
            text, tail, dropping = f"{text}{tail[: 2 * _SHOWN]}{CUT}\n", "", True
        count = count_lines(text)
        yield from _blocks(number, text, count)
        number += count
    if tail:
        yield from _blocks(number, tail, 1)
    yield Block(number + bool(tail), "", final=True)


def _blocks(first: int, text: str, count: int) -> Iterator[Block]:
    if not text:
        return
    odd = not _is_plain(text)
    if count <= _BLOCK_LINES:
        yield Block(first, text, odd)
        return
    lines = Block(first, text).lines()
    for start in range(0, count, _BLOCK_LINES):
        yield Block(first + start, "".join(lines[start : start + _BLOCK_LINES]), odd)


def count_lines(text: str) -> int:
    r"""Count the lines of a text, whatever their ends.

    Examples
    --------
    >>> count_lines("a\rb\r\n\nc")
    4
    """
    ends = text.count("\n")
    if "\r" in text:
        ends += text.count("\r") - text.count("\r\n")
    return ends + (text != "" and text[-1] not in "\r\n")


def _is_plain(text: str) -> bool:
    if "\0" in text:
        return False
    try:  # far quicker than a search for surrogates
        return text.isascii() or bool(text.encode("utf-8"))
    except UnicodeEncodeError:
        return False


def _show(found: re.Match[str]) -> str:
    code = ord(found[0])
    return "" if found[0] == CUT else f"\\x{code & 0xFF:02x}"


def _escape(error: UnicodeError) -> tuple[str, int]:
    # Like surrogateescape, which knows bytes from 0x80 only; in UTF-16 any byte can be wrong.
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in wrong), error.end


codecs.register_error("taxgap.escape", _escape)
