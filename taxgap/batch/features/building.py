"""`build_features`: the features of every return in a folder, gone on with where a run was killed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from taxgap.batch.features.files import MANIFEST, PEERS
from taxgap.batch.features.plan import Against, FeaturePlan, make_plan
from taxgap.batch.features.steps import COMPARE, MEASURE, Bench, do_job, put_on_bench
from taxgap.batch.jobs import Facts, Job, do_jobs, refuse_broken
from taxgap.batch.pieces import FOLDER as WORK
from taxgap.batch.plan import refuse_own_days
from taxgap.batch.scoring import choose_periods
from taxgap.batch.settings import ScoreSettings, check_run
from taxgap.errors import InvalidDataError, UsageError
from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.records.engines import Engine, check_engine, start_engine
from taxgap.records.files import checksum, write_json
from taxgap.records.light import check_folder
from taxgap.records.processes import Run, count_workers
from taxgap.records.workshop import Workshop, workshop
from taxgap.regimes import Regime, get_regime
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import check_records, peers_of, regime_of

Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told the step, how many of its parts are done, and how many there are."""


def build_features(
    records: Records,
    out: str | Path,
    *,
    regime: str | None = None,
    model: RiskModel | None = None,
    peers: PeerGroups | None = None,
    periods: Sequence[str] | str | None = None,
    as_of: str | pd.Timestamp | None = None,
    workers: int | None = 1,
    engine: Engine = "local",
    scheduler: str | None = None,
    replace: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Make the features of every return, and write them partition by partition.

    Parameters
    ----------
    records : Records
        Checked before: no rule is applied here, and rows are taken as they are.
    out : str or Path
        The folder to write: ``part-0000.parquet`` and so on, with the keys `taxpayer_id` and `period` and
        one column a feature; ``_peers.parquet``, the peers that returns were held against (sensitive); and
        ``_manifest.json`` with versions, settings, and the checksums of what was read and written.
    regime : str, optional
        The tax; all of its features are made.
    model : RiskModel, optional
        In the place of `regime`: its features alone, against its peers, so that it takes them as they are.
    peers : PeerGroups, optional
        Those that returns are held against, with a `regime`; when absent, peers are drawn from these very
        returns in a first pass.
    periods : sequence of str or str, optional
        The tax years; all when absent.
    as_of : str or Timestamp, optional
        What was known at this date; the date of the records when absent.
    workers : int or None, default 1
        Processes to start; 1 starts none, None starts one a processor. The bytes do not depend on it.
    engine : {"local", "dask"}, default "local"
        What spreads the work; ``dask`` over a cluster whose workers see the same files. Nor do the bytes
        depend on this.
    scheduler : str, optional
        The address of a Dask scheduler; without it a cluster is started here.
    replace : bool, default False
        Replace the folder if it exists.
    resume : bool, default False
        Only go on with a run that was left off. Without it such a run is taken up where it is the same.
    progress : callable, optional
        Called with a step, how many of its parts are done, and how many there are.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        Neither a regime nor a model is named, or both; the folder exists or cannot be written to; there is no
        such engine, period or regime; the records have a day for each taxpayer.
    InvalidDataError
        There are no returns, or a file of the records is not the one that their manifest tells of.
    IncompatibleError
        The model does not fit the records.
    BusyError
        Another run is writing the folder.

    Notes
    -----
    Features are those of `Regime.measure` and `Regime.compare`, to the bit. Columns are float64, in the unit
    of the feature or, where it is relative, in half middle-half widths of the peers; groups are text with
    frozen levels.
    """
    check_run(workers=workers)
    refuse_own_days(records, "measured")
    tax, kind, against, columns = _choose(records, regime, model, peers)
    known = records.known_at(as_of)
    if model is not None:
        check_records(known, tax, model)
    plan = make_plan(
        known,
        tax,
        periods=choose_periods(known, ScoreSettings.of(periods=periods)),
        columns=columns,
        against=(kind, against),
        model_id="" if model is None else model.model_id,
    )
    count = count_workers(workers, len(known.partitions))
    check_engine(engine, scheduler)
    if count > 1 or engine != "local":
        check_folder(records, "measured")
    target = Path(out)
    with workshop(target, plan.to_dict(), replace=replace, marker=MANIFEST, resume=resume) as shop:
        bench = put_on_bench(Bench.of(shop.folder, plan, records))
        with start_engine(engine, count, scheduler) as run:
            _Building(shop, bench, run, progress or (lambda *_: None)).work(against)
    return target


def _choose(
    records: Records, regime: str | None, model: RiskModel | None, peers: PeerGroups | None
) -> tuple[Regime, Against, PeerGroups | None, list[str]]:
    """Return the tax, whose peers, the peers where they are known, and the features."""
    if (regime is None) == (model is None):
        raise UsageError("Name a regime, or give a model.", where="regime", remedy="One of them, not both.")
    if model is not None:
        if peers is not None:
            raise UsageError("A model has peers of its own.", where="peers", remedy="Leave them out.")
        return regime_of(model), "model", peers_of(model), list(map(str, model.feature_names_in_))
    tax = get_regime(str(regime))
    if tax.name not in records.tables:
        raise InvalidDataError(
            f"The records hold no returns: the table '{tax.name}' is missing.", available=records.tables
        )
    return tax, "records" if peers is None else "given", peers, list(tax.columns)


@dataclass(frozen=True, eq=False)
class _Building:
    """A run: its steps, each over all partitions."""

    shop: Workshop
    bench: Bench
    run: Run
    progress: Progress

    def work(self, peers: PeerGroups | None) -> None:
        folder = self.shop.folder
        if peers is None:
            self._do(MEASURE)
            peers = PeerGroups.merge(self.bench.read_sketches())
        self.bench.write_peers(peers)
        done = self._do(COMPARE)
        files = {name: entry for facts in done for name, entry in facts["files"].items()}
        refuse_broken(folder, files)
        write_json(folder / MANIFEST, _describe(self.bench.plan, self.bench, files, done[0]["levels"]))
        shutil.rmtree(folder / WORK, ignore_errors=True)

    def _do(self, step: str) -> list[Facts]:
        """Do a step on the partitions where it is not done; return the facts of all."""
        folder, parts = self.shop.folder, self.bench.records.partitions
        jobs = [Job(folder, self.bench.digest, step, number) for number in parts]
        done = 0

        def tell(more: int) -> None:
            nonlocal done
            done += more
            self.progress(step, done, len(jobs))

        return do_jobs(self.run, do_job, jobs, begin=lambda kept: tell(len(kept)), part=lambda *_: tell(1))


def _describe(plan: FeaturePlan, bench: Bench, files: Facts, levels: dict[str, Any]) -> dict[str, Any]:
    # Plain data, and no clock time, so that the same run gives the same bytes.
    unsaid = {"records", "peers_id", "tables"}
    return {
        **{name: value for name, value in plan.to_dict().items() if name not in unsaid},
        "peers_file": {"name": PEERS, "sha256": checksum(bench.folder / PEERS)},
        "missing_features": [
            name for name in bench.regime.missing_features(bench.records) if name in plan.columns
        ],
        "synthetic": bench.records.manifest.synthetic,
        "rows": sum(entry["rows"] for entry in files.values()),
        "levels": levels,
        "inputs": bench.records.manifest.files,
        "outputs": files,
    }
