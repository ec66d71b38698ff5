"""The report as HTML: two plain tables with captions and header cells, readable by a screen reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from taxgap.validation.plain_text import place_of, verdict

if TYPE_CHECKING:
    from taxgap.validation.report import ValidationReport

_STYLE = (
    "body{font-family:sans-serif;line-height:1.5;max-width:72em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;margin:1em 0}caption{text-align:left;font-weight:bold}"
    "th,td{border-bottom:1px solid #767676;padding:.3em .8em;text-align:left;vertical-align:top}"
    ".number{text-align:right}"
)
_NUMBERS = frozenset({"Rows in", "Kept", "Quarantined", "Unreadable files", "Rows", "Share"})


def to_page(report: ValidationReport) -> str:
    """Write the report as a page of its own."""
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Validation report</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Validation report</h1>\n{to_fragment(report)}</main>\n</body>\n</html>\n"
    )


def to_fragment(report: ValidationReport) -> str:
    """Write the report as a part of a page, for a notebook."""
    return f"<p>{escape(verdict(report))}</p>\n{_rows(report)}{_findings(report)}"


def _rows(report: ValidationReport) -> str:
    body = [
        [row.table, f"{row.rows_in:,}", f"{row.kept:,}", f"{row.quarantined:,}", f"{row.unreadable_files:,}"]
        for row in report.rows.itertuples(index=False)
    ]
    return _table("Rows of each table", ["Table", "Rows in", "Kept", "Quarantined", "Unreadable files"], body)


def _findings(report: ValidationReport) -> str:
    summary = report.summary()
    if summary.empty:
        return "<p>No findings.</p>\n"
    body = [
        [
            item.rule,
            item.severity,
            place_of(item.table, item.column),
            f"{item.count:,}",
            f"{item.share:.2%}",
            ", ".join(item.examples),
            f"{item.sentence} {item.remedy}",
        ]
        for item in summary.to_records(index=False)
    ]
    heads = ["Rule", "Severity", "Where", "Rows", "Share", "First rows", "What is wrong, and what to do"]
    return _table("Findings, all partitions together", heads, body)


def _table(caption: str, heads: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    classes = [' class="number"' if head in _NUMBERS else "" for head in heads]
    head = "".join(
        f'<th scope="col"{kind}>{escape(text)}</th>' for text, kind in zip(heads, classes, strict=True)
    )
    rows = "".join(f"<tr>{_cells(row, classes)}</tr>\n" for row in body)
    return (
        f"<table>\n<caption>{escape(caption)}</caption>\n"
        f"<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
    )


def _cells(row: Sequence[str], classes: Sequence[str]) -> str:
    first = f'<th scope="row">{escape(row[0])}</th>'
    rest = zip(row[1:], classes[1:], strict=True)
    return first + "".join(f"<td{kind}>{escape(text)}</td>" for text, kind in rest)
