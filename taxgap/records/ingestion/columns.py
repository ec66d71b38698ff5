"""One column of a source read into the type of its schema, by what the mapping says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from taxgap.records.cells.amounts import read_amounts, read_fractions, read_whole_numbers
from taxgap.records.cells.codes import read_codes, read_yes_no
from taxgap.records.cells.days import read_days
from taxgap.records.cells.read_cells import Cells
from taxgap.records.cells.references import read_references, read_texts
from taxgap.records.ingestion.mapping import MONEY_UNITS, ColumnSource, Writing
from taxgap.records.periods import tax_year_of
from taxgap.schemas.codes import REGION_NATION

REFERENCES = {
    "utr": "utr",
    "nino": "nino",
    "company_number": "company_number",
    "sic2007": "sic2007",
    "reference": "vrn",  # that of an employer does not look like one, and stands as it is
}
"""Text columns whose form is known; other identifiers are free, but have no white space."""


def read_column(
    values: pa.ChunkedArray, column: Mapping[str, Any], source: ColumnSource, writing: Writing
) -> Cells:
    """Read a column.

    Parameters
    ----------
    values : pyarrow.ChunkedArray
        As the reader gave it.
    column : mapping
        What the schema says of it, as `taxgap.schemas.table.describe_columns` gives it.
    source : ColumnSource
    writing : Writing

    Returns
    -------
    Cells
    """
    direct = _take_as_it_is(values, column, source)
    if direct is not None:
        return Cells(direct)
    return _read_texts(_as_texts(values, writing.empty), column, source, writing)


def constant_column(length: int, column: Mapping[str, Any], source: ColumnSource) -> Cells:
    """Return a column with one value for all rows; it is read as any text would be."""
    value = source.value
    text = value.isoformat() if isinstance(value, date) else str(value)
    return _read_texts(pd.Series([text] * length, dtype="str"), column, source, Writing())


def derived_column(kind: str, start: pd.Series) -> Cells:
    """Return the column that follows from another one of the schema: see `mapping.DERIVATIONS`."""
    if kind == "nation_of":
        return Cells(start.astype(object).map(REGION_NATION).astype("str"))
    months = start.dt.strftime("%Y-%m").astype("str")
    if kind == "month_of":
        return Cells(months)
    # A month belongs to the tax year that holds its last day; the first five days of April do not.
    early = (start.dt.month == 4) & (start.dt.day <= 5)
    before = (start - pd.Timedelta(days=5)).dt.strftime("%Y-%m").astype("str")
    return Cells(tax_year_of(months.mask(early, before)))


def _take_as_it_is(
    values: pa.ChunkedArray, column: Mapping[str, Any], source: ColumnSource
) -> pd.Series | None:
    # A database and parquet have types of their own: what is a number or a day already is not spelt out.
    kind, found = column["type"], values.type
    types = pa.types
    if kind == "number" and (types.is_integer(found) or types.is_floating(found) or types.is_decimal(found)):
        numbers = values.cast(pa.float64()).to_numpy()
        return pd.Series(_in_units(numbers, source.unit))
    if kind == "whole number" and types.is_integer(found) and not values.null_count:
        return pd.Series(values.cast(pa.int64()).to_numpy())
    if kind == "yes/no" and types.is_boolean(found) and not values.null_count:
        return pd.Series(values.to_numpy().astype(np.bool_))
    if kind == "date" and (types.is_date(found) or _are_days(values)):
        return pd.Series(values.cast(pa.date32()).to_numpy().astype("datetime64[s]"))
    return None


def _are_days(values: pa.ChunkedArray) -> bool:
    # A moment that is no midnight is a fault of its cell: it is spelt out, so that it can be said.
    if not pa.types.is_timestamp(values.type) or values.type.tz is not None:
        return False
    return bool(pc.all(pc.equal(pc.floor_temporal(values, unit="day"), values)).as_py() is not False)


def _in_units(numbers: np.ndarray, unit: str | None) -> np.ndarray:
    # Divided, not multiplied: 0.01 is no binary fraction, and 1235 pence are exactly 12.35 pounds.
    if unit in ("pence", "percent"):
        return numbers / 100.0
    return numbers * MONEY_UNITS.get(unit or "", 1.0)


def _as_texts(values: pa.ChunkedArray, empty: tuple[str, ...]) -> pd.Series:
    texts = values if pa.types.is_string(values.type) else _spell_out(values)
    stripped = pc.utf8_trim_whitespace(texts)
    nothing = pc.is_in(stripped, value_set=pa.array(["", *empty], pa.string()))
    return pc.if_else(nothing, pa.scalar(None, pa.string()), stripped).to_pandas().astype("str")


def _spell_out(values: pa.ChunkedArray) -> pa.ChunkedArray:
    whole = pa.types.is_floating(values.type) and pc.all(pc.equal(pc.floor(values), values)).as_py()
    if (
        whole and (pc.max(pc.abs(values)).as_py() or 0.0) < 2**53
    ):  # 1955839661.0 is a reference, not a measure
        return values.cast(pa.int64()).cast(pa.string())
    return values.cast(pa.string())


def _read_texts(texts: pd.Series, column: Mapping[str, Any], source: ColumnSource, writing: Writing) -> Cells:
    return _READERS[column["type"]](texts, column, source, writing)


def _number(texts: pd.Series, column: Mapping[str, Any], source: ColumnSource, writing: Writing) -> Cells:
    if column["unit"] == "fraction":
        return read_fractions(texts, percent=source.unit == "percent", decimal=writing.decimal)
    return read_amounts(
        texts,
        factor=MONEY_UNITS.get(source.unit or "", 1.0),
        decimal=writing.decimal,
        exponents=writing.exponents,
    )


def _text(texts: pd.Series, column: Mapping[str, Any], source: ColumnSource, _writing: Writing) -> Cells:
    if source.codes:
        texts = texts.map(source.codes).fillna(texts).astype("str")
    name = column["column"]
    if name in REFERENCES:
        return read_references(texts, REFERENCES[name])
    if name == "reference":
        return _registration_numbers(texts)
    return read_references(texts, "") if column["unit"] == "identifier" else read_texts(texts)


def _registration_numbers(texts: pd.Series) -> Cells:
    # The column holds the numbers of every tax: only what is written as a VAT number is mended as one.
    alike = texts.str.fullmatch(r"(?:GB|XI)?[0-9 .,]+", case=False, na=False)
    numbers = read_references(texts.where(alike), "vrn")
    others = read_texts(texts.mask(alike))
    return Cells(numbers.values.where(alike, others.values), others.faults, numbers.mended)  # noqa: PD011


def _yes_no(texts: pd.Series, _column: Mapping[str, Any], source: ColumnSource, _writing: Writing) -> Cells:
    return read_yes_no(texts, {text: bool(answer) for text, answer in source.codes.items()} or None)


def _code(texts: pd.Series, column: Mapping[str, Any], source: ColumnSource, _writing: Writing) -> Cells:
    return read_codes(
        texts, column["levels"], {text: str(code) for text, code in source.codes.items()} or None
    )


_READERS: dict[str, Callable[[pd.Series, Mapping[str, Any], ColumnSource, Writing], Cells]] = {
    "number": _number,
    "whole number": lambda texts, _column, _source, writing: read_whole_numbers(
        texts, decimal=writing.decimal
    ),
    "yes/no": _yes_no,
    "date": lambda texts, _column, source, writing: read_days(texts, source.dates or writing.dates),
    "code": _code,
    "text": _text,
}
