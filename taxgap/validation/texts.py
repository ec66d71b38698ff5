"""The distinct texts of a partition: each is tested once, and tables are joined by number, not by text."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandera.pandas import Check

from taxgap.validation.numbers import passed_cells
from taxgap.validation.rule import Mask
from taxgap.validation.table_part import TablePart


class Texts:
    """The distinct values of each text column, shared by all tables of a partition that have it."""

    def __init__(self, parts: Mapping[str, TablePart]) -> None:
        self._frames = {name: part.content for name, part in parts.items() if part.complete}
        self._codes: dict[str, dict[str, NDArray[np.intp]]] = {}
        self._distinct: dict[str, pd.Series] = {}
        self._passed: dict[tuple[str, Check], Mask] = {}

    def distinct(self, column: str) -> pd.Series:
        """Return the distinct texts of a column over all tables; empty cells left out."""
        self._encode(column)
        return self._distinct[column]

    def codes(self, table: str, column: str) -> NDArray[np.intp]:
        """Return for each row of a table the position of its text among the distinct ones, -1 for empty."""
        self._encode(column)
        return self._codes[column][table]

    def passed(self, table: str, column: str, check: Check) -> Mask:
        """Tell for each row of a table whether its text passes a check of the schema; an empty cell does."""
        key = (column, check)
        if key not in self._passed:
            self._passed[key] = np.append(passed_cells(check, self.distinct(column)), True)
        return self._passed[key][self.codes(table, column)]

    def _encode(self, column: str) -> None:
        if column in self._codes:
            return
        columns = {
            name: frame[column].to_numpy(dtype=object)
            for name, frame in self._frames.items()
            if column in frame.columns
        }
        codes, distinct = pd.factorize(np.concatenate(list(columns.values())))
        ends = np.cumsum([len(values) for values in columns.values()])[:-1]
        self._codes[column] = dict(zip(columns, np.split(codes, ends), strict=True))
        self._distinct[column] = pd.Series(distinct, dtype=object)
