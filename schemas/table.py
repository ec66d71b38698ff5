"""The base of all table models, and what can be read off a model."""

from __future__ import annotations

from typing import Any

import pandera.pandas as pa

_RULE_WORDS = {
    "greater_than_or_equal_to": "at least {min_value:g}",
    "less_than_or_equal_to": "at most {max_value:g}",
    "str_matches": "matches {pattern}",
}


class Table(pa.DataFrameModel):
    """A table of the records.

    A subclass says in its ``Config`` which columns identify a row (``unique``) and, where columns are filled
    after the row was first received, from which date on they are known (``metadata["known_later"]``: date
    column -> columns).
    """

    class Config:
        """Columns are neither added nor converted in silence."""

        strict = True
        coerce = False


def row_key(model: type[Table]) -> list[str]:
    """List the columns that together identify a row."""
    return list(model.to_schema().unique or [])


def known_later(model: type[Table]) -> dict[str, tuple[str, ...]]:
    """Map each date on which more of a row becomes known to the columns known from that date."""
    metadata = model.Config.metadata if hasattr(model.Config, "metadata") else {}
    return dict(metadata.get("known_later", {}))


def column_names(model: type[Table]) -> list[str]:
    """List the columns of a table in their order."""
    return list(model.to_schema().columns)


def code_levels(model: type[Table]) -> dict[str, list[str]]:
    """Map each code column of a table to its frozen levels."""
    return {
        name: list(column.dtype.type.categories)
        for name, column in model.to_schema().columns.items()
        if str(column.dtype) == "category"
    }


def describe_columns(model: type[Table]) -> list[dict[str, Any]]:
    """Describe each column of a table: name, type, unit, box, title, rules, whether it may be empty."""
    rows = []
    for name, column in model.to_schema().columns.items():
        meta = column.metadata or {}
        rows.append(
            {
                "column": name,
                "type": _type_name(str(column.dtype)),
                "unit": meta.get("unit", ""),
                "box": meta.get("box", ""),
                "title": column.title or "",
                "rule": "; ".join(_rule(check) for check in column.checks),
                "levels": list(column.dtype.type.categories) if str(column.dtype) == "category" else [],
                "empty": bool(column.nullable),
                "key": name in row_key(model),
            }
        )
    return rows


def _rule(check: Any) -> str:
    name = str(check.name or "rule")
    if name not in _RULE_WORDS:
        return name.replace("_", " ")
    statistics = {key: getattr(value, "pattern", value) for key, value in check.statistics.items()}
    return _RULE_WORDS[name].format(**statistics)


def _type_name(dtype: str) -> str:
    names = {"category": "code", "float64": "number", "int64": "whole number", "bool": "yes/no"}
    if dtype.startswith("datetime"):
        return "date"
    return names.get(dtype, "text")
