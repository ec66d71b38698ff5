"""The data dictionary of a table: its columns as the form has them, and the rules that its rows must keep."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.schemas import describe_schema, table_model
from taxgap.schemas.table import row_key
from taxgap.validation.registry import rules

COLUMN_HEAD = ("column", "type", "unit", "box", "title", "rule", "may be empty")
RULE_HEAD = ("rule", "severity", "what is wrong", "what to do")


@dataclass(frozen=True)
class TableDictionary:
    """What is to be known of a table.

    Attributes
    ----------
    name : str
        The table; with ``truth/`` before it where only the generator knows it.
    about : str
        What one row stands for.
    key : tuple of str
        The columns that identify a row together.
    columns : DataFrame
        As `taxgap.describe_schema` gives them.
    rules : DataFrame
        One row a rule across columns, rows, periods and tables: `rule, severity, columns, sentence, remedy`.
    """

    name: str
    about: str
    key: tuple[str, ...]
    columns: pd.DataFrame
    rules: pd.DataFrame

    @classmethod
    def of(cls, name: str, *, truth: bool = False) -> TableDictionary:
        """Gather what is to be known of a table.

        Parameters
        ----------
        name : str
        truth : bool, default False
            Look among the tables of the truth, to which no rule applies.

        Raises
        ------
        UsageError
            No table has this name.

        Examples
        --------
        >>> TableDictionary.of("vat").key
        ('taxpayer_id', 'period', 'version')
        """
        model = table_model(name, truth=truth)
        about = " ".join((inspect.getdoc(model) or "").split("\n\n")[0].split())
        applied = describe_rules("" if truth else name)
        columns = describe_schema(name, truth=truth)
        return cls(f"truth/{name}" if truth else name, about, tuple(row_key(model)), columns, applied)

    def column_rows(self) -> list[tuple[str, ...]]:
        """Return the columns as rows of text, one value for each of `COLUMN_HEAD`."""
        return [
            (
                row.column,
                row.type,
                "" if row.unit == row.type else row.unit,
                row.box,
                row.title,
                "one of: " + ", ".join(row.levels) if row.levels else row.rule,
                "yes" if row.empty else "",
            )
            for row in self.columns.itertuples()
        ]

    def rule_rows(self) -> list[tuple[str, ...]]:
        """Return the rules as rows of text, one value for each of `RULE_HEAD`."""
        wanted = self.rules[["rule", "severity", "sentence", "remedy"]]
        return [tuple(map(str, row)) for row in wanted.itertuples(index=False)]

    def to_markdown(self) -> str:
        """Return a section of the data dictionary."""
        key = ", ".join(f"`{column}`" for column in self.key)
        columns = [
            (f"**`{name}`**" if name in self.key else f"`{name}`", *rest)
            for name, *rest in self.column_rows()
        ]
        parts = [f"### {self.name}", f"{self.about} A row is identified by {key}."]
        parts.append(to_markdown_table(COLUMN_HEAD, columns))
        if len(self.rules):
            rows = [(f"`{code}`", *rest) for code, *rest in self.rule_rows()]
            parts += ["Rules beside those of single columns:", to_markdown_table(RULE_HEAD, rows)]
        return "\n\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "table": self.name,
            "about": self.about,
            "key": list(self.key),
            "columns": self.columns.to_dict("records"),
            "rules": self.rules.to_dict("records"),
        }


def describe_rules(table: str | None = None) -> pd.DataFrame:
    """Describe the rules across columns, rows, periods and tables.

    Parameters
    ----------
    table : str, optional
        Only those whose rows are of this table; all when absent.

    Returns
    -------
    DataFrame
        One row a rule and table: `rule, table, severity, columns, sentence, remedy`.

    Examples
    --------
    >>> found = describe_rules("vat").set_index("rule")
    >>> found.loc["net_vat_adds_up", "severity"]
    'reject'
    """
    rows = [
        (rule.code, rule.table, rule.severity, ", ".join(rule.columns), rule.sentence, rule.remedy)
        for rule in rules
        if table is None or rule.table == table
    ]
    return pd.DataFrame(
        rows, columns=["rule", "table", "severity", "columns", "sentence", "remedy"], dtype="str"
    )


def to_markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay rows out as a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)
