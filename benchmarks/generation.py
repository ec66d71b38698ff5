"""Cost of generation: against writing the same tables to parquet, and by size of population, in one run."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from taxgap.records.parquet import write_table
from taxgap.records.partitions import count_partitions, partition_of
from taxgap.schemas import TABLES, TRUTH_TABLES
from taxgap.synthetic import generate
from taxgap.synthetic.economy import Economy
from taxgap.synthetic.employment import open_positions
from taxgap.synthetic.hidden import count_hidden, person_ids
from taxgap.synthetic.identifiers import taxpayer_ids
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.tables import make_tables


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--taxpayers", type=int, nargs="*", default=[100_000], help="whole populations to time"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, help="keep the last population here")
    options = parser.parse_args()
    _compare_with_writing(options.repeats)
    for taxpayers in options.taxpayers:
        last = taxpayers == options.taxpayers[-1]
        _time_whole(taxpayers, options.workers, options.out if last else None)


def _compare_with_writing(repeats: int) -> None:
    """Time one partition of 50,000 taxpayers: making it, and writing what was made."""
    settings = Settings(taxpayers=50_000)
    entity = settings.register.entities()
    partitions = count_partitions(settings.taxpayers)
    mine = entity[partition_of(taxpayer_ids(entity), partitions) == 0]
    hidden = np.arange(count_hidden(settings.register.individuals))
    hidden = hidden[partition_of(person_ids(hidden), partitions) == 0]
    payrolls = open_positions(settings.register)
    making, writing, rows = [], [], 0
    for _ in range(repeats + 1):
        start = time.perf_counter()
        records, truth = make_tables(Economy(mine, settings, payrolls), hidden)
        making.append(time.perf_counter() - start)
        rows = sum(map(len, records.values())) + sum(map(len, truth.values()))
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            for kind, tables, models in (("r", records, TABLES), ("t", truth, TRUTH_TABLES)):
                for name, table in tables.items():
                    path = Path(folder) / f"{kind}-{name}.parquet"
                    write_table(path, table, models[name], synthetic=True)
        writing.append(time.perf_counter() - start)
    made, wrote = float(np.median(making[1:])), float(np.median(writing[1:]))  # the first run warms up
    print(f"one partition, {len(mine):,} taxpayers, {rows:,} rows, one process")
    print(f"made in {made:.2f} s ({rows / made:,.0f} rows/s), written in {wrote:.2f} s")
    print(f"generation (making and writing) costs {(made + wrote) / wrote:.1f} times writing", flush=True)


def _time_whole(taxpayers: int, workers: int, out: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = out or Path(folder) / "population"
        start = time.perf_counter()
        generate(target, taxpayers=taxpayers, workers=workers, replace=out is not None)
        seconds = time.perf_counter() - start
        size = sum(path.stat().st_size for path in target.rglob("*.parquet"))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{taxpayers:,} taxpayers, {workers} workers: {seconds:,.0f} s, {taxpayers / seconds:,.0f} a second, "
        f"{size / 2**20:,.0f} MiB; peak {own:,.0f} MiB in the parent, {child:,.0f} MiB in a worker",
        flush=True,
    )


if __name__ == "__main__":
    main()
