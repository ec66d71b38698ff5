"""The plan of features: what decides every byte that is written."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias
from uuid import uuid4

import pandas as pd

from taxgap import __version__
from taxgap.batch.jobs import digest_plan
from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.records.files import checksum
from taxgap.records.manifest import FILE_NAME
from taxgap.regimes import Regime
from taxgap.risk.card import read_versions

FORMAT = "taxgap-features"
FORMAT_VERSION = 1

MINIMUM = 50
"""The fewest peers whose quartiles are trusted, unless peers are given."""

Against: TypeAlias = Literal["records", "given", "model"]
"""Whose peers returns are held against."""


@dataclass(frozen=True)
class FeaturePlan:
    """What is made, as plain data.

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
    regime : str
    periods : list of str
        The tax years.
    columns : list of str
        The features, in their order.
    peers : {"records", "given", "model"}
        Whose peers returns are held against: those of these returns, others, or the model's.
    peers_id : str
        The checksum of the peers; empty where they are still to be drawn.
    minimum : int
        The fewest peers whose quartiles are trusted.
    model_id : str
        Empty where there is no model.
    versions : dict of str to str
    """

    records: str
    records_id: str
    as_of: str
    tables: list[str]
    regime: str
    periods: list[str]
    columns: list[str]
    peers: Against
    peers_id: str
    minimum: int
    model_id: str
    versions: dict[str, str]

    @cached_property
    def digest(self) -> str:
        """What stands for all of it."""
        return digest_plan(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> FeaturePlan:
        """Read what `to_dict` gave."""
        return cls(**{name: content[name] for name in cls.__dataclass_fields__})


def make_plan(
    records: Records,
    regime: Regime,
    *,
    periods: list[str],
    columns: list[str],
    against: tuple[Against, PeerGroups | None],
    model_id: str,
) -> FeaturePlan:
    """Plan to make the features of records as they stood on their day."""
    path = Path(records.where) / FILE_NAME
    kind, peers = against
    return FeaturePlan(
        records=str(Path(records.where).resolve()) if path.is_file() else records.where,
        records_id=checksum(path) if path.is_file() else uuid4().hex,
        as_of=str(records.as_of.date()),
        tables=[name for name in regime.tables if name in records.tables],
        regime=regime.name,
        periods=periods,
        columns=columns,
        peers=kind,
        peers_id="" if peers is None else _identify(peers),
        minimum=MINIMUM if peers is None else peers.minimum,
        model_id=model_id,
        versions={"taxgap": __version__, **read_versions()},
    )


def _identify(peers: PeerGroups) -> str:
    rows = pd.util.hash_pandas_object(peers.rows, index=False).to_numpy()
    names = "/".join(map(str, peers.rows.columns))
    return hashlib.sha256(rows.tobytes() + names.encode()).hexdigest()
