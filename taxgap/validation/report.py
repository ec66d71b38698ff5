"""The report of a validation: findings and row counts as data, and the way to kept and rejected rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records import Records
from taxgap.validation.outcome import FINDING_COLUMNS, Outcome, with_reasons
from taxgap.validation.page import to_fragment, to_page
from taxgap.validation.plain_text import to_plain_text
from taxgap.validation.quality import QualityProfile
from taxgap.validation.rule import Severity
from taxgap.validation.trusted import trusted_view

FORMAT = "taxgap-validation"
FORMAT_VERSION = 1
_NAMED = 3  # findings that an error names


class ValidationReport:
    """What validation found. Made by `validate`.

    Parameters
    ----------
    records : Records
        What was validated.
    outcomes : sequence of Outcome
        What became of each table and partition.
    written : Path, optional
        The folder that the trusted records were written to.
    quality : QualityProfile, optional
        What was measured beside it.

    Attributes
    ----------
    findings : DataFrame
        One row a rule, table, partition and column: `rule`, `severity` (``reject`` or ``warn``), `table`,
        `partition` (empty for a finding about a whole table), `column` (empty for one about a whole row),
        `count` (rows), `share` (of the rows of that partition), `examples` (the keys of the first five rows,
        or ``row n``, counted from 0, where the key itself fails), `sentence` and `remedy`.
    rows : DataFrame
        One row a table: `table`, `rows_in`, `kept`, `quarantined`, `unreadable_files`. Rows in are rows kept
        plus rows quarantined; the rows of a file that cannot be read are unknown and in none of the numbers.
    passed : bool
        Whether no finding has severity ``reject``.
    quality : QualityProfile
        How good the rows are over time and place, where `validate` was asked for it.

    Examples
    --------
    >>> from taxgap.records import Records
    >>> from taxgap.validation import validate
    >>> report = validate(Records.from_frames({}), tables=["taxpayers"])
    >>> report.findings["rule"].tolist()
    ['missing_table']
    """

    def __init__(
        self,
        records: Records,
        outcomes: Sequence[Outcome],
        *,
        written: Path | None = None,
        quality: QualityProfile | None = None,
    ) -> None:
        self._records = records
        self._outcomes = tuple(outcomes)
        self._written = written
        self._quality = quality

    @property
    def quality(self) -> QualityProfile:
        """How good the rows are over time and place.

        Raises
        ------
        UsageError
            It was not asked for.
        """
        if self._quality is None:
            raise UsageError("The quality was not measured.", remedy="Validate with quality=True.")
        return self._quality

    @property
    def has_quality(self) -> bool:
        """Whether the quality was measured."""
        return self._quality is not None

    @cached_property
    def findings(self) -> pd.DataFrame:
        """What was found, one row a rule, table, partition and column."""
        frame = pd.DataFrame(self._found, columns=list(FINDING_COLUMNS))
        types = {"partition": "Int64", "count": "int64", "share": "float64"}
        texts = dict.fromkeys(("rule", "severity", "table", "column", "sentence", "remedy"), "str")
        return frame.astype(types | texts)

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Rows in, kept and quarantined, one row a table."""
        counted = [outcome for outcome in self._outcomes if outcome.partition is not None]
        content = pd.DataFrame(
            {
                "table": [outcome.table for outcome in counted],
                "rows_in": [outcome.rows_in for outcome in counted],
                "kept": [outcome.kept for outcome in counted],
                "quarantined": [outcome.quarantined for outcome in counted],
                "unreadable_files": [int(not outcome.readable) for outcome in counted],
            }
        )
        return content.groupby("table", sort=False).sum().reset_index()

    @property
    def passed(self) -> bool:
        """Whether no finding has severity ``reject``."""
        return not self._failures("reject")

    def raise_if_failed(self, severity: Severity = "reject") -> None:
        """Raise if there is a finding of a severity, or of a worse one.

        Parameters
        ----------
        severity : {"reject", "warn"}, default "reject"
            ``warn`` takes warnings for failures, too.

        Raises
        ------
        InvalidDataError
            Naming rule, table, column, rows and remedy of the first findings.
        UsageError
            `severity` is neither.
        """
        if severity not in get_args(Severity):
            raise UsageError(f"'{severity}' is no severity.", available=get_args(Severity))
        found = self._failures("reject") + (self._failures("warn") if severity == "warn" else [])
        if found:
            more = f" {len(found) - _NAMED} more findings." if len(found) > _NAMED else ""
            raise InvalidDataError(
                f"The records fail validation: {' | '.join(map(_in_words, found[:_NAMED]))}{more}",
                remedy="`taxgap validate --out` writes all of them; in Python see `findings` of the report.",
            )

    @cached_property
    def trusted(self) -> Records:
        """The records without the rows in quarantine.

        The same object where nothing was rejected or converted. A column that the schema does not know is
        left out, and a file that cannot be read has no rows.
        """
        view = trusted_view(self._records, self._tables())
        if view is not self._records and self._written is not None:
            return Records.open(self._written / "records")
        return view

    def failing(self, table: str, severity: Severity = "reject") -> pd.DataFrame:
        """Read all rows of a table that fail a rule, as they were.

        Parameters
        ----------
        table : str
        severity : {"reject", "warn"}, default "reject"
            Rows in quarantine, or kept rows with a warning.

        Returns
        -------
        DataFrame
            The columns of the table, then `rule` (codes) and `reason` (sentences). These are personal rows.
        """
        if table not in self._records.tables:
            raise UsageError(f"There is no table '{table}' here.", available=self._records.tables)
        parts = list(self._read_failing(table, severity))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["rule", "reason"])

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "as_of": str(self._records.as_of.date()),
            "partitions": len(self._records.partitions),
            "passed": self.passed,
            "rows": self.rows.to_dict("records"),
            "findings": [finding | {"examples": list(finding["examples"])} for finding in self._found],
        }

    def to_json(self) -> str:
        """Return the report as JSON text: the same findings give the same text."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def to_text(self) -> str:
        """Return the report as plain text that fits on one screen."""
        return to_plain_text(self)

    def to_html(self) -> str:
        """Return the report as a page of its own."""
        return to_page(self)

    def summary(self) -> pd.DataFrame:
        """Add up the findings over partitions: one row a rule, table and column.

        Rejections come before warnings, and rows rejected because of another row after those at fault.

        Returns
        -------
        DataFrame
            Columns `rule, severity, table, column, sentence, remedy, count, share, examples`; `share` is of
            all rows of the table, `examples` are those of the first partition that has any.
        """
        if self.findings.empty:
            return self.findings.drop(columns="partition")
        keys = ["rule", "severity", "table", "column", "sentence", "remedy"]
        grouped = self.findings.groupby(keys, sort=False, dropna=False)
        total = grouped.agg(count=("count", "sum"), examples=("examples", "first")).reset_index()
        rows_in = total["table"].map(self.rows.set_index("table")["rows_in"]).fillna(0).clip(lower=1)
        total.insert(len(keys) + 1, "share", total["count"] / rows_in)
        return total

    def __repr__(self) -> str:
        state = "passed" if self.passed else "failed"
        return f"<ValidationReport: {state}, {len(self.findings)} findings>"

    def _repr_html_(self) -> str:
        return to_fragment(self)

    @cached_property
    def _found(self) -> list[dict[str, Any]]:
        # What is wrong in itself comes before what follows from it, and both before warnings.
        places = [(outcome, place) for outcome in self._outcomes for place in range(len(outcome.failures))]
        return [outcome.finding(place) for outcome, place in sorted(places, key=_rank)]

    def _tables(self) -> list[Outcome]:
        return [outcome for outcome in self._outcomes if outcome.partition is not None]

    def _failures(self, severity: Severity) -> list[dict[str, Any]]:
        return [finding for finding in self._found if finding["severity"] == severity]

    def _read_failing(self, table: str, severity: Severity) -> Iterator[pd.DataFrame]:
        for outcome in self._tables():
            if outcome.table == table and outcome.readable:
                reasons = outcome.reasons(severity)
                if len(reasons):
                    raw = self._records.read(table, partition=outcome.partition).reset_index(drop=True)
                    yield with_reasons(raw, reasons)


def _rank(item: tuple[Outcome, int]) -> tuple[str, bool]:
    wording = item[0].failures[item[1]].wording
    return wording.severity, wording.consequence


def _in_words(finding: dict[str, Any]) -> str:
    place = f"{finding['table']}.{finding['column']}" if finding["column"] else finding["table"]
    count = finding["count"]
    names = f" ({', '.join(finding['examples'])})" if finding["examples"] else ""
    rows = f", {count} row{'s' if count > 1 else ''}{names}" if count else ""
    return f"{finding['rule']} in {place}{rows}: {finding['sentence']} {finding['remedy']}"
