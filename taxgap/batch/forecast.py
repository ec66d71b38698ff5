"""What a run will take: what it reads and writes, how much memory, and how long."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from taxgap.batch.metrics import read_about, read_metrics
from taxgap.batch.plan import Plan, count_returns
from taxgap.batch.progress import label_run
from taxgap.batch.steps import SLICES
from taxgap.batch.taking import needed_tables
from taxgap.records import Records
from taxgap.records.partitions import part_name
from taxgap.records.processes import count_workers
from taxgap.regimes import get_regime

# Where no run of the same model was measured. Assumptions: rounded from one run of 140,290 Self Assessment
# returns on two shared processors; another machine may need half or twice of it.
START_SECONDS = 10.0
RETURN_SECONDS = 0.8e-3
"""Of one processor, for a return with reasons."""
PLAIN_RETURN_SECONDS = 0.25e-3
"""The same without reasons."""
RETURN_BYTES = 120
"""Written for each return; twice that with contributions."""
PROCESS_MEMORY = 500_000_000
RETURN_MEMORY = 4_000
"""Held for each return of the job that a process is at."""

ABOUT = ("regime", "model_id", "reasons", "explain_share", "checked", "contributions")
"""What two runs must have in common for one to tell of the other."""


@dataclass(frozen=True)
class Forecast:
    """What a run will take.

    Attributes
    ----------
    returns, partitions, jobs, processes : int
        Returns of all tax years; jobs of all steps; processes that do them.
    bytes_to_read, bytes_to_write : int
        Files of the tables that the run needs; what it delivers.
    memory : int
        Bytes, of all processes together.
    seconds : float
        From the first to the last.
    measured : bool
        Whether bytes to write, memory and time follow a run of the same model with the same settings, rather
        than defaults.
    """

    returns: int
    partitions: int
    jobs: int
    processes: int
    bytes_to_read: int
    bytes_to_write: int
    memory: int
    seconds: float
    measured: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    def to_text(self) -> str:
        """Say it in a few lines."""
        basis = "as measured in the last run" if self.measured else "by default figures, not measured here"
        minutes = self.seconds / 60
        time = f"{minutes:,.0f} min" if minutes >= 2 else f"{self.seconds:,.0f} s"
        return "\n".join(
            [
                f"  returns    {self.returns:,} in {self.partitions:,} partitions, {self.jobs:,} jobs",
                f"  read       {self.bytes_to_read / 1e6:,.1f} MB",
                f"  write      about {self.bytes_to_write / 1e6:,.1f} MB",
                f"  memory     about {self.memory / 1e9:,.1f} GB in {self.processes:,} processes",
                f"  time       about {time}, {basis}",
            ]
        )


def forecast_run(
    records: Records, plan: Plan, *, workers: int | None = None, metrics: str | Path | None = None
) -> Forecast:
    """Say what a run will take.

    Parameters
    ----------
    records : Records
    plan : Plan
        Of the run.
    workers : int, optional
        Processes to start; one a processor when absent.
    metrics : str or Path, optional
        Figures that `RunMetrics` wrote of an earlier run. Of a run that failed, or of another model or other
        settings, they tell nothing, and defaults stand in; so they do where the file does not exist.

    Returns
    -------
    Forecast

    Raises
    ------
    InvalidDataError
        The figures cannot be read.
    """
    counts, batches = count_returns(records, plan.regime), len(plan.batches)
    returns, count = sum(counts), count_workers(workers, batches)
    largest = max((sum(counts[number] for number in batch) for batch in plan.batches), default=0)
    explains = plan.score_settings(None).explains
    processes = count + (count > 1)
    memory, seconds, written = _default(plan, returns, largest, count)
    measured = _measured(plan, metrics)
    if measured:
        memory = int(measured["peak_memory_bytes"] / measured["processes"] * processes)
        then = max(measured["processes"] - 1, 1)
        seconds = returns / measured["returns_per_second"] * then / count
        written = int(measured["written_bytes"] / max(measured["returns"], 1) * returns)
    return Forecast(
        returns=returns,
        partitions=len(counts),
        jobs=(3 if plan.refit_peers else 2) * batches + (SLICES if explains else 0),
        processes=processes,
        bytes_to_read=_size(records, plan),
        bytes_to_write=written,
        memory=memory,
        seconds=seconds,
        measured=bool(measured),
    )


def _default(plan: Plan, returns: int, largest: int, count: int) -> tuple[int, float, int]:
    explains = plan.score_settings(None).explains
    each = RETURN_SECONDS if explains else PLAIN_RETURN_SECONDS
    memory = count * (PROCESS_MEMORY + RETURN_MEMORY * largest) + (count > 1) * PROCESS_MEMORY
    written = RETURN_BYTES * returns * (2 if plan.contributions else 1)
    return memory, START_SECONDS + each * returns / count, written


def _measured(plan: Plan, metrics: str | Path | None) -> dict[str, float]:
    if metrics is None or not Path(metrics).is_file():
        return {}
    about, wanted = read_about(metrics), label_run(plan)
    found = read_metrics(metrics)
    same = all(about.get(name) == wanted[name] for name in ABOUT)
    needed = ("peak_memory_bytes", "processes", "returns_per_second", "written_bytes", "returns")
    whole = found.get("state:finished") == 1 and all(found.get(name, 0) > 0 for name in needed)
    return found if same and whole else {}


def _size(records: Records, plan: Plan) -> int:
    folder = Path(records.where)
    names = [
        f"{table}/{part_name(number)}"
        for table in needed_tables(get_regime(plan.regime), records)
        for number in records.partitions
    ]
    return sum(path.stat().st_size for name in names if (path := folder / name).is_file())
