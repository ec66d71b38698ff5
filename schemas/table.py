"""The base of all table models, and what can be read off a model."""

from __future__ import annotations

from typing import Any

import pandera.pandas as pa

from taxgap.schemas.columns import FORMS

_RULE_WORDS = {
    "greater_than_or_equal_to": "at least {min_value:g}",
    "less_than_or_equal_to": "at most {max_value:g}",
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


def always_there(model: type[Table]) -> list[str]:
    """List the columns that a table cannot do without: its key, its period, and when a row was received."""
    wanted = {*row_key(model), "taxpayer_id", "period", "period_start", "period_end", "received_on"}
    return [name for name in column_names(model) if name in wanted]


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
    if name == "str_matches":
        pattern = check.statistics["pattern"]
        text = str(getattr(pattern, "pattern", pattern))
        return FORMS.get(text, f"of the form {text}")
    if name in _RULE_WORDS:
        return _RULE_WORDS[name].format(**check.statistics)
    return str(check.description or name.replace("_", " "))


def _type_name(dtype: str) -> str:
    names = {"category": "code", "float64": "number", "int64": "whole number", "bool": "yes/no"}
    if dtype.startswith("datetime"):
        return "date"
    return names.get(dtype, "text")
