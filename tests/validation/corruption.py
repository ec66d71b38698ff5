"""A kind of damage as an object: where it may strike, what it does, and what validation must say of it.

Rows are named by the labels of the frames' indexes: a row keeps its label wherever it is moved to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from taxgap.schemas import TABLES
from taxgap.schemas.table import describe_columns

Frames: TypeAlias = dict[str, pd.DataFrame]
Labels: TypeAlias = list[int]
Rng: TypeAlias = np.random.Generator
Findings: TypeAlias = dict[tuple[str, str], Labels]
"""Table and rule to the rows that fail it; no rows where the fault is that of the table."""
Damage: TypeAlias = "Callable[[Frames, Labels, Rng], Findings | None]"

OWNERS = {"third_party_unmatched": "report_id", "aggregates": "industry"}
"""Whose a row is, where it is no taxpayer's: damage never strikes two rows of one owner."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of damage.

    Attributes
    ----------
    name : str
    table : str
        The table whose rows are hit.
    damage : callable
        Changes the frames at the rows with given labels, with values drawn from a generator. It may return
        what is to be found, consequences for rows that refer to the damaged ones left out; if it does not,
        each row hit fails the rules in `finds`.
    finds : tuple of str
        Rules.
    eligible : callable, optional
        Tells of all clean frames which rows of the table may be hit; any when absent.
    near : tuple of str
        Other tables that it takes to find the damage, or that are found to suffer from it.
    also : tuple of str
        Warnings that rows of the taxpayers hit may get beside.
    whole : bool
        Whether all of the table is hit, so that no other kind can strike at the same time.
    quiet : bool
        Whether it is no damage after all, and nothing must be found.
    unfound : str
        Why no rule finds it; empty if one does.
    mistaken : str
        What validation makes of it that it should not; empty if all is right.
    """

    name: str
    table: str
    damage: Damage
    finds: tuple[str, ...] = ()
    eligible: Callable[[Frames], Any] | None = None
    near: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    whole: bool = False
    quiet: bool = False
    unfound: str = ""
    mistaken: str = ""

    @property
    def world(self) -> set[str]:
        """The tables that are validated."""
        return {self.table, *self.near}

    def strike(self, frames: Frames, rows: Labels, rng: Rng) -> Findings:
        """Do the damage, and return what it must lead to."""
        found = self.damage(frames, rows, rng)
        return {(self.table, rule): list(rows) for rule in self.finds} if found is None else found


def open_to(kind: Kind, clean: Frames) -> pd.Series:
    """Return the rows that a kind may hit, and whose they are."""
    whose = owners(kind.table, clean[kind.table])
    return whose if kind.eligible is None else whose[np.asarray(kind.eligible(clean), dtype=np.bool_)]


def choose(rows: pd.Series, count: int, rng: Rng, taken: Collection[str] = ()) -> Labels:
    """Draw from rows that may be hit: each of another owner, none of those taken."""
    owned: dict[str, int] = {}
    labels, whose = rows.index.to_numpy(), rows.to_numpy(dtype=object)
    for place in rng.permutation(len(rows)):
        if len(owned) == count:
            break
        if whose[place] not in taken:
            owned.setdefault(whose[place], int(labels[place]))
    return list(owned.values())


def owners(table: str, frame: pd.DataFrame) -> pd.Series:
    """Return whose each row is."""
    return frame[OWNERS.get(table, "taxpayer_id")]


def put(frame: pd.DataFrame, label: int, column: str, value: Any) -> None:
    """Write any value into a cell, whatever type its column has by now."""
    if not _holds(frame[column].dtype, value):
        frame[column] = frame[column].astype(object)
    frame.loc[label, column] = value


def _holds(dtype: Any, value: Any) -> bool:
    if isinstance(dtype, pd.CategoricalDtype):
        return value is None or value in list(dtype.categories)
    if dtype == "str":
        return value is None or isinstance(value, str)
    kinds: dict[str, Any] = {"b": bool, "i": int, "f": (int, float), "M": pd.Timestamp}
    if dtype.kind == "M" and (value is pd.NaT or getattr(value, "tzinfo", None) is not None):
        return value is pd.NaT
    same = isinstance(value, kinds.get(dtype.kind, object))
    return same and (dtype.kind == "b" or not isinstance(value, bool))


def change(table: str, new: Callable[[pd.Series, Rng], dict[str, Any]]) -> Damage:
    """Make damage that sets cells of each row hit to values made of the row."""

    def damage(frames: Frames, rows: Labels, rng: Rng) -> None:
        for label in rows:
            for column, value in new(frames[table].loc[label], rng).items():
                put(frames[table], label, column, value)

    return damage


def cell(table: str, columns: Sequence[str], new: Callable[[Any, Rng], Any]) -> Damage:
    """Make damage to one cell of each row hit, in a column drawn from several."""

    def values(row: pd.Series, rng: Rng) -> dict[str, Any]:
        column = columns[int(rng.integers(len(columns)))]
        return {column: new(row[column], rng)}

    return change(table, values)


def next_labels(frame: pd.DataFrame, count: int) -> Labels:
    """Return labels for new rows."""
    first = int(frame.index.max()) + 1
    return list(range(first, first + count))


def columns_of(table: str, kind: str, *, empty: bool | None = None, check: str = "") -> list[str]:
    """List the columns of a table of one type: those that may be empty or not, or that have some check.

    The check of a text may be given by the beginning of its pattern.
    """
    return [
        column["column"]
        for column in describe_columns(TABLES[table])
        if column["type"] == kind
        and empty in (None, column["empty"])
        and (not check or any(name.startswith(check) for name in _checks(table, column["column"])))
    ]


def _checks(table: str, column: str) -> list[str]:
    checks = TABLES[table].to_schema().columns[column].checks
    patterns = [check.statistics["pattern"] for check in checks if check.name == "str_matches"]
    return [*(str(check.name) for check in checks), *(getattr(one, "pattern", one) for one in patterns)]


def within(frames: Frames, names: Iterable[str]) -> Frames:
    """Return copies of some tables, in schema order."""
    wanted = set(names)
    return {name: frames[name].copy() for name in TABLES if name in wanted}
