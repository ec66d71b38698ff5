"""What comes in: a frame or file of outcomes, brought to the types of its table, with what cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.monitoring.faults import Faults
from taxgap.records.files import checksum
from taxgap.records.parquet import restore_types
from taxgap.schemas import Table
from taxgap.schemas.table import code_levels, column_names

_YES_NO = {
    "true": True,
    "yes": True,
    "1": True,
    "1.0": True,
    "false": False,
    "no": False,
    "0": False,
    "0.0": False,
}


@dataclass(frozen=True)
class Incoming:
    """Rows to record, one by one as they came.

    Attributes
    ----------
    rows : DataFrame
        Every column of the table with the table's types, empty where it was not given.
    given : tuple of str
        The columns that were given.
    faults : Faults
        What is wrong with which rows, so far.
    source : dict
        Where they came from: ``name``, and ``sha256`` of a file.
    """

    rows: pd.DataFrame
    given: tuple[str, ...]
    faults: Faults
    source: dict[str, Any]


def read_incoming(given: pd.DataFrame | str | Path | None, model: type[Table], table: str) -> Incoming:
    """Read rows to record.

    Parameters
    ----------
    given : DataFrame, str, Path or None
        A frame, or a CSV or parquet file; no rows where None.
    model : type of Table
    table : str
        What the table is called.

    Returns
    -------
    Incoming

    Raises
    ------
    UsageError
        A column is not one of the table, or stands there twice.
    InvalidDataError
        The file cannot be read.
    """
    if given is None:
        given = pd.DataFrame(columns=column_names(model)[:1])
    source = {"name": "frame"} if isinstance(given, pd.DataFrame) else _describe(Path(given))
    frame = given if isinstance(given, pd.DataFrame) else _read(Path(given))
    frame = frame.reset_index(drop=True)
    names = [str(name) for name in frame.columns]
    known = column_names(model)
    wrong = sorted({name for name in names if name not in known or names.count(name) > 1})
    if wrong:
        raise UsageError(
            f"Not columns of '{table}', or given twice: {', '.join(wrong)}.", where=table, available=known
        )
    faults = Faults(table, len(frame))
    rows = pd.DataFrame({name: _typed(frame, name, model, faults) for name in known}, index=frame.index)
    return Incoming(restore_types(rows, model), tuple(names), faults, source)


def _describe(path: Path) -> dict[str, Any]:
    return {"name": path.name, "sha256": checksum(path)} if path.is_file() else {"name": path.name}


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype="str", skipinitialspace=True)
    except (OSError, ValueError) as error:  # pyarrow's and pandas' own errors are ValueErrors
        raise InvalidDataError(
            "The file of outcomes cannot be read.",
            where=str(path),
            remedy="Give a CSV file with a head line, in UTF-8, or a parquet file.",
        ) from error


def _typed(frame: pd.DataFrame, name: str, model: type[Table], faults: Faults) -> pd.Series:
    kind = str(model.to_schema().columns[name].dtype)
    if name not in frame.columns:
        return _empty(kind, frame.index)
    values = frame[name]
    empty = values.isna().to_numpy() | (values.astype("str").str.strip() == "").to_numpy()
    typed = _convert(values.mask(empty), name, kind, code_levels(model))
    faults.add("unreadable_value", name, typed.isna().to_numpy() & ~empty)
    return typed


def _empty(kind: str, index: pd.Index) -> pd.Series:
    types = {"float64": "float64", "bool": "boolean", "category": "str"}
    dtype = "datetime64[ms]" if kind.startswith("datetime") else types.get(kind, "str")
    return pd.Series(None, index=index, dtype=dtype)


def _convert(values: pd.Series, name: str, kind: str, levels: dict[str, list[str]]) -> pd.Series:
    if kind == "float64":
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
        return numbers.where(np.isfinite(numbers))
    if kind.startswith("datetime"):
        if values.dtype.kind != "M":  # a text is the day as records write it
            values = pd.to_datetime(values.astype("object"), format="%Y-%m-%d", errors="coerce")
        return values.dt.normalize().astype("datetime64[ms]")
    if kind == "bool":
        return values.astype("str").str.strip().str.lower().map(_YES_NO).astype("boolean")
    text = values.astype("str").str.strip().where(values.notna())
    return text.where(text.isin(levels[name])) if name in levels else text
