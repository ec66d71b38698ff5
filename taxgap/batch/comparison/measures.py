"""What is counted of two nights, among joined returns: flags, ranks, levels, parts of the rule, reasons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.stability import index_of
from taxgap.validation.quality.statistics import wilson

FAR = 0.1
"""Returns that moved by more than this share of their list have moved far."""

BINS = 10
QUANTILES = (0.05, 0.5, 0.95)

_ROUNDING = 1e-9
_DIGITS = 12


def _share(name: str, counted: pd.Series | Bools, taxpayers: pd.Series) -> dict[str, float]:
    """Return a share with Wilson's interval, at the number of returns that the taxpayers are worth."""
    n = len(counted)
    if not n:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"), np.nan)
    values = np.asarray(counted, dtype=np.float64)
    share, codes = float(values.mean()), pd.factorize(taxpayers)[0]
    between = float((np.bincount(codes, values - share) ** 2).sum()) / n**2
    # Where all are alike nothing tells how much returns of a taxpayer are: each taxpayer counts once.
    worth: float = min(share * (1 - share) / between, n) if between > 0 else float(codes.max() + 1)
    low, high = wilson(share * worth, worth)
    return {name: share, f"{name}_low": float(low), f"{name}_high": float(high)}


def count_returns(part: pd.DataFrame) -> list[dict[str, Any]]:
    """Count the returns of both nights, and of one alone."""
    before, after = part["in_before"], part["in_after"]
    counts = {"both": before & after, "only_before": ~after, "only_after": ~before}
    return [{name: int(counted.sum()) for name, counted in counts.items()}]


def compare_flags(part: pd.DataFrame) -> list[dict[str, Any]]:
    """Count the flags kept, new and dropped, and their overlap."""
    before, after = part["flagged_before"], part["flagged_after"]
    kept, new, dropped = before & after, after & ~before, before & ~after
    counts = {"before": before, "after": after, "kept": kept, "new": new, "dropped": dropped}
    counts |= {"new_returns": new & ~part["in_before"], "gone_returns": dropped & ~part["in_after"]}
    row: dict[str, Any] = {name: int(counted.sum()) for name, counted in counts.items()}
    whose = part["taxpayer"]
    row |= _share("new_share", new[after], whose[after])
    row |= _share("dropped_share", dropped[before], whose[before])
    return [row | _share("overlap", kept[before | after], whose[before | after])]


def compare_ranks(part: pd.DataFrame) -> list[dict[str, Any]]:
    """Correlate ranks, and count the flagged that moved far."""
    both = part[part["in_before"] & part["in_after"]]
    by_year = both.groupby("tax_year")
    ranks = [by_year[f"rank_{side}"].rank(pct=True).to_numpy() for side in ("before", "after")]
    flagged = both[both["flagged_before"] | both["flagged_after"]]
    move = (flagged["place_after"] - flagged["place_before"]).abs()
    far = _share("moved_far", move > FAR + _ROUNDING, flagged["taxpayer"])
    return [{"spearman": _correlate(*ranks), "flagged": len(flagged), **far}]


def _correlate(first: Floats, second: Floats) -> float:
    if len(first) < 2 or not first.std() or not second.std():
        return float("nan")
    return round(float(np.corrcoef(first, second)[0, 1]), _DIGITS)


def compare_levels(part: pd.DataFrame) -> list[dict[str, Any]]:
    """Compare the distributions of probability and score."""
    rows = []
    for name in ("probability", "score"):
        sides = [part.loc[part[f"in_{side}"], f"{name}_{side}"].to_numpy() for side in ("before", "after")]
        means = [float(values.mean()) if len(values) else np.nan for values in sides]
        row: dict[str, Any] = {"what": name, "mean_before": means[0], "mean_after": means[1]}
        row["mean_shift"] = means[1] - means[0]
        levels = [np.quantile(values, QUANTILES) if len(values) else np.full(3, np.nan) for values in sides]
        shifts = zip(QUANTILES, levels[1] - levels[0], strict=True)
        row |= {f"q{100 * level:02.0f}_shift": float(shift) for level, shift in shifts}
        rows.append(row | _stability(*sides))
    return rows


def _stability(before: Floats, after: Floats) -> dict[str, float]:
    """Return the population stability index, and what independent samples so large give by chance."""
    if not len(before) or not len(after):
        return {"psi": np.nan, "psi_by_chance": np.nan}
    edges = np.unique(np.quantile(before, np.arange(1, BINS) / BINS))
    first, second = (
        np.bincount(np.searchsorted(edges, side, side="right"), minlength=len(edges) + 1).astype(np.float64)
        for side in (before, after)
    )
    index, _, freedom, size = index_of(first, second)
    return {"psi": index, "psi_by_chance": freedom / size}


def compare_rules(part: pd.DataFrame) -> list[dict[str, Any]]:
    """Say how many meet each part of the flag rule, and which part new and dropped flags failed."""
    there = part["in_before"] & part["in_after"]
    new = there & part["flagged_after"] & ~part["flagged_before"]
    dropped = there & part["flagged_before"] & ~part["flagged_after"]
    rows = []
    for name in ("probability", "rank"):
        row: dict[str, Any] = {"what": name}
        for side in ("before", "after"):
            own = part[f"in_{side}"]
            row |= _share(side, part.loc[own, f"{name}_met_{side}"], part.loc[own, "taxpayer"])
        row["unmet_before"] = int((new & ~part[f"{name}_met_before"]).sum())
        rows.append(row | {"unmet_after": int((dropped & ~part[f"{name}_met_after"]).sum())})
    return rows


def of_both(part: pd.DataFrame) -> pd.DataFrame:
    """Keep the returns that are flagged and explained on both nights."""
    names = ["flagged_before", "flagged_after", "explained_before", "explained_after"]
    return part[part[names].all(axis=1)]


def compare_reasons(part: pd.DataFrame) -> list[dict[str, Any]]:
    """Count those whose first reason changed, and whose reasons changed in any way."""
    both = of_both(part)
    first = _share("first_changed", both["reason_before"] != both["reason_after"], both["taxpayer"])
    return [{"compared": len(both), **first, **_share("set_changed", ~both["same_set"], both["taxpayer"])}]
