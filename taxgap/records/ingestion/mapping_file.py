"""The file ``columns.toml``: read with everything that is wrong in it named at once."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.cells.days import read_days
from taxgap.records.files import check_format
from taxgap.records.ingestion.mapping import (
    DERIVATIONS,
    FRACTION_UNITS,
    MONEY_UNITS,
    ColumnSource,
    SourceMapping,
    TableSource,
    Writing,
)
from taxgap.records.readers.text_lines import ENCODINGS, python_encoding
from taxgap.schemas import TABLES
from taxgap.schemas.table import describe_columns

FORMAT = "taxgap-columns"
FORMAT_VERSION = 1
FILE_NAME = "columns.toml"
LARGEST = 1 << 20
"""Bytes; a mapping is written by hand."""

_UNITS = {"GBP": tuple(MONEY_UNITS), "fraction": FRACTION_UNITS}
_COLUMN_KEYS = ("from", "unit", "dates", "codes", "value", *DERIVATIONS)
_STARTS = {"month_of": "date", "tax_year_of": "date", "nation_of": "code"}


def read_mapping(path: Path) -> SourceMapping:
    """Read a mapping.

    Parameters
    ----------
    path : Path

    Returns
    -------
    SourceMapping

    Raises
    ------
    InvalidDataError
        The file is missing or no TOML.
    IncompatibleError
        It is of another or a newer format.
    UsageError
        It names tables, columns, units, codes or places that cannot be; all of them are named.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InvalidDataError("The mapping is larger than a mapping can be.", where=path.name)
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read as TOML: {error}"
        raise InvalidDataError(
            f"The mapping {reason}.", where=path.name, remedy="`taxgap suggest-mapping` drafts one."
        ) from error
    check_format(content, name=FORMAT, version=FORMAT_VERSION, where=Path(path.name))
    return mapping_of(content, where=path.name)


def mapping_of(content: Mapping[str, Any], *, where: str = FILE_NAME) -> SourceMapping:
    """Turn the content of a mapping into objects.

    Parameters
    ----------
    content : mapping
        As TOML gives it.
    where : str
        What the file is called in messages.

    Raises
    ------
    UsageError
        As `read_mapping`.

    Examples
    --------
    >>> content = {"tables": {"vat": {"source": "vat.csv", "columns": {"sales": "BOX6"}}}}
    >>> mapping_of(content).tables["vat"].column("sales").name
    'BOX6'
    """
    problems = list(_problems(content))
    if problems:
        raise UsageError(
            f"The mapping cannot be used: {'; '.join(problems)}.", where=where, remedy="Mend these lines."
        )
    writing = _writing(content.get("read", {}), Writing())
    tables = {name: _table(name, entry, writing) for name, entry in content.get("tables", {}).items()}
    as_of = content.get("as_of")
    return SourceMapping(tables, None if as_of is None else str(as_of))


def is_safe(place: str) -> bool:
    """Tell whether a file name or pattern stays below the folder that it starts from.

    Examples
    --------
    >>> is_safe("2024/vat_*.csv"), is_safe("../vat.csv"), is_safe("/etc/passwd"), is_safe("C:vat.csv")
    (True, False, False, False)
    """
    posix, windows = PurePosixPath(place), PureWindowsPath(place)
    parts = {*posix.parts, *windows.parts}
    rooted = posix.is_absolute() or bool(windows.drive) or bool(windows.root)
    return bool(place.strip()) and not rooted and ".." not in parts and "\0" not in place


def is_day(value: Any) -> bool:
    """Tell whether a value is a date, or the text of one such as ``2026-03-31``."""
    try:
        return len(date.fromisoformat(str(value)).isoformat()) == len(str(value))
    except ValueError:
        return False


def _table(name: str, entry: Mapping[str, Any], writing: Writing) -> TableSource:
    own = _writing(entry.get("read", {}), writing)
    columns = {column: _column(item) for column, item in entry.get("columns", {}).items()}
    return TableSource(name, entry["source"], entry.get("layout"), own, columns)


def _writing(entry: Mapping[str, Any], default: Writing) -> Writing:
    given: dict[str, Any] = {
        key: tuple(item) if isinstance(item, list) else item for key, item in entry.items()
    }
    return replace(default, **given)


def _column(item: str | Mapping[str, Any]) -> ColumnSource:
    if isinstance(item, str):
        return ColumnSource(name=item)
    derived = next(((kind, item[kind]) for kind in DERIVATIONS if kind in item), None)
    return ColumnSource(
        name=item.get("from"),
        unit=item.get("unit"),
        dates=tuple(item.get("dates", ())),
        codes=dict(item.get("codes", {})),
        value=item.get("value"),
        derivation=derived,
    )


