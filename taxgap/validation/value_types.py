"""Values in the types of the schema: what fits is converted without loss, what does not is pointed out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.records.parquet import has_levels
from taxgap.schemas import Table
from taxgap.schemas.table import code_levels, describe_columns
from taxgap.validation.rule import Mask

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Fitted:
    """A column in the type of its schema.

    Attributes
    ----------
    content : Series
        Empty (zero or false in a column that cannot be empty) where a cell was empty or does not fit.
    misfit : ndarray of bool
        Cells that hold something else than the type asks for.
    converted : bool
        Whether the column came in another type, which held the same values.
    as_it_was : bool
        Whether the content is the column that came.
    """

    content: pd.Series
    misfit: Mask
    converted: bool
    as_it_was: bool = False


def fit_column(values: pd.Series, kind: str, levels: list[str]) -> Fitted:
    """Bring a column into the type of its schema.

    Parameters
    ----------
    values : Series
        As read.
    kind : {"number", "whole number", "yes/no", "date", "text", "code"}
        As in `taxgap.schemas.describe_schema`.
    levels : list of str
        The levels of a code.

    Returns
    -------
    Fitted

    Notes
    -----
    Nothing is parsed: text is no number and no date, a number is no text (an identifier has lost its
    leading zeros by then), and a date has no time of day. Integers in a column of amounts, whole floats in a
    column of counts and dates held as objects fit.

    Examples
    --------
    >>> fit_column(pd.Series([1.5, "two"], dtype=object), "number", []).misfit.tolist()
    [False, True]
    """
    if kind == "code":
        return _fit_code(values, levels)
    return _FITTERS[kind](values)


def typed(table: pd.DataFrame, model: type[Table]) -> pd.DataFrame:
    """Return the schema's columns that a table has in the schema's types; every cell must fit."""
    levels = code_levels(model)
    columns = {
        column["column"]: fit_column(
            table[column["column"]], column["type"], levels.get(column["column"], [])
        ).content
        for column in describe_columns(model)
        if column["column"] in table.columns
    }
    return pd.DataFrame(columns, index=table.index)


def empty_frame(model: type[Table], absent: Collection[str] = ()) -> pd.DataFrame:
    """Return a frame of the schema without rows, and without the columns that are absent."""
    names = [name for name in model.to_schema().columns if name not in absent]
    return typed(pd.DataFrame({name: pd.Series([], dtype=object) for name in names}), model)


def _fit_number(values: pd.Series) -> Fitted:
    if values.dtype == np.float64:
        return _as_it_is(values)
    if _is_numeric(values):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return Fitted(pd.Series(numbers, index=values.index), _nothing(values), converted=True)
    return _fit_cells(values, _is_number, "float64", np.nan)


def _fit_whole_number(values: pd.Series) -> Fitted:
    if values.dtype == np.int64:
        return _as_it_is(values)
    return _fit_cells(values, _is_whole, "int64", 0)


def _fit_yes_no(values: pd.Series) -> Fitted:
    if values.dtype == np.bool_:
        return _as_it_is(values)
    return _fit_cells(values, lambda cell: isinstance(cell, (bool, np.bool_)), "bool", False)


def _fit_date(values: pd.Series) -> Fitted:
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "M":
        timed = _have_a_time(values.to_numpy())
        return Fitted(values.mask(timed), timed, converted=False) if timed.any() else _as_it_is(values)
    return _fit_cells(values, _is_day, "datetime64[s]", pd.NaT)


def _have_a_time(moments: NDArray[np.datetime64]) -> Mask:
    # Counted in ticks: to round to days and to compare takes ten times as long.
    unit, step = np.datetime_data(moments.dtype)
    ticks = int(_DAY / np.timedelta64(step, unit))  # type: ignore[call-overload]
    timed: Mask = moments.view(np.int64) % ticks != 0
    return timed & ~np.isnat(moments) if timed.any() else timed


def _fit_text(values: pd.Series) -> Fitted:
    if isinstance(values.dtype, pd.StringDtype) and values.dtype == "str":
        return _as_it_is(values)
    fitted = _fit_cells(values, lambda cell: isinstance(cell, str), "str", None)
    same = values.dtype == object or isinstance(values.dtype, pd.StringDtype)
    return Fitted(fitted.content, fitted.misfit, converted=fitted.converted and not same)


def _fit_code(values: pd.Series, levels: list[str]) -> Fitted:
    if has_levels(values, levels):
        return _as_it_is(values)
    dtype = pd.CategoricalDtype(levels, ordered=False)
    known = set(levels)
    fitted = _fit_cells(values, lambda cell: isinstance(cell, str) and cell in known, dtype, None)
    return Fitted(fitted.content, fitted.misfit, converted=False)


_FITTERS: dict[str, Callable[[pd.Series], Fitted]] = {
    "number": _fit_number,
    "whole number": _fit_whole_number,
    "yes/no": _fit_yes_no,
    "date": _fit_date,
    "text": _fit_text,
}


def _fit_cells(values: pd.Series, fits: Callable[[Any], bool], dtype: Any, filler: Any) -> Fitted:
    cells = values.astype(object)
    empty = cells.isna().to_numpy()
    good = np.array(
        [not blank and fits(cell) for cell, blank in zip(cells, empty, strict=True)], dtype=np.bool_
    )
    misfit = ~good & ~empty
    content = [cell if fit else filler for cell, fit in zip(cells, good, strict=True)]
    fitted = pd.Series(content, index=values.index, dtype=object).astype(dtype)
    return Fitted(fitted, misfit, converted=bool(good.any()) and not misfit.any())


def _as_it_is(values: pd.Series) -> Fitted:
    return Fitted(values, _nothing(values), converted=False, as_it_was=True)


def _nothing(values: pd.Series) -> Mask:
    return np.zeros(len(values), dtype=np.bool_)


def _is_numeric(values: pd.Series) -> bool:
    types = pd.api.types
    return bool(types.is_integer_dtype(values.dtype) or types.is_float_dtype(values.dtype))


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (float, np.floating)) or _is_integer(cell)


def _is_whole(cell: Any) -> bool:
    if isinstance(cell, (float, np.floating)):
        return float(cell).is_integer() and abs(float(cell)) < 2**53
    return _is_integer(cell)


def _is_integer(cell: Any) -> bool:
    if isinstance(cell, bool) or not isinstance(cell, (int, np.integer)):
        return False
    return -(2**63) <= int(cell) < 2**63


def _is_day(cell: Any) -> bool:
    if isinstance(cell, datetime):
        return cell.tzinfo is None and cell.time() == datetime.min.time()
    return isinstance(cell, date)
