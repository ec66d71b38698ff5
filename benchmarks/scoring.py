"""Rows scored per second and peak memory, as ratios to LightGBM's own predict, in one run."""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from taxgap.batch import score
from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel, train
from taxgap.synthetic import generate


def measure_features(records: Records, model: RiskModel) -> pd.DataFrame:
    regime, peers = get_regime("self_assessment"), PeerGroups(model.peer_rows_)
    parts = [regime.compare(regime.measure(records, records.periods, p), peers) for p in records.partitions]
    return pd.concat(parts)[list(model.feature_names_in_)]


def predict_only(records: Records, model: RiskModel) -> tuple[int, float]:
    matrix = model.encode(measure_features(records, model))
    start = time.perf_counter()
    model.booster("expected_tax").predict(matrix, raw_score=True, num_threads=1)
    return len(matrix), time.perf_counter() - start


def whole_job(records: Records, model: RiskModel, **options: Any) -> tuple[int, float]:
    start = time.perf_counter()
    scores = score(records, model, **options)
    return len(scores), time.perf_counter() - start


def run_apart(job: Callable[..., Any], folder: Path, options: dict[str, Any]) -> tuple[int, float, float]:
    # Each job has a fresh process, so that its peak of memory is its own.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(run_here, job, folder, options).result()


def run_here(job: Callable[..., Any], folder: Path, options: dict[str, Any]) -> tuple[int, float, float]:
    records, model = Records.open(folder / "population" / "records"), RiskModel.load(folder / "model")
    rows, seconds = job(records, model, **options)
    return rows, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


JOBS = {
    "LightGBM predict, features ready": (predict_only, {}),
    "score, no reasons": (whole_job, {"reasons": 0, "validate": False}),
    "score, reasons for the top 5%": (whole_job, {"explain_share": 0.05, "validate": False}),
    "score, reasons for all": (whole_job, {"validate": False}),
    "score, validated first": (whole_job, {}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taxpayers", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder / "population", taxpayers=options.taxpayers, workers=2)
        train(Records.open(folder / "population" / "records"), n_threads=2).save(folder / "model")
        found: dict[str, list[tuple[int, float, float]]] = {title: [] for title in JOBS}
        for _ in range(options.repeats):
            for title, (job, arguments) in JOBS.items():
                found[title].append(run_apart(job, folder, arguments))
    print_table(found)


def print_table(found: dict[str, list[tuple[int, float, float]]]) -> None:
    rates = {title: float(np.median([n / s for n, s, _ in runs])) for title, runs in found.items()}
    peaks = {title: float(np.median([peak for *_, peak in runs])) for title, runs in found.items()}
    base = next(iter(found))
    print(f"{found[base][0][0]:,} returns, one thread, medians of {len(found[base])} runs in turn")
    print(f"{'job':<34}{'rows/s':>10}{'ratio':>8}{'peak MiB':>10}{'ratio':>8}")
    for title in found:
        rate, peak = rates[title], peaks[title]
        print(f"{title:<34}{rate:>10,.0f}{rate / rates[base]:>8.2f}{peak:>10,.0f}{peak / peaks[base]:>8.2f}")


if __name__ == "__main__":
    main()
