"""Limits in words: which were missed, and which is closest to being missed."""

from __future__ import annotations

import pandas as pd

_SURER = "A limit set tighter by a case is surer to be kept."


def tell_misses(limits: pd.DataFrame) -> list[str]:
    """Return a sentence for each limit that the draw misses, and what would make it surer.

    Parameters
    ----------
    limits : DataFrame
        As of `Caseload.limits`.

    Examples
    --------
    >>> amounts = {"bound": [8.0], "expected": [9.1], "drawn": [7.0], "kept": [False]}
    >>> told = pd.DataFrame({"limit": ["coverage of Wales"], "kind": ["coverage"], **amounts})
    >>> tell_misses(told)[0]
    'The draw misses the coverage of Wales: 7 cases; the least is 8, 9.1 were expected.'
    """
    missed = limits[~limits["kept"].astype(bool)]
    told = [
        f"The draw misses the {row['limit']}: "
        f"{_say_cases(row) if row['kind'] == 'coverage' else _say_hours(row)} were expected."
        for _, row in missed.iterrows()
    ]
    return [*told, *([_SURER] if told else [])]


def sum_up(limits: pd.DataFrame) -> str:
    """Return how many limits are kept, and of caps and coverage which is closest to being missed.

    Examples
    --------
    >>> amounts = {"bound": [8.0, 60.0], "expected": [9.1, 55.0], "drawn": [9.0, 59.0], "kept": [True, True]}
    >>> names = ["coverage of Wales", "cap of decile 1"]
    >>> sum_up(pd.DataFrame({"limit": names, "kind": ["coverage", "cap"], **amounts}))
    'Limits: 2 of 2 are kept; the closest is the cap of decile 1, with 59.0 hours of at most 60.0.'
    """
    kept = limits["kept"].astype(bool)
    said = f"Limits: {int(kept.sum()):,} of {len(limits):,} are kept"
    others = limits[limits["kind"].ne("hours") & kept & limits["bound"].gt(0)]
    if not kept.all() or others.empty:
        return f"{said}{'' if kept.all() else '; the notes name the others'}."
    closest = others.loc[(others["drawn"] / others["bound"] - 1).abs().idxmin()]
    drawn = (
        f"{closest['drawn']:,.0f} cases of at least {closest['bound']:,.0f}"
        if closest["kind"] == "coverage"
        else f"{closest['drawn']:,.1f} hours of at most {closest['bound']:,.1f}"
    )
    return f"{said}; the closest is the {closest['limit']}, with {drawn}."


def _say_cases(row: pd.Series) -> str:
    return f"{row['drawn']:,.0f} cases; the least is {row['bound']:,.0f}, {row['expected']:,.1f}"


def _say_hours(row: pd.Series) -> str:
    total = row["bound"] / row["bound_share"]
    most, expected = (f"{row[name]:,.1f} ({row[f'{name}_share']:.1%})" for name in ("bound", "expected"))
    drawn = f"{row['drawn']:,.1f} hours, {row['drawn_share']:.1%} of all {total:,.0f}"
    return f"{drawn}; the most is {most}, {expected}"
