"""What became of the outcomes that came in."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from taxgap.records import Records

_SHOWN = 10


@dataclass(frozen=True)
class OutcomesReport:
    """What became of the outcomes that came in.

    Attributes
    ----------
    counts : DataFrame
        One row a table: `table, rows_in, added, changed, amended, already, set_aside`; rows in are the sum of
        the others.
    set_aside : DataFrame
        One row a fault: `table, row` (from 1, as the rows came in), `column, rule, sentence, remedy`. No
        value of a row is repeated.
    as_of : str
        The date at which the records now stand.
    out : Path
        The folder that was written.
    """

    counts: pd.DataFrame
    set_aside: pd.DataFrame
    as_of: str
    out: Path

    @property
    def complete(self) -> bool:
        """Whether no row was set aside."""
        return not len(self.set_aside)

    def open(self) -> Records:
        """Open the records that were written."""
        return Records.open(self.out)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "as_of": self.as_of,
            "out": str(self.out),
            "counts": self.counts.to_dict("records"),
            "set_aside": self.set_aside.to_dict("records"),
        }

    def to_text(self) -> str:
        """Return the report as text for a terminal."""
        lines = []
        for row in self.counts.to_dict("records"):
            what = ", ".join(
                f"{row[name]:,} {words}"
                for name, words in (
                    ("added", "added"),
                    ("changed", "filled in"),
                    ("amended", "amended"),
                    ("already", "recorded already"),
                    ("set_aside", "set aside"),
                )
            )
            lines.append(f"{row['table']}: {row['rows_in']:,} rows in: {what}.")
        lines += [
            f"  row {fault.row} of {fault.table}, {fault.column}: {fault.sentence} {fault.remedy}"
            for fault in self.set_aside.head(_SHOWN).itertuples()
        ]
        left = len(self.set_aside) - _SHOWN
        lines += [f"  and {left:,} more."] if left > 0 else []
        return "\n".join([*lines, f"The records stand at {self.as_of}, in {self.out}."])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.to_text())}</pre>"
