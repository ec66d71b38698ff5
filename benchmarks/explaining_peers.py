"""Shapley values against peers: many rows in 80 groups of 500 peers, beside the path-dependent game.

Both jobs start from the booster and the rows, everything in: compile, encode, build the tables, evaluate.
They run in turn, and the first run of each, which compiles just in time, is not counted. shap's
interventional mode is timed on a few rows and scaled, on a model without categorical splits, with which it is
wrong.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import lightgbm as lgb
import numpy as np
from explaining_models import (
    DESIGNS,
    LEVELS,
    Floats,
    Timing,
    clock,
    draw_groups,
    draw_rows,
    forget_peak,
    median_rates,
    peak_memory,
    train,
)
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from taxgap.reasons.shapley import CompiledModel, compile_model

PEERS, STRANGERS = 500, 400_000
HELPERS = Path(__file__).parents[1] / "tests" / "reasons" / "shapley"
PATH, AGAINST = "path-dependent game", "against peers"


@dataclass(frozen=True)
class Population:
    """Rows in groups, the peers of each group, and how they are explained."""

    X: Floats
    groups: NDArray[np.int64]
    backgrounds: dict[int, Floats]
    dtype: str
    threads: int

    @classmethod
    def draw(cls, rows: int, dtype: str, threads: int = 1) -> Population:
        """Draw the rows, and as peers other rows of the same trade and band."""
        X, others = draw_rows(rows, seed=3), draw_rows(STRANGERS, seed=4)
        groups = draw_groups(others)
        peers = {int(group): others[groups == group][:PEERS] for group in np.unique(groups)}
        return cls(X, draw_groups(X), peers, dtype, threads)

    def explain(self, compiled: CompiledModel) -> Iterator[tuple[NDArray[np.int64], Floats]]:
        """Yield positions of rows and their parts, group by group."""
        how = {"dtype": self.dtype, "threads": self.threads}
        yield from compiled.explain_groups(self.X, self.groups, self.backgrounds.__getitem__, **how)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", choices=DESIGNS, default=["S", "M"])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--shap-rows", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    print_exactness()
    people = Population.draw(options.rows, options.dtype, options.threads)
    print(f"{options.rows:,} rows in {len(np.unique(people.groups))} groups of {PEERS} peers,", end=" ")
    print(f"{options.dtype} tables, threads: {options.threads}")
    for model in options.models:
        booster = train(model)
        ours = print_times(booster, people, options.repeats)
        print_memory(booster, options)
        print_shap(train(model, levels=False), people, options.shap_rows, ours)


def print_times(booster: lgb.Booster, people: Population, repeats: int) -> Timing:
    def by_path() -> None:
        compile_model(booster).explain(people.X, dtype=people.dtype, threads=people.threads)

    def against() -> None:
        for _ in people.explain(compile_model(booster)):
            pass

    jobs: dict[str, Callable[[], None]] = {PATH: by_path, AGAINST: against}
    runs: dict[str, list[Timing]] = {title: [] for title in jobs}
    for title in [*jobs] * (1 + repeats):
        runs[title].append(clock(jobs[title], len(people.X)))
    rates = {title: median_rates(each[1:]) for title, each in runs.items()}
    print(f"{'job':<34}{'s':>9}{'CPU s':>9}{'rows/s':>10}{'first, s':>10}")
    for title, (by_wall, by_cpu) in rates.items():
        seconds, cpu = len(people.X) / by_wall, len(people.X) / by_cpu
        print(f"{title:<34}{seconds:>9.1f}{cpu:>9.1f}{by_wall:>10,.0f}{runs[title][0].wall:>10.1f}")
    print(f"against peers takes {rates[PATH][1] / rates[AGAINST][1]:.2f} times the path-dependent game")
    return runs[AGAINST][-1]


def print_shap(booster: lgb.Booster, people: Population, rows: int, ours: Timing) -> None:
    group = int(people.groups[0])
    few, peers = people.X[people.groups == group][:rows], people.backgrounds[group]
    explainer = make_explainer(booster, peers)
    answers: list[Floats] = []
    with threadpool_limits(1):
        explainer.shap_values(few[:2], check_additivity=False)
        took = clock(lambda: answers.append(explainer.shap_values(few, check_additivity=False)), len(few))
    scaled = took.cpu / len(few) * len(people.X)
    print(
        f"{'shap interventional, scaled':<34}{'':>9}{scaled:>9,.0f}{1 / took.cpu * len(few):>10,.1f}", end=""
    )
    print(f"   {scaled / ours.cpu:,.0f} times ours (numbers only)")
    for dtype in ("float64", "float32"):
        found = compile_model(booster).explain(few, peers, dtype=dtype, threads=1)[:, :-1]
        print(f"furthest from shap, {dtype} tables: {np.abs(found - np.asarray(answers[0])).max():.1e}")


def make_explainer(booster: lgb.Booster, peers: Floats) -> Any:
    import shap  # noqa: PLC0415  its import takes seconds and is no part of a run

    masker = shap.maskers.Independent(peers, max_samples=len(peers))
    return shap.TreeExplainer(booster, masker, feature_perturbation="interventional")


def print_memory(booster: lgb.Booster, options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        booster.save_model(Path(name) / "model.txt")
        # A process of its own, so that the peak is that of this job alone.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            job = pool.submit(measure_memory, Path(name), options.rows, options.dtype)
            beside, zero = job.result()
    print(f"memory beside rows and the largest part of the result: {beside / 2**20:.0f} MiB")
    print(f"largest contribution of trade and band, which are alike in a group: {zero:g}")


def measure_memory(folder: Path, rows: int, dtype: str) -> tuple[int, float]:
    booster, people = lgb.Booster(model_file=folder / "model.txt"), Population.draw(rows, dtype)
    for _ in Population.draw(200, dtype).explain(compile_model(booster)):
        pass  # what is compiled just in time
    before, largest, furthest = forget_peak(), 0, 0.0
    for _, parts in people.explain(compile_model(booster)):
        largest = max(largest, parts.nbytes)
        furthest = max(furthest, float(np.abs(parts[:, [0, len(LEVELS)]]).max(initial=0.0)))
    return peak_memory() - before - largest, furthest


def print_exactness() -> None:
    """Hold small models with every kind of split against the definition: every coalition of every row."""
    brute = SimpleNamespace(**run_path(str(HELPERS / "brute.py")))
    small = SimpleNamespace(**run_path(str(HELPERS / "small_models.py")))
    furthest = {"float64": 0.0, "float32": 0.0}
    for recipe in small.RECIPES.values():
        booster = recipe.train(seed=11)
        X, peers = small.edge_rows(booster, recipe, 20, seed=12), recipe.data(13)[0][:40]
        wanted = brute.brute_against(booster, X, peers)
        for dtype, before in furthest.items():
            found = compile_model(booster).explain(X, peers, dtype=dtype)
            furthest[dtype] = max(before, float(np.abs(found - wanted).max()))
    said = ", ".join(f"{far:.1e} with {dtype} tables" for dtype, far in furthest.items())
    print(f"{len(small.RECIPES)} small models of every kind against all coalitions: furthest {said}")


if __name__ == "__main__":
    main()
