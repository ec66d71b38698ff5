"""What a table must be before its rows can be judged: present, readable, with its columns in their types."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.records import Records
from taxgap.records.partitions import part_name
from taxgap.schemas import Table
from taxgap.schemas.table import code_levels, describe_columns
from taxgap.validation.declared import absent_columns
from taxgap.validation.rule import Wording
from taxgap.validation.table_part import TablePart
from taxgap.validation.value_types import Fitted, fit_column

MISSING_TABLE = Wording(
    code="missing_table",
    sentence="The table is missing.",
    remedy="Add its folder, or name the tables that you have in `tables`.",
)
EMPTY_TABLE = Wording(
    code="empty_table",
    sentence="The table has no rows.",
    remedy="Check the extract that made it.",
)
EMPTY_RETURNS = Wording(
    code="empty_table",
    severity="warn",
    sentence="The table has no rows, though there are returns of other taxes.",
    remedy="Check the extract that made it, unless nobody here pays this tax.",
)
MISSING_COLUMN = Wording(
    code="missing_column",
    sentence="The column is missing, so none of these rows can be trusted.",
    remedy="Add the column, empty where it may be, and validate again.",
)
EXTRA_COLUMN = Wording(
    code="extra_column",
    sentence="The schema does not know this column; the trusted records leave it out.",
    remedy="Remove or rename it.",
)
VALUE_TYPE = Wording(
    code="value_type",
    sentence="The column holds values of another type than {kind}.",
    remedy="Mend the values at their source; nothing is converted by guessing.",
)
ABSENT_TABLE = Wording(
    code="absent_table",
    severity="warn",
    sentence="The records do not have this table; what needs it is left out.",
    remedy="Nothing, unless a source has it after all: then name it in the mapping of columns.",
)
ABSENT_COLUMN = Wording(
    code="absent_column",
    severity="warn",
    sentence="The records do not have this column; what needs it is left out.",
    remedy="Nothing, unless the source has it after all: then name it in the mapping of columns.",
)
RECEIVED_LATER = Wording(
    code="received_later",
    severity="warn",
    sentence="Rows were received after the date at which the records stand; nothing reads them.",
    remedy="Mend the days of receipt, or the date of the records.",
)
UNREAD_ROWS = Wording(
    code="unread_rows",
    severity="warn",
    sentence="Rows of the source could not be read and are not in the records.",
    remedy="See the report of the ingestion for their lines, mend them and ingest again.",
)
UNKNOWN_CODE = Wording(
    code="unknown_code",
    sentence="The column holds codes that are not in its list.",
    remedy="Use the codes that `describe_schema` lists for it.",
)
COLUMN_TYPE = Wording(
    code="column_type",
    severity="warn",
    sentence="The column is not stored as {kind}, but all its values are; the trusted records convert it.",
    remedy="Store it in the type of the schema.",
)


def read_part(records: Records, name: str, partition: int) -> TablePart:
    """Read one partition of a table and hold it against the columns and types of its schema.

    Parameters
    ----------
    records : Records
    name : str
        A table that is present.
    partition : int

    Returns
    -------
    TablePart
        A column that the records declare not to have, and that stands there all the same, is read.
    """
    part = TablePart(name, partition, records.models[name])
    try:
        part.raw = records.read(name, partition=partition).reset_index(drop=True)
    except InvalidDataError as error:
        part.readable = part.complete = False
        part.fail_file(_unreadable(error, f"{name}/{part_name(partition)}"))
        return part
    part.later = _count_later(records, part)
    part.rejected = np.zeros(len(part), dtype=np.bool_)
    part.absent = absent_columns(records, name).difference(part.raw.columns)
    _check_columns(part, part.raw)
    if part.complete:
        _fit_types(part, part.raw)
    return part


def _count_later(records: Records, part: TablePart) -> int:
    # Whoever looks at records as they stood earlier means to leave out the rest.
    if "received_on" not in part.raw or records.as_of < pd.Timestamp(records.manifest.as_of):
        return 0
    return records.count_later(part.name, part.partition)


@cache
def columns_of(model: type[Table]) -> tuple[dict[str, Any], ...]:
    """Describe the columns of a table, once."""
    return tuple(describe_columns(model))


def present_columns(part: TablePart) -> list[dict[str, Any]]:
    """Describe the columns that a part has, or should have."""
    return [column for column in columns_of(part.model) if column["column"] not in part.absent]


def _unreadable(error: InvalidDataError, file: str) -> Wording:
    # The message names no value of a row; where the records lie stays out of the report, which may travel.
    remedy = error.remedy or "Make the file again."
    sentence = f"{file}: {error.message} Its rows are unknown."
    return Wording(code="unreadable_file", sentence=sentence, remedy=remedy)


def _check_columns(part: TablePart, raw: pd.DataFrame) -> None:
    wanted = [column["column"] for column in present_columns(part)]
    found = list(raw.columns)
    for name in found:
        if name not in wanted:
            part.fail_file(EXTRA_COLUMN, str(name))
    for name in (name for name in wanted if name not in found):
        part.complete = False
        if len(raw):
            part.fail(MISSING_COLUMN, name, np.ones(len(raw), dtype=np.bool_))
        else:
            part.fail_file(MISSING_COLUMN, name)


def _fit_types(part: TablePart, raw: pd.DataFrame) -> None:
    levels = code_levels(part.model)
    columns = {column["column"]: column["type"] for column in present_columns(part)}
    fitted = {name: fit_column(raw[name], kind, levels.get(name, [])) for name, kind in columns.items()}
    changed = {name: column.content for name, column in fitted.items() if not column.as_it_was}
    content = raw if len(raw.columns) == len(columns) else raw[list(columns)]
    part.content = content.assign(**changed) if changed else content
    for name, column in fitted.items():
        part.mark_unfit(name, column.misfit)
    for name, column in fitted.items():
        _note_types(part, name, columns[name], column)


def _note_types(part: TablePart, name: str, kind: str, fitted: Fitted) -> None:
    wording = UNKNOWN_CODE if kind == "code" else _of_kind(VALUE_TYPE, kind)
    part.fail(wording, name, fitted.misfit)
    if fitted.converted:
        part.fail(_of_kind(COLUMN_TYPE, kind), name, np.ones(len(part), dtype=np.bool_))
    # A column without any value is converted without a finding: what is empty fits every type.
    empty = not fitted.as_it_was and kind == "date" and bool(fitted.content.isna().all())
    part.as_it_was &= not fitted.converted and not fitted.misfit.any() and not empty


def _of_kind(wording: Wording, kind: str) -> Wording:
    return replace(wording, sentence=wording.sentence.format(kind=kind))
