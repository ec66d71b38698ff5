"""`generate`: a whole population, partition by partition, on as many processes as asked for.

It takes two passes. The first finds who works for whom and sums what each company pays people on the Self
Assessment register; the second makes and writes the tables, one partition after another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from taxgap import __version__
from taxgap.errors import UsageError
from taxgap.records import Manifest, Records
from taxgap.records.files import checksum
from taxgap.records.parquet import write_table
from taxgap.records.partitions import count_partitions, part_name, partition_of
from taxgap.records.processes import Run, count_workers, processes
from taxgap.records.workshop import Workshop, workshop
from taxgap.schemas import TABLES, TRUTH_TABLES, Table
from taxgap.synthetic.aggregates import estimate, sum_economy
from taxgap.synthetic.economy import Economy
from taxgap.synthetic.employment import Payrolls, open_positions
from taxgap.synthetic.hidden import count_hidden, person_ids
from taxgap.synthetic.identifiers import taxpayer_ids
from taxgap.synthetic.mechanisms import digest_plug_ins, mechanisms
from taxgap.synthetic.register import Integers, Register
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.tables import make_tables

Facts = dict[str, Any]
Progress = Callable[[int, int], None]

_FIRST, _SECOND = 1, 12
"""How much of the work of a partition each pass is, for the progress."""


@dataclass(frozen=True)
class Job:
    """One partition to make: its number, its taxpayers and its hidden people."""

    folder: Path
    number: int
    entity: Integers
    hidden: Integers
    settings: Settings


def generate(
    out: str | Path,
    *,
    taxpayers: int = 50_000,
    years: int = 4,
    seed: int = 7,
    workers: int | None = 1,
    replace: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> Records:
    """Make a synthetic economy in which the truth is known: four taxes, their returns and what others report.

    Parameters
    ----------
    out : str or Path
        The folder to make; it receives ``records`` and ``truth``.
    taxpayers : int, default 50,000
        People, companies and partnerships on the register at any time in the panel.
    years : int, default 4
        Tax years, counted back from 2024-25; 1 to 4. Or 5: these and 2025-26, a projection.
    seed : int, default 7
        Same seed, same bytes, whatever the number of workers.
    workers : int or None, default 1
        Processes; None starts one a processor. More than one starts fresh Python processes, which a script
        must guard with ``if __name__ == "__main__"``.
    replace : bool, default False
        Replace the folder if it exists.
    progress : callable, optional
        Called with how much is done, and of how much.
    **settings : object
        Any other field of `taxgap.synthetic.settings.Settings`.

    Returns
    -------
    Records
        The records; ``Truth.open(out / "truth")`` gives the truth.

    Raises
    ------
    UsageError
        A setting is unknown or out of range, or the folder cannot be written.
    BusyError
        Another run is making the same folder.

    Notes
    -----
    The folder appears when all of it is made. Until then the work stands in a hidden folder beside it; a run
    that was killed is taken up where it was left off by the same call.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "population"
    >>> records = generate(folder, taxpayers=200, years=1)
    >>> records.periods
    ['2024-25']
    """
    chosen = Settings.from_mapping({"taxpayers": taxpayers, "years": years, "seed": seed, **settings})
    if workers is not None and workers < 1:
        raise UsageError(f"workers is {workers}; it must be at least 1.", where="workers")
    mechanisms(chosen)  # refuses what does not exist before anything is written
    plan = {"taxgap": __version__, "settings": asdict(chosen), "plug_ins": digest_plug_ins(chosen)}
    marker = "truth/manifest.json"
    count = count_workers(workers, count_partitions(chosen.taxpayers))
    with workshop(Path(out), plan, replace=replace, marker=marker) as shop, processes(count) as run:
        _make(shop, chosen, run, progress or (lambda _done, _total: None))
    return Records.open(Path(out) / "records")


def _make(shop: Workshop, settings: Settings, run: Run, progress: Progress) -> None:
    jobs = _plan_jobs(shop.folder, settings)
    total = len(jobs) * (_FIRST + _SECOND)
    payrolls = open_positions(settings.register)
    paid = np.zeros_like(payrolls.filers_pay)
    for done, (place, pay) in enumerate(run(sum_payrolls, jobs), start=1):
        np.add.at(paid.reshape(-1), place, pay)
        progress(done * _FIRST, total)
    np.savez(shop.folder / _PAYROLLS, places=payrolls.places, filers_pay=payrolls.with_pay(paid).filers_pay)
    left = [job for job in jobs if shop.done(part_name(job.number)) is None]
    kept = len(jobs) - len(left)
    progress(len(jobs) * _FIRST + kept * _SECOND, total)
    for done, _ in enumerate(run(write_partition, left), start=kept + 1):
        progress(len(jobs) * _FIRST + done * _SECOND, total)
    (shop.folder / _PAYROLLS).unlink()
    _complete(shop, settings, [shop.done(part_name(job.number)) or {} for job in jobs])


_PAYROLLS = "payrolls.npz"


def _plan_jobs(folder: Path, settings: Settings) -> list[Job]:
    entity = settings.register.entities()
    hidden = np.arange(count_hidden(settings.register.individuals), dtype=np.int64)
    partitions = count_partitions(settings.taxpayers)
    home = partition_of(taxpayer_ids(entity), partitions)
    hiding = partition_of(person_ids(hidden), partitions)
    return [
        Job(folder, number, entity[home == number], hidden[hiding == number], settings)
        for number in range(partitions)
    ]


def sum_payrolls(job: Job) -> tuple[Integers, np.ndarray]:
    """Sum what the people of a partition are paid by company and year: places in the flat table, and GBP."""
    payrolls = open_positions(job.settings.register)
    paid = payrolls.sum_pay(Economy(job.entity, job.settings, payrolls).activity).reshape(-1)
    place = np.flatnonzero(paid)
    return place, paid[place]


def write_partition(job: Job) -> int:
    """Make and write the tables of one partition, and record the facts of each file; return its number."""
    economy = Economy(job.entity, job.settings, _read_payrolls(job.folder / _PAYROLLS, job.settings.register))
    records, truth = make_tables(economy, job.hidden)
    facts: Facts = {"sums": sum_economy(economy).to_dict("list")}
    for name, tables, models in (("records", records, TABLES), ("truth", truth, TRUTH_TABLES)):
        facts[name] = {}
        for table, frame in tables.items():
            facts[name] |= _write(job.folder / name, table, job.number, frame, models[table])
    Workshop(job.folder).finish(part_name(job.number), facts)
    return job.number


@cache
def _read_payrolls(path: Path, register: Register) -> Payrolls:
    with np.load(path) as saved:
        return Payrolls(register, saved["places"], saved["filers_pay"])


def _write(folder: Path, table: str, number: int, frame: pd.DataFrame, model: type[Table]) -> Facts:
    path = folder / table / part_name(number)
    write_table(path, frame, model, synthetic=True)
    return {f"{table}/{path.name}": {"rows": len(frame), "sha256": checksum(path)}}


def _complete(shop: Workshop, settings: Settings, done: list[Facts]) -> None:
    model = TABLES["aggregates"]
    table = estimate([pd.DataFrame(facts["sums"]) for facts in done], settings)
    table = table[table["received_on"] <= settings.as_of].reset_index(drop=True)
    done[0]["records"] |= _write(shop.folder / "records", "aggregates", 0, table, model)
    for number in range(1, len(done)):  # every table has all partitions; this one stands in the first
        facts = _write(shop.folder / "records", "aggregates", number, table.head(0), model)
        done[number]["records"] |= facts
    for name in ("records", "truth"):
        files = {path: fact for facts in done for path, fact in facts[name].items()}
        _manifest(settings, len(done), files).write(shop.folder / name)


def _manifest(settings: Settings, partitions: int, files: Facts) -> Manifest:
    made_by = {
        "taxgap": __version__,
        "settings": asdict(settings),
        "weights": settings.register.weights,
    }
    return Manifest(
        as_of=settings.as_of,
        periods=list(settings.tax_years),
        partitions=partitions,
        synthetic=True,
        seed=settings.seed,
        made_by=made_by,
        files=files,
    )
