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


class SeenKeys:
    """The keys of earlier partitions, as 64-bit hashes: eight bytes a key, whatever its length.

    Two different keys are taken for one with a chance of one in 2 to the 64 a pair.

    Examples
    --------
    >>> seen = SeenKeys()
    >>> seen.add(np.array([3, 5], dtype=np.uint64)).tolist()
    [False, False]
    >>> seen.add(np.array([5, 7], dtype=np.uint64)).tolist()
    [True, False]
    """

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []  # sorted, and each at least twice as long as the next

    def add(self, hashes: NDArray[np.uint64]) -> Mask:
        """Add the keys of a partition, and tell which of them an earlier one had."""
        found = np.zeros(len(hashes), dtype=np.bool_)
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            found |= run[places] == hashes
        if len(hashes):
            self._runs.append(np.sort(hashes))
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = np.sort(np.concatenate([self._runs[-1], last]), kind="stable")
        return found


def check_duplicates(part: TablePart, texts: Texts, seen: SeenKeys) -> None:
    """Reject each row whose key an earlier row of the table has.

    Parameters
    ----------
    part : TablePart
        A complete one. Rows whose key fails the schema are left out.
    texts : Texts
        Of the same partition.
    seen : SeenKeys
        The keys of earlier partitions. Needed only where the key does not name the taxpayer, since a taxpayer
        has one partition.

    Notes
    -----
    The first copy is the one that stands first in the first partition, whatever other rules say of it: which
    copy is kept must not hang on a mistake in another column.
    """
    key = row_key(part.model)
    judged = np.flatnonzero(part.judged(key))
    numbers = pd.DataFrame({column: _numbers(part, texts, column)[judged] for column in key})
    repeated = numbers.duplicated().to_numpy()
    if "taxpayer_id" not in key:
        keys = part.content[key].iloc[judged]
        hashes = pd.util.hash_pandas_object(keys, index=False).to_numpy(dtype=np.uint64)
        repeated = repeated | seen.add(hashes)
    failing = np.zeros(len(part), dtype=np.bool_)
    failing[judged[repeated]] = True
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
