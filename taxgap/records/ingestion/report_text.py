"""The report of an ingestion as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from taxgap.records.ingestion.report import IngestReport

WIDTH = 100
SHOWN = 10
"""Findings in the text; the report has them all."""


def to_plain_text(report: IngestReport) -> str:
    """Write rows by table, then what was found: what could not be read comes first."""
    rows = report.rows.groupby("table", sort=False)[["rows_in", "kept", "unread"]].sum()
    kept, unread = int(rows["kept"].sum()), int(rows["unread"].sum())
    count = int(rows["rows_in"].sum())
    lines = [
        f"Read {count:,} rows of {report.sources} sources into {report.partitions} partitions.",
        f"Rows in {count:,} = kept {kept:,} + could not be read {unread:,}.",
        f"The records stand at {report.as_of}.",
        "",
        f"{'table':24}{'rows in':>12}{'kept':>12}{'unread':>12}",
    ]
    lines += [f"{name:24}{row.rows_in:12,}{row.kept:12,}{row.unread:12,}" for name, row in rows.iterrows()]
    for _, finding in report.findings.head(SHOWN).iterrows():
        lines += ["", *wrap(in_words(finding), WIDTH, subsequent_indent="  ")]
    if len(report.findings) > SHOWN:
        lines += ["", f"{len(report.findings) - SHOWN} more kinds of finding: see ingest.json."]
    lines += _list_columns("Absent, so that what needs them is left out", report.absent)
    lines += _list_columns("In the sources, and not used", report.unused)
    return "\n".join(lines) + "\n"


def in_words(finding: pd.Series) -> str:
    """Say what was found, where, how often and what to do."""
    place = finding["source"] + (f", column {finding['column']}" if finding["column"] else "")
    named = ", ".join(map(str, finding["lines"]))
    lines = f" (line {named}{' ...' if finding['count'] > len(finding['lines']) else ''})" if named else ""
    words = f"{finding['sentence']} {finding['remedy']}".strip()
    return f"{finding['kind']} {finding['code']} in {place}: {finding['count']:,}{lines}. {words}"


def _list_columns(title: str, columns: pd.DataFrame) -> Iterator[str]:
    grouped = columns.groupby("table", sort=False)["column"].agg(", ".join)
    if len(grouped):
        yield from ("", f"{title}:")
    for table, names in grouped.items():
        yield from wrap(f"{table}: {names}", WIDTH, initial_indent="  ", subsequent_indent="    ")
