"""The short way through delimited text: arrow reads blocks in which each line is a row of the right width.

It gives what the long way gives, cell by cell, or nothing at all.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from taxgap.records.readers.text_lines import Block, count_lines

_LONGEST = 1 << 20  # a longer block holds a line beyond all measure, which the long way looks into


class PlainBlocks:
    """Reads what is plain in the blocks of one file.

    Parameters
    ----------
    width : int
        Cells of each line; with one alone a blank line could not be told from an empty cell.
    delimiter : str
        One character.

    Examples
    --------
    >>> plain = PlainBlocks(2, ",")
    >>> [column.to_pylist() for column in plain.read(Block(1, '"a",b' + chr(10)))]
    [['a'], ['b']]
    >>> plain.read(Block(1, "a" + chr(10))) is None
    True
    """

    def __init__(self, width: int, delimiter: str) -> None:
        self._width = width
        self._quoted = _pattern(delimiter)
        names = [str(number) for number in range(width)]
        self._layout = arrow_csv.ParseOptions(delimiter=delimiter)
        self._types = arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
        self._names = names

    def read(self, block: Block) -> list[pa.Array] | None:
        """Return the columns of a block; None where anything is out of the ordinary.

        Parameters
        ----------
        block : Block

        Returns
        -------
        list of Array, or None
        """
        text = block.text
        if block.odd or not text or self._width < 2 or len(text) > _LONGEST:
            return None
        if '"' in text and not pc.match_substring_regex(pa.array([text]), self._quoted)[0].as_py():
            return None
        data = text.encode("utf-8")
        options = arrow_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=self._names)
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(data),
                read_options=options,
                parse_options=self._layout,
                convert_options=self._types,
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != count_lines(text):  # blank lines give no row
            return None
        return [column.combine_chunks() for column in table.columns]


def _pattern(delimiter: str) -> str:
    """Match a text in which each quotation mark that opens a cell closes at the end of it, on its line."""
    mark = re.escape(delimiter)
    cell = rf'(?:"(?:[^"\r\n]|"")*"| *(?:[^" {mark}\r\n][^{mark}\r\n]*)?)'
    line = rf"{cell}(?:{mark}{cell})*"
    return rf"\A(?:{line}(?:\r\n|\r|\n))*(?:{line})?\z"
