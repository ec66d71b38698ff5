"""A night of scoring: cost a return by size, memory, the split of time, two workers, Dask, plain pyarrow.

Every run is the command `taxgap score` in processes of its own, over a population of its size.
Memory is the sum over all of its processes of what each holds alone or has its share of (PSS), sampled once
a second. Plain pyarrow reads the same columns of the same files and writes the same output, on one
thread.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import psutil
import pyarrow as pa
from pyarrow import parquet

from taxgap.batch.metrics import read_metrics
from taxgap.batch.taking import needed_tables
from taxgap.records import Records
from taxgap.records.files import checksum
from taxgap.regimes import get_regime
from taxgap.risk import train
from taxgap.synthetic import generate

RETURNS_A_TAXPAYER = 2.9  # of Self Assessment, over four tax years
LARGER = {"n_estimators": 500, "num_leaves": 63}  # as design M of explaining_models.py, of any depth
SECTIONS = ("reading", "checking", "features", "model", "kernel", "writing")


@dataclass(frozen=True)
class Night:
    """What one run took, all of its processes together."""

    returns: int
    seconds: float
    cpu: float
    peak: float
    spent: dict[str, float]

    @property
    def beside_kernel(self) -> float:
        """Seconds of jobs on all but scores and contributions."""
        return sum(seconds for name, seconds in self.spent.items() if name != "kernel")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[250_000, 1_000_000, 4_000_000])
    parser.add_argument(
        "--folder", type=Path, help="where populations and models are made, or kept ones stand"
    )
    parser.add_argument("--train-taxpayers", type=int, default=50_000)
    parser.add_argument("--parts", nargs="+", default=["sizes", "spread", "larger"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        out, model = Path(name) / "out", make_model(folder / "model", options.train_taxpayers)
        records = [make_population(folder / f"returns-{size}", size) for size in options.sizes]
        if "sizes" in options.parts:
            print_sizes([score(each, model, out) for each in records])
        if "spread" in options.parts:
            print_spread(records[0], model, Path(name))
        if "larger" in options.parts:
            larger = make_model(folder / "larger", options.train_taxpayers, **LARGER)
            print_beside_pyarrow(records[0], larger, out)


def make_population(folder: Path, returns: int) -> Path:
    if not folder.exists():
        generate(folder, taxpayers=int(returns / RETURNS_A_TAXPAYER), workers=os.cpu_count() or 1)
    return folder / "records"


def make_model(folder: Path, taxpayers: int, **options: int) -> Path:
    """Train on another population, so that the model is alike however many returns are scored."""
    if folder.exists():
        return folder
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as name:
        generate(f"{name}/others", taxpayers=taxpayers, workers=workers, seed=8)
        train(Records.open(f"{name}/others/records"), n_threads=workers, **options).save(folder)
    return folder


def score(records: Path, model: Path, out: Path, *more: str, workers: int = 2) -> Night:
    """Run the command in a process of its own, and ask the system what all of its processes took."""
    metrics = out.with_suffix(".prom")
    command = [sys.executable, "-m", "taxgap", "score", records, "--model", model, "--out", out, "--replace"]
    command += ["--metrics", metrics, "--quiet", "--workers", workers, *more]
    start = time.perf_counter()
    with subprocess.Popen([str(each) for each in command]) as process, watch_memory(process.pid) as peak:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"taxgap score failed with {process.returncode}")
    found = read_metrics(metrics)
    spent = {name: found.get(f"job_seconds:{name}", 0.0) for name in SECTIONS}
    cpu, seconds = used.ru_utime + used.ru_stime, time.perf_counter() - start
    return Night(int(found["returns_scored"]), seconds, cpu, max(peak), spent)


@contextmanager
def watch_memory(pid: int) -> Iterator[list[float]]:
    """Sample the GiB that a process and its descendants hold together."""
    sampled, running = [0.0], True

    def watch() -> None:
        while running:
            try:
                parent = psutil.Process(pid)
                held = [each.memory_full_info().pss for each in (parent, *parent.children(recursive=True))]
                sampled.append(sum(held) / 2**30)
            except psutil.Error:  # a process has ended meanwhile
                pass
            time.sleep(1)

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield sampled
    finally:
        running = False
        thread.join()


def pyarrow_alone(records: Path, out: Path) -> tuple[float, float]:
    """Seconds of processor time to read the same files, and to write the same output, on one thread."""
    pa.set_cpu_count(1)
    tables = needed_tables(get_regime("self_assessment"), Records.open(records))
    start = time.process_time()
    for table in tables:
        for path in sorted((records / table).glob("part-*.parquet")):
            parquet.read_table(path, use_threads=False, partitioning=None).to_pandas()
    read, wrote = time.process_time() - start, 0.0
    for path in sorted(out.glob("part-*.parquet")):
        frame = parquet.read_table(path, partitioning=None).to_pandas()
        schema = parquet.read_schema(path)
        start = time.process_time()
        again = pa.Table.from_pandas(frame, schema, preserve_index=False)
        parquet.write_table(again, out.with_suffix(".again"), compression="zstd", compression_level=3)
        wrote += time.process_time() - start
    return read, wrote


def print_sizes(nights: list[Night]) -> None:
    print("Four reasons each, rows checked, two workers")
    print(f"{'returns':>10}{'s':>8}{'CPU s':>9}{'returns/s':>11}{'CPU us a return':>17}{'peak GiB':>10}")
    for night in nights:
        each = 1e6 * night.cpu / night.returns
        pace = night.returns / night.seconds
        print(
            f"{night.returns:>10,}{night.seconds:>8,.0f}{night.cpu:>9,.0f}{pace:>11,.0f}{each:>17,.0f}{night.peak:>10.2f}"
        )
    print_split(nights[-1])


def print_split(night: Night) -> None:
    print(f"Seconds of jobs for {night.returns:,} returns: ", end="")
    print(", ".join(f"{name} {seconds:,.1f}" for name, seconds in night.spent.items()))


def print_spread(records: Path, model: Path, folder: Path) -> None:
    """Two workers beside one, and Dask beside these; start-up apart."""
    one = score(records, model, folder / "one", "--threads", "1", workers=1)
    two = score(records, model, folder / "two")
    with dask_cluster(folder) as address:
        score(records, model, folder / "dask", "--engine", "dask", "--scheduler", address)  # compiles, loads
        dask = score(records, model, folder / "dask", "--engine", "dask", "--scheduler", address)
    print(f"{one.returns:,} returns: one worker of one thread {one.seconds:,.0f} s, ", end="")
    print(f"two {two.seconds:,.0f} s, ", end="")
    print(f"{one.seconds / two.seconds:.2f} times; Dask with two {dask.seconds:,.0f} s, ", end="")
    print(f"{dask.seconds / two.seconds:.2f} of local")
    print(f"the same bytes: {sums(folder / 'one') == sums(folder / 'two') == sums(folder / 'dask')}")


@contextmanager
def dask_cluster(folder: Path) -> Iterator[str]:
    """Start a scheduler and two workers of one thread, as processes of their own."""
    file = folder / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--nworkers", "2"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*dask, "--scheduler-file", str(file)], **quiet) as scheduler:
        while not file.is_file():
            time.sleep(0.1)
        with subprocess.Popen([*worker, "--no-dashboard", "--scheduler-file", str(file)], **quiet) as workers:
            yield json.loads(file.read_text())["address"]
            workers.terminate()
        scheduler.terminate()


def sums(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): checksum(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }


def print_beside_pyarrow(records: Path, model: Path, out: Path) -> None:
    for title, more in {"rows checked": (), "rows trusted": ("--trusted",)}.items():
        night = score(records, model, out, "--threads", "1", *more, workers=1)
        read, wrote = pyarrow_alone(records, out)
        print(f"500 trees of 63 leaves, {title}, one worker with one thread; ", end="")
        print_split(night)
        print(
            f"all but the kernel {night.beside_kernel:,.1f} s; pyarrow reads in {read:,.1f} s, writes in ",
            end="",
        )
        print(f"{wrote:,.1f} s: {night.beside_kernel / (read + wrote):.1f} times")


if __name__ == "__main__":
    main()
