"""The gap of each cell, built as the published one is, from what random enquiries found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd

from taxgap.calibration.cells import CELLS
from taxgap.calibration.intervals import Z95, ratio_of_sums
from taxgap.calibration.row import Interval
from taxgap.calibration.sums import Sums, at

MIN_CASES = 100
"""Closed random enquiries below which a cell is not estimated from them, but from what officers would have
found in all its returns, which only the truth says. The published gap of mid-sized and large businesses
does not rest on random enquiries either, but on cases chosen for risk."""

_COLUMNS = ("returns", "declared", "written_off", "written_off_2", "yield", "lost", "cases")
_MOMENTS = ("k", "ky", "kk", "kky", "kkyy")


@dataclass(frozen=True)
class Gaps:
    """The gap of a population, cell by cell; GBP a year of the whole population.

    Attributes
    ----------
    table : DataFrame
        By tax and cell: `returns, declared, gross` (under-declared tax as estimated)`, variance` (of
        `gross`)`, written_off, yield, lost` (under-declared tax as it truly is)`, cases` (closed random
        enquiries)`, sampled` (whether it rests on them)`, customer`.
    behaviours : DataFrame
        By tax and cell, one column a behaviour: shares of `gross`.
    hidden : DataFrame
        By tax and kind of unregistered person: `lost`, `people`.
    multipliers : dict of str to dict
        By tax: `detection, low, high, multiplier, missed_whole`.
    years : int
        The tax years that were taken together.
    """

    table: pd.DataFrame
    behaviours: pd.DataFrame
    hidden: pd.DataFrame
    multipliers: dict[str, dict[str, float]]
    years: int

    @property
    def net(self) -> pd.Series:
        """The gap of each cell: under-declared tax and what was written off, less what enquiries found."""
        return self.table["gross"] + self.table["written_off"] - self.table["yield"]

    @property
    def variance(self) -> pd.Series:
        """The variance of the gap of each cell: of what is found, and of the few large debts written off."""
        return self.table["variance"] + self.table["debt_variance"]

    @property
    def theoretical(self) -> pd.Series:
        """Receipts plus gap, which is what is declared plus what is not."""
        return self.table["declared"] + self.table["gross"]

    def hidden_from(self, regime: str) -> float:
        """Return the tax that unregistered people do not pay, in GBP a year."""
        mine = self.hidden[self.hidden.index.get_level_values("regime") == regime]
        return float(mine["lost"].sum())

    def total(self) -> float:
        """Return the gap of all taxes, in GBP a year."""
        return float(self.net.sum() + self.hidden["lost"].sum())

    def share_of_liability(self, cells: pd.Series, hidden: float = 0.0) -> Interval:
        """Return the gap of some cells as a share of their theoretical liability.

        Parameters
        ----------
        cells : Series of bool
            Which cells, by the index of `table`.
        hidden : float, default 0
            Tax of unregistered people that belongs to it, in GBP a year.

        Notes
        -----
        G / T with T = declared + gross. dG/dgross = dT/dgross = 1, so that the variance is ((T - G) / T^2)^2
        Var(gross) + Var(written off) / T^2. The multiplier counts as known.
        """
        gap = float(self.net[cells].sum()) + hidden
        due = float(self.theoretical[cells].sum()) + hidden
        if due <= 0:
            return float("nan"), float("nan"), float("nan")
        mine = self.table.loc[cells, ["variance", "debt_variance"]].sum()
        half = (
            Z95
            * sqrt(float(mine["variance"]) * ((due - gap) / due) ** 2 + float(mine["debt_variance"]))
            / due
        )
        return gap / due, gap / due - half, gap / due + half

    def share_of_total(self, part: pd.Series, outside: float = 0.0) -> Interval:
        """Return a part of the gap as a share of all of it.

        Parameters
        ----------
        part : Series of float
            For each cell, the share of its gap that belongs to the part.
        outside : float, default 0
            What belongs to it beside the cells, in GBP a year.

        Notes
        -----
        A / B with A = sum s_c g_c, so that the variance is the sum of ((s_c - A/B) / B)^2 Var(g_c).
        """
        whole = self.total()
        if whole <= 0:
            return float("nan"), float("nan"), float("nan")
        share = (float((part * self.net).sum()) + outside) / whole
        half = Z95 * sqrt(float(((part - share) ** 2 * self.variance).sum())) / whole
        return share, share - half, share + half

    def share_of_debt(self) -> Interval:
        """Return what was written off as a share of the gap."""
        whole = self.total()
        if whole <= 0:
            return float("nan"), float("nan"), float("nan")
        share = float(self.table["written_off"].sum()) / whole
        found, debt = float(self.table["variance"].sum()), float(self.table["debt_variance"].sum())
        half = Z95 * sqrt(share**2 * found + (1 - share) ** 2 * debt) / whole
        return share, share - half, share + half

    def amount(self, cells: pd.Series, hidden: float = 0.0) -> Interval:
        """Return the gap of some cells in GBP a year."""
        gap = float(self.net[cells].sum()) + hidden
        half = Z95 * sqrt(float(self.variance[cells].sum()))
        return gap, gap - half, gap + half

    def cells_named(self, regime: str, cell: str) -> pd.Series:
        """Return which cells are this one, by the index of `table`."""
        return self.cells(lambda tax, name, _: (tax, name) == (regime, cell))

    def cells(self, test: Callable[[str, str, str], bool]) -> pd.Series:
        """Return which cells pass a test of tax, cell and customer group."""
        names = zip(self.table.index, self.table["customer"], strict=True)
        return pd.Series(
            [bool(test(regime, cell, customer)) for (regime, cell), customer in names],
            index=self.table.index,
            dtype=bool,
        )


def estimate_gaps(sums: Sums, years: int) -> Gaps:
    """Estimate the gap of each cell.

    Parameters
    ----------
    sums : dict of DataFrame
        From `taxgap.calibration.cells.tally_cells` and `taxgap.calibration.hidden.tally_hidden`, added up.
    years : int
        The tax years that they cover.

    Returns
    -------
    Gaps

    Notes
    -----
    gross = N u m: N returns of the cell, u the mean tax found by its closed random enquiries,
    each weighted by what its taxpayer stands for over its inclusion probability, and m the inverse of the
    share of the tax lost that officers of this tax find. Var(gross) = (N m / sum k)^2 sum k^2 (y - u)^2.
    """
    index = pd.MultiIndex.from_tuples(
        [(regime, cell) for regime, cells in CELLS.items() for cell in cells], names=["regime", "cell"]
    )
    every = [*_COLUMNS, *_MOMENTS, *(f"t{name}" for name in _MOMENTS)]
    table = at(_known(sums, "cells"), list(index), every)
    table.index = index
    multipliers = measure_detection(sums)
    m = np.array([multipliers.get(regime, {}).get("multiplier", np.nan) for regime, _ in index])
    sampled = table["cases"] >= MIN_CASES
    chosen = {name: np.where(sampled, table[name], table[f"t{name}"]) for name in _MOMENTS}
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(chosen["k"] > 0, chosen["ky"] / chosen["k"], 0.0)
        spread = chosen["kkyy"] - 2 * mean * chosen["kky"] + mean**2 * chosen["kk"]
        scale = np.where(chosen["k"] > 0, table["returns"] / chosen["k"], 0.0)
    known = np.nan_to_num(m)  # without the truth nothing is said of what officers miss
    table["gross"] = table["returns"] * mean * known
    table["variance"] = np.maximum(spread, 0.0) * (scale * known) ** 2
    table["sampled"] = sampled
    amounts = ["returns", "declared", "gross", "written_off", "yield", "lost"]
    table[amounts] = table[amounts] / years
    table["variance"] = table["variance"] / years**2
    table["debt_variance"] = table["written_off_2"] / years**2
    table["customer"] = [CELLS[regime][cell] for regime, cell in index]
    hidden = _known(sums, "hidden")
    return Gaps(
        table,
        _shares_of_behaviours(_known(sums, "behaviours"), index),
        _no_hidden() if hidden is None else hidden / years,
        multipliers,
        years,
    )


def measure_detection(sums: Sums) -> dict[str, dict[str, float]]:
    """Measure by tax the share of the tax lost that officers find, and the multiplier that it implies.

    Parameters
    ----------
    sums : dict of DataFrame
        From `taxgap.calibration.cells.tally_cells`.

    Returns
    -------
    dict of str to dict
        `detection, low, high, multiplier, missed_whole` by tax; none without the truth.

    Notes
    -----
    No published value of the multiplier could be read. How much officers find is a setting of
    the generator, an assumption.
    """
    table = _known(sums, "wrong")
    if table is None:
        return {}
    measured = {}
    for regime, row in table.iterrows():
        share, low, high = ratio_of_sums({**row, "a": row["found"], "b": row["lost"]})
        measured[str(regime)] = {
            "detection": share,
            "low": low,
            "high": high,
            "multiplier": 1 / share if share else float("nan"),
            "missed_whole": float(row["missed"] / row["n"]) if row["n"] else float("nan"),
        }
    return measured


def _known(sums: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame | None:
    table = sums.get(name)
    return None if table is None or not len(table) else table


def _no_hidden() -> pd.DataFrame:
    index = pd.MultiIndex.from_arrays([[], []], names=["regime", "kind"])
    return pd.DataFrame({"lost": [], "people": []}, index=index, dtype=float)


def _shares_of_behaviours(behaviours: pd.DataFrame | None, index: pd.MultiIndex) -> pd.DataFrame:
    if behaviours is None:
        return pd.DataFrame(index=index)
    lost = behaviours["lost"].clip(lower=0.0).rename("lost").reset_index()
    wide = lost.pivot_table("lost", ["regime", "cell"], "behaviour", aggfunc="sum", fill_value=0.0)
    wide = wide.reindex(index, fill_value=0.0).fillna(0.0)
    whole = wide.sum(axis=1)
    return wide.div(whole.where(whole > 0, 1.0), axis=0)
