"""Tables for the page: a caption, column heads and cells, all of it text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes
    ----------
    text : str
    note : str
        A second, quieter line, such as an interval.
    tag : str
        A mark that stands out, such as ``Derived``.
    """

    text: str
    note: str = ""
    tag: str = ""


@dataclass(frozen=True)
class Column:
    """The head of a column; `numeric` columns are set to the right."""

    head: str
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows.

    Attributes
    ----------
    key : str
        A name that no other table of the page has.
    caption : str
    columns : tuple of Column
    rows : tuple of tuple of Cell
    """

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


def make_table(
    key: str,
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str | Cell]],
    *,
    text: Collection[str] = (),
) -> Table:
    """Make a table.

    Parameters
    ----------
    key, caption
        As of `Table`.
    heads : sequence of str
        One a column.
    rows : iterable of sequence of str or Cell
    text : collection of str
        The heads, beside the first, of columns that hold text; the others hold numbers.

    Returns
    -------
    Table

    Examples
    --------
    >>> table = make_table("size", "Size of the population", ["What", "Number"], [["Taxpayers", "50,000"]])
    >>> table.columns[1].numeric, table.rows[0][1].text
    (True, '50,000')
    """
    columns = tuple(Column(head, head not in {heads[0], *text}) for head in heads)
    cells = tuple(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows)
    return Table(key, caption, columns, cells)