def _problems(content: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown("", content, ("format", "format_version", "as_of", "read", "tables"))
    if not is_day(content.get("as_of", date.min)):
        yield "as_of is no date such as 2026-03-31"
    yield from _writing_problems("read", content.get("read", {}))
    tables = content.get("tables", {})
    if not isinstance(tables, dict) or not tables:
        yield "it names no tables"
        return
    yield from _unknown("tables.", tables, TABLES)
    for name, entry in tables.items():
        if name in TABLES:
            yield from _table_problems(name, entry)


def _table_problems(name: str, entry: Any) -> Iterator[str]:
    place = f"tables.{name}"
    if not isinstance(entry, dict):
        yield f"{place} is no table"
        return
    yield from _unknown(f"{place}.", entry, ("source", "layout", "read", "columns"))
    for key in ("source", "layout"):
        if key == "source" or key in entry:
            value = entry.get(key)
            if not isinstance(value, str) or not is_safe(value):
                yield f"{place}.{key} must name a file below the folder, without '..', or a table"
    yield from _writing_problems(f"{place}.read", entry.get("read", {}))
    columns = entry.get("columns", {})
    if not isinstance(columns, dict):
        yield f"{place}.columns is no table"
        return
    described = {column["column"]: column for column in describe_columns(TABLES[name])}
    yield from _unknown(f"{place}.columns.", columns, described)
    for column, item in columns.items():
        if column in described:
            yield from _column_problems(f"{place}.columns.{column}", item, described[column], described)


def _column_problems(
    place: str, item: Any, column: Mapping[str, Any], described: Mapping[str, Any]
) -> Iterator[str]:
    if isinstance(item, str):
        return
    if not isinstance(item, dict):
        yield f"{place} must be the name of a column, or a table with 'from' or 'value'"
        return
    yield from _unknown(f"{place}.", item, _COLUMN_KEYS)
    ways = [key for key in ("from", "value", *DERIVATIONS) if key in item]
    if len(ways) != 1:
        yield f"{place} needs exactly one of from, value, {', '.join(DERIVATIONS)}"
    if "from" in item and not isinstance(item["from"], str):
        yield f"{place}.from must be the name of a column"
    yield from _form_problems(place, item.get("dates", []))
    if "unit" in item and item["unit"] not in _UNITS.get(column["unit"], ()):
        units = ", ".join(_UNITS.get(column["unit"], ())) or "none"
        yield f"{place}.unit '{item['unit']}' is none of its units ({units})"
    yield from _code_problems(place, item.get("codes", {}), column)
    for kind in ways:
        start = described.get(str(item[kind])) if kind in DERIVATIONS else None
        if kind in DERIVATIONS and (start is None or start["type"] != _STARTS[kind]):
            yield f"{place}.{kind} must name a column of this table that holds a {_STARTS[kind]}"


def _code_problems(place: str, codes: Any, column: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(codes, dict):
        yield f"{place}.codes must be a table of texts and what they stand for"
        return
    if column["type"] == "yes/no":
        wrong = sorted({str(code) for code in codes.values() if not isinstance(code, bool)})
    elif column["type"] == "code":
        wrong = sorted({str(code) for code in codes.values() if code not in column["levels"]})
    else:
        wrong = [] if not codes or column["type"] == "text" else ["codes"]
        wrong += [
            str(code) for code in codes.values() if column["type"] == "text" and not isinstance(code, str)
        ]
    if wrong:
        allowed = ", ".join(column["levels"]) or ("true, false" if column["type"] == "yes/no" else "texts")
        yield f"{place}.codes leads to {', '.join(wrong)}, not among: {allowed}"


def _writing_problems(place: str, entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield f"{place} is no table"
        return
    yield from _unknown(f"{place}.", entry, [item.name for item in fields(Writing)])
    if entry.get("decimal", ".") not in (".", ","):
        yield f"{place}.decimal must be '.' or ','"
    if not isinstance(entry.get("exponents", False), bool):
        yield f"{place}.exponents must be true or false"
    if not _are_texts(entry.get("empty", [])):
        yield f"{place}.empty must be a list of texts"
    yield from _form_problems(place, entry.get("dates", []))
    delimiter = entry.get("delimiter", ",")
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '\r\n"':
        yield f"{place}.delimiter must be one character"
    yield from _encoding_problems(place, entry.get("encoding", "utf-8"))


def _form_problems(place: str, forms: Any) -> Iterator[str]:
    if not _are_texts(forms):
        yield f"{place}.dates must be a list of texts"
        return
    try:
        read_days(pd.Series([], dtype="str"), forms)
    except UsageError as error:
        yield f"{place}.dates: {error.message.rstrip('.')}"


def _encoding_problems(place: str, encoding: Any) -> Iterator[str]:
    try:
        python_encoding(str(encoding))
    except UsageError:
        yield f"{place}.encoding '{encoding}' is none of: {', '.join(ENCODINGS)}"


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _unknown(place: str, found: Collection[str], known: Collection[str]) -> Iterator[str]:
    for name in found:
        if name not in known:
            close = get_close_matches(str(name), list(known), n=1)
            yield f"{place}{name} is unknown" + (f", perhaps {close[0]}" if close else "")
