"""What a night would take for a country: the figures of `nightly.py` extrapolated, and the first bottleneck.

Two things are measured here: the memory of ranking, which one process does for all returns, and the size of
the sketches that peers are drawn from. What `nightly.py` printed is given as options; the defaults are what
it printed last, on the machine that benchmarks/README.md names.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pandas as pd

from taxgap.batch.plan import TOGETHER
from taxgap.peers import PeerSketch
from taxgap.records import Records
from taxgap.regimes import get_regime

RANK = """
import time
import numpy as np, pandas as pd
from taxgap.batch.memory import read_peak
from taxgap.risk.flagging import rank_within
before, count = read_peak(), int({count})
ids = pd.Series(pd.array(np.char.add("T", np.arange(count // 10).astype("U8")), dtype="str")).repeat(10)
years = pd.Series(np.tile([f"{{year}}-{{year % 100 + 1:02d}}" for year in range(2015, 2025)], count // 10))
value = pd.Series(np.random.default_rng(1).normal(size=count))
keys = pd.DataFrame({{"taxpayer_id": ids.to_numpy(), "period": years, "order": value, "probability": value}})
start = time.perf_counter()
rank_within(keys["period"], keys["order"], keys["taxpayer_id"])
print((read_peak() - before) / count, (time.perf_counter() - start) / count)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path, help="records to sketch the peers of")
    parser.add_argument("--taxpayers", type=float, default=40e6)
    parser.add_argument("--years", type=float, default=10)
    parser.add_argument("--machines", type=int, default=100)
    parser.add_argument("--cores", type=int, default=16, help="a machine's")
    parser.add_argument("--start", type=float, default=20, help="CPU seconds of a run, however small")
    parser.add_argument("--each", type=float, default=80, help="CPU microseconds of one more return")
    parser.add_argument("--worker", type=float, default=0.95, help="GiB of a worker")
    parser.add_argument("--read", type=float, default=86, help="bytes read of a return, compressed")
    parser.add_argument("--written", type=float, default=107, help="bytes written of a return, compressed")
    parser.add_argument("--network", type=float, default=1.25, help="GB a second to the files")
    options = parser.parse_args()
    returns = options.taxpayers * options.years
    workers = options.machines * options.cores
    jobs = returns / TOGETHER
    print(f"{returns:,.0f} returns, {jobs:,.0f} jobs, {workers:,} workers on {options.machines} machines")
    cpu = options.start * workers + options.each * 1e-6 * returns
    print(f"processor: {cpu / 3600:,.1f} hours in all, {cpu / workers / 60:,.1f} min on every core")
    moved = (options.read + options.written) * returns
    print(
        f"files: {options.read * returns / 1e9:,.0f} GB read, {options.written * returns / 1e9:,.0f} GB ",
        end="",
    )
    print(f"written: {moved / options.network / 1e9 / 60:,.1f} min at {options.network} GB/s")
    print(f"memory of a machine: {options.worker * options.cores:,.0f} GiB")
    print_ranking(returns)
    print_sketch(options.records, jobs)


def print_ranking(returns: float) -> None:
    """Measure what ranking takes at two sizes, so that it can be seen to be a line."""
    for count in (2_000_000, 8_000_000):
        command = [sys.executable, "-c", RANK.format(count=count)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        held, seconds = (float(number) * returns for number in said.split())
        print(f"ranking, from {count:,} returns: {held / returns:,.0f} bytes each, ", end="")
        print(f"{held / 2**30:,.0f} GiB and {seconds / 60:,.0f} min for all in one process")


def print_sketch(records: Path, jobs: float) -> None:
    """Measure the sketch of one job, and add up what all jobs hand over."""
    opened, regime = Records.open(records), get_regime("self_assessment")
    sketch, taken = None, 0
    for partition in opened.partitions:
        measured = regime.measure(opened, opened.periods, partition)
        own = PeerSketch.of(measured)
        sketch = own if sketch is None else sketch.join(own)
        taken += len(measured)
        if taken >= TOGETHER:
            break
    if sketch is None:
        sys.exit("there are no records")
    size = sum(int(frame.memory_usage(deep=True).sum()) for frame in (sketch.sample, sketch.counts))
    groups = len(pd.unique(sketch.counts.drop(columns="stands_for").agg(tuple, axis=1)))
    print(f"peers of {taken:,} returns: {groups} groups, {len(sketch.sample):,} rows kept, ", end="")
    print(f"{size / 1e6:,.1f} MB in memory; {size * jobs / 1e9:,.0f} GB from all jobs")


if __name__ == "__main__":
    main()
