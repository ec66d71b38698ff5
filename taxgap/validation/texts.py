"""The distinct texts of a partition: each is tested once, and tables are joined by number, not by text."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pandera.pandas import Check

from taxgap.records.parquet import as_text
from taxgap.validation.numbers import passed_cells
from taxgap.validation.rule import Mask, as_mask
from taxgap.validation.table_part import TablePart


def to_arrow(values: pd.Series) -> pa.Array:
    """Return texts or codes as one arrow array of texts."""
    texts = as_text(values)
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def _passed(check: Check, texts: pd.Series) -> Mask:
    # Python tests one text after the other. What arrow finds to pass for certain need not be tested again.
    passed = _pass_surely(check, texts)
    if not passed.all():
        passed[~passed] = passed_cells(check, texts[~passed])
    return passed


def _pass_surely(check: Check, texts: pd.Series) -> Mask:
    # A plain sign that can be printed is no white space; of others Python decides. Arrow has no \Z, but \z.
    given = (check.statistics or {}).get("pattern", "")
    pattern = str(getattr(given, "pattern", given))
    plain = pattern.replace(r"\S", "[!-~]").replace(r"\Z", r"\z")
    if check.name != "str_matches" or not pattern.startswith("^") or "\\" in plain.replace(r"\z", ""):
        return np.zeros(len(texts), dtype=np.bool_)
    found = pc.match_substring_regex(to_arrow(texts), plain)
    return as_mask(found.to_numpy(zero_copy_only=False))


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
            self._passed[key] = np.append(_passed(check, self.distinct(column)), True)
        return self._passed[key][self.codes(table, column)]

    def _encode(self, column: str) -> None:
        if column in self._codes:
            return
        columns = {
            name: to_arrow(frame[column]) for name, frame in self._frames.items() if column in frame.columns
        }
        encoded = pa.concat_arrays(list(columns.values())).dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy().astype(np.intp)
        ends = np.cumsum([len(values) for values in columns.values()])[:-1]
        self._codes[column] = dict(zip(columns, np.split(codes, ends), strict=True))
        self._distinct[column] = pd.Series(encoded.dictionary, dtype="str")
