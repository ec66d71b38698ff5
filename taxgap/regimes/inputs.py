"""The tables that features are computed from: read for some periods, with what is absent put in as empty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.records import Records
from taxgap.records.periods import shift_tax_year, tax_year_of, tax_years_among
from taxgap.schemas import TABLES, Table


class Inputs(NamedTuple):
    """Tables with all the columns of their schema, and which of them the records really have."""

    tables: dict[str, pd.DataFrame]
    present: frozenset[str]


def read_inputs(
    records: Records,
    needs: Iterable[str],
    periods: Sequence[str],
    partition: int | None = None,
    reach: tuple[int, int] = (1, 0),
) -> Inputs:
    """Read the tables that hold what is needed, for some periods and the years around them.

    Parameters
    ----------
    records : Records
    needs : iterable of str
        Columns as ``table.column``; the whole table is read.
    periods : sequence of str
        Tax years, or months in which periods end.
    partition : int, optional
        One partition; all when absent.
    reach : tuple of int, default (1, 0)
        How many tax years before and after each period are read too.

    Returns
    -------
    Inputs
        `present` names columns as ``table.column``.

    Raises
    ------
    InvalidDataError
        A table lacks a column of its key.
    """
    tables: dict[str, pd.DataFrame] = {}
    present: set[str] = set()
    around = range(-reach[0], reach[1] + 1)
    years = {shift_tax_year(year, step) for year in tax_years_among(periods) for step in around}
    for name in sorted({need.split(".")[0] for need in needs}):
        found = records.read(name, partition=partition) if name in records.tables else None
        if found is not None:
            present.update(f"{name}.{column}" for column in found.columns)
        tables[name] = _complete(found, name, years)
    return Inputs(tables, frozenset(present))


def present_columns(records: Records, needs: Iterable[str]) -> frozenset[str]:
    """Name the columns, as ``table.column``, of those needed tables that the records have."""
    return read_inputs(records, needs, [], 0).present


def _complete(table: pd.DataFrame | None, name: str, years: set[str]) -> pd.DataFrame:
    model = TABLES[name]
    table = _empty(model) if table is None else table
    absent = [key for key in ("taxpayer_id", "period") if key in _dtypes(model) and key not in table.columns]
    if absent:
        raise InvalidDataError(
            f"The table '{name}' lacks {', '.join(absent)}.", where=name, available=map(str, table.columns)
        )
    if "period" in table.columns:
        table = table[tax_year_of(table["period"]).isin(years)]
    missing = {
        c: _nothing(dtype, table.index) for c, dtype in _dtypes(model).items() if c not in table.columns
    }
    return table.assign(**missing)


def _empty(model: type[Table]) -> pd.DataFrame:
    index = pd.RangeIndex(0)
    return pd.DataFrame({column: _nothing(dtype, index) for column, dtype in _dtypes(model).items()})


def _dtypes(model: type[Table]) -> dict[str, str]:
    return {name: str(column.dtype) for name, column in model.to_schema().columns.items()}


def _nothing(dtype: str, index: pd.Index) -> pd.Series:
    if dtype.startswith("datetime"):
        return pd.Series(pd.NaT, index=index, dtype="datetime64[ns]")
    if dtype in {"float64", "int64", "bool"}:
        return pd.Series(np.nan, index=index, dtype=np.float64)
    return pd.Series(None, index=index, dtype="str")
