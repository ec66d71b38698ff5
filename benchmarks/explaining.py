"""Shapley values of models S, M and L: rows a second beside other people's code, and how far apart they are.

Every job runs in turn in one process and the figures are medians; the first call of each is not counted.
Ratios are of rows per second of processor time, so that other work on the machine counts little; two threads
are held against one by the wall. `--others` adds packages that are no dependencies of ours.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import lightgbm as lgb
import numpy as np
from explaining_models import (
    DESIGNS,
    Floats,
    Timing,
    clock,
    draw_rows,
    forget_peak,
    median_rates,
    peak_memory,
    train,
)
from explaining_others import build_environment, run_others
from threadpoolctl import threadpool_limits

from taxgap.reasons.shapley import CompiledModel, compile_model

OURS, LIGHTGBM, SHAP = "taxgap, ", "LightGBM pred_contrib", "shap.TreeExplainer"
SCORES, LIGHTGBM_SCORES = "taxgap predict", "Booster.predict"
Jobs: TypeAlias = dict[str, tuple[Callable[[], Floats], int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", choices=DESIGNS, default=list(DESIGNS))
    parser.add_argument("--rows", type=int, help="rows that taxgap explains in a run; else by model")
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="about how long LightGBM's part of a run takes"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--others", action="store_true", help="measure woodelf and fasttreeshap as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = build_environment(folder / "others") if options.others else None
        for model in options.models:
            booster, X = train(model), draw_rows(options.rows or DESIGNS[model].rows, seed=3)
            print_model(booster, X, options)
            print_memory(booster, X, folder)
            if python is not None:
                run_others(python, booster, X, folder)
                run_others(python, train(model, levels=False), X, folder)


def print_model(booster: lgb.Booster, X: Floats, options: argparse.Namespace) -> None:
    sample = rows_for(lambda few: by_lightgbm(booster, few), X, options.seconds)
    compiled, first = compile_now(booster, X)
    jobs = make_jobs(booster, compiled, X, sample)
    wanted = by_lightgbm(booster, sample)
    runs: dict[str, list[Timing]] = {title: [] for title in jobs}
    for title, (job, rows) in jobs.items():
        first[title] = clock(job, rows)
    for _ in range(options.repeats):
        for title, (job, rows) in jobs.items():
            runs[title].append(clock(job, rows))
    print(f"compiled in {first['compile'].wall:.2f} s; first calls:", end=" ")
    firsts = [title for title in jobs if title.startswith("taxgap")]
    print(
        ", ".join(f"{title.removeprefix('taxgap').strip(', ')} {first[title].wall:.2f} s" for title in firsts)
    )
    print_table(runs, differences(booster, compiled, sample, wanted))


def compile_now(booster: lgb.Booster, X: Floats) -> tuple[CompiledModel, dict[str, Timing]]:
    made: list[CompiledModel] = []
    took = clock(lambda: made.append(compile_model(booster)), len(X))
    return made[0], {"compile": took}


def make_jobs(booster: lgb.Booster, compiled: CompiledModel, X: Floats, sample: Floats) -> Jobs:
    """Name every job; the first is what all others are held against."""
    jobs: Jobs = {LIGHTGBM: (lambda: by_lightgbm(booster, sample), len(sample))}
    for threads in (1, 2):
        for dtype in ("float64", "float32"):
            title = f"{OURS}{dtype}, {threads} thread{'s' * (threads > 1)}"
            jobs[title] = (
                lambda dtype=dtype, threads=threads: compiled.explain(X, dtype=dtype, threads=threads),
                len(X),
            )
    jobs[SHAP] = (lambda: by_shap(booster, sample), len(sample))
    jobs[LIGHTGBM_SCORES] = (lambda: booster.predict(X, raw_score=True, num_threads=1), len(X))
    jobs[SCORES] = (lambda: compiled.predict(X, threads=1), len(X))
    return jobs


def rows_for(job: Callable[[Floats], Any], X: Floats, seconds: float) -> Floats:
    """As many rows as take about so many seconds."""
    job(X[:20])
    rate = 20 / clock(lambda: job(X[:20]), 20).wall
    return X[: int(np.clip(rate * seconds, 20, len(X)))]


def by_lightgbm(booster: lgb.Booster, X: Floats) -> Floats:
    return np.asarray(booster.predict(X, pred_contrib=True, num_threads=1))


def by_shap(booster: lgb.Booster, X: Floats) -> Floats:
    import shap  # noqa: PLC0415  its import takes seconds and is no part of a run

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(shap.TreeExplainer(booster).shap_values(X, check_additivity=False))


def differences(
    booster: lgb.Booster, compiled: CompiledModel, sample: Floats, wanted: Floats
) -> dict[str, float]:
    """Give the largest difference of each job to what LightGBM answers, in units of the raw score."""
    raw = np.asarray(booster.predict(sample, raw_score=True, num_threads=1))
    found = {
        f"{OURS}{dtype}": float(np.abs(compiled.explain(sample, dtype=dtype) - wanted).max())
        for dtype in ("float64", "float32")
    }
    found[SHAP] = float(np.abs(by_shap(booster, sample) - wanted[:, :-1]).max())
    found[SCORES] = float(np.abs(compiled.predict(sample) - raw).max())
    return found


def print_table(runs: dict[str, list[Timing]], apart: dict[str, float]) -> None:
    rates = {title: median_rates(each) for title, each in runs.items()}
    print(f"{'job':<30}{'rows':>9}{'rows/s':>11}{'CPU s':>9}{'rows/CPU s':>12}{'ratio':>8}{'furthest':>10}")
    for title, (by_wall, by_cpu) in rates.items():
        base = rates[LIGHTGBM_SCORES if title in {SCORES, LIGHTGBM_SCORES} else LIGHTGBM][1]
        furthest = next((f"{far:.1e}" for name, far in apart.items() if title.startswith(name)), "")
        rows, cpu = runs[title][0].rows, float(np.median([run.cpu for run in runs[title]]))
        print(f"{title:<30}{rows:>9,}{by_wall:>11,.0f}{cpu:>9.2f}", end="")
        print(f"{by_cpu:>12,.0f}{by_cpu / base:>8.1f}{furthest:>10}")
    for dtype in ("float64", "float32"):
        one, two = (rates[f"{OURS}{dtype}, {threads}"][0] for threads in ("1 thread", "2 threads"))
        print(f"two threads against one, {dtype}: {two / one:.2f} times by the wall")


def print_memory(booster: lgb.Booster, X: Floats, folder: Path) -> None:
    booster.save_model(folder / "model.txt")
    np.save(folder / "rows.npy", X)
    context = multiprocessing.get_context("spawn")
    for dtype in ("float64", "float32"):
        # A process of its own, so that the peak is that of the tables; results are taken off.
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            built, whole, known = pool.submit(measure_memory, folder, dtype).result()
        said = "" if known is None else f"; by its own account {known / 2**20:.0f} MiB"
        print(f"memory beside rows and result, {dtype}: {built / 2**20:.0f} MiB at most", end=" ")
        print(f"while compiled, {whole / 2**20:.0f} MiB at most in all{said}")


def measure_memory(folder: Path, dtype: str) -> tuple[int, int, int | None]:
    tiny = lgb.train(
        {"verbose": -1, "num_threads": 1},
        lgb.Dataset(np.random.default_rng(0).normal(size=(99, 2)), np.arange(99)),
        2,
    )
    compile_model(tiny).explain(np.zeros((5, 2)), dtype=dtype, threads=1)  # what is compiled just in time
    booster, X = lgb.Booster(model_file=folder / "model.txt"), np.load(folder / "rows.npy")
    before = forget_peak()
    compiled = compile_model(booster)
    built = peak_memory() - before
    parts = compiled.explain(X, dtype=dtype, threads=1)
    return built, peak_memory() - before - parts.nbytes, getattr(compiled, "table_bytes", None)


if __name__ == "__main__":
    main()
