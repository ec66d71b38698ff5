"""How a column of text is read: plain cells at once, the others once for each distinct text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from taxgap.records.cells.read_cells import Cells

Mask = NDArray[np.bool_]

EXCEL_ERRORS = frozenset(
    [
        "#BLOCKED!",
        "#BUSY!",
        "#CALC!",
        "#CONNECT!",
        "#DIV/0!",
        "#FIELD!",
        "#GETTING_DATA",
        "#N/A",
        "#NAME?",
        "#NULL!",
        "#NUM!",
        "#REF!",
        "#SPILL!",
        "#UNKNOWN!",
        "#VALUE!",
    ]
)


class Reading(NamedTuple):
    """What becomes of one text.

    Attributes
    ----------
    value : object
        What the text stands for; of no meaning where there is a fault.
    fault : str
        The code of a fault, or empty.
    mended : tuple of str
        Codes of the forms of writing in which it stands.
    """

    value: Any = None
    fault: str = ""
    mended: tuple[str, ...] = ()


class Findings:
    """Faults and forms of writing of a column, as they are found.

    A cell that stands under a fault is not put under another.
    """

    def __init__(self, length: int) -> None:
        self.faults: dict[str, Mask] = {}
        self.forms: dict[str, Mask] = {}
        self.unread: Mask = np.zeros(length, dtype=np.bool_)

    def blame(self, code: str, failing: Mask) -> None:
        """Put cells under a fault."""
        fresh = failing & ~self.unread
        if fresh.any():
            self.faults[code] = self.faults.get(code, np.zeros_like(self.unread)) | fresh
            self.unread |= fresh

    def mend(self, code: str, cells: Mask) -> None:
        """Note that cells are written in a form."""
        if cells.any():
            self.forms[code] = self.forms.get(code, np.zeros_like(self.unread)) | cells

    def absorb(self, places: NDArray[np.int64], part: Findings) -> None:
        """Add what was found in some of the cells, given their places."""
        for found, add in ((part.faults, self.blame), (part.forms, self.mend)):
            for code, cells in found.items():
                spread = np.zeros_like(self.unread)
                spread[places] = cells
                add(code, spread)

    def cells(self, values: pd.Series) -> Cells:
        """Return the column that was read."""
        counts = {code: int((cells & ~self.unread).sum()) for code, cells in self.forms.items()}
        return Cells(values, self.faults, {code: count for code, count in counts.items() if count})


def trimmed(texts: pd.Series) -> pa.Array:
    """Return texts without white space at their ends; what is nothing then is empty.

    A half of a surrogate pair is no character: it is replaced by the control character NUL, which no cell may
    hold.
    """
    try:
        array = pa.array(texts, type=pa.string(), from_pandas=True)
    except UnicodeEncodeError:
        array = pa.array(texts.map(_without_surrogates), type=pa.string(), from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    array = pc.utf8_trim_whitespace(array)
    blank = pc.equal(array, "")
    return pc.if_else(blank, pa.scalar(None, pa.string()), array) if pc.any(blank).as_py() else array


def mask_of(flags: pa.Array) -> Mask:
    """Return flags as an array; an empty one is false."""
    mask: Mask = pc.fill_null(flags, fill_value=False).to_numpy(zero_copy_only=False)
    return mask


def matches(array: pa.Array, pattern: str) -> Mask:
    """Tell which texts a pattern is found in; an empty cell is none of them."""
    return mask_of(pc.match_substring_regex(array, pattern))


def read_once(
    array: pa.Array, read: Callable[[str], Reading], kind: pa.DataType, findings: Findings
) -> pa.Array:
    """Read cells one distinct text after the other.

    Parameters
    ----------
    array : pyarrow.Array
        Of text. An empty cell is passed over.
    read : callable
        What becomes of one text.
    kind : pyarrow.DataType
        The type of the values.
    findings : Findings
        Of these cells; faults and forms of writing are added to it.

    Returns
    -------
    pyarrow.Array
        The values; empty where a cell is empty or stands under a fault.
    """
    coded = array.dictionary_encode()
    readings = [read(text) for text in coded.dictionary.to_pylist()]
    codes = pc.fill_null(coded.indices, len(readings)).to_numpy()
    for fault in sorted({reading.fault for reading in readings} - {""}):
        findings.blame(fault, np.array([*(reading.fault == fault for reading in readings), False])[codes])
    for form in sorted({form for reading in readings for form in reading.mended}):
        findings.mend(form, np.array([*(form in reading.mended for reading in readings), False])[codes])
    values = pa.array([None if reading.fault else reading.value for reading in readings], type=kind)
    return values.take(coded.indices)


def is_excel_error(text: str) -> bool:
    """Tell whether a spreadsheet wrote an error, or signs that a cell was too narrow, in place of a value."""
    if not text.startswith("#"):
        return False
    return text.upper() in EXCEL_ERRORS or (len(text) > 1 and not text.strip("#"))


def _without_surrogates(text: object) -> object:
    if not isinstance(text, str):
        return text
    return "".join("\0" if "\ud800" <= sign <= "\udfff" else sign for sign in text)
