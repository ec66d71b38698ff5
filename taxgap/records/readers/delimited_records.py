"""Lines to records of cells: quotes, line breaks within quotes, and quotes that never close.

An open quote could swallow the rest of a file. A record is therefore given up when its quotes make no sense,
after 1,000 lines or after a million characters, and reading goes on with the line after the one it began on.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

from taxgap.records.readers.chunks import LineFault
from taxgap.records.readers.text_lines import CUT, Block, line_fault, text_fault

RECORD_LINES = 1_000
"""Lines of the longest record."""

CELL_LIMIT = 1 << 20
"""Characters of the longest cell, and of the longest record of several lines."""


@dataclass
class Parsed:
    """What a block of lines holds.

    Attributes
    ----------
    rows : list of list of str
        The cells of each record, as many as stand there; a blank line has none.
    lines : list of int
        The line on which each record begins.
    texts : list of str
        Each record as it stands there.
    faults : list of LineFault
        Records that cannot be read.
    """

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    faults: list[LineFault] = field(default_factory=list)

    def add(self, line: int, row: list[str], text: str) -> None:
        """Add a record."""
        self.rows.append(row)
        self.lines.append(line)
        self.texts.append(text)


class RecordParser:
    r"""Parses the blocks of one file, in their order.

    Parameters
    ----------
    delimiter : str
        One character.

    Examples
    --------
    >>> parser = RecordParser(",")
    >>> parser.parse(Block(1, 'a,"b' + chr(10))).rows  # the record is not finished
    []
    >>> parser.parse(Block(2, 'c"' + chr(10))).rows
    [['a', 'b\nc']]
    """

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter
        self._rest: list[str] = []
        self._rest_odd = False
        self._doubtful = 0  # lines that a given-up record had swallowed; what is quoted there may be torn

    @property
    def waits(self) -> bool:
        """Whether a record has begun that is not finished."""
        return bool(self._rest)

    def parse(self, block: Block) -> Parsed:
        """Parse the records that end in this block.

        Parameters
        ----------
        block : Block

        Returns
        -------
        Parsed
        """
        if csv.field_size_limit() < CELL_LIMIT:  # one setting for the whole process: raised, never lowered
            csv.field_size_limit(CELL_LIMIT)
        lines = [*self._rest, *block.lines()]
        first = block.first - len(self._rest)
        odd = block.odd or self._rest_odd
        parsed = None if odd or self._doubtful else self._parse_plain(first, lines)
        if parsed is None:
            parsed, self._rest = self._parse_carefully(first, lines, final=block.final)
            self._rest_odd = odd and bool(self._rest)
        else:
            self._rest = []
        return _without_odd(parsed) if odd else parsed

    def _parse_plain(self, first: int, lines: list[str]) -> Parsed | None:
        """Parse lines that are one record each; None where they are not."""
        if max(map(len, lines), default=0) > CELL_LIMIT:
            return None
        try:
            rows = list(self._reader(lines))
        except csv.Error:
            return None
        if len(rows) != len(lines):
            return None
        return Parsed(rows, list(range(first, first + len(lines))), lines)

    def _parse_carefully(self, first: int, lines: list[str], *, final: bool) -> tuple[Parsed, list[str]]:
        """Parse record by record; what is not finished is given back."""
        parsed = Parsed()
        feed = _Feed(lines)
        reader = self._reader(feed)
        while feed.at < len(lines):
            start = feed.start = feed.at
            fault, row = None, []
            if CUT in lines[start]:
                fault, feed.at = "cell_too_long", start + 1
            else:
                try:
                    row = next(reader)
                except (csv.Error, _TooLongError) as error:
                    if feed.ended and not final:
                        self._doubtful = max(0, self._doubtful - start)
                        return parsed, lines[start:]
                    fault = self._give_up(feed, error)
            text = "".join(lines[start : feed.at])
            if fault is None:
                fault = self._doubt(start, row)
            if fault is None:
                parsed.add(first + start, row, text)
            else:
                parsed.faults.append(line_fault(first + start, fault, text))
        self._doubtful = max(0, self._doubtful - len(lines))
        return parsed, []

    def _give_up(self, feed: _Feed, error: Exception) -> str:
        """Name the fault of a record, and go back to its second line."""
        if feed.at == feed.start + 1 and isinstance(error, csv.Error) and not feed.ended:
            return "cell_too_long" if "field limit" in str(error) else "loose_quote"
        self._doubtful = max(self._doubtful, feed.at)
        feed.at = feed.start + 1
        return "open_quote"

    def _doubt(self, start: int, row: list[str]) -> str | None:
        if any(len(cell) > CELL_LIMIT for cell in row):
            return "cell_too_long"
        if start < self._doubtful and any('"' in cell for cell in row):
            return "loose_quote"
        return None

    def _reader(self, lines: list[str] | _Feed) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=True)


class _TooLongError(Exception):
    """A record has too many lines or characters."""


class _Feed:
    """Gives lines one by one, can be set back, and stops a record that takes too many."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = self.start = self.length = 0
        self.ended = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self.at == self.start:
            self.length, self.ended = 0, False
        elif self.at - self.start >= RECORD_LINES or self.length > CELL_LIMIT:
            raise _TooLongError
        if self.at == len(self.lines):
            self.ended = True
            raise StopIteration
        line = self.lines[self.at]
        if CUT in line:
            raise _TooLongError
        self.at += 1
        self.length += len(line)
        return line


def _without_odd(parsed: Parsed) -> Parsed:
    kept = Parsed(faults=parsed.faults)
    for line, row, text in zip(parsed.lines, parsed.rows, parsed.texts, strict=True):
        fault = text_fault(text)
        if fault is None:
            kept.add(line, row, text)
        else:
            kept.faults.append(line_fault(line, fault, text))
    return kept
