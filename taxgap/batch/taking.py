"""Taking a partition in: its files held against the manifest, read once, checked, every row counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.records import Records
from taxgap.records.files import checksum
from taxgap.records.partitions import part_name
from taxgap.regimes import Regime
from taxgap.validation.across import Noted
from taxgap.validation.held import hold_trusted
from taxgap.validation.partition import PartitionCheck

REGISTER = "taxpayers"
"""Beside the tables that a regime needs, the one that returns refer to."""

DUTIES = "obligations"
"""The table that says which returns were due."""


@dataclass(frozen=True)
class Taken:
    """A partition that was taken in.

    Attributes
    ----------
    records : Records
        Its trusted rows, held in memory as the only partition.
    rejected : dict of str to DataFrame
        Rows that break a rule, as they were, with `rule` and `reason`, by table; only tables that have some.
    rows : dict of str to dict of str to int
        By table, rows of the file that were not yet known (`later`), and of the others those `rejected` and
        `kept`.
    """

    records: Records
    rejected: dict[str, pd.DataFrame]
    rows: dict[str, dict[str, int]]


def needed_tables(regime: Regime, records: Records) -> tuple[str, ...]:
    """Name the tables that scoring reads: what the regime needs, the register, and what was due."""
    wanted = {*regime.tables, REGISTER, DUTIES}
    return tuple(name for name in records.tables if name in wanted)


def take_partition(records: Records, partition: int, noted: Noted | None) -> Taken:
    """Read a partition of the tables that the records show.

    Parameters
    ----------
    records : Records
        Those tables alone that are needed; as they stood.
    partition : int
    noted : Noted or None
        What the other partitions say of its rows; None where rows are trusted as they are.

    Returns
    -------
    Taken

    Raises
    ------
    InvalidDataError
        A file is missing, or is not the one that the manifest tells of.
    """
    check_files(records, partition)
    later = {name: records.count_later(name, partition) for name in records.tables}
    if noted is None:
        held = records.hold(records.tables, partition)
        rows = {name: {"rejected": 0, "kept": len(held.read(name, ["received_on"], 0))} for name in later}
        return Taken(held, {}, _with(rows, later))
    found = hold_trusted(PartitionCheck(records, records.tables, partition, noted))
    rows = {item.table: {"rejected": item.quarantined, "kept": item.kept} for item in found.outcomes}
    return Taken(found.records, found.rejected, _with(rows, later))


def check_files(records: Records, partition: int, tables: Collection[str] | None = None) -> None:
    """Hold the files of a partition against the checksums in the manifest, where it has any.

    Raises
    ------
    InvalidDataError
    """
    folder, files = Path(records.where), records.manifest.files
    for table in records.tables if tables is None else tables:
        name = f"{table}/{part_name(partition)}"
        if name in files:
            _check_file(folder / name, files[name])


def _check_file(path: Path, entry: Mapping[str, Any]) -> None:
    if not path.is_file():
        raise InvalidDataError(
            "A file of the records is missing.", where=str(path), remedy="Copy it, or make the records again."
        )
    if checksum(path) != entry["sha256"]:
        raise InvalidDataError(
            "A file of the records is not the one that the manifest tells of: it is damaged or was changed.",
            where=str(path),
            remedy="Copy it again; if the change was meant, make the records again, with their manifest.",
        )


def _with(rows: dict[str, dict[str, int]], later: dict[str, int]) -> dict[str, dict[str, int]]:
    return {name: {"later": later[name], **own} for name, own in rows.items()}
