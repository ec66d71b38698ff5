"""Models and rows that the benchmarks of explanations share: drawn by seed, trained anew, kept nowhere."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats: TypeAlias = NDArray[np.float64]

FEATURES = 60
LEVELS = (10, 4, 6, 12, 20, 30, 40)  # of the first seven columns; the first one is the trade
BANDS = 8  # the eighth column is the size band, a number; trade and band define 80 groups of peers
COUNTS = range(8, 20)
WITH_GAPS = range(20, 44)
GAPS = 0.25
TRAIN_ROWS = 200_000
SPREAD = 1.5  # standard deviation of the target, as of a log of expected tax


@dataclass(frozen=True)
class Design:
    """How large a model is, and how many rows are explained in a run."""

    trees: int
    leaves: int
    rows: int
    depth: int = -1


DESIGNS = {
    "S": Design(200, 31, 200_000),
    "M": Design(500, 63, 50_000, depth=8),
    "L": Design(1_000, 127, 10_000),
}


def draw_rows(rows: int, seed: int) -> Floats:
    """Draw rows: seven categorical features, a band, twelve counts, forty amounts, 24 of them with gaps."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(rows, 4))
    X = np.empty((rows, FEATURES))
    for place, levels in enumerate(LEVELS):
        X[:, place] = _cut(random.normal(hidden[:, place % 4], 1.5), levels)
    X[:, len(LEVELS)] = _cut(hidden[:, 1], BANDS)
    for place in range(COUNTS.start, FEATURES):
        X[:, place] = random.normal(hidden[:, place % 4] / 2, 1.0)
    X[:, COUNTS.start : COUNTS.stop] = np.floor(np.exp(X[:, COUNTS.start : COUNTS.stop].clip(None, 3)))
    X[:, WITH_GAPS.start : WITH_GAPS.stop][random.random((rows, len(WITH_GAPS))) < GAPS] = np.nan
    return X


def _cut(values: Floats, levels: int) -> Floats:
    """Cut values into levels of about the same number of rows."""
    return np.floor(ndtr(values / values.std()) * levels).clip(0, levels - 1)


def draw_target(X: Floats, seed: int) -> Floats:
    """Draw a target to which every column gives something, through waves, thresholds and pairs."""
    random = np.random.default_rng(seed)
    filled = np.nan_to_num(X, nan=0.5)
    target = random.normal(size=len(X)) / 2
    for place in range(FEATURES):
        x, other = filled[:, place], filled[:, (7 * place + 3) % FEATURES]
        effects = random.normal(size=64)[x.astype(np.int64) % 64] if place < len(LEVELS) else np.sin(1.3 * x)
        target += effects + 0.8 * (x > np.median(x)) * np.cos(other)
    return SPREAD * (target - target.mean()) / target.std()


def draw_groups(X: Floats) -> NDArray[np.int64]:
    """Give the peer group of each row: trade and size band, 0 to 79."""
    return (X[:, 0] * BANDS + X[:, len(LEVELS)]).astype(np.int64)


def train(name: str, *, levels: bool = True, rows: int = TRAIN_ROWS, threads: int = 1) -> lgb.Booster:
    """Train model S, M or L; without ``levels`` the categorical columns count as numbers."""
    design = DESIGNS[name]
    settings = {
        "verbose": -1,
        "seed": 0,
        "deterministic": True,
        "num_threads": threads,
        "num_leaves": design.leaves,
        "max_depth": design.depth,
        "learning_rate": 0.05,
        "min_data_per_group": 20,
    }
    X = draw_rows(rows, seed=1)
    places = list(range(len(LEVELS))) if levels else []
    data = lgb.Dataset(X, draw_target(X, seed=2), categorical_feature=places, params=settings)
    start = time.perf_counter()
    booster = lgb.train(settings, data, num_boost_round=design.trees)
    kind = "" if levels else ", numbers only"
    print(f"\n{name}{kind}: {describe(booster)}; trained in {time.perf_counter() - start:.0f} s", flush=True)
    return booster


def describe(booster: lgb.Booster) -> str:
    """Say how large the trees became."""
    text = booster.model_to_string()
    leaves = [int(each) for each in re.findall(r"^num_leaves=(\d+)$", text, re.MULTILINE)]
    levels = [int(each) for each in re.findall(r"^num_cat=(\d+)$", text, re.MULTILINE)]
    share = sum(levels) / max(1, sum(leaves) - len(leaves))
    return f"{len(leaves):,} trees, {np.mean(leaves):.1f} leaves a tree, {share:.0%} of splits categorical"


@dataclass(frozen=True)
class Timing:
    """What one run took."""

    rows: int
    wall: float
    cpu: float


def clock(job: Callable[[], object], rows: int) -> Timing:
    """Time a job by the wall and by the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    job()
    return Timing(rows, time.perf_counter() - wall, time.process_time() - cpu)


def median_rates(runs: list[Timing]) -> tuple[float, float]:
    """Rows a second of wall time and of processor time, medians over runs."""
    by_wall, by_cpu = ([run.rows / getattr(run, key) for run in runs] for key in ("wall", "cpu"))
    return float(np.median(by_wall)), float(np.median(by_cpu))


def forget_peak() -> int:
    """Start the peak of memory anew and return what is held now, in bytes (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def peak_memory() -> int:
    """Return the peak of memory since `forget_peak`, in bytes (Linux)."""
    return _status("VmHWM")


def _status(name: str) -> int:
    if not sys.platform.startswith("linux"):
        sys.exit("Memory is measured on Linux only.")
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
