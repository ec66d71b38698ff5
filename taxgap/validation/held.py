"""One checked partition held in memory: rows to be trusted, and those that are not, with their reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.records import Records
from taxgap.records.sources import FrameSource
from taxgap.validation.outcome import Outcome, outcome_of, with_reasons
from taxgap.validation.partition import PartitionCheck
from taxgap.validation.table_part import TablePart
from taxgap.validation.trusted import trusted_manifest


class Held(NamedTuple):
    """What became of a partition.

    Attributes
    ----------
    records : Records
        The rows that no rule rejects, as the only partition.
    rejected : dict of str to DataFrame
        The others as they were, with `rule` and `reason`, by table; only tables that have some.
    outcomes : tuple of Outcome
        One a table.
    """

    records: Records
    rejected: dict[str, pd.DataFrame]
    outcomes: tuple[Outcome, ...]


def hold_trusted(check: PartitionCheck) -> Held:
    """Check a partition, and hold its rows apart.

    Raises
    ------
    InvalidDataError
        A file cannot be read, so that nothing is known of its rows.
    """
    parts = check.check().parts
    for part in parts.values():
        _refuse_unreadable(part)
    outcomes = {name: outcome_of(part) for name, part in parts.items()}
    frames = {name: part.kept().reset_index(drop=True) for name, part in parts.items()}
    manifest = replace(trusted_manifest(check.records), partitions=1)
    rejected = {
        name: with_reasons(parts[name].raw, outcome.reasons("reject"))
        for name, outcome in outcomes.items()
        if outcome.quarantined
    }
    return Held(
        Records(FrameSource(frames), manifest, check.records.as_of), rejected, tuple(outcomes.values())
    )


def _refuse_unreadable(part: TablePart) -> None:
    if not part.readable:
        sentence = part.failures[0].wording
        raise InvalidDataError(
            f"Partition {part.partition} of the table '{part.name}' cannot be read: {sentence.sentence}",
            where=part.name,
            remedy=sentence.remedy,
        )
