"""Files of delimited text: CSV in any of its forms."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.faults import FAULTS
from taxgap.records.readers.chunks import Chunk, LineFault
from taxgap.records.readers.delimited_records import Parsed, RecordParser
from taxgap.records.readers.gathering import gather, piece, text_table
from taxgap.records.readers.plain_blocks import PlainBlocks
from taxgap.records.readers.text_lines import CUT, Block, TextFile, line_fault

DELIMITERS = (",", ";", "\t", "|")
"""What is looked for in the header line."""

COLUMNS = 10_000
"""The widest file that is read."""

_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r'"[^"]*"?')


class DelimitedReader:
    r"""Reads delimited text, plain or compressed with gzip, bad lines and all.

    Cells may be quoted with ``"``, doubled within; they may hold line breaks. Lines end with LF, CR or CRLF,
    mixed at will. A line that is no row becomes a `LineFault`, and the lines after it are read. Empty columns
    at the right end are accepted, in the header as in the rows. A byte-order mark at the beginning of a line
    is no text.

    Parameters
    ----------
    path : Path
    encoding : str, optional
        One of `taxgap.records.readers.text_lines.ENCODINGS`; ``utf-8`` when absent. A byte-order mark is
        stronger.
    delimiter : str, optional
        One character. When absent, a first line such as ``sep=;`` names it, or else that of `DELIMITERS`
        which is most frequent in the header.
    empty : collection of str, default ("",)
        Texts that stand for nothing.

    Raises
    ------
    UsageError
        The encoding is not known, or the delimiter cannot be one.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "vat.csv")
    ...     _ = path.write_text("id;due\n1;5,00\n2\n3;\n")
    ...     chunk = next(DelimitedReader(path).chunks())
    >>> chunk.table.to_pydict(), chunk.lines.tolist()
    ({'id': ['1', '3'], 'due': ['5,00', None]}, [2, 4])
    >>> chunk.faults
    (LineFault(line=3, fault='too_few_cells', text='2'),)
    """

    def __init__(
        self,
        path: Path,
        *,
        encoding: str | None = None,
        delimiter: str | None = None,
        empty: Collection[str] = ("",),
    ) -> None:
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '" \r\n\0' or delimiter > "~"):
            raise UsageError(
                f"The delimiter {delimiter!r} cannot be used.", available=[repr(mark) for mark in DELIMITERS]
            )
        self.where = path.name
        self._file = TextFile(path, encoding)
        self._delimiter, self._empty = delimiter, empty

    def columns(self) -> list[str]:
        """Return the names in the header.

        Raises
        ------
        InvalidDataError
            There is no header, its names are missing or repeated, or the file cannot be read.
        """
        with closing(self._file.blocks()) as blocks:
            return list(self._begin(blocks).header.names)

    def chunks(self) -> Iterator[Chunk]:
        """Read all rows, at most `taxgap.records.readers.chunks.ROWS` at a time.

        Raises
        ------
        InvalidDataError
            As `columns`, or the file cannot be read to its end.
        """
        with closing(self._file.blocks()) as blocks:
            yield from gather(self._begin(blocks).pieces())

    def _begin(self, blocks: Iterator[Block]) -> _Pass:
        return _Pass(blocks, self._delimiter, self._empty, self.where)


@dataclass(frozen=True)
class _Header:
    names: list[str]
    width: int  # with empty columns at the right end


class _Pass:
    """One reading of a file, which has begun: its header is known."""

    def __init__(
        self, blocks: Iterator[Block], delimiter: str | None, empty: Collection[str], where: str
    ) -> None:
        self._blocks, self._delimiter, self._empty, self.where = blocks, delimiter, empty, where
        self._skipped: Counter[str] = Counter()
        self._parser, parsed = self._start()
        self.header = self._read_header(parsed)
        self._begun = Parsed(parsed.rows[1:], parsed.lines[1:], parsed.texts[1:], parsed.faults)

    def pieces(self) -> Iterator[Chunk]:
        """Read what follows the header."""
        yield self._long_way(self._begun)
        plain = PlainBlocks(self.header.width, self._parser.delimiter)
        for block in self._blocks:
            found = None if self._parser.waits else plain.read(_without_marks(block))
            chunk = None if found is None else self._short_way(block, found)
            yield chunk or self._long_way(self._parser.parse(_without_marks(block)))

    def _start(self) -> tuple[RecordParser, Parsed]:
        """Go to the block that holds the end of the header."""
        parser = None
        for found in self._blocks:
            block = _without_marks(found)
            if parser is None:
                block = self._without_preamble(block)
                if not block.text:
                    continue
                line = block.lines()[0]
                if CUT in line:
                    raise self._refusal("The first line has more than four million characters.", "")
                parser = RecordParser(self._delimiter or self._find_delimiter(line))
            parsed = parser.parse(block)
            if parsed.rows or parsed.faults:
                return parser, parsed
        raise self._refusal(
            "The file is empty: it has no header.", "Export it again, with the names of the columns first."
        )

    def _without_preamble(self, block: Block) -> Block:
        lines = block.lines()
        at = 0
        for line in lines:
            named = _SEPARATOR.fullmatch(line)
            if named and named[1] not in '" \r\n':
                self._delimiter = self._delimiter or named[1]
            elif line.strip():
                break
            self._skipped["separator_line" if named else "blank_line"] += 1
            at += 1
        return block._replace(first=block.first + at, text="".join(lines[at:]))

    def _find_delimiter(self, line: str) -> str:
        bare = _QUOTED.sub("", line)
        counts = {mark: bare.count(mark) for mark in DELIMITERS}
        most = max(counts.values())
        found = [mark for mark, count in counts.items() if count == most]
        if most and len(found) > 1:
            raise self._refusal(
                "The header does not show which character parts the cells.",
                "Name the `delimiter`.",
                available=[repr(mark) for mark in found],
            )
        return found[0]

    def _read_header(self, parsed: Parsed) -> _Header:
        for fault in parsed.faults[:1]:
            if not parsed.lines or fault.line < parsed.lines[0]:
                wrong = FAULTS[fault.fault]
                raise self._refusal(f"The header cannot be read. {wrong.sentence}", wrong.remedy)
        cells = parsed.rows[0]
        if len(cells) > COLUMNS:
            raise self._refusal(
                f"The header has {len(cells):,} columns; at most {COLUMNS:,} are read.",
                "Look for line ends that are missing, or leave columns out.",
            )
        names = [cell.strip() for cell in cells]
        while names and not names[-1]:
            names.pop()
        nameless = [str(place) for place, name in enumerate(names, 1) if not name]
        if nameless or not names:
            raise self._refusal(
                f"Columns without a name, counted from 1: {', '.join(nameless[:10]) or 'all'}.",
                "Name them in the header.",
            )
        repeated = [name for name, count in Counter(names).items() if count > 1]
        if repeated:
            raise self._refusal(
                f"Columns stand there more than once: {', '.join(repeated[:10])}.",
                "Keep one column of each name.",
            )
        return _Header(names, len(cells))

    def _refusal(self, message: str, remedy: str, available: Sequence[str] = ()) -> InvalidDataError:
        return InvalidDataError(message, where=self.where, available=available, remedy=remedy or None)

    def _short_way(self, block: Block, columns: list[pa.Array]) -> Chunk | None:
        """Make a piece of columns that arrow read; None where columns beyond the header are not empty."""
        names = self.header.names
        for column in columns[len(names) :]:
            if pc.max(pc.binary_length(pc.utf8_trim_whitespace(column))).as_py():
                return None
        table = text_table(dict(zip(names, columns, strict=False)), self._empty)
        return self._piece(table, np.arange(block.first, block.first + len(table)))

    def _long_way(self, parsed: Parsed) -> Chunk:
        """Make a piece of records that were read one by one."""
        width = len(self.header.names)
        rows, lines, faults = parsed.rows, parsed.lines, parsed.faults
        if width == 1 or any(len(row) != width for row in rows):
            rows, lines, faults = self._sift(parsed, width)
        cells = list(zip(*rows, strict=True)) or [()] * width
        table = text_table(dict(zip(self.header.names, cells, strict=True)), self._empty)
        return self._piece(table, np.asarray(lines, dtype=np.int64), faults)

    def _sift(self, parsed: Parsed, width: int) -> tuple[list[list[str]], list[int], list[LineFault]]:
        """Part rows from blank lines and from records with too many or too few cells."""
        rows, lines, faults = [], [], list(parsed.faults)
        for row, line, text in zip(parsed.rows, parsed.lines, parsed.texts, strict=True):
            if len(row) <= 1 and not text.strip():
                self._skipped["blank_line"] += 1
            elif len(row) < width:
                faults.append(line_fault(line, "too_few_cells", text))
            elif len(row) > width and "".join(row[width:]).strip():
                faults.append(line_fault(line, "too_many_cells", text))
            else:
                rows.append(row[:width])
                lines.append(line)
        return rows, lines, faults

    def _piece(self, table: pa.Table, lines: np.ndarray, faults: Sequence[LineFault] = ()) -> Chunk:
        """Make a piece, without the lines that repeat the header."""
        same = np.ones(len(table), dtype=np.bool_)
        for name in self.header.names:
            same &= pc.fill_null(pc.equal(table[name], name), name in self._empty).to_numpy()
            if not same.any():
                break
        else:
            self._skipped["repeated_header"] += int(same.sum())
            table, lines = table.filter(pa.array(~same)), lines[~same]
        made = piece(table, lines, faults, self._skipped)
        self._skipped.clear()
        return made


def _without_marks(block: Block) -> Block:
    """Take away the byte-order marks that files bring along when they are put together."""
    if "\ufeff" not in block.text:
        return block
    return block._replace(text="".join(line.removeprefix("\ufeff") for line in block.lines()))
