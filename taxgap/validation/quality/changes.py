"""What got worse: the latest year against those before it, and each region against the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from taxgap.schemas import TABLES
from taxgap.schemas.codes import REGION_NATION, REGIONS
from taxgap.validation.quality.cells import ALL
from taxgap.validation.quality.counts import QualityCounts
from taxgap.validation.quality.cube import FEWEST, Cube, cube_of
from taxgap.validation.quality.statistics import (
    PRIOR,
    Numbers,
    adjust,
    difference_interval,
    p_lower,
    spread,
)

CHANGE_COLUMNS = (
    "by",
    "table",
    "column",
    "group",
    "measure",
    "year",
    "nation",
    "region",
    "cases",
    "share",
    "cases_before",
    "share_before",
    "difference",
    "low",
    "high",
    "days",
    "p_value",
    "q_value",
    "worse",
)
_OF = ["by", "table", "column", "group", "measure", "year", "nation", "region"]
_TIMELY = "timeliness"
_NUMBERS = {
    "cases": "n",
    "good": "good",
    "cases_before": "n_before",
    "good_before": "good_before",
    "rho": "rho",
    "others": "others",
}


class Comparisons(NamedTuple):
    """All comparisons that could be made.

    Attributes
    ----------
    frame : DataFrame
        Columns `CHANGE_COLUMNS`.
    left_out : int
        Comparisons of fewer than `FEWEST` cases on either side.
    """

    frame: pd.DataFrame
    left_out: int


@dataclass(frozen=True)
class _Sides:
    """Both sides of comparisons: arrays by group and row of `Cube.stats`, and what is compared."""

    n: Numbers
    good: Numbers
    n_before: Numbers
    good_before: Numbers
    rho: Numbers  # how much the other years or regions vary among themselves
    others: Numbers  # how many of them there are
    labels: dict[str, str]


def compare(counts: QualityCounts) -> Comparisons:
    """Compare the latest year of each table with those before it, and each region with the others.

    Parameters
    ----------
    counts : QualityCounts

    Returns
    -------
    Comparisons
        `worse` is left to `name_worse`.
    """
    cubes = [
        cube for name in TABLES if name in counts.tables and (cube := cube_of(name, counts.tables[name]))
    ]
    frames = [frame for cube in cubes for frame in (*_by_year(cube), *_by_place(cube))]
    if not frames:
        return Comparisons(pd.DataFrame(columns=list(CHANGE_COLUMNS)), 0)
    frame = pd.concat(frames, ignore_index=True)
    enough = (frame["cases"] >= FEWEST) & (frame["cases_before"] >= FEWEST)
    some = (frame["cases"] > 0) | (frame["cases_before"] > 0)
    left_out = (some & ~enough).groupby([frame[name] for name in _OF if name != "year"]).all().sum()
    return Comparisons(_with_tests(frame[enough]), int(left_out))


def name_worse(frame: pd.DataFrame, rate: float, smallest: float) -> pd.DataFrame:
    """Say which comparisons got worse beyond noise, those first, the largest difference before smaller ones.

    Parameters
    ----------
    frame : DataFrame
        Of `Comparisons`, or a part of it: only these comparisons are allowed for.
    rate : float
        False discovery rate.
    smallest : float
        The least difference of shares that is named.
    """
    p, share, before = (
        frame[name].to_numpy(dtype=np.float64) for name in ("p_value", "share", "share_before")
    )
    # Where nothing fails on either side, or everything does, nothing could have been named (Tarone 1990).
    open_question = (share + before > 0) & (share + before < 2)
    q = np.ones(len(frame))
    q[open_question] = adjust(p[open_question])
    worse = (q <= rate) & (frame["difference"].to_numpy(dtype=np.float64) <= -smallest)
    named = frame.assign(q_value=q, worse=worse)
    order = ["worse", "difference", *_OF]
    return named.sort_values(order, ascending=[False, *[True] * (len(order) - 1)], ignore_index=True)


def _by_year(cube: Cube) -> list[pd.DataFrame]:
    if len(cube.years) < 2:
        return []
    cube, limits = _with_timeliness(cube, cube.usual_days_before())
    n, good = cube.n.sum(axis=2), cube.good.sum(axis=2)
    before = slice(0, -1)
    labels = {"by": "year", "year": cube.years[-1], "nation": ALL, "region": ALL}
    n_before, good_before = (block[:, before].sum(axis=1) for block in (n, good))
    rho, others = _spread(good[:, before], n[:, before])
    sides = _Sides(n[:, -1], good[:, -1], n_before, good_before, rho, others, labels)
    return [_frame(cube, [sides], limits)]


def _by_place(cube: Cube) -> list[pd.DataFrame]:
    cube, limits = _with_timeliness(cube, cube.usual_days_of_regions())
    known = slice(0, len(REGIONS))
    whole = (cube.n[:, :, known].sum(axis=1), cube.good[:, :, known].sum(axis=1), ALL)
    latest = (cube.n[:, -1, known], cube.good[:, -1, known], cube.years[-1])
    times = (whole, latest) if len(cube.years) > 1 else (whole,)
    places = _places()
    return [
        _frame(
            cube,
            [
                _apart(n, good, inside, {"by": "region", "year": year, "nation": nation, "region": region})
                for n, good, year in times
                for nation, region, inside in places
            ],
            limits,
        )
    ]


def _places() -> list[tuple[str, str, NDArray[np.bool_]]]:
    # Each region, and the one nation that has more than one.
    nations = np.array([REGION_NATION[region] for region in REGIONS])
    several = [nation for nation in dict.fromkeys(nations.tolist()) if (nations == nation).sum() > 1]
    regions = [(REGION_NATION[region], region, np.array(REGIONS) == region) for region in REGIONS]
    return [*regions, *((nation, ALL, nations == nation) for nation in several)]


def _apart(n: Numbers, good: Numbers, inside: NDArray[np.bool_], labels: dict[str, str]) -> _Sides:
    n_in, good_in, n_out, good_out = (
        block[:, side].sum(axis=1) for side in (inside, ~inside) for block in (n, good)
    )
    rho, others = _spread(good[:, ~inside], n[:, ~inside])
    return _Sides(n_in, good_in, n_out, good_out, rho, others, labels)


def _spread(good: Numbers, n: Numbers) -> tuple[Numbers, Numbers]:
    groups, columns, measured = n.shape
    flat = [np.moveaxis(block, 1, 2).reshape(groups * measured, columns) for block in (good, n)]
    others = (n > 0).sum(axis=1).astype(np.float64)
    return spread(*flat).reshape(groups, measured), others


def _with_timeliness(cube: Cube, limits: Numbers) -> tuple[Cube, Numbers]:
    # A table whose rows have a day on which they are due is judged by that; others by what is usual.
    if not len(cube.days) or cube.table == "obligations":
        return cube, np.full(len(cube.groups), np.nan)
    n, good = cube.n.copy(), cube.good.copy()
    place = cube.stats.index[cube.stats["measure"] == _TIMELY][0]
    n[..., place], good[..., place] = cube.in_time(limits)
    return replace(cube, n=n, good=good), limits


def _frame(cube: Cube, sides: list[_Sides], limits: Numbers) -> pd.DataFrame:
    group, stat = np.nonzero(cube.compared)
    often = len(sides)
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(side, field)[group, stat] for side in sides])
        for name, field in _NUMBERS.items()
    }
    columns["group"] = np.tile(np.array(cube.groups, dtype=object)[group], often)
    columns |= {name: np.tile(values.to_numpy()[stat], often) for name, values in cube.stats.items()}
    for name in ("by", "year", "nation", "region"):
        columns[name] = np.repeat(np.array([side.labels[name] for side in sides], dtype=object), len(stat))
    timely = columns["measure"] == _TIMELY
    columns["days"] = np.where(timely, np.tile(limits[group], often), np.nan)
    return pd.DataFrame(columns).assign(table=cube.table)


def _with_tests(frame: pd.DataFrame) -> pd.DataFrame:
    n, good, n0, good0, others = (
        frame[name].to_numpy() for name in ("cases", "good", "cases_before", "good_before", "others")
    )
    pooled = (good + good0) / (n + n0)
    freedom = others - 1 + PRIOR
    drift = _drift(frame) * pooled * (1 - pooled) * (1 + 1 / others)
    low, high = difference_interval(good, n, good0, n0, stats.t.ppf(0.975, freedom) * np.sqrt(drift))
    frame = frame.assign(
        share=good / n,
        share_before=good0 / n0,
        difference=good / n - good0 / n0,
        low=low,
        high=high,
        p_value=p_lower(good, n, good0, n0, drift=drift, freedom=freedom),
        cases=n.astype(np.int64),
        cases_before=n0.astype(np.int64),
    )
    return _stronger(frame).reindex(columns=list(CHANGE_COLUMNS))


def _drift(frame: pd.DataFrame) -> Numbers:
    # What is seen of each comparison, drawn towards what is usual for its measure: a few years say little.
    seen = (frame["others"] - 1).clip(lower=0)
    usual = frame["rho"].groupby([frame["by"], frame["measure"], frame["required"]]).transform("mean")
    own = frame["rho"].fillna(0.0) * seen + usual.fillna(0.0).clip(lower=0.0) * PRIOR
    return np.asarray((own / (seen + PRIOR)).clip(lower=0.0), dtype=np.float64)


def _stronger(frame: pd.DataFrame) -> pd.DataFrame:
    # Of a region's two comparisons, over all years and in the latest, the stronger stands for both.
    same = [name for name in _OF if name != "year"]
    tried = frame.groupby(same, sort=False)["p_value"].transform("size")
    frame = frame.assign(p_value=np.minimum(frame["p_value"] * tried, 1.0))
    return frame.sort_values("p_value", kind="stable").drop_duplicates(same).sort_index()
