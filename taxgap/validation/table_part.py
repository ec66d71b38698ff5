"""One table of one partition while it is checked: what was read, what fits, what failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas import Table
from taxgap.schemas.table import row_key
from taxgap.validation.rule import Mask, Wording
from taxgap.validation.value_types import empty_frame

Positions: TypeAlias = "NDArray[np.int32] | range"
"""Rows of a partition, counted from 0; a range where they are all of them, which may be very many."""


def positions(mask: Mask) -> Positions:
    """Return the positions of the rows that a mask marks."""
    return range(len(mask)) if mask.all() else np.flatnonzero(mask).astype(np.int32)


@dataclass(frozen=True)
class Failure:
    """The rows of a table's partition that fail one rule.

    Attributes
    ----------
    wording : Wording
    column : str
        The column at fault; empty where it is the row or the table.
    rows : ndarray of int or range
        Positions in the partition, from 0; no row where the fault is the file's.
    """

    wording: Wording
    column: str
    rows: Positions


@dataclass
class TablePart:
    """One partition of one table, and what became of its rows so far.

    Attributes
    ----------
    name, partition
        Which one it is.
    model : type of Table
    readable : bool
        Whether the file could be read; without rows if not.
    complete : bool
        Whether it could be read and has all columns of its schema but those that are `absent`.
    absent : frozenset of str
        Columns that the records declare not to have.
    raw : DataFrame
        The rows as they were read.
    content : DataFrame
        The rows of a complete part in the types of the schema, cells that fail it emptied.
    unfit : dict of str to ndarray of bool
        Cells of `content` that fail the schema; only columns that have some.
    rejected : ndarray of bool
        Rows that fail a rule of severity ``reject``.
    failures : list of Failure
    as_it_was : bool
        Whether kept rows can be read as they stand: same columns, same types.
    later : int
        Rows that were left out, because they were received after the date of the records.
    """

    name: str
    partition: int
    model: type[Table]
    readable: bool = True
    complete: bool = True
    absent: frozenset[str] = frozenset()
    raw: pd.DataFrame = field(default_factory=pd.DataFrame)
    content: pd.DataFrame = field(default_factory=pd.DataFrame)
    unfit: dict[str, Mask] = field(default_factory=dict)
    rejected: Mask = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    failures: list[Failure] = field(default_factory=list)
    as_it_was: bool = True
    later: int = 0

    def __len__(self) -> int:
        return len(self.raw)

    def fail_file(self, wording: Wording, column: str = "") -> None:
        """Note a fault of the file that is no single row's."""
        self.failures.append(Failure(wording, column, range(0)))
        self.as_it_was = False

    def fail(self, wording: Wording, column: str, failing: Mask) -> None:
        """Note the rows that fail a rule, and reject them if the rule says so."""
        if not failing.any():
            return
        self.failures.append(Failure(wording, column, positions(failing)))
        if wording.severity == "reject":
            self.rejected |= failing

    def mark_unfit(self, column: str, failing: Mask) -> None:
        """Note cells that fail the schema, for the rules that read them."""
        if failing.any():
            before = self.unfit.get(column)
            self.unfit[column] = failing if before is None else before | failing

    def judged(self, columns: tuple[str, ...] | list[str]) -> Mask:
        """Tell for each row whether all of some columns pass the schema."""
        mask = np.ones(len(self), dtype=np.bool_)
        for column in columns:
            if column in self.unfit:
                mask &= ~self.unfit[column]
        return mask

    def kept(self, columns: list[str] | None = None) -> pd.DataFrame:
        """Return the rows that no rule rejects, in the types of the schema, on their positions."""
        if not self.complete:
            return empty_frame(self.model, self.absent)
        content = self.content if columns is None else self.content[columns]
        return content[~self.rejected] if self.rejected.any() else content

    def name_rows(self, rows: Positions) -> tuple[str, ...]:
        """Name rows by their keys, or by their positions where the key itself fails the schema."""
        key = row_key(self.model)
        if not self.complete:
            return tuple(f"row {row}" for row in rows)
        fit = self.judged(key)
        cells = self.content[key].iloc[rows]
        texts = ["/".join(map(_as_text, row)) for row in cells.itertuples(index=False)]
        return tuple(text if fit[row] else f"row {row}" for row, text in zip(rows, texts, strict=True))


def _as_text(cell: object) -> str:
    return str(cell.date()) if isinstance(cell, pd.Timestamp) else str(cell)
