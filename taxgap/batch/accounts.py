"""The accounts of a run: what became of every row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from taxgap.batch.balance import check_balance
from taxgap.batch.files import read_manifest
from taxgap.batch.steps import add_counts
from taxgap.errors import InvalidDataError, ThresholdError
from taxgap.records import Records
from taxgap.records.partitions import part_name

Counts = dict[str, int]


@dataclass(frozen=True)
class Accounts:
    """What became of every row that a run read.

    Attributes
    ----------
    regime : str
        The tax.
    rows : dict
        By table, the rows that came after the day of the records (`later`), those that break a rule
        (`rejected`), and those `kept`.
    returns : dict
        Of the kept rows of the returns, those `of_other_periods`, those `superseded` by a later version of
        the same return, and those `scored`.
    """

    regime: str
    rows: dict[str, Counts]
    returns: Counts

    @classmethod
    def add_up(cls, regime: str, looks: Iterable[dict[str, Any]]) -> Accounts:
        """Add up what the looks counted."""
        rows: dict[str, Counts] = {}
        returns: Counts = {}
        for facts in looks:
            add_counts(returns, facts["returns"])
            for table, counts in facts["rows"].items():
                add_counts(rows.setdefault(table, {}), counts)
        return cls(regime, rows, returns)

    @property
    def read(self) -> int:
        """Rows of the returns that were looked at."""
        own = self.rows[self.regime]
        return own["rejected"] + own["kept"]

    def check_rejected(self, most: float) -> None:
        """Refuse more rejected rows than a share of a table's.

        Raises
        ------
        ThresholdError
        """
        for table, counts in self.rows.items():
            lost, rows = counts["rejected"], counts["rejected"] + counts["kept"]
            if lost > most * rows:
                raise ThresholdError(
                    f"Of {rows:,} rows of {table} {lost:,} were rejected, more than {most:.2%}; "
                    "nothing was delivered. `taxgap validate --out` tells what is wrong with each."
                )

    def check_any(self, as_of: str, periods: list[str]) -> None:
        """Refuse a night without returns.

        Raises
        ------
        InvalidDataError
        """
        if sum(self.rows[self.regime].values()) and not self.read - self.returns["of_other_periods"]:
            raise InvalidDataError(
                f"Of {', '.join(periods)} no return was known on {as_of}, so that none is scored.",
                where=self.regime,
                remedy="Choose a later date or other periods.",
            )

    def reconcile(self, outputs: dict[str, dict[str, Any]], records: Records) -> None:
        """Refuse accounts that do not balance.

        Parameters
        ----------
        outputs : dict
            The files of the scores, with their rows.
        records : Records
            What was scored; its manifest says how many rows there are.

        Raises
        ------
        TaxGapError
            Rows are missing or too many.
        """
        written = sum(entry["rows"] for entry in outputs.values())
        check_balance("scored returns", self.returns["scored"], "rows of the scores", written)
        kept = self.rows[self.regime]["kept"]
        check_balance("kept returns", kept, "returns accounted for", sum(self.returns.values()))
        for table, counts in self.rows.items():
            files = [f"{table}/{part_name(partition)}" for partition in records.partitions]
            known = [records.manifest.files[name]["rows"] for name in files if name in records.manifest.files]
            if len(known) == len(files):
                read = sum(counts.values())
                check_balance(f"rows of {table} in the manifest", sum(known), "rows read", read)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    def to_text(self) -> str:
        """Say what became of the returns, in a line or two.

        Examples
        --------
        >>> rows = {"vat": {"later": 0, "rejected": 1, "kept": 9}}
        >>> print(Accounts("vat", rows, {"of_other_periods": 2, "superseded": 1, "scored": 6}).to_text())
        Of 10 rows of vat 6 are scored, 1 rejected, 1 superseded by later versions and 2 of other periods.
        """
        own, returns = self.rows[self.regime], self.returns
        said = (
            f"Of {self.read:,} rows of {self.regime} {returns['scored']:,} are scored, {own['rejected']:,} "
            f"rejected, {returns['superseded']:,} superseded by later versions and "
            f"{returns['of_other_periods']:,} of other periods."
        )
        others = {table: counts["rejected"] for table, counts in self.rows.items() if counts["rejected"]}
        others.pop(self.regime, None)
        more = ", ".join(f"{count:,} of {table}" for table, count in others.items())
        return f"{said} Rejected rows of other tables: {more}." if more else said


def read_accounts(path: str | Path) -> Accounts:
    """Read the accounts of a folder of scores.

    Raises
    ------
    InvalidDataError, IncompatibleError
        The folder holds no scores, or is of a newer format.
    """
    return Accounts(**read_manifest(Path(path))["accounts"])
