"""`write_scores`: a run in a folder, shared by processes, and gone on with where one was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from taxgap.batch.deadline import Deadline, stop_at
from taxgap.batch.earlier import EarlierRun
from taxgap.batch.files import MANIFEST
from taxgap.batch.plan import TOGETHER, Plan, count_returns, make_plan, refuse_own_days
from taxgap.batch.progress import Tell, Watch
from taxgap.batch.run import ScoreRun
from taxgap.batch.scoring import choose_periods
from taxgap.batch.settings import ScoreSettings, check_run, check_threads
from taxgap.batch.steps import Bench, put_on_bench
from taxgap.batch.taking import check_files, needed_tables
from taxgap.records import Records
from taxgap.records.engines import Engine, start_engine
from taxgap.records.light import check_folder
from taxgap.records.processes import count_workers
from taxgap.records.workshop import workshop
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import check_records, peers_of, regime_of


def write_scores(
    records: Records,
    model: RiskModel,
    out: str | Path,
    *,
    replace: bool = False,
    resume: bool = False,
    contributions: bool = False,
    refit_peers: bool = False,
    changed_since: str | Path | None = None,
    workers: int | None = 1,
    engine: Engine = "local",
    scheduler: str | None = None,
    max_rejected: float = 1.0,
    together: int = TOGETHER,
    deadline: str | Deadline | None = None,
    progress: Tell | None = None,
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
    refit_peers : bool, default False
        Draw the peers from these returns, in a first pass over them, instead of taking those that the model
        carries; see `taxgap.peers.PeerGroups.merge` for how far a sample is off.
    changed_since : str or Path, optional
        The folder of an earlier run of the same model and settings: returns whose measures are as they were
        then are taken over, ranked anew, and the others are scored. The bytes are those of a full run.
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
    deadline : str or Deadline, optional
        After it nothing more is begun, and the run ends, to be gone on with: a duration (``4h``), a time of
        day (``06:00``), or a date and time.
    progress : callable, optional
        Called with every `Progress` of the run; see `taxgap.batch.RunMetrics` for one.
    **settings
        As for `taxgap.batch.score`; with ``validate``, rows that break a rule are set aside, and the others
        are scored. `threads` are those of a single worker.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError, InvalidDataError, IncompatibleError
        As `taxgap.batch.score`; or an option is out of range; the records have a day for each taxpayer, as
        `Records.known_when` gives them; the folder exists already, or cannot be written to; a file of the
        records is not the one that their manifest tells of; there is no run to go on with.
    BusyError
        Another run is writing the folder.
    ThresholdError
        More rows were rejected than may be.
    DeadlineError
        The deadline came before the scores were whole.
    """
    limit = Deadline.of(deadline) if isinstance(deadline, str) else deadline
    with Watch(progress, limit) as watch:
        check_run(workers=workers, max_rejected=max_rejected)
        plan = plan_scores(
            records,
            model,
            contributions=contributions,
            refit_peers=refit_peers,
            changed_since=changed_since,
            together=together,
            **settings,
        )
        target, count = Path(out), count_workers(workers, len(plan.batches))
        alone = count == 1 and engine == "local"
        threads = settings.get("threads") if alone else 1
        if not alone:
            check_threads(settings.get("threads"))
            check_folder(records, "scored")
        with workshop(target, plan.to_dict(), replace=replace, marker=MANIFEST, resume=resume) as shop:
            bench = put_on_bench(Bench.of(shop.folder, plan, records, threads))
            watch.begin(shop.folder, plan, count_returns(bench.records, plan.regime))
            with (
                start_engine(engine, count, scheduler) as run,
                stop_at(limit, shop.folder, run, watch.how_far) as spread,
            ):
                ScoreRun(shop, bench, model, spread, watch, threads).work(max_rejected)
    return target


def plan_scores(
    records: Records,
    model: RiskModel,
    *,
    contributions: bool = False,
    refit_peers: bool = False,
    changed_since: str | Path | None = None,
    together: int = TOGETHER,
    **settings: Any,
) -> Plan:
    """Plan what `write_scores` would do, and refuse what it would refuse before anything is read.

    Parameters
    ----------
    records, model, contributions, refit_peers, changed_since, together, **settings
        As for `write_scores`.

    Returns
    -------
    Plan

    Raises
    ------
    UsageError, IncompatibleError
    """
    check_run(together=together)
    refuse_own_days(records, "scored")
    chosen = ScoreSettings.of(**settings)
    if contributions:
        chosen.check_explains()
    known, regime = records.known_at(chosen.as_of), regime_of(model)
    peers_of(model)  # refuses a model without
    tables = needed_tables(regime, known)
    check_files(known.only(tables), 0)  # before columns that a changed file lacks
    check_records(known, regime, model)
    plan = make_plan(
        known,
        tables=tables,
        model_id=model.model_id,
        regime=regime.name,
        settings=chosen,
        periods=choose_periods(known, chosen),
        contributions=contributions,
        refit_peers=refit_peers,
        since=None if changed_since is None else Path(changed_since),
        together=together,
    )
    if changed_since is not None:
        EarlierRun(Path(changed_since)).check(plan)
    return plan
