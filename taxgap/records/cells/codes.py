"""Codes and yes or no, read by their frozen levels and by what a mapping says of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from taxgap.errors import UsageError
from taxgap.records.cells.distinct import (
    Findings,
    Reading,
    is_excel_error,
    mask_of,
    read_once,
    trimmed,
)
from taxgap.records.cells.read_cells import Cells

_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_YES_NO = {"true": True, "yes": True, "y": True, "t": True, "1": True} | {
    "false": False, "no": False, "n": False, "f": False, "0": False
}  # fmt: skip


def read_codes(texts: pd.Series, levels: Sequence[str], codes: Mapping[str, str] | None = None) -> Cells:
    """Read codes of a frozen list.

    Parameters
    ----------
    texts : Series of str
        Empty or blank where there is no code.
    levels : sequence of str
        All codes of the list, in their order.
    codes : mapping of str to str, optional
        The level that a text of the source stands for. It goes before what the text would be by itself.

    Returns
    -------
    Cells
        Values are categorical, with exactly these levels.

    Raises
    ------
    UsageError
        `codes` leads to something that is no level.

    Notes
    -----
    Failing both, a text is the level that has the same letters but for case, white space, hyphens and
    underscores, if there is only one.

    Examples
    --------
    >>> cells = read_codes(pd.Series(["vat", "V", "VAT ", "VATT"]), ["vat"], {"V": "vat"})
    >>> cells.values.tolist(), cells.mended
    (['vat', 'vat', 'vat', nan], {'other_spelling': 1})
    """
    numbers = {level: number for number, level in enumerate(levels)}
    strange = sorted({str(level) for level in (codes or {}).values() if level not in numbers})
    if strange:
        raise UsageError(f"Codes lead to {', '.join(strange)}, which is no level.", available=levels)
    named = {text: numbers[level] for text, level in (codes or {}).items()}
    spellings: dict[str, list[int]] = {}
    for level, number in numbers.items():
        spellings.setdefault(_letters(level), []).append(number)

    def read(text: str) -> Reading:
        number = named.get(text, numbers.get(text))
        if number is not None:
            return Reading(number)
        alike = spellings.get(_letters(text), [])
        if len(alike) == 1:
            return Reading(alike[0], mended=("other_spelling",))
        return Reading(fault="excel_error" if is_excel_error(text) else "unknown_code")

    array = trimmed(texts)
    findings = Findings(len(array))
    found = read_once(array, read, pa.int64(), findings).fill_null(-1).to_numpy()
    dtype = pd.CategoricalDtype(list(levels), ordered=False)
    values = pd.Categorical.from_codes(found, dtype=dtype)
    return findings.cells(pd.Series(values, index=texts.index))


def read_yes_no(texts: pd.Series, codes: Mapping[str, bool] | None = None) -> Cells:
    """Read yes or no: true and false, yes and no, y and n, t and f, 1 and 0, in any case.

    Parameters
    ----------
    texts : Series of str
    codes : mapping of str to bool, optional
        What a text of the source stands for; it goes before the above.

    Returns
    -------
    Cells
        Values are bool. There is no empty one: an empty cell is false, under the fault ``empty_yes_no``.

    Examples
    --------
    >>> cells = read_yes_no(pd.Series(["Y", "no", "X", None]), {"X": True})
    >>> cells.values.tolist(), sorted(cells.faults)
    ([True, False, True, False], ['empty_yes_no'])
    """
    named = codes or {}

    def read(text: str) -> Reading:
        answer = named.get(text, _YES_NO.get(text.lower()))
        if answer is None:
            return Reading(fault="excel_error" if is_excel_error(text) else "not_yes_or_no")
        return Reading(bool(answer))

    array = trimmed(texts)
    findings = Findings(len(array))
    found = read_once(array, read, pa.bool_(), findings)
    findings.blame("empty_yes_no", mask_of(array.is_null()))
    values = pd.Series(mask_of(found).astype(np.bool_), index=texts.index)
    return findings.cells(values)


def _letters(text: str) -> str:
    return _BETWEEN_WORDS.sub("", text).casefold()
