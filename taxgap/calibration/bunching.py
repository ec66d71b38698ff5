"""Businesses that keep their turnover just below the VAT threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from taxgap.calibration.intervals import Z95, share_interval
from taxgap.calibration.partition import Part, a_year, months_of
from taxgap.calibration.row import Group, Interval, Row
from taxgap.calibration.sums import Sums, at, sum_up
from taxgap.synthetic.published import published

THRESHOLD = 85_000.0
"""The VAT threshold of the published counts, and of the tax years that are compared with them."""

YEARS = ("2021-22", "2022-23", "2023-24")
"""The tax years of a population in which it was in force."""

STEP = 1_000.0
"""The width of a bin in GBP."""

_NAME = "Businesses around the VAT threshold"
_BUNCHED = 8  # bins below the threshold that may hold businesses from above it


def tally_bunching(part: Part) -> Sums:
    """Count businesses by GBP 1,000 of the turnover that they declare.

    Sole traders by Self Assessment, companies by Corporation Tax, partnerships by VAT; whole years only.

    Returns
    -------
    dict of DataFrame
        `bins` by lower limit: `w, ww`. `below`: companies below the threshold, and those that file for VAT.
    """
    sums = [_counted(table, turnover) for table, turnover in _declared(part)]
    return {"bins": pd.concat(sums).groupby(level=0).sum(), "below": _below(part)}


def compare_bunching(sums: Sums, taxpayers: float) -> list[Row]:
    """Compare the shape of businesses' turnover around the threshold.

    Parameters
    ----------
    sums : dict of DataFrame
        From `tally_bunching`, added up.
    taxpayers : float

    Returns
    -------
    list of Row
        Each GBP 1,000 as a share of all from the first to the last that are published, and the excess below
        the threshold.
    """
    fact = published()["vat_bunching"]
    table = at(sums.get("bins"), fact["lower"], ("w", "ww"))
    if not table["w"].sum():
        return []
    group = Group(_NAME, fact, taxpayers)
    number = float(table["w"].sum() ** 2 / table["ww"].sum())
    known = np.asarray(fact["businesses"]) / sum(fact["businesses"])
    share = (table["w"] / table["w"].sum()).to_numpy()
    for lower, published_share, simulated in zip(fact["lower"], known, share, strict=True):
        title = f"Turnover of £{lower:,.0f} to £{lower + STEP:,.0f}"
        group.add(title, published_share, share_interval(simulated * number, number))
    return [*group.rows, *_excess(table, taxpayers), *_voluntary(sums, taxpayers)]


def excess_below(lower: ArrayLike, counts: ArrayLike, threshold: float = THRESHOLD) -> float:
    """Measure how many businesses stand below the threshold who would not without it.

    Parameters
    ----------
    lower : array-like of float
        Lower limits of bins of equal width, ascending.
    counts : array-like of float
        Businesses in each bin.
    threshold : float

    Returns
    -------
    float
        Businesses above the line, divided by those that the line gives to one bin.

    Notes
    -----
    The line is fitted by least squares to the bins more than eight below the threshold and drawn on to it:
    the excess mass of the literature, with a straight line in place of a polynomial.

    Examples
    --------
    >>> lower = [70_000.0 + 1_000 * i for i in range(15)]
    >>> round(excess_below(lower, [10.0] * 14 + [25.0]), 6)
    1.5
    """
    below = np.asarray(lower) < threshold
    x, y = np.asarray(lower, dtype=float)[below], np.asarray(counts, dtype=float)[below]
    slope, level = np.polyfit(x[:-_BUNCHED], y[:-_BUNCHED], 1)
    line = slope * x[-_BUNCHED:] + level
    return float((y[-_BUNCHED:] - line).sum() / line.mean())


def _excess(table: pd.DataFrame, taxpayers: float) -> list[Row]:
    bins, measured = published()["vat_bunching"], published()["vat_bunching_excess"]
    lower = np.asarray(bins["lower"], dtype=float)
    interval = _excess_interval(lower, table)
    # The published counts, measured in the same way, are the target; the estimate of the literature, which
    # took a polynomial and a wider window, stands beside it.
    same = Group(_NAME, {**bins, "basis": "derived"}, taxpayers)
    title = "Excess below the threshold, as a share of one £1,000 of turnover"
    same.add(title, excess_below(lower, bins["businesses"]), interval)
    other = Group(_NAME, measured, taxpayers)
    title = "Excess below the threshold, as estimated with a polynomial"
    tolerance = 2 * measured["standard_error"]
    other.add(title, measured["excess"], interval, tolerance=tolerance, is_target=False)
    return [*same.rows, *other.rows]


def _excess_interval(lower: NDArray[np.float64], table: pd.DataFrame) -> Interval:
    below = lower < THRESHOLD
    counts, value = table["w"].to_numpy()[below], excess_below(lower, table["w"])
    # Each bin's effect on the measure, times its own variance.
    effect = np.array([excess_below(lower[below], counts + row) - value for row in np.diag(0.01 * counts)])
    relative = (table["ww"].to_numpy()[below] / np.maximum(counts, 1e-9) ** 2).clip(max=1.0)
    half = Z95 * float(np.sqrt(((effect / 0.01) ** 2 * relative).sum()))
    return value, value - half, value + half


def _voluntary(sums: Sums, taxpayers: float) -> list[Row]:
    fact = published()["vat_bunching_excess"]
    row = at(sums.get("below"), [0], ("n", "registered")).iloc[0]
    group = Group(_NAME, fact, taxpayers)
    share = share_interval(row["registered"], row["n"])
    # The published share is of all companies that trade; here are those registered for VAT or PAYE.
    title = "Companies below the threshold that file for VAT"
    group.add(title, fact["voluntary"], share, cases=row["n"], is_target=False)
    return group.rows if row["n"] else []


def _below(part: Part) -> pd.DataFrame:
    """Count companies that trade below the threshold, and those among them that file for VAT."""
    company, vat = part.returns("corporation_tax"), part.returns("vat")
    company = company[(months_of(company) == 12) & company["year"].isin(YEARS).to_numpy()]
    turnover = a_year(company)
    company = company[(turnover > 0) & (turnover < THRESHOLD)]
    both = company["place"].astype(str) + company["year"].astype(str)
    files = both.isin(vat["place"].astype(str) + vat["year"].astype(str))
    values = {"n": np.ones(len(company)), "registered": files}
    return sum_up({"all": np.zeros(len(company), dtype=int)}, values)


def _declared(part: Part) -> list[tuple[pd.DataFrame, NDArray[np.float64]]]:
    person, company = part.returns("self_assessment"), part.returns("corporation_tax")
    company = company[months_of(company) == 12]
    vat = part.returns("vat")
    vat = vat[part.of(vat, "form") == "partnership"]
    sales = (
        vat.assign(months=months_of(vat))
        .groupby(["place", "year", "weight"])[["months", "sales"]]
        .sum()
        .reset_index()
    )
    sales = sales[sales["months"] == 12]
    return [
        (person, a_year(person)),
        (company, a_year(company)),
        (sales, sales["sales"].to_numpy(dtype=float)),
    ]


def _counted(table: pd.DataFrame, turnover: NDArray[np.float64]) -> pd.DataFrame:
    lower = np.asarray(published()["vat_bunching"]["lower"], dtype=float)
    kept = table["year"].isin(YEARS).to_numpy() & (turnover >= lower[0]) & (turnover < lower[-1] + STEP)
    weight = table["weight"].to_numpy(dtype=float)[kept]
    return sum_up({"lower": np.floor(turnover[kept] / STEP) * STEP}, {"w": weight, "ww": weight**2})
