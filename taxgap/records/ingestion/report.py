"""What became of every row of the sources: the report of an ingestion, as data first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from taxgap.errors import InvalidDataError, TaxGapError, UsageError
from taxgap.records.faults import FAULTS, MENDED, SKIPPED
from taxgap.records.ingestion.plan import TablePlan
from taxgap.records.ingestion.report_text import in_words, to_plain_text
from taxgap.records.ingestion.staging import Staged
from taxgap.records.ingestion.unread import read_unread
from taxgap.records.tables import Records

FORMAT = "taxgap-ingest"
FORMAT_VERSION = 1
FINDINGS = ("kind", "code", "table", "source", "column", "count", "lines", "sentence", "remedy")


class IngestReport:
    """What became of every row of the sources. Made by `ingest`.

    Parameters
    ----------
    staged : sequence of Staged
        What was read of each source.
    plans : sequence of TablePlan
        How each table was read.
    as_of : str
        The date at which the records stand.
    partitions : int
        How many there are.
    folder : Path, optional
        Where the records and the rows that could not be read lie.

    Attributes
    ----------
    rows : DataFrame
        One row a source: `table`, `source`, `rows_in`, `kept`, `unread`. Rows in are rows kept plus unread.
    findings : DataFrame
        One row a source, column and code: `kind` (``unread``: the rows could not be read; ``mended``: written
        in another form and read without loss; ``skipped``: lines that hold nothing), `code`, `table`,
        `source`, `column` (of the source), `count`, `lines` (the first), `sentence`, `remedy`.
    absent : DataFrame
        One row a column of the schema that no source gives: `table`, `column`. What needs it is left out.
    unused : DataFrame
        One row a column of a source that nothing takes: `table`, `column`.
    as_of : str
        The date at which the records stand.
    passed : bool
        Whether every row could be read.
    """

    def __init__(
        self,
        staged: Sequence[Staged],
        plans: Sequence[TablePlan],
        as_of: str,
        partitions: int,
        folder: Path | None = None,
    ) -> None:
        self._staged = tuple(staged)
        self._plans = tuple(plans)
        self._folder = folder
        self.as_of = as_of
        self.partitions = partitions
        self._check()

    def at(self, folder: Path) -> IngestReport:
        """Return the report of what now stands in a folder."""
        return IngestReport(self._staged, self._plans, self.as_of, self.partitions, folder)

    @property
    def records(self) -> Records:
        """The records in the library's form."""
        return Records.open(self._where() / "records")

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Rows in, kept and unread, one row a source."""
        rows = [
            (item.table, item.where, item.tally.rows, item.kept, item.tally.unread) for item in self._staged
        ]
        return pd.DataFrame(rows, columns=["table", "source", "rows_in", "kept", "unread"])

    @property
    def sources(self) -> int:
        """How many files or tables were read."""
        return len(self._staged)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """What was found, one row a source, column and code; what could not be read comes first."""
        found = pd.DataFrame(list(self._findings()), columns=list(FINDINGS))
        order = found["kind"].map({"unread": 0, "skipped": 1, "mended": 2})
        return (
            found.assign(order=order)
            .sort_values("order", kind="stable")
            .drop(columns="order")
            .reset_index(drop=True)
        )

    @property
    def absent(self) -> pd.DataFrame:
        """The columns of the schema that no source gives."""
        return _listed((plan.table, name) for plan in self._plans for name in plan.absent)

    @property
    def unused(self) -> pd.DataFrame:
        """The columns of the sources that nothing takes."""
        return _listed((plan.table, name) for plan in self._plans for name in plan.unused)

    @property
    def passed(self) -> bool:
        """Whether every row could be read."""
        return not self.rows["unread"].any()

    def raise_if_failed(self) -> None:
        """Raise if a row could not be read.

        Raises
        ------
        InvalidDataError
            Naming table, source, column, lines and remedy of the first finding.
        """
        if not self.passed:
            first = self.findings.iloc[0]
            raise InvalidDataError(
                f"{int(self.rows['unread'].sum()):,} rows could not be read. {in_words(first)}",
                remedy="See the report for the others, and the folder 'unread' for the rows.",
            )

    def unread(self, table: str) -> pd.DataFrame:
        """Read the rows of a table that could not be read, as they were.

        Parameters
        ----------
        table : str

        Returns
        -------
        DataFrame
            The columns of the sources as text, then `taxgap_source`, `taxgap_line`, `taxgap_fault` and
            `taxgap_text`. These are personal rows.
        """
        known = [plan.table for plan in self._plans]
        if table not in known:
            raise UsageError(f"There is no table '{table}' here.", available=known)
        return read_unread(self._where() / "unread" / table)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "as_of": self.as_of,
            "partitions": self.partitions,
            "passed": self.passed,
            "rows": self.rows.to_dict("records"),
            "findings": self.findings.to_dict("records"),
            "absent": self.absent.to_dict("records"),
            "unused": self.unused.to_dict("records"),
        }

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def to_text(self) -> str:
        """Return the report as plain text that fits on one screen."""
        return to_plain_text(self)

    def __repr__(self) -> str:
        return f"<IngestReport: {int(self.rows['kept'].sum()):,} of {int(self.rows['rows_in'].sum()):,} rows>"

    def _repr_html_(self) -> str:
        return f"{self.rows.to_html(index=False)}{self.findings.to_html(index=False)}"

    def _where(self) -> Path:
        if self._folder is None:
            raise UsageError("The rows are not written yet.")
        return self._folder

    def _check(self) -> None:
        for item in self._staged:
            if item.kept + item.tally.unread != item.tally.rows:
                raise TaxGapError(
                    f"Of {item.tally.rows} rows {item.kept} were kept and {item.tally.unread} unread.",
                    where=item.where,
                    remedy="This is a fault of the library: please report it.",
                )

    def _findings(self) -> Iterator[tuple[Any, ...]]:
        for item in self._staged:
            for (column, code), count in sorted(item.tally.faults.items()):
                lines, fault = item.tally.examples[column, code], FAULTS[code]
                yield ("unread", code, item.table, item.where, column, count, lines, *fault)
            for code, count in sorted(item.tally.skipped.items()):
                yield ("skipped", code, item.table, item.where, "", count, [], SKIPPED[code], "")
            for (column, code), count in sorted(item.tally.mended.items()):
                sentence = f"Cells {MENDED[code]} were read without loss."
                yield ("mended", code, item.table, item.where, column, count, [], sentence, "")


def _listed(pairs: Iterator[tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(list(pairs), columns=["table", "column"], dtype="str")
