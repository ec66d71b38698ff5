"""`generate`: a whole population, partition by partition, on as many processes as asked for."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from taxgap import __version__
from taxgap.errors import UsageError
from taxgap.records import Manifest, Records
from taxgap.records.files import checksum, new_folder
from taxgap.records.parquet import write_table
from taxgap.records.partitions import count_partitions, part_name, partition_of
from taxgap.schemas import TABLES, TRUTH_TABLES
from taxgap.synthetic.identifiers import taxpayer_ids
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.tables import make_tables

FileFacts = dict[str, dict[str, Any]]
Progress = Callable[[int, int], None]


def generate(
    out: str | Path,
    *,
    taxpayers: int = 50_000,
    years: int = 4,
    seed: int = 7,
    workers: int = 1,
    replace: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> Records:
    """Make a synthetic population of Self Assessment taxpayers in which the truth is known.

    Parameters
    ----------
    out : str or Path
        The folder to make; it receives ``records`` and ``truth``.
    taxpayers : int, default 50,000
        People on the register at any time in the panel.
    years : int, default 4
        Tax years, counted back from 2024-25; 1 to 4.
    seed : int, default 7
        Same seed, same bytes, whatever the number of workers.
    workers : int, default 1
        Processes. More than one starts fresh Python processes, which a script must guard with
        ``if __name__ == "__main__"``.
    replace : bool, default False
        Replace the folder if it exists.
    progress : callable, optional
        Called with the number of partitions done and in all.
    **settings : float or str
        Any other field of `taxgap.synthetic.settings.Settings`.

    Returns
    -------
    Records
        The records; ``Truth.open(out / "truth")`` gives the truth.

    Raises
    ------
    UsageError
        A setting is unknown or out of range, or the folder cannot be written. Nothing half-written stays.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "population"
    >>> records = generate(folder, taxpayers=50, years=1)
    >>> records.periods
    ['2024-25']
    """
    chosen = Settings.from_mapping({"taxpayers": taxpayers, "years": years, "seed": seed, **settings})
    if workers < 1:
        raise UsageError(f"workers is {workers}; it must be at least 1.", where="workers")
    with new_folder(Path(out), replace=replace, marker="truth/manifest.json") as folder:
        _write(folder, chosen, workers, progress)
    return Records.open(Path(out) / "records")


def _write(folder: Path, settings: Settings, workers: int, progress: Progress | None) -> None:
    entity = np.arange(settings.taxpayers, dtype=np.int64)
    partitions = count_partitions(settings.taxpayers)
    home = partition_of(taxpayer_ids(entity), partitions)
    jobs = [(folder, number, entity[home == number], settings) for number in range(partitions)]
    records: FileFacts = {}
    truth: FileFacts = {}
    for done, (new_records, new_truth) in enumerate(_run(jobs, workers), start=1):
        records |= new_records
        truth |= new_truth
        if progress is not None:
            progress(done, partitions)
    for name, files in (("records", records), ("truth", truth)):
        _manifest(settings, partitions, files).write(folder / name)


def _run(jobs: list[Any], workers: int) -> Iterator[tuple[FileFacts, FileFacts]]:
    if workers == 1 or len(jobs) == 1:
        yield from map(write_partition, jobs)
        return
    # Spawned, never forked: LightGBM and arrow keep threads that a fork would lose.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context) as pool:
        yield from pool.map(write_partition, jobs)


def write_partition(job: tuple[Path, int, np.ndarray, Settings]) -> tuple[FileFacts, FileFacts]:
    """Make and write the tables of one partition; return the facts of each file."""
    folder, number, entity, settings = job
    records, truth = make_tables(entity, settings)
    facts: list[FileFacts] = []
    for name, tables, models in (("records", records, TABLES), ("truth", truth, TRUTH_TABLES)):
        files: FileFacts = {}
        for table, model in models.items():
            path = folder / name / table / part_name(number)
            write_table(path, tables[table], model, synthetic=True)
            files[f"{table}/{path.name}"] = {"rows": len(tables[table]), "sha256": checksum(path)}
        facts.append(files)
    return facts[0], facts[1]


def _manifest(settings: Settings, partitions: int, files: FileFacts) -> Manifest:
    made_by = {"taxgap": __version__, "settings": asdict(settings)}
    return Manifest(
        as_of=settings.as_of,
        periods=list(settings.tax_years),
        partitions=partitions,
        synthetic=True,
        seed=settings.seed,
        made_by=made_by,
        files=files,
    )
