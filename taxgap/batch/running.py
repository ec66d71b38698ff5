"""`write_scores`: a run in a folder, shared by processes, and gone on with where one was killed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from taxgap.batch.accounts import Accounts, check_outputs
from taxgap.batch.contribution_files import FOLDER as CONTRIBUTIONS
from taxgap.batch.engines import Engine, start_engine
from taxgap.batch.files import FORMAT, FORMAT_VERSION, MANIFEST
from taxgap.batch.noting import write_noted
from taxgap.batch.pieces import FOLDER as WORK
from taxgap.batch.plan import TOGETHER, Plan, make_plan
from taxgap.batch.scorer import RANKED_BY, Scorer
from taxgap.batch.scoring import choose_periods
from taxgap.batch.settings import ScoreSettings
from taxgap.batch.steps import (
    COMPLETE,
    LIKELIHOOD,
    LOOK,
    MODEL,
    NOT_FILED,
    REJECTED,
    SLICES,
    Bench,
    Facts,
    Job,
    do_job,
    put_on_bench,
)
from taxgap.batch.taking import check_files, needed_tables
from taxgap.errors import InvalidDataError, UsageError
from taxgap.records import Records
from taxgap.records.files import write_json
from taxgap.records.manifest import FILE_NAME
from taxgap.records.processes import Run, count_workers
from taxgap.records.workshop import Workshop, workshop
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import check_records
from taxgap.validation.across import look_across

Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told the step, how many of its parts are done, and how many there are."""


def write_scores(
    records: Records,
    model: RiskModel,
    out: str | Path,
    *,
    replace: bool = False,
    resume: bool = False,
    contributions: bool = False,
    workers: int | None = 1,
    engine: Engine = "local",
    scheduler: str | None = None,
    max_rejected: float = 1.0,
    together: int = TOGETHER,
    progress: Progress | None = None,
    **settings: Any,
) -> Path:
    """Score the returns that records hold and write the scores, partition by partition.

    Parameters
    ----------
    records : Records
    model : RiskModel
    out : str or Path
        The folder to write: ``part-0000.parquet`` and so on, and ``_manifest.json`` with versions, settings,
        model, the checksums of what was read, what became of every row, and rows and checksums of what was
        written. Beside them ``_rejected``, rows that break a rule, with their reasons; ``_not_filed``, who
        had to file and has not; ``_run/model``, the model. The same records, model and settings give the same
        bytes. Readers of parquet folders pass over names that begin with an underscore.
    replace : bool, default False
        Replace the folder if it exists.
    resume : bool, default False
        Only go on with a run that was left off, and refuse to begin anew. Without it such a run is taken up
        where it is the same, and cleared where it is another.
    contributions : bool, default False
        Write what each feature adds to each explained score too, into ``_contributions``, one file a
        partition; see `read_contributions`.
    workers : int or None, default 1
        Processes to start; 1 starts none, None starts one a processor. Where they are started, a script must
        guard its main part (``if __name__ == "__main__"``). The bytes do not depend on it.
    engine : {"local", "dask"}, default "local"
        What spreads the work; ``dask`` over a cluster whose workers see the same files. Nor do the bytes
        depend on this.
    scheduler : str, optional
        The address of a Dask scheduler; without it a cluster is started here.
    max_rejected : float, default 1
        The share of the rows of a table that may be rejected; with more, the run ends before anything is
        delivered.
    together : int, default 200,000
        The most returns of partitions that are scored together: a job. Fewer need less memory, and take
        longer, since the tables of a peer group are made for each job. The scores do not depend on it.
    progress : callable, optional
        Called with a step, how many of its parts are done, and how many there are.
    **settings
        As for `taxgap.batch.score`; with ``validate``, rows that break a rule are set aside, and the others
        are scored.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError, InvalidDataError, IncompatibleError
        As `taxgap.batch.score`; or the folder exists already, or cannot be written to; a file of the records
        is not the one that their manifest tells of; there is no run to go on with.
    BusyError
        Another run is writing the folder.
    ThresholdError
        More rows were rejected than may be.
    """
    plan = plan_scores(records, model, contributions=contributions, together=together, **settings)
    target, count = Path(out), count_workers(workers, len(plan.batches))
    alone = count == 1 and engine == "local"
    threads = settings.get("threads") if alone else 1
    if not alone:
        _check_folder(records)
    with workshop(target, plan.to_dict(), replace=replace, marker=MANIFEST, resume=resume) as shop:
        if not (shop.folder / MODEL).is_dir():
            model.save(shop.folder / MODEL)
        bench = Bench.of(shop.folder, plan, records, model, threads=threads)
        put_on_bench(bench)
        with start_engine(engine, count, scheduler) as run:
            _Run(shop, bench, run, progress or (lambda *_: None), threads).work(max_rejected)
    return target


def plan_scores(
    records: Records,
    model: RiskModel,
    *,
    contributions: bool = False,
    together: int = TOGETHER,
    **settings: Any,
) -> Plan:
    """Plan what `write_scores` would do, and refuse what it would refuse before anything is read.

    Parameters
    ----------
    records, model, contributions, together, **settings
        As for `write_scores`.

    Returns
    -------
    Plan

    Raises
    ------
    UsageError, IncompatibleError
    """
    chosen = ScoreSettings.of(**settings)
    if contributions:
        chosen.check_explains()
    known, regime = records.known_at(chosen.as_of), Scorer(model, chosen).regime
    check_files(known.only(needed_tables(regime, known)), 0)  # before columns that a changed file lacks
    check_records(known, regime, model)
    return make_plan(
        known,
        model_id=model.model_id,
        regime=regime.name,
        settings=chosen,
        periods=choose_periods(known, chosen),
        contributions=contributions,
        together=together,
    )


