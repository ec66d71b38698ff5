"""One table of one partition as a parquet file: written by its schema, read back with its types."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxgap.errors import InvalidDataError
from taxgap.records.files import new_file
from taxgap.schemas import Table
from taxgap.schemas.table import code_levels

FORMAT_VERSION = 1


def arrow_schema(model: type[Table], *, absent: Collection[str] = ()) -> pa.Schema:
    """Return the arrow schema of a table: text, float64, int64, bool, date32, and codes as dictionaries."""
    fields = [
        pa.field(name, _arrow_type(str(column.dtype)))
        for name, column in model.to_schema().columns.items()
        if name not in absent
    ]
    return pa.schema(fields)


def write_table(
    path: Path, table: pd.DataFrame, model: type[Table], *, synthetic: bool, absent: Collection[str] = ()
) -> None:
    """Write a frame as one parquet file: zstd, dictionaries only on codes, no clock time.

    Parameters
    ----------
    path : Path
    table : DataFrame
        With the columns of `model`.
    model : type of Table
    synthetic : bool
        Mark the file as synthetic in its metadata.
    absent : collection of str, optional
        Columns of the model that the records do not have.
    """
    schema = arrow_schema(model, absent=absent)
    content = pa.Table.from_pandas(table[schema.names], schema=schema, preserve_index=False, safe=True)
    write_arrow(path, content, synthetic=synthetic)


def write_arrow(path: Path, content: pa.Table, *, synthetic: bool) -> None:
    """Write an arrow table as one parquet file, as `write_table` does; codes are its dictionary columns."""
    marks = {"taxgap.format": str(FORMAT_VERSION), "taxgap.synthetic": str(synthetic).lower()}
    content = content.replace_schema_metadata(None)
    options = {
        "compression": "zstd",
        "compression_level": 3,
        "use_dictionary": [field.name for field in content.schema if pa.types.is_dictionary(field.type)],
        "store_schema": False,  # which leaves out the schema's own metadata, so the marks are added by hand
    }
    with new_file(path) as temporary, pq.ParquetWriter(temporary, content.schema, **options) as writer:
        writer.write_table(content)
        writer.add_key_value_metadata(marks)


def read_table(
    path: Path, model: type[Table], columns: list[str] | None = None, filters: Any = None
) -> pd.DataFrame:
    """Read one parquet file as a frame with the types of its schema.

    A column whose content does not fit the schema keeps the type it was found with: to say so is the work of
    validation, which must see it.

    Parameters
    ----------
    path : Path
    model : type of Table
    columns : list of str, optional
        All columns of the file when absent.
    filters : optional
        As in ``pyarrow.parquet.read_table``.

    Returns
    -------
    DataFrame

    Raises
    ------
    InvalidDataError
        The file cannot be read, or lacks a column.
    """
    try:
        file = pq.ParquetFile(path)
        found = file.schema_arrow.names
        wanted = found if columns is None else columns
        missing = [name for name in wanted if name not in found]
        if missing:
            raise InvalidDataError(
                f"Missing columns: {', '.join(missing)}.", where=str(path), available=found
            )
        refuse_repeated(found, str(path))
        content = pq.read_table(path, columns=wanted, filters=filters, partitioning=None)
        table = content.to_pandas(date_as_object=False)
    except (pa.ArrowException, OSError) as error:
        raise InvalidDataError(
            "The file cannot be read as parquet; it may be cut off or damaged.",
            where=str(path),
            remedy="Make or copy it again, and compare its checksum with the manifest.",
        ) from error
    return restore_types(table, model)


def restore_types(table: pd.DataFrame, model: type[Table]) -> pd.DataFrame:
    """Give code columns their frozen levels, where every value is one of them."""
    for name, levels in code_levels(model).items():
        if name in table.columns:
            values = table[name]
            if has_levels(values, levels):
                continue
            if _are_all(values, levels):
                table[name] = pd.Categorical(values, categories=levels, ordered=False)
            elif isinstance(values.dtype, pd.CategoricalDtype):
                table[name] = values.astype(str)
    return table


def has_levels(values: pd.Series, levels: list[str]) -> bool:
    """Tell whether a column is a code with exactly these levels, in their order."""
    dtype = values.dtype
    return isinstance(dtype, pd.CategoricalDtype) and not dtype.ordered and list(dtype.categories) == levels


def refuse_repeated(columns: list[str], where: str) -> None:
    """Refuse a table in which two columns bear one name.

    Raises
    ------
    InvalidDataError
    """
    repeated = sorted({str(name) for name in columns if columns.count(name) > 1})
    if repeated:
        raise InvalidDataError(
            f"Columns stand there more than once: {', '.join(repeated)}.",
            where=where,
            remedy="Keep one column of each name.",
        )


def _are_all(values: pd.Series, levels: list[str]) -> bool:
    try:
        return set(values.dropna().unique()) <= set(levels)
    except TypeError:  # lists and the like are no codes
        return False


def _arrow_type(dtype: str) -> pa.DataType:
    if dtype == "category":
        return pa.dictionary(pa.int8(), pa.string())
    if dtype.startswith("datetime"):
        return pa.date32()
    return {"float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}.get(dtype, pa.string())


def as_text(values: pd.Series) -> pa.Array:
    """Return codes or texts as an arrow array of texts; codes are looked up, not spelt out one by one."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return pa.DictionaryArray.from_arrays(
            pa.array(values.cat.codes.to_numpy(), mask=(values.cat.codes < 0).to_numpy()),
            pa.array(values.cat.categories, type=pa.string()),
        ).cast(pa.string())
    return pa.array(values, type=pa.string(), from_pandas=True)
