"""Two nights of scores compared: which flags are new, what moved, and whose reasons changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from taxgap.batch.comparison.measures import (
    compare_flags,
    compare_levels,
    compare_ranks,
    compare_reasons,
    compare_rules,
    count_returns,
    of_both,
)
from taxgap.batch.comparison.nights import KEYS, NUMBERS, Scores, check_regimes, join_nights, open_night
from taxgap.batch.comparison.result import ALL, ScoreComparison, say_left_out, set_side_by_side
from taxgap.risk.flagging import within_share

MOVERS = 100
NO_REASON = "no single reason"

Parts: TypeAlias = list[tuple[str, pd.DataFrame]]  # the returns of each tax year, and of all


def compare_scores(before: Scores, after: Scores, *, movers: int = MOVERS) -> ScoreComparison:
    """Compare two nights of scores, return by return.

    Parameters
    ----------
    before, after : DataFrame, str or Path
        Frames as `taxgap.score` returns them, or folders that `taxgap score` wrote; of the same regime.
        Models, dates and settings may differ, and are shown side by side.
    movers : int, default 100
        The most returns in `movers`.

    Returns
    -------
    ScoreComparison

    Raises
    ------
    IncompatibleError
        The regimes differ, or a folder is of a newer format.
    InvalidDataError
        A frame lacks a column or holds a return twice; a folder holds no scores, or a file was changed.

    Notes
    -----
    Returns are joined by `taxpayer_id` and `period`. The overlap of the flags is Jaccard's: flagged on both
    nights over flagged on either. Rank correlation is Spearman's, among the returns of both nights. The
    population stability index is sum((p - q) log(p / q)) over the tenths of the first night, half a return
    added to every bin. Intervals of shares are Wilson's at the 95% level, at the number of returns that their
    taxpayers are worth: p (1 - p) / V, V being the variance of p between taxpayers.

    Examples
    --------
    >>> columns = {"period": "2023-24", "regime": "self_assessment", "population_mean": 5.0}
    >>> night = pd.DataFrame({"taxpayer_id": ["A", "B"], **columns, "probability": [0.6, 0.4]})
    >>> night = night.assign(score=[7.0, 6.0], rank=[1, 2], flagged=[True, False])
    >>> other = night.assign(rank=[2, 1], flagged=[False, True])
    >>> found = compare_scores(night, other)
    >>> found.flags[["kept", "new", "dropped"]].iloc[-1].tolist()
    [0, 1, 1]
    """
    first, second = open_night(before, "before"), open_night(after, "after")
    check_regimes(first, second)
    joined, levels = join_nights(first, second)
    rules = first.rule is not None and second.rule is not None
    for side, night in (("before", first), ("after", second)):
        joined = joined.assign(**_meet(joined, side, *night.rule)) if rules and night.rule else joined
    parts = [*((str(year), part) for year, part in joined.groupby("tax_year")), (ALL, joined)]
    moved = _list_changes(joined, levels)
    files = all((*first.parts.values(), *second.parts.values()))
    return ScoreComparison(
        about=set_side_by_side(first.about, second.about),
        equal_bytes=first.parts == second.parts if files else None,
        returns=_each(parts, count_returns),
        flags=_each(parts, compare_flags),
        ranks=_each(parts, compare_ranks),
        drift=_each(parts, compare_levels),
        rule=_each(parts, compare_rules) if rules else None,
        reasons=None if levels is None else _each(parts, compare_reasons),
        reason_moves=None if levels is None else _count_moves(joined, levels),
        movers=_find_movers(moved, movers),
        changed=moved,
        notes=tuple(say_left_out(len(first.codes), len(second.codes), rule=rules)),
    )


def _each(parts: Parts, measure: Callable[[pd.DataFrame], list[dict[str, Any]]]) -> pd.DataFrame:
    return pd.DataFrame([{"period": year, **row} for year, part in parts for row in measure(part)])


def _list_changes(joined: pd.DataFrame, levels: list[str] | None) -> pd.DataFrame:
    """List the returns of which anything changed, by their keys."""
    same = joined["in_before"] & joined["in_after"] & joined["same_set"]
    reasons = [] if levels is None else ["reason"]
    for name in (*NUMBERS, "flagged", "explained", *reasons):
        same &= joined[f"{name}_before"] == joined[f"{name}_after"]
    rows = joined[~same].sort_values(KEYS, ignore_index=True)
    before, after = rows["flagged_before"], rows["flagged_after"]
    flag = np.select([before & after, after, before], ["kept", "new", "dropped"], "")
    columns = {name: rows[name] for name in (*KEYS, "tax_year", "in_before", "in_after")}
    columns |= {"flag": pd.Series(flag, dtype="str"), "move": rows["place_after"] - rows["place_before"]}
    for name in ("rank", "score", "probability", *reasons):
        columns |= {f"{name}_{side}": rows[f"{name}_{side}"] for side in ("before", "after")}
    for side in ("before", "after"):
        columns[f"rank_{side}"] = columns[f"rank_{side}"].astype("Int64")
        if levels is not None:
            columns[f"reason_{side}"] = _name(columns[f"reason_{side}"], levels)
    return pd.DataFrame(columns)


def _find_movers(changed: pd.DataFrame, most: int) -> pd.DataFrame:
    far = changed.loc[changed["flag"] != "", "move"].abs()
    order = far[far > 0].sort_values(ascending=False, kind="stable").index[:most]
    return changed.loc[order].reset_index(drop=True)


def _count_moves(joined: pd.DataFrame, levels: list[str]) -> pd.DataFrame:
    counts = of_both(joined).groupby(["reason_before", "reason_after"]).size().reset_index(name="returns")
    for side in ("before", "after"):
        counts[f"reason_{side}"] = _name(counts[f"reason_{side}"], levels).fillna(NO_REASON)
    order = ["returns", "reason_before", "reason_after"]
    return counts.sort_values(order, ascending=[False, True, True], ignore_index=True)


def _name(codes: pd.Series, levels: list[str]) -> pd.Series:
    return pd.Series(np.array([*levels, None], dtype=object)[codes.to_numpy()], codes.index, dtype="str")


def _meet(joined: pd.DataFrame, side: str, cutoff: float, share: float) -> dict[str, Any]:
    """Tell which returns meet each part of a night's flag rule."""
    there = joined[f"in_{side}"].to_numpy()
    ranks = joined.loc[there, f"rank_{side}"].to_numpy()
    within = np.zeros(len(joined), dtype=np.bool_)
    within[there] = within_share(joined.loc[there, "tax_year"], ranks, share)
    probable = joined[f"probability_{side}"] >= cutoff
    return {f"probability_met_{side}": probable, f"rank_met_{side}": within}