@dataclass(frozen=True, eq=False)
class _Run:
    """A run: its steps, each over all of its parts."""

    shop: Workshop
    bench: Bench
    run: Run
    progress: Progress
    threads: int | None

    def work(self, max_rejected: float) -> None:
        folder, plan = self.shop.folder, self.bench.plan
        if plan.settings["validate"]:
            self._note()
        looks = self._do(LOOK, len(plan.batches))
        accounts = Accounts.add_up(plan.regime, looks)
        accounts.check_any(plan.as_of, plan.periods)
        accounts.check_rejected(max_rejected)
        self._rank()
        self._do(LIKELIHOOD, SLICES if self.bench.scorer.settings.explains else 0)
        done = self._do(COMPLETE, len(plan.batches))
        files = {name: entry for facts in [*looks, *done] for name, entry in facts["files"].items()}
        files = {name: entry for name, entry in files.items() if not name.startswith(WORK)}
        outputs = {name: entry for name, entry in files.items() if not name.startswith("_")}
        accounts.reconcile(outputs, self.bench.records)
        if broken := check_outputs(folder, files):
            raise InvalidDataError(
                f"{len(broken)} of the files that were written are not what was written.",
                where=", ".join(broken[:3]),
                remedy="Run it again to go on: what is broken is made again.",
            )
        write_json(folder / MANIFEST, _describe(self.bench, accounts, files))
        shutil.rmtree(folder / WORK, ignore_errors=True)

    def _do(self, step: str, parts: int) -> list[Facts]:
        """Do a step on the parts that are not done; return the facts of all."""
        jobs = [Job(self.shop.folder, step, number, self.threads) for number in range(parts)]
        left = [job for job in jobs if not self._is_done(job)]
        self.progress(step, parts - len(left), parts)
        for done, _ in enumerate(self.run(do_job, left), start=parts - len(left) + 1):
            self.progress(step, done, parts)
        return [self.shop.done(job.name) or {} for job in jobs]

    def _is_done(self, job: Job) -> bool:
        facts = self.shop.done(job.name)
        return facts is not None and not check_outputs(self.shop.folder, facts["files"])

    def _note(self) -> None:
        """Look across the partitions for what must be unique, or known, over all of them."""
        light = copy(self.bench.records)  # the list of files may be long, and would go to each worker
        light.manifest = replace(light.manifest, files={})
        for partition, noted in enumerate(look_across(light, self.run)):
            write_noted(self.shop.folder, partition, noted)

    def _rank(self) -> None:
        bench, names = self.bench, [piece.name for piece in self.bench.pieces()]
        keys = {
            name: rows
            for name in names
            if (rows := bench.files("rows").read(name, list(RANKED_BY))) is not None
        }
        if not keys:
            return
        ranks = bench.scorer.rank(pd.concat(keys.values(), ignore_index=True))
        for name, own in _divide(ranks, keys):
            bench.files("ranks").write(name, own)


def _divide(ranks: pd.DataFrame, keys: dict[str, pd.DataFrame]) -> Iterator[tuple[str, pd.DataFrame]]:
    start = 0
    for name, rows in keys.items():
        yield name, ranks.iloc[start : start + len(rows)]
        start += len(rows)


def _check_folder(records: Records) -> None:
    if not (Path(records.where) / FILE_NAME).is_file():
        raise UsageError(
            "Records in memory are scored by one process.",
            where="workers",
            remedy="Write them to a folder first, with taxgap.ingest.",
        )


def _describe(bench: Bench, accounts: Accounts, files: Facts) -> dict[str, Any]:
    # Plain data, and no clock time, so that the same run gives the same bytes.
    plan, scorer = bench.plan, bench.scorer
    settings = {**plan.settings, "cutoff": scorer.cutoff, "periods": plan.periods}

    def within(folder: str) -> Facts:
        return {name: entry for name, entry in files.items() if name.startswith(f"{folder}/")}

    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "as_of": plan.as_of,
        "regime": plan.regime,
        "model_id": plan.model_id,
        "synthetic": bench.records.manifest.synthetic,
        "settings": settings,
        "columns": scorer.columns,
        "levels": _levels(scorer),
        "inputs": bench.records.manifest.files,
        "versions": plan.versions,
        "accounts": accounts.to_dict(),
        "outputs": {name: entry for name, entry in files.items() if not name.startswith("_")},
        "rejected": within(REJECTED),
        "not_filed": within(NOT_FILED),
        **({"contributions": within(CONTRIBUTIONS)} if plan.contributions else {}),
    }


def _levels(scorer: Scorer) -> dict[str, list[str]]:
    nobody = scorer.score_nobody()
    coded = [name for name, kind in nobody.dtypes.items() if isinstance(kind, pd.CategoricalDtype)]
    return {str(name): [str(level) for level in nobody[name].cat.categories] for name in coded}
