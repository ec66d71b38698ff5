"""The trusted records as a view: the same records, without the rows in quarantine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.records import Manifest, Records
from taxgap.schemas import Table
from taxgap.validation.declared import CARRIED
from taxgap.validation.outcome import Outcome
from taxgap.validation.value_types import empty_frame, typed

MADE_BY = "taxgap.validation"


class TrustedSource:
    """Reads what `records` hold, leaves out rejected rows and holds the rest in the types of the schema.

    Parameters
    ----------
    records : Records
    outcomes : iterable of Outcome
        What validation made of each of their tables and partitions.
    """

    def __init__(self, records: Records, outcomes: Iterable[Outcome]) -> None:
        self.where = "validated records"
        self._records = records
        self._outcomes = {(item.table, item.partition): item for item in outcomes}

    def has(self, name: str) -> bool:
        """Tell whether the table is present."""
        return name in self._records.tables

    def read(self, name: str, model: type[Table], columns: list[str] | None, partition: int) -> pd.DataFrame:
        """Read the kept rows of one partition of a table."""
        outcome = self._outcomes[name, partition]
        if not outcome.kept:
            rows = empty_frame(model, outcome.absent)
        elif outcome.as_it_was:
            rows = self._kept(outcome, columns)
        else:
            rows = typed(self._kept(outcome, None), model)
        missing = [column for column in columns or [] if column not in rows.columns]
        if missing:
            raise InvalidDataError(
                f"Missing columns in '{name}': {', '.join(missing)}.", available=list(rows.columns)
            )
        return rows if columns is None else rows[columns]

    def _kept(self, outcome: Outcome, columns: list[str] | None) -> pd.DataFrame:
        table = self._records.read(outcome.table, columns, outcome.partition).reset_index(drop=True)
        if not outcome.quarantined:
            return table
        keep = np.ones(len(table), dtype=np.bool_)
        keep[outcome.rejected] = False
        return table[keep].reset_index(drop=True)


def trusted_view(records: Records, outcomes: Iterable[Outcome]) -> Records:
    """Return the records without their rejected rows.

    It is the same object where nothing was rejected or converted.
    """
    found = list(outcomes)
    if all(item.as_it_was and not item.quarantined for item in found):
        return records
    return Records(TrustedSource(records, found), trusted_manifest(records), records.as_of)


def trusted_manifest(records: Records) -> Manifest:
    """Return the manifest of trusted records, as yet without files."""
    as_of = str(records.as_of.date())
    before = records.manifest.made_by
    made_by = {"made_by": MADE_BY, "from": before} | {
        name: before[name] for name in CARRIED if name in before
    }
    return replace(records.manifest, as_of=as_of, made_by=made_by, files={})
