"""Rows generated per second, against writing the same tables to parquet, in one run."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from taxgap.records.parquet import write_table
from taxgap.schemas import TABLES, TRUTH_TABLES
from taxgap.synthetic import Settings
from taxgap.synthetic.tables import make_tables


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taxpayers", type=int, default=12_500)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    settings = Settings(taxpayers=options.taxpayers)
    making, writing, rows = [], [], 0
    for _ in range(options.repeats):
        start = time.perf_counter()
        records, truth = make_tables(np.arange(options.taxpayers), settings)
        making.append(time.perf_counter() - start)
        rows = sum(map(len, records.values())) + sum(map(len, truth.values()))
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            for kind, tables, models in (("r", records, TABLES), ("t", truth, TRUTH_TABLES)):
                for name, model in models.items():
                    write_table(Path(folder) / f"{kind}-{name}.parquet", tables[name], model, synthetic=True)
        writing.append(time.perf_counter() - start)
    made, wrote = float(np.median(making)), float(np.median(writing))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.taxpayers:,} taxpayers, {rows:,} rows in all tables, one process")
    print(f"made in {made:.2f} s ({rows / made:,.0f} rows/s), written in {wrote:.2f} s")
    print(f"making costs {made / wrote:.1f} times writing; peak {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
