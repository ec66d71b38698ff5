"""Audits as files: one JSON that carries a number of its format, and tidy parquet beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.files import check_format, new_file, read_json, write_json

FORMAT = "taxgap-audit"
FORMAT_VERSION = 1
FILE_NAME = "audit.json"


def write_audit(folder: Path, content: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> Path:
    """Write an audit: tables first, so that whoever finds ``audit.json`` finds all of it.

    Parameters
    ----------
    folder : Path
    content : mapping
        Plain data.
    tables : mapping of str to DataFrame
        By ``name`` or ``part/name``.

    Returns
    -------
    Path
        That of ``audit.json``.

    Raises
    ------
    UsageError
        The folder cannot be written.
    """
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"The folder cannot be written: {error}.", where=str(folder)) from error
        with new_file(path) as temporary:
            frame = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
            pq.write_table(frame, temporary, compression="zstd", compression_level=3, store_schema=False)
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, "tables": sorted(tables)}
    write_json(folder / FILE_NAME, {**head, **content})
    return folder / FILE_NAME


def read_audit(folder: Path) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Read what `write_audit` wrote.

    Raises
    ------
    InvalidDataError
        A file is missing or damaged.
    IncompatibleError
        It is of a newer format.
    """
    path = folder / FILE_NAME
    content = read_json(path)
    check_format(content, name=FORMAT, version=FORMAT_VERSION, where=path)
    tables = {}
    for name in content["tables"]:
        try:
            tables[name] = pq.read_table(folder / f"{name}.parquet").to_pandas()
        except (OSError, pa.ArrowInvalid) as error:
            raise InvalidDataError(
                f"The table '{name}' of the audit cannot be read.",
                where=str(folder),
                remedy="Audit again, or copy the missing file.",
            ) from error
    return content, tables
