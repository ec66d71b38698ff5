"""What a rule may look at beside its own table: the other tables of the partition, joined by number."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.validation.across import Noted
from taxgap.validation.labels import end_month, first_day
from taxgap.validation.rule import Mask, as_mask
from taxgap.validation.table_part import TablePart
from taxgap.validation.texts import Texts

Codes: TypeAlias = NDArray[np.intp]
Key: TypeAlias = Literal["taxpayer", "case", "enquiry"]


class Place(NamedTuple):
    """Which partition of how many."""

    partition: int
    partitions: int


class AbsentColumn(Exception):  # noqa: N818  no fault: the records declare it
    """A rule asked for a column that the records do not have; it does not judge then."""


class Context:
    """The tables of one partition, with what rules ask of them.

    Parameters
    ----------
    parts : mapping of str to TablePart
        The tables that are present.
    texts : Texts
        Of the same parts.
    expected : collection of str
        The tables that must be there: a reference to another one that is absent is not judged.
    place : Place
        Which partition of how many.
    noted : Noted, optional
        What the other partitions say of the rows of this one.

    Notes
    -----
    Keys are numbers that mean the same in all tables of the partition: ``taxpayer``, ``case`` (a taxpayer and
    period) and ``enquiry``; -1 where the key does not pass the schema.
    """

    def __init__(
        self,
        parts: Mapping[str, TablePart],
        texts: Texts,
        expected: Collection[str],
        place: Place,
        noted: Noted | None = None,
    ) -> None:
        self._parts = parts
        self._texts = texts
        self._keys: dict[tuple[str, Key], Codes] = {}
        self._expected = frozenset(expected)
        self._noted = noted or Noted()
        self.place = place

    def is_present(self, table: str) -> bool:
        """Tell whether the records have the table at all."""
        return table in self._parts

    def is_expected(self, table: str) -> bool:
        """Tell whether the records must have the table."""
        return table in self._expected

    def is_complete(self, table: str) -> bool:
        """Tell whether the table could be read here with all its columns."""
        return table in self._parts and self._parts[table].complete

    def kept(self, table: str, *columns: str) -> pd.DataFrame:
        """Return columns of the rows of a table that no rule has rejected so far, on their positions.

        Raises
        ------
        AbsentColumn
            The records declare that they do not have one of them.
        """
        if not self._parts[table].absent.isdisjoint(columns):
            raise AbsentColumn
        return self._parts[table].kept(list(columns))

    def key(self, table: str, key: Key) -> Codes:
        """Return the key of each row of a table."""
        if (table, key) not in self._keys:
            self._keys[table, key] = self._make_key(table, key)
        return self._keys[table, key]

    def kept_key(self, table: str, key: Key) -> Codes:
        """Return the key of each kept row of a table."""
        return self.key(table, key)[~self._parts[table].rejected]

    def knows(self, table: str, key: Key, asked: Codes, *, kept: bool) -> Mask:
        """Tell which keys a table has, in any row or in a kept one. The key -1 counts as known."""
        known = np.zeros(self._size(key) + 1, dtype=np.bool_)
        known[self.kept_key(table, key) if kept else self.key(table, key)] = True
        known[-1] = True
        found: Mask = known[asked]
        return found

    def look_up(self, values: pd.Series, keys: Codes, asked: Codes) -> pd.Series:
        """Return for each key asked the value that stands at it, empty where there is none.

        Parameters
        ----------
        values : Series
        keys : ndarray of int
            The key of each value; the first of several counts.
        asked : ndarray of int

        Returns
        -------
        Series
            With a fresh index.
        """
        table = pd.Series(values.to_numpy(), index=keys)
        table = table[~table.index.duplicated() & (table.index >= 0)]
        return table.reindex(asked).reset_index(drop=True)

    def noted(self, rule: str, table: str, column: str = "") -> Mask:
        """Tell which rows of a table fail a rule because of what stands in other partitions, or in all."""
        failing = np.zeros(len(self._parts[table]), dtype=np.bool_)
        failing[self._noted.rows.get((rule, table, column), [])] = True
        return failing

    def unknown(self, table: str, column: str) -> Mask:
        """Tell which rows of a table name a taxpayer who is on no register of any partition."""
        unknown = self._noted.unknown.get((table, column), [])
        return as_mask(self._parts[table].content[column].isin(unknown))

    def first_days(self, table: str) -> NDArray[np.datetime64]:
        """Return for each row the 6 April on which the tax year of its label begins; NaT if it is none."""
        return self._by_label(table, first_day, "datetime64[D]")

    def end_months(self, table: str) -> NDArray[np.datetime64]:
        """Return for each row the month that its label names; NaT if it is none."""
        return self._by_label(table, end_month, "datetime64[M]")

    def of_label(self, table: str, read: Callable[[str], float]) -> NDArray[np.float64]:
        """Return for each row what its label stands for; each distinct label is read once."""
        known = np.array([*map(read, self._texts.distinct("period")), np.nan], dtype=np.float64)
        return known[self._fit("period", table)]

    def has_tax_year(self, table: str) -> Mask:
        """Tell for each row whether its label is that of a tax year."""
        known: Mask = ~np.isnat(self.first_days(table))
        return known

    def has_month(self, table: str) -> Mask:
        """Tell for each row whether its label is that of a month."""
        known: Mask = ~np.isnat(self.end_months(table))
        return known

    def _by_label(self, table: str, read: Callable[[str], str], kind: str) -> NDArray[np.datetime64]:
        # Each distinct label is read once.
        known = np.array([*map(read, self._texts.distinct("period")), "NaT"], dtype=kind)
        return known[self._fit("period", table)]

    def _make_key(self, table: str, key: Key) -> Codes:
        if key == "taxpayer":
            return self._fit("taxpayer_id", table)
        if key == "enquiry":
            return self._fit("enquiry_id", table)
        taxpayer, period = self.key(table, "taxpayer"), self._fit("period", table)
        case = taxpayer * len(self._texts.distinct("period")) + period
        return np.where((taxpayer < 0) | (period < 0), -1, case)

    def _size(self, key: Key) -> int:
        if key == "enquiry":
            return len(self._texts.distinct("enquiry_id"))
        people = len(self._texts.distinct("taxpayer_id"))
        return people if key == "taxpayer" else people * len(self._texts.distinct("period"))

    def _fit(self, column: str, table: str) -> Codes:
        codes = self._texts.codes(table, column)
        unfit = self._parts[table].unfit.get(column)
        return codes if unfit is None else np.where(unfit, -1, codes)
