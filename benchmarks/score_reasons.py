"""Score and four reasons for every Self Assessment return: time and memory beside LightGBM's own parts.

`taxgap score` runs as a command, with reasons and without. LightGBM's predict and pred_contrib start from
features that are ready, on a sample, and are scaled to all returns; the same job done with them is all that
scoring takes without reasons, and pred_contrib on top.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import parquet

from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel, train
from taxgap.synthetic import generate

RETURNS_A_TAXPAYER = 2.8  # of Self Assessment, over four tax years
EVERYBODY = ("--explain-share", "1")


@dataclass(frozen=True)
class Run:
    """What one command took, all of its processes together."""

    seconds: float
    cpu: float
    peak: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--returns", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=2_000, help="returns that pred_contrib explains")
    parser.add_argument("--train-taxpayers", type=int, default=50_000)
    parser.add_argument("--population", type=Path, help="a folder with records/ to use instead of making one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        population = options.population or make_population(folder / "population", options.returns)
        records = Records.open(population / "records")
        train_model(folder, options.train_taxpayers).save(folder / "model")
        runs = {title: score(population, folder, *more) for title, more in COMMANDS.items()}
        rows = count_returns(folder / "scores")
        seconds, matrix = lightgbm_alone(records, RiskModel.load(folder / "model"), options.sample, rows)
    print_table(rows, runs, seconds, matrix)


COMMANDS = {
    "taxgap score, four reasons each": EVERYBODY,
    "taxgap score, no reasons": ("--reasons", "0"),
}


def make_population(folder: Path, returns: int) -> Path:
    generate(folder, taxpayers=int(returns / RETURNS_A_TAXPAYER), workers=os.cpu_count() or 1)
    return folder


def train_model(folder: Path, taxpayers: int) -> RiskModel:
    """Train on another population, so that the model is alike however many returns are scored."""
    workers = os.cpu_count() or 1
    generate(folder / "others", taxpayers=taxpayers, workers=workers, seed=8)
    return train(Records.open(folder / "others" / "records"), n_threads=workers)


def count_returns(scores: Path) -> int:
    return sum(parquet.read_metadata(part).num_rows for part in scores.glob("*.parquet"))


def score(population: Path, folder: Path, *more: str) -> Run:
    """Run the command in a process of its own, and ask the system what it took."""
    command = [sys.executable, "-m", "taxgap", "score", population / "records", "--model", folder / "model"]
    command += ["--out", folder / "scores", "--replace", "--trusted", *more]
    start = time.perf_counter()
    with subprocess.Popen([str(each) for each in command]) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"taxgap score failed with {process.returncode}")
    return Run(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def lightgbm_alone(
    records: Records, model: RiskModel, sample: int, rows: int
) -> tuple[dict[str, float], float]:
    """Seconds of processor time scaled to all rows, and the MiB of the matrix that pred_contrib returns."""
    regime, peers = get_regime("self_assessment"), PeerGroups(model.peer_rows_)
    parts: list[pd.DataFrame] = []
    for partition in records.partitions:
        parts.append(regime.compare(regime.measure(records, records.periods, partition), peers))
        if sum(map(len, parts)) >= sample:
            break
    X = model.encode(pd.concat(parts)[list(model.feature_names_in_)].head(sample))
    booster, seconds = model.booster("expected_tax"), {}
    for title, how in {"predict": {"raw_score": True}, "pred_contrib": {"pred_contrib": True}}.items():
        booster.predict(X[:50], num_threads=1, **how)
        start = time.process_time()
        booster.predict(X, num_threads=1, **how)
        seconds[title] = (time.process_time() - start) / len(X) * rows
    return seconds, rows * (X.shape[1] + 1) * np.dtype(np.float64).itemsize / 2**20


def print_table(rows: int, runs: dict[str, Run], alone: dict[str, float], matrix: float) -> None:
    with_reasons, without = runs.values()
    print(f"{rows:,} Self Assessment returns; reasons add {with_reasons.cpu - without.cpu:,.0f} CPU s")
    print(f"{'job':<52}{'s':>9}{'CPU s':>9}{'rows/s':>9}{'peak MiB':>10}")
    for title, run in runs.items():
        print(f"{title:<52}{run.seconds:>9,.0f}{run.cpu:>9,.0f}{rows / run.seconds:>9,.0f}{run.peak:>10,.0f}")
    contrib = alone["predict"] + alone["pred_contrib"]
    print(
        f"{'LightGBM predict and pred_contrib, features ready*':<52}{contrib:>9,.0f}{contrib:>9,.0f}", end=""
    )
    print(f"{rows / contrib:>9,.0f}{matrix:>10,.0f}")
    whole = without.cpu + alone["pred_contrib"]
    print(
        f"{'the same job with pred_contrib*':<52}{'':>9}{whole:>9,.0f}{'':>9}{without.peak + matrix:>10,.0f}"
    )
    print("* scaled from a sample, one thread; its memory is the matrix of all parts alone, held at once")


if __name__ == "__main__":
    main()
