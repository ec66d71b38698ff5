"""Where a row belongs in the quality profile: the kind of row, its year, the region of its taxpayer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.records.periods import tax_year_of
from taxgap.schemas import TABLES
from taxgap.schemas.codes import REGIONS
from taxgap.schemas.table import code_levels
from taxgap.validation.table_part import TablePart
from taxgap.validation.texts import Texts

ALL = "all"
UNKNOWN = "unknown"
EARLIER = "earlier"
"""The year of rows received before the first tax year of the records, in tables without a period."""

GROUPED_BY = {
    "taxpayers": "legal_form",
    "registrations": "regime",
    "obligations": "regime",
    "links": "kind",
    "third_party": "source",
    "third_party_unmatched": "source",
    "enquiries": "regime",
    "reviews": "regime",
    "payments": "regime",
}
"""The column of a table that says what kind of row it is, or who sent it: kinds are never compared mixed."""

_BY_LEGAL_FORM = ("identities",)  # what may be empty there depends on the legal form, which the register has
_REGION = len(REGIONS) + 1


@dataclass(frozen=True)
class Scope:
    """What a partition must know of all records to name years alike.

    Attributes
    ----------
    as_of : Timestamp
        A period that begins later is a mistake, and its year unknown.
    first_year : int
        The year in which the first tax year begins; 0 where no period is known.
    """

    as_of: pd.Timestamp
    first_year: int = 0


@dataclass(frozen=True)
class Cells:
    """The cell of the profile that each row of a part falls into.

    Attributes
    ----------
    number : ndarray of int
        One a row.
    labels : DataFrame
        For each number its `group`, `year` and `region`.
    """

    number: NDArray[np.intp]
    labels: pd.DataFrame

    def count(self, mask: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """Count rows a cell; all of them, or those that a mask marks."""
        number = self.number if mask is None else self.number[mask]
        return np.bincount(number, minlength=len(self.labels)).astype(np.int64)


def groups_of(table: str) -> list[str]:
    """List the kinds of rows of a table; empty where it has but one.

    Examples
    --------
    >>> groups_of("taxpayers")[:2], groups_of("vat")
    (['individual', 'partnership'], [])
    """
    if table in _BY_LEGAL_FORM:
        return code_levels(TABLES["taxpayers"])["legal_form"]
    return code_levels(TABLES[table])[GROUPED_BY[table]] if table in GROUPED_BY else []


def year_order(year: str) -> str:
    """Return what years sort by: those before the records first, unknown ones last."""
    return {EARLIER: "0", UNKNOWN: "~"}.get(year, year)


class Places:
    """Finds the cells of the rows of one partition.

    Parameters
    ----------
    parts : mapping of str to TablePart
        All tables of the partition.
    texts : Texts
        Of the same parts.
    scope : Scope
    """

    def __init__(self, parts: Mapping[str, TablePart], texts: Texts, scope: Scope) -> None:
        register = parts.get("taxpayers")
        self._register = register if register is not None and register.complete else None
        self._texts = texts
        self._scope = scope

    def cells(self, part: TablePart) -> Cells:
        """Return the cell of each row of a table; without columns to tell by, all fall into one."""
        kinds = groups_of(part.name)
        if not part.complete:
            number = np.full(len(part), len(REGIONS), dtype=np.intp)
            return Cells(number, _labels([UNKNOWN if kinds else ALL], [UNKNOWN]))
        group = self._group(part) if kinds else np.zeros(len(part), dtype=np.intp)
        year, years = self._year(part)
        number = (group * len(years) + year) * _REGION + self._of_taxpayer(part, "region")
        return Cells(number, _labels([*kinds, UNKNOWN] if kinds else [ALL], years))

    def _group(self, part: TablePart) -> NDArray[np.intp]:
        if part.name in _BY_LEGAL_FORM:
            return self._of_taxpayer(part, "legal_form")
        return _codes(part.content[GROUPED_BY[part.name]])

    def _year(self, part: TablePart) -> tuple[NDArray[np.intp], list[str]]:
        if "period" in part.content:
            codes, labels = self._tax_years()
            fit = part.judged(["period"])
            return np.where(fit, codes[self._texts.codes(part.name, "period")], len(labels)), [
                *labels,
                UNKNOWN,
            ]
        return _years_of(part.content["received_on"].to_numpy(), self._scope.first_year)

    def _tax_years(self) -> tuple[NDArray[np.intp], list[str]]:
        # For each distinct period, and last for an empty one, the position of its year; unknown comes last.
        distinct = self._texts.distinct("period")
        years = tax_year_of(distinct).astype(object).to_numpy()
        latest = self._scope.as_of.year
        good = np.array([str(year)[:4].isdigit() and int(str(year)[:4]) <= latest for year in years], bool)
        labels = sorted(set(years[good].tolist()))
        codes = pd.Index(labels, dtype=object).get_indexer(np.where(good, years, None))
        return np.append(np.where(codes < 0, len(labels), codes), len(labels)).astype(np.intp), labels

    def _of_taxpayer(self, part: TablePart, column: str) -> NDArray[np.intp]:
        if self._register is None or "taxpayer_id" not in part.content:
            levels = code_levels(TABLES["taxpayers"])[column]
            return np.full(len(part), len(levels), dtype=np.intp)
        values = self._register.content[column]
        if part.name == "taxpayers":
            return _codes(values)
        people = self._texts.codes("taxpayers", "taxpayer_id")
        known = np.full(len(self._texts.distinct("taxpayer_id")) + 1, len(values.cat.categories), np.intp)
        known[people[::-1]] = _codes(values)[::-1]  # of two rows with one key the first counts
        known[-1] = len(values.cat.categories)
        return known[self._texts.codes(part.name, "taxpayer_id")]


def _years_of(days: NDArray[np.datetime64], first: int) -> tuple[NDArray[np.intp], list[str]]:
    # The tax year, from 6 April to 5 April, that holds each day; those before the first are one.
    calendar = days.astype("datetime64[Y]")
    begins = calendar.astype("datetime64[M]") + np.timedelta64(3, "M")
    before = days.astype("datetime64[D]") < begins.astype("datetime64[D]") + np.timedelta64(5, "D")
    number = np.where(np.isnat(days), 0, calendar.astype(np.int64) + 1970 - before)
    number = np.where((number > 0) & (number < first), 1, number)
    distinct, codes = np.unique(number, return_inverse=True)
    names = {0: UNKNOWN, 1: EARLIER}
    labels = [names.get(year, f"{year}-{(year + 1) % 100:02d}") for year in distinct.tolist()]
    return codes.astype(np.intp), labels


def _codes(values: pd.Series) -> NDArray[np.intp]:
    codes = values.cat.codes.to_numpy().astype(np.intp)
    return np.where(codes < 0, len(values.cat.categories), codes)


def _labels(groups: Sequence[str], years: Sequence[str]) -> pd.DataFrame:
    product = pd.MultiIndex.from_product(
        [groups, years, [*REGIONS, UNKNOWN]], names=["group", "year", "region"]
    )
    return product.to_frame(index=False)
