"""Tables of a database: what they are called, and how the one that a mapping names is found."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from taxgap.errors import InvalidDataError

MOST_NAMES = 30
"""Names that an error lists; of more than these, the ones that are spelt most alike."""

ZONE = "Europe/London"
"""Moments come in the time of this zone, since the day of a return or a payment is told by it."""


class TableName(NamedTuple):
    """A table or view by its names in the catalogue.

    Attributes
    ----------
    schema : str
        The schema it stands in.
    name : str
        Its own name.
    plain : bool
        Whether it is found without its schema.
    """

    schema: str
    name: str
    plain: bool

    @property
    def shown(self) -> str:
        """What it is called in a mapping and in reports: its name, after ``schema.`` where that is needed."""
        return self.name if self.plain else f"{self.schema}.{self.name}"

    @property
    def spellings(self) -> set[str]:
        """Every way to name it."""
        full = f"{self.schema}.{self.name}"
        return {full, self.name} if self.plain else {full}


def find_table(named: str, tables: Sequence[TableName], where: str) -> TableName:
    """Find the table that a mapping names.

    Letters count as they are written. Where no table bears the name so, the only one that bears it but for
    upper and lower case is taken.

    Parameters
    ----------
    named : str
        A table, or ``schema.table``.
    tables : sequence of TableName
        All there are.
    where : str
        What the database is called in the error.

    Returns
    -------
    TableName
        The table.

    Raises
    ------
    InvalidDataError
        There is none, or there are several; the error lists what there is.

    Examples
    --------
    >>> find_table("VAT", [TableName("main", "vat", plain=True)], "own.duckdb").name
    'vat'
    """
    exact = [table for table in tables if named in table.spellings]
    alike = [table for table in tables if named.casefold() in map(str.casefold, table.spellings)]
    found = exact or alike
    if len(found) == 1:
        return found[0]
    raise InvalidDataError(
        f"Several tables are called {printable(named)!r}."
        if found
        else f"There is no table {printable(named)!r}.",
        where=where,
        available=nearest(named, [table.shown for table in found or tables]),
        remedy="Name one of these as `source`: letters count as they are written."
        if found or tables
        else "The database holds no table that this user may see.",
    )


def nearest(named: str, names: Sequence[str]) -> list[str]:
    """Return the names for an error: all in their order, or of very many those spelt most alike.

    Parameters
    ----------
    named : str
        What was asked for.
    names : sequence of str
        What there is.

    Returns
    -------
    list of str
        At most `MOST_NAMES`, fit to be printed.
    """
    if len(names) > MOST_NAMES:
        names = get_close_matches(named, names, n=MOST_NAMES, cutoff=0.0)
    return [printable(name) for name in names]


def printable(name: str) -> str:
    """Return a name without the characters that could steer a terminal: a database may come from anywhere.

    Parameters
    ----------
    name : str
        A name from a catalogue or a mapping.

    Returns
    -------
    str
        The name, with a replacement character for each that cannot be printed.
    """
    return "".join(each if each.isprintable() else "\ufffd" for each in name)
