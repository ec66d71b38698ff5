"""Rows that share their key: the first is kept, every later copy is rejected, across partitions too."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas.table import row_key
from taxgap.validation.rule import Mask, Wording
from taxgap.validation.table_part import TablePart
from taxgap.validation.texts import Texts

DUPLICATE_KEY = Wording(
    code="duplicate_key",
    sentence="An earlier row of the table has the same key; the first is kept.",
    remedy="Decide which copy is right, or give the row its own identifier.",
)


def check_duplicates(part: TablePart, texts: Texts, elsewhere: Mask | None = None) -> None:
    """Reject each row whose key an earlier row of the table has.

    Parameters
    ----------
    part : TablePart
        A complete one. Rows whose key fails the schema are left out.
    texts : Texts
        Of the same partition.
    elsewhere : ndarray of bool, optional
        The rows whose key stands in an earlier partition.

    Notes
    -----
    The first copy is the one that stands first in the first partition, whatever other rules say of it: which
    copy is kept must not hang on a mistake in another column.
    """
    key = row_key(part.model)
    judged = np.flatnonzero(part.judged(key))
    numbers = pd.DataFrame({column: _numbers(part, texts, column)[judged] for column in key})
    failing = np.zeros(len(part), dtype=np.bool_)
    failing[judged] = numbers.duplicated().to_numpy()
    if elsewhere is not None:
        failing[judged] |= elsewhere[judged]
    part.fail(DUPLICATE_KEY, key[0] if len(key) == 1 else "", failing)


def _numbers(part: TablePart, texts: Texts, column: str) -> NDArray[np.int64]:
    # Numbers that are equal where the cells are: they are compared much faster than texts and dates.
    values = part.content[column]
    if isinstance(values.dtype, pd.StringDtype):
        return texts.codes(part.name, column).astype(np.int64)
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.cat.codes
    numbers: NDArray[np.int64] = values.to_numpy().astype(np.int64)
    return numbers
