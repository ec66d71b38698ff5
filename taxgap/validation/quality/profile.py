"""The quality profile: how complete, valid, unique, timely and consistent records are, and what got worse."""

from __future__ import annotations

import json
import math
from functools import cached_property
from typing import Any

import pandas as pd

from taxgap.errors import UsageError
from taxgap.records import Records
from taxgap.validation.quality.cells import ALL, Scope
from taxgap.validation.quality.changes import Comparisons, compare, name_worse
from taxgap.validation.quality.counts import QualityCounts
from taxgap.validation.quality.measures import measure
from taxgap.validation.quality.page import to_fragment, to_page
from taxgap.validation.quality.silent import silent_sources
from taxgap.validation.quality.text import to_plain_text

FORMAT = "taxgap-quality"
FORMAT_VERSION = 1
RATE = 0.05
SMALLEST = 0.005
_BY = ("year", "region")


class QualityProfile:
    """How good records are, by table, column, year and place. Made by `validate`, where asked.

    It holds counts and shares only: no identifier, and no value of a row but the codes of the schema's lists.

    Parameters
    ----------
    as_of : Timestamp
        The date at which the records stand.
    counts : QualityCounts
        What was counted in them.

    Attributes
    ----------
    measures : DataFrame
        One row a `table`, `column` (empty for the table as a whole), `group`, `year`, `nation` and `region`;
        each of the last four is also ``all``. `group` is what says who sent a row or what kind it is: the
        `source` of a third-party report, the tax of an obligation, the legal form of a taxpayer. `year` is
        the tax year of the period, or of `received_on` in tables without one (``earlier``: before the first
        tax year of the records). The region is that of the taxpayer.

        - `rows`: how many there are.
        - `required`: whether the schema says that the column must be filled.
        - `completeness`: share of cells filled. For a table, of its required columns. What becomes known with
          a later event, such as the tax found by an enquiry, is expected only where its date is filled.
        - `validity`: share of filled cells that pass the type, range, form and code list of the schema.
        - `uniqueness`: share of rows whose key no earlier row has. Tables only.
        - `timeliness`: share received by the day on which they were due; obligations only.
        - `days_median`, `days_most`: days within which half, and nine of ten, rows came: from the end of the
          period to `received_on`; from `due_on` for obligations (to `met_on`) and payments; from `applied_on`
          for registrations, `since` for links, `opened_on` for enquiries. Amendments are left out.
        - `consistency`: share of rows that no rule across columns or tables rejects or warns of. Rows that
          fail only because another was rejected count as consistent.
    """

    def __init__(self, as_of: pd.Timestamp, counts: QualityCounts) -> None:
        self.as_of = as_of
        self._counts = counts

    @cached_property
    def measures(self) -> pd.DataFrame:
        """How good the records are, one row a table, column, group, year, nation and region."""
        return measure(self._counts)

    @property
    def left_out(self) -> int:
        """How many comparisons were not made, because one side has fewer than 30 cases."""
        return self._compared.left_out

    @cached_property
    def silent(self) -> pd.DataFrame:
        """Kinds of rows of which less than half as many came in the latest year as in the poorest before.

        Columns `table, group, year, rows, fewest_before`; only tables whose rows come every year.
        """
        return silent_sources(self._counts)

    def changes(
        self, *, by: str | None = None, rate: float = RATE, smallest: float = SMALLEST
    ) -> pd.DataFrame:
        """Compare the latest year with those before it, and each region with the others.

        Parameters
        ----------
        by : {"year", "region"}, optional
            Only these comparisons; both kinds when absent.
        rate : float, default 0.05
            False discovery rate: of what is named worse, at most this share is noise, on average over many
            profiles. Where nothing got worse, something is named in at most this share of profiles.
        smallest : float, default 0.005
            The least difference of shares that is named, however sure it is.

        Returns
        -------
        DataFrame
            All comparisons of at least 30 cases on either side; what got worse first, the largest difference
            before smaller ones. Columns: `by`; `table, column, group, measure`; `year` (the latest of the
            table, or ``all``), `nation, region`; `cases, share` and `cases_before, share_before` (earlier
            years, or other regions); `difference` of the shares with its 95% interval `low, high`; `days`
            (timeliness: within how many days nine of ten came before, or come elsewhere); `p_value`,
            `q_value`, and `worse`.

        Raises
        ------
        UsageError
            `by`, `rate` or `smallest` is none of those allowed.

        Notes
        -----
        Timeliness compares the share of rows that came at most a week after the day by which nine of ten came
        before (for obligations, by the day on which they were due). Rows still to come cannot be late yet.

        The interval is Newcombe's hybrid score interval, widened by drift. The p-value is one-sided: the
        larger of Fisher's exact test and a t test whose variance holds the drift as well: how much the years
        before (or the other regions) vary among themselves beyond chance (DerSimonian and Laird 1986), drawn
        towards what is usual for the measure with the weight of four years. Many comparisons are allowed for
        after Benjamini and Hochberg (1995). Of a region, all years and the latest are compared, and the
        stronger result is given, its p-value doubled.

        Rows of one taxpayer are taken as independent, so that a taxpayer with many bad rows looks surer than
        it is. Whether a column that may be empty was filled less often can also be due to what taxpayers do.

        Examples
        --------
        >>> from taxgap.records import Records
        >>> from taxgap.validation import validate
        >>> profile = validate(Records.from_frames({}), tables=[], quality=True).quality
        >>> int(profile.changes()["worse"].sum())
        0
        """
        if by is not None and by not in _BY:
            raise UsageError(f"Changes cannot be told by '{by}'.", available=_BY)
        if not 0 < rate < 1 or not 0 <= smallest < 1:
            raise UsageError("`rate` must lie between 0 and 1, and `smallest` be a share below 1.")
        frame = self._compared.frame
        return name_worse(frame if by is None else frame[frame["by"] == by], rate, smallest)

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as plain data: what got worse, measures of the country and of regions.

        Kinds of rows within a region, and a region's single years, stand in `measures` alone.
        """
        changes = self.changes()
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "as_of": str(self.as_of.date()),
            "false_discovery_rate": RATE,
            "smallest_difference": SMALLEST,
            "compared": len(changes),
            "left_out": self.left_out,
            "silent": _plain(self.silent),
            "worse": _plain(changes[changes["worse"].astype(bool)].drop(columns="worse")),
            "measures": _plain(self._outline()),
        }

    def to_json(self) -> str:
        """Return the profile as JSON text: the same records give the same text."""
        return (
            json.dumps(self.to_dict(), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
        )

    def to_text(self) -> str:
        """Return the profile as plain text that fits on one screen."""
        return to_plain_text(self)

    def to_html(self) -> str:
        """Return the profile as a page of its own."""
        return to_page(self)

    def __repr__(self) -> str:
        worse = int(self.changes()["worse"].sum())
        return f"<QualityProfile: {len(self._counts.tables)} tables, {worse} changes for the worse>"

    def _repr_html_(self) -> str:
        return to_fragment(self)

    @cached_property
    def _compared(self) -> Comparisons:
        return compare(self._counts)

    def _outline(self) -> pd.DataFrame:
        frame = self.measures
        country = frame["nation"] == ALL
        region = (frame["region"] != ALL) & (frame["year"] == ALL) & (frame["group"] == ALL)
        return frame[country | region]


def scope_of(records: Records) -> Scope:
    """Return what each partition must know of all records to name years alike."""
    years = [int(label[:4]) for label in records.periods if label[:4].isdigit()]
    return Scope(records.as_of, min(years, default=0))


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {name: _cell(value) for name, value in row.items() if not _is_nothing(value)}
        for row in frame.to_dict("records")
    ]


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _cell(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value
