"""A draft of ``columns.toml``, from the headers and the values of an administration's own extracts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.records.ingestion.places import Place, open_place
from taxgap.records.suggestion.draft import Line, TableDraft, draft_table
from taxgap.records.suggestion.match import settle
from taxgap.records.suggestion.sources import Group, look_at
from taxgap.records.suggestion.text import toml_text
from taxgap.schemas import TABLES, table_model

_FRAME = ("file", "column", "kind", "table", "suggested", "confidence", "unit", "note")


@dataclass(frozen=True)
class Suggestion:
    """A draft of a mapping, for somebody who knows the extracts to read and mend.

    Attributes
    ----------
    where : str
        What the place of the extracts is called.
    tables : tuple of TableDraft
        In the order of the schema.
    groups : tuple of Group
        All files that could be read, those of one table together.
    left_out : dict of str to str
        Files or tables of the source that stand for no table of the schema, and why.
    """

    where: str
    tables: tuple[TableDraft, ...]
    groups: tuple[Group, ...]
    left_out: dict[str, str]

    def to_toml(self) -> str:
        """Write the draft as a mapping that `taxgap.records.ingestion.read_mapping` reads."""
        return toml_text(self.where, self.tables, self.left_out)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a column of the source.

        Columns are `file` (as a mapping names it), `column`, `kind` (what its values look like), `table` and
        `suggested` (column of the schema; empty where there is none), `confidence` (0 to 1; a
        judgement), `unit` and `note`. A column that is too doubtful for a line has a note that begins with
        ``doubtful``.
        """
        rows = [row for table in self.tables for row in _rows(table)]
        drafted = {table.group.source for table in self.tables}
        for group in self.groups:
            if group.source not in drafted:
                rows += [_row(group, name, note="the file is like no table") for name in group.columns]
        return pd.DataFrame(rows, columns=list(_FRAME))


def suggest_mapping(source: str | Path | Place, *, tables: Iterable[str] | None = None) -> Suggestion:
    r"""Draft a mapping of an administration's own extracts to the tables of the schema.

    Names are compared with those of the schema, its titles, the boxes of the forms and common abbreviations;
    samples of the values say what can be meant. Nothing is read with the draft before somebody has seen it.
    Neither it nor the frame holds a value of a row, save codes that many rows share.

    Parameters
    ----------
    source : str, Path or Place
        A folder of CSV, fixed-width or parquet files, a DuckDB file, or the address of a database. A file of
        fixed-width lines needs a layout beside it: a CSV with the columns name, start and length.
    tables : iterable of str, optional
        Tables of the schema to look for; all of them when absent.

    Returns
    -------
    Suggestion

    Raises
    ------
    InvalidDataError
        The source cannot be opened, or nothing in it looks like a table of the schema.
    UsageError
        A table is not one of the schema.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     text = "TRDR_REF,PRD_BEG,PRD_END,BOX1_P\nA1,01/01/2024,31/03/2024,123456\n"
    ...     _ = Path(folder, "vat_returns.csv").write_text(text)
    ...     frame = suggest_mapping(folder).frame
    >>> frame[["column", "suggested", "unit"]].to_numpy().tolist()[-1]
    ['BOX1_P', 'output_tax', 'pence']
    """
    wanted = list(dict.fromkeys(tables)) if tables is not None else list(TABLES)
    for name in wanted:
        table_model(name)
    place = open_place(source) if isinstance(source, str | Path) else source
    groups, left_out = look_at(place)
    chosen = settle(groups, wanted, named=tables is not None)
    found = [draft_table(g, c) for g, c in zip(groups, chosen, strict=True) if c is not None]
    left_out |= {g.source: _why(g, found) for g, c in zip(groups, chosen, strict=True) if c is None}
    if not found:
        raise InvalidDataError(
            "Nothing here looks like a table of the schema.",
            where=place.where,
            available=[group.source for group in groups][:50],
            remedy="Name the tables that are there with --table, or write columns.toml by hand.",
        )
    order = list(TABLES)
    return Suggestion(
        place.where, tuple(sorted(found, key=lambda t: order.index(t.table))), tuple(groups), left_out
    )


def _why(group: Group, found: Iterable[TableDraft]) -> str:
    columns = set(group.columns)
    same = [t.table for t in found if len(columns & set(t.group.columns)) > 0.7 * len(columns)]
    if same:
        return f"It looks like {same[0]}, which comes from other files already; give them the same columns."
    return "It is like no table of the schema."


def _rows(table: TableDraft) -> list[dict[str, Any]]:
    lines = {line.column: line for line in table.lines}
    matches = {match.name: match for match in table.matches}
    rows = []
    for name in table.group.columns:
        match = matches.get(name)
        line = lines.get(match.column) if match else None
        if match is None or line is None:
            rows.append(_row(table.group, name, table=table.table))
            continue
        unit = table.units[match.column].unit if match.column in table.units else ""
        rows.append(
            _row(
                table.group,
                name,
                table=table.table,
                suggested=match.column,
                confidence=round(match.confidence, 3),
                unit=unit,
                note=_note(line),
            )
        )
    return rows


def _note(line: Line) -> str:
    if line.in_force:
        return line.note
    return f"doubtful: {line.note}" if line.note else "doubtful"


def _row(group: Group, name: str, **given: Any) -> dict[str, Any]:
    empty = {"table": "", "suggested": "", "confidence": 0.0, "unit": "", "note": ""}
    return {"file": group.source, "column": name, "kind": group.columns[name].kind, **empty, **given}
