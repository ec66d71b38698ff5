"""Counts and rates that may leave the room: rounded, small ones withheld."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.arrays import Integers as Codes
from taxgap.risk.fairness.totals import POPULATION

WITHHELD = "[c]"
"""Stands in the place of a figure that is withheld."""

_KEYS = ["ranking", "dimension", "level"]


def publish(counts: pd.DataFrame, *, threshold: int, base: int) -> pd.DataFrame:
    """Return counts and rates as text; see `FairnessPack.to_publish`.

    Parameters
    ----------
    counts : DataFrame
        Of a pack.
    threshold : int
        Counts of fewer cases are withheld.
    base : int
        Counts are rounded to multiples of it.

    Returns
    -------
    DataFrame
    """
    if threshold < 1 or base < 1:
        raise UsageError("The threshold and the base are 1 or more.", where="threshold")
    table = _spread(counts)
    groups = table.groupby(["ranking", "dimension"], sort=False).ngroup().to_numpy()
    hidden = {
        "cases": _few(table, "cases", threshold),
        "taken": _few(table, "taken", threshold),
        # What was found is the rest: either count gives the other away.
        "no_change": _few(table, "no_change", threshold) | _few(table, "found", threshold),
    }
    hidden["taken"] |= hidden["cases"]
    hidden["no_change"] |= hidden["taken"]
    alike = table.groupby(["ranking", "level", "cases"], sort=False).ngroup().to_numpy()
    hidden = {
        name: _hide_more(few, table[name].to_numpy(np.float64), groups, alike) for name, few in hidden.items()
    }
    hidden["no_change"] |= hidden["taken"]
    rounded = {name: base * np.round(table[f"weight_{name}"].to_numpy(np.float64) / base) for name in hidden}
    shown = {name: _show_counts(rounded[name], few) for name, few in hidden.items()}
    rates = {
        "audit_rate": _show_rate(rounded["taken"], rounded["cases"], hidden["taken"] | hidden["cases"]),
        "no_change_rate": _show_rate(rounded["no_change"], rounded["taken"], hidden["no_change"]),
    }
    return table[_KEYS].assign(**shown, **rates)


def _spread(counts: pd.DataFrame) -> pd.DataFrame:
    every = counts[(counts["ranking"] == POPULATION) & (counts["quantity"] == "all")]
    level = every[["dimension", "level", "cases", "weight"]].rename(columns={"weight": "weight_cases"})
    own = counts[counts["ranking"] != POPULATION]
    taken, found = (own[own["quantity"] == q].drop(columns="quantity") for q in ("all", "found"))
    table = taken.rename(columns={"cases": "taken", "weight": "weight_taken"})
    table = table.merge(found.rename(columns={"cases": "found", "weight": "weight_found"}), on=_KEYS)
    table = table.merge(level, on=["dimension", "level"])
    return table.assign(
        no_change=table["taken"] - table["found"],
        weight_no_change=table["weight_taken"] - table["weight_found"],
    )


def _few(table: pd.DataFrame, name: str, threshold: int) -> Bools:
    few: Bools = np.less(table[name].to_numpy(dtype=np.float64), threshold)
    return few


def _hide_more(hidden: Bools, size: Floats, groups: Codes, alike: Codes) -> Bools:
    """Hide the next smallest where one level is hidden alone, and the same level in every dimension."""
    while True:
        more = _hide_second(hidden, size, groups)
        # Wales is a nation and a region: a figure that is hidden in one would be read in the other.
        more = np.bincount(alike, more)[alike] > 0
        if (more == hidden).all():
            return hidden
        hidden = more


def _hide_second(hidden: Bools, size: Floats, groups: Codes) -> Bools:
    alone = np.bincount(groups, hidden)[groups] == 1
    left = np.where(hidden, np.inf, size)
    smallest = pd.Series(left).groupby(groups).rank(method="first").to_numpy() == 1
    # Everybody has no other level to be subtracted from.
    more = np.bincount(groups)[groups] > 1
    second: Bools = hidden | (alone & smallest & more & ~hidden)
    return second


def _show_counts(rounded: Floats, hidden: Bools) -> list[str]:
    return [WITHHELD if hide else f"{count:,.0f}" for count, hide in zip(rounded, hidden, strict=True)]


def _show_rate(above: Floats, below: Floats, hidden: Bools) -> list[str]:
    gone = hidden | (below <= 0)
    share = np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
    return [WITHHELD if hide else f"{rate:.1%}" for rate, hide in zip(share, gone, strict=True)]
