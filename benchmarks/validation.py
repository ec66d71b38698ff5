"""Cost of validation: against bare pandera and polars on the same frames, by workers, and on dirty rows."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from taxgap.records import Records
from taxgap.schemas import TABLES
from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.schemas.table import describe_columns
from taxgap.synthetic import generate
from taxgap.validation import validate

Frames = dict[str, pd.DataFrame]
SA = "self_assessment"
DIRTY_ROWS, TWICE = 0.10, 0.5  # one row in ten has a fault, every second of them two: 150 in 1,000 rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path, nargs="?", help="a folder of records; made when absent")
    parser.add_argument("--taxpayers", type=int, default=30_000, help="of the population that is made")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        records = options.records
        if records is None:
            generate(Path(folder) / "population", taxpayers=options.taxpayers, workers=2)
            records = Path(folder) / "population" / "records"
        _report(records, options.repeats)


def _report(folder: Path, repeats: int) -> None:
    rows = sum(entry["rows"] for entry in Records.open(folder).manifest.files.values())
    print(f"{rows:,} rows, {len(Records.open(folder).partitions)} partitions; CPU seconds, best of {repeats}")
    seconds = apart(compare, folder, repeats)
    base = seconds["bare pandera, all tables"]
    for name, taken in seconds.items():
        print(f"{name:45} {taken:7.2f} s {taken / base:6.2f} x pandera")
    clean, dirty = (apart(measure, folder, repeats, kind) for kind in (False, True))
    print(f"{'frames in memory, clean':45} {clean[0]:7.2f} s {clean[1]:6,.0f} MiB")
    print(f"{'frames in memory, 150 faults in 1,000 rows':45} {dirty[0]:7.2f} s {dirty[1]:6,.0f} MiB")
    print(f"dirty against clean: {dirty[0] / clean[0]:.2f} x time, {dirty[1] / clean[1]:.2f} x memory")
    for workers in (1, 2):
        best = min(_wall(partial(validate, folder, workers=workers)) for _ in range(repeats))
        print(f"{f'folder, workers={workers}':45} {best:7.2f} s of wall time, {rows / best:,.0f} rows/s")


def apart(job: Callable[..., Any], *args: Any) -> Any:
    # Each job has a fresh process, so that its peak of memory is its own.
    os.environ["POLARS_MAX_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(job, *args).result()


def compare(folder: Path, repeats: int) -> dict[str, float]:
    """Time the jobs in turn, so that a slow moment of the machine falls on all of them."""
    records = Records.open(folder)
    frames = {name: records.table(name) for name in records.tables}
    held = Records.from_frames(frames, as_of=records.as_of)
    returns = Records.from_frames({SA: frames[SA]}, as_of=records.as_of)
    jobs: dict[str, Callable[[], Any]] = {
        "bare pandera, all tables": lambda: [
            TABLES[name].validate(frames[name], lazy=True) for name in frames
        ],
        "validate, all tables": lambda: validate(held, workers=1),
        "bare pandera, self_assessment": lambda: TABLES[SA].validate(frames[SA], lazy=True),
        "polars by hand, self_assessment": partial(by_hand, frames[SA]),
        "validate, self_assessment": lambda: validate(returns, tables=[SA], workers=1),
    }
    best = dict.fromkeys(jobs, np.inf)
    for _ in range(repeats + 1):  # the first run warms up
        for name, job in jobs.items():
            start = time.process_time()
            job()
            best[name] = min(best[name], time.process_time() - start)
    return best


def by_hand(table: pd.DataFrame) -> Any:
    """Check what the schema and the rules within a return say of Self Assessment, written for it alone."""
    import polars as pl  # noqa: PLC0415  only here

    frame = pl.from_pandas(table)
    col = pl.col
    tests = [col(name).is_null() for name in frame.columns]
    for column in describe_columns(TABLES[SA]):
        if column["type"] == "number":
            tests.append(col(column["column"]).is_infinite())
            if "at least" in column["rule"]:
                tests.append(col(column["column"]) < (1 if column["column"] == "accounts_months" else 0))
    tests += [
        ~col("taxpayer_id").str.contains(r"^\S+$"),
        ~col("period").str.contains(r"^20[0-9]{2}-[0-9]{2}$"),
        col("version") < 0,
        pl.struct("taxpayer_id", "period", "version").is_duplicated(),
        col("received_on") <= col("period_end"),
        col("accounts_months") > 23,
        (col("total_expenses") - pl.sum_horizontal(EXPENSE_BOXES)).abs() > 1,
    ]
    named = [test.alias(str(number)) for number, test in enumerate(tests)]
    return frame.select(*named).sum()


def measure(folder: Path, repeats: int, dirty: bool) -> tuple[float, float]:
    """Return the CPU seconds and the peak of memory, in MiB, of validating clean or dirty frames."""
    records = Records.open(folder)
    frames = {name: records.table(name) for name in records.tables}
    held = Records.from_frames(soiled(frames) if dirty else frames, as_of=records.as_of)
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        validate(held, workers=1)
        best = min(best, time.process_time() - start)
    return best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def soiled(frames: Frames) -> Frames:
    """Put faults into one row in ten of all tables but the register: its rejected rows take others along."""
    generator = np.random.default_rng(7)
    for name, frame in frames.items():
        amounts = [c["column"] for c in describe_columns(TABLES[name]) if c["type"] == "number"]
        places = np.flatnonzero(generator.random(len(frame)) < DIRTY_ROWS)
        again = places[generator.random(len(places)) < TWICE]
        if name == "taxpayers":
            continue
        for rows, wrong in ((places, -1.0), (again, np.inf)):
            if amounts:
                picked = generator.integers(0, len(amounts), len(rows))
                for number, column in enumerate(amounts):
                    frame.loc[rows[picked == number], column] = wrong
            else:
                frame.loc[rows, "received_on"] = pd.NaT
    return frames


def _wall(job: Callable[[], Any]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
