"""The report as plain text that fits on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taxgap.validation.report import ValidationReport

WIDTH = 100
HEIGHT = 40
_EXAMPLES = 2
_REST = 2  # lines that say how much is left out


def to_plain_text(report: ValidationReport) -> str:
    """Write the verdict, the row counts and the first findings, added up over partitions."""
    rows, summary = report.rows, report.summary()
    counts = [
        [row.table, f"{row.rows_in:,}", f"{row.kept:,}", f"{row.quarantined:,}"]
        for row in rows.itertuples(index=False)
    ]
    lines = [verdict(report), "", *_columns([["table", "rows in", "kept", "quarantined"], *counts])]
    left = len(summary)
    for finding in summary.itertuples(index=False):
        text = ["", *_finding(finding)]
        if len(lines) + len(text) > HEIGHT - _REST:
            break
        lines, left = lines + text, left - 1
    if left:
        lines += ["", f"{left} more kinds of finding: see `findings` of the report."]
    return "\n".join(lines) + "\n"


def verdict(report: ValidationReport) -> str:
    """Say in one line whether the records passed."""
    summary, rows = report.summary(), report.rows
    warnings = int((summary["severity"] == "warn").sum()) if len(summary) else 0
    rejections = len(summary) - warnings
    state = "passed" if report.passed else "failed"
    return (
        f"Validation {state}: {_plural(rejections, 'fault')}, {_plural(warnings, 'warning')}; "
        f"{int(rows['quarantined'].sum()):,} of {int(rows['rows_in'].sum()):,} rows quarantined."
    )


def place_of(table: str, column: str) -> str:
    """Name a table, or a column of it."""
    return f"{table}.{column}" if column else table


def _finding(finding: object) -> list[str]:
    item = finding._asdict()  # type: ignore[attr-defined]
    head = f"{item['severity']} {item['rule']} in {place_of(item['table'], item['column'])}"
    if item["count"]:
        head += f": {_plural(item['count'], 'row')} ({item['share']:.2%})"
        head += ", such as " + ", ".join(item["examples"][:_EXAMPLES]) if item["examples"] else ""
    text = f"{item['sentence']} {item['remedy']}"
    return [*wrap(head, WIDTH), *wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")]


def _columns(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in table
    ]


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
