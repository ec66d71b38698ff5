"""The steps of making features, each on one partition: what a worker does, wherever it works.

Where the peers are drawn from these very returns, a first step measures and sketches them, and a second holds
the measures against the peers; else one step does both. A step records last that it is done, with the
checksum of all it wrote, so that it can be done again by anyone and gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from taxgap.batch.features.files import KEYS, PEERS, describe_levels, write_part
from taxgap.batch.features.plan import FeaturePlan
from taxgap.batch.jobs import Benches, Facts, Job
from taxgap.batch.pieces import PieceFiles
from taxgap.batch.taking import check_files
from taxgap.peers import PER_GROUP, PeerGroups, PeerSketch
from taxgap.records import Records
from taxgap.records.files import new_file, read_json
from taxgap.records.workshop import PLAN
from taxgap.regimes import Regime, get_regime
from taxgap.risk.storage import write_peer_rows

MEASURE, COMPARE = "measure", "compare"


@dataclass(frozen=True, eq=False)
class Bench:
    """What a worker needs: opened once, used for all jobs.

    Attributes
    ----------
    folder : Path
        In which the features are made.
    plan : FeaturePlan
    records : Records
        As they stood, the tables of the plan alone.
    regime : Regime
    """

    folder: Path
    plan: FeaturePlan
    records: Records
    regime: Regime

    @classmethod
    def open(cls, job: Job) -> Bench:
        """Open what the folder of a job names."""
        plan = FeaturePlan.from_dict(read_json(job.folder / PLAN))
        return cls.of(job.folder, plan, Records.open(plan.records))

    @classmethod
    def of(cls, folder: Path, plan: FeaturePlan, records: Records) -> Bench:
        """Take records that are open already."""
        known = records.known_at(plan.as_of).only(plan.tables)
        return cls(folder, plan, known, get_regime(plan.regime))

    @property
    def digest(self) -> str:
        """That of the plan."""
        return self.plan.digest

    @cached_property
    def peers(self) -> PeerGroups:
        """The peers, once they are written."""
        return PeerGroups(pd.read_parquet(self.folder / PEERS), minimum=self.plan.minimum)

    def files(self, kind: str) -> PieceFiles:
        """Return the files of a kind: `measured` returns, the `sample` and the `counts` of a sketch."""
        return PieceFiles(self.folder, f"{self.digest}/{kind}")

    def write_peers(self, peers: PeerGroups) -> None:
        """Write the peers that returns are held against."""
        with new_file(self.folder / PEERS) as temporary:
            write_peer_rows(peers.rows, temporary)

    def read_sketches(self) -> Iterator[PeerSketch]:
        """Read what the first step kept of each partition."""
        for partition in self.records.partitions:
            sample, counts = (self.files(kind).read(f"{partition}") for kind in ("sample", "counts"))
            if sample is not None and counts is not None:
                yield PeerSketch(sample.set_index(KEYS), counts, PER_GROUP)


_BENCHES = Benches(Bench.open)


def put_on_bench(bench: Bench) -> Bench:
    """Give this process what it would otherwise open, and return it."""
    return _BENCHES.put(bench)


def do_job(job: Job) -> Facts:
    """Do a step on a partition, record it, and return what is recorded."""
    return _BENCHES.do(job, _STEPS)


def _measure(bench: Bench, partition: int) -> Facts:
    observed = _read(bench, partition)
    sketch = PeerSketch.of(observed)
    kept = {
        "measured": observed.reset_index(),
        "sample": sketch.sample.reset_index(),
        "counts": sketch.counts,
    }
    files = [bench.files(kind).write(f"{partition}", frame) for kind, frame in kept.items()]
    return {"files": {name: entry for each in files for name, entry in each.items()}}


def _compare(bench: Bench, partition: int) -> Facts:
    measured = bench.files("measured").read(f"{partition}")
    observed = _read(bench, partition) if measured is None else measured.set_index(KEYS)
    seen = bench.regime.compare(observed, bench.peers)[bench.plan.columns]
    files = write_part(bench.folder, partition, seen)
    return {"files": files, "levels": describe_levels(seen)}


def _read(bench: Bench, partition: int) -> pd.DataFrame:
    known = [name for name in bench.regime.tables if name in bench.records.tables]
    check_files(bench.records, partition, known)
    return bench.regime.measure(bench.records, bench.plan.periods, partition)


_STEPS = {MEASURE: _measure, COMPARE: _compare}
