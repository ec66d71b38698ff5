"""The plan of a run: what decides every byte it writes, and which partitions are scored together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from pyarrow import ArrowException
from pyarrow.parquet import read_metadata

from taxgap import __version__
from taxgap.batch.jobs import digest_plan
from taxgap.batch.settings import ScoreSettings
from taxgap.errors import IncompatibleError, UsageError
from taxgap.records import Records
from taxgap.records.files import checksum
from taxgap.records.manifest import FILE_NAME
from taxgap.records.partitions import part_name
from taxgap.risk.card import read_versions

FORMAT_VERSION = 2

TOGETHER = 200_000
"""The most returns of the partitions that are scored together, unless a single partition holds more."""


SINCE_TOGETHER = 1_000_000
"""The same where an earlier run is taken over: of most returns only their places in it are held."""


@dataclass(frozen=True)
class Plan:
    """What a run does, as plain data.

    Attributes
    ----------
    records : str
        Their folder.
    records_id : str
        The checksum of their manifest; a name of their own where they are frames in memory.
    as_of : str
        The day on which the records are seen.
    tables : list of str
        Those that are read.
    model_id : str
        Of the model as it was given; with peers of the night's own it has another name.
    regime : str
    settings : dict
        Of `ScoreSettings`.
    periods : list of str
        The tax years that are scored.
    contributions : bool
        Whether they are written.
    refit_peers : bool
        Whether peers are drawn from these returns, instead of those that the model carries.
    since : str or None
        The folder of the earlier run that is taken over where nothing changed; it decides no byte.
    batches : list of list of int
        Partitions that are scored together.
    versions : dict of str to str
        Of the library, and of what the numbers depend on.
    """

    records: str
    records_id: str
    as_of: str
    tables: list[str]
    model_id: str
    regime: str
    settings: dict[str, Any]
    periods: list[str]
    contributions: bool
    refit_peers: bool
    since: str | None
    batches: list[list[int]]
    versions: dict[str, str]

    @cached_property
    def digest(self) -> str:
        """What stands for all of it."""
        return digest_plan(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"format_version": FORMAT_VERSION, **asdict(self)}

    def to_text(self) -> str:
        """Say in a sentence what is planned."""
        partitions = sum(map(len, self.batches))
        return (
            f"Would score the {self.regime} returns of {', '.join(self.periods)} known on {self.as_of}, in "
            f"{partitions} partitions and {len(self.batches)} batches"
        )

    @classmethod
    def from_dict(cls, content: dict[str, Any], where: Path) -> Plan:
        """Read what `to_dict` gave.

        Raises
        ------
        IncompatibleError
            It is of a newer format.
        """
        found = dict(content)
        version = found.pop("format_version", None)
        if version != FORMAT_VERSION:
            raise IncompatibleError(
                f"The plan has format {version}; this taxgap knows {FORMAT_VERSION}.",
                where=str(where),
                remedy="Go on with the version of taxgap that began the run.",
            )
        return cls(**found)

    def score_settings(self, threads: int | None) -> ScoreSettings:
        """Return the settings; threads decide nothing."""
        periods = self.settings["periods"]
        given = {**self.settings, "periods": None if periods is None else tuple(periods)}
        return ScoreSettings(**{**given, "threads": threads})


def make_plan(
    records: Records,
    *,
    tables: Iterable[str],
    model_id: str,
    regime: str,
    settings: ScoreSettings,
    periods: list[str],
    contributions: bool = False,
    refit_peers: bool = False,
    since: Path | None = None,
    together: int = TOGETHER,
) -> Plan:
    """Plan to score records as they stood on their day."""
    path = Path(records.where) / FILE_NAME
    # Threads decide no byte, so another number of them goes on with the same run.
    given = {**asdict(settings), "threads": None}
    returns = count_returns(records, regime)
    if since is not None:  # few are scored, and those of many partitions at the price of one
        together = min(SINCE_TOGETHER, max(sum(returns) // 2, together))
    return Plan(
        records=str(Path(records.where).resolve()) if path.is_file() else records.where,
        records_id=checksum(path) if path.is_file() else uuid4().hex,
        as_of=str(records.as_of.date()),
        tables=list(tables),
        model_id=model_id,
        regime=regime,
        settings=given,
        periods=periods,
        contributions=contributions,
        refit_peers=refit_peers,
        since=None if since is None else str(since.resolve()),
        batches=divide_partitions(returns, together),
        versions={"taxgap": __version__, **read_versions()},
    )


def refuse_own_days(records: Records, what: str) -> None:
    """Refuse records in which each taxpayer has a day of his own: a folder that is opened again has none.

    Parameters
    ----------
    records : Records
    what : str
        What is done with them, such as ``scored``.

    Raises
    ------
    UsageError
    """
    if records._days is not None:  # noqa: SLF001 - they say it in no other way
        raise UsageError(
            f"Records are {what} as they stood on one day; these have a day for each taxpayer.",
            where="records",
            remedy="See them with known_at in the place of known_when, or name a day as `as_of`.",
        )


def count_returns(records: Records, regime: str) -> list[int]:
    """Count the returns of each partition by the manifest, or by the file where it does not say."""
    return [_count_rows(records, f"{regime}/{part_name(partition)}") for partition in records.partitions]


def _count_rows(records: Records, name: str) -> int:
    if name in records.manifest.files:
        return int(records.manifest.files[name]["rows"])
    try:
        return int(read_metadata(Path(records.where) / name).num_rows)
    except (OSError, ArrowException):  # what is wrong with it is said when it is read
        return 0


def divide_partitions(returns: Sequence[int], most: int) -> list[list[int]]:
    """Put partitions that follow each other together, of at most so many returns.

    Examples
    --------
    >>> divide_partitions([30, 40, 50, 120, 10], 100)
    [[0, 1], [2], [3], [4]]
    """
    batches: list[list[int]] = []
    held = 0
    for partition, count in enumerate(returns):
        if not batches or held + count > most:
            batches.append([])
            held = 0
        batches[-1].append(partition)
        held += count
    return batches
