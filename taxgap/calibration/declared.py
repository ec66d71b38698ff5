"""Declared incomes, regions and filing in Self Assessment, beside the published counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.calibration.intervals import count_interval, mean_of_sums, share_interval
from taxgap.calibration.partition import Part, a_year
from taxgap.calibration.row import Group, Row
from taxgap.calibration.sums import Sums, at, moments, sum_up
from taxgap.synthetic.published import published
from taxgap.synthetic.timeline import BASE_YEAR

TOP_BAND = 200_000
"""Bands of total income above it are taken together: a sample has few people there."""

DIVIDEND_BAND = 50_000
"""Below it many people with dividends file no return, so that their counts cannot be compared."""

_KINDS = {
    "self_employed": ("Trade only", (True, False)),
    "landlord": ("Property only", (False, True)),
    "both": ("Trade and property", (True, True)),
}
_INCOMES = (
    ("trading_profit", "self_employment", "Self-employment income", 0),
    ("property_profit", "property", "Property income", 0),
    ("dividends", "dividend", "Dividends", DIVIDEND_BAND),
)
_TAXED_FROM = 12_570.0
_GRID = np.geomspace(_TAXED_FROM, 1e8, 1_500)


def tally_declared(part: Part) -> Sums:
    """Sum what Self Assessment returns of the base year declare, who files, where and when.

    Returns
    -------
    dict of DataFrame
        `gross` by kind and band of gross income: `n`. `incomes` by column and band of total income:
        moments. `total_income` by place in a fine grid: `n`. `filing`: `expected` in the base year, `asked`
        and `met` in all years. `residents` by region: `n`.
    """
    form = part.returns("self_assessment")
    form = form[form["year"] == BASE_YEAR]
    due = part.read("obligations", ["regime", "period", "status"])
    due = due[due["regime"] == "self_assessment"]
    values = {
        "expected": due["period"] == BASE_YEAR,
        "asked": np.ones(len(due)),
        "met": due["status"] == "met",
    }
    people = part.taxpayers[part.taxpayers["form"] == "individual"]
    return {
        "gross": _gross(form),
        "incomes": _incomes(form),
        "total_income": _total_incomes(form),
        "filing": sum_up({"all": np.zeros(len(due), dtype=int)}, values),
        "residents": sum_up({"region": people["region"]}, {"n": np.ones(len(people))}),
    }


def compare_declared(sums: Sums, taxpayers: float) -> list[Row]:
    """Compare declared incomes of the base year with the published distributions.

    Parameters
    ----------
    sums : dict of DataFrame
        From `tally_declared`, added up.
    taxpayers : float

    Returns
    -------
    list of Row
        None if nothing was expected for the base year. Counts are scaled by the published number of returns.
    """
    filing = at(sums.get("filing"), [0], ("expected", "asked", "met")).iloc[0]
    if not filing["expected"]:
        return []
    weight = published()["returns"]["expected"] / float(filing["expected"])
    return [
        *_compare_gross(sums, weight, taxpayers),
        *_compare_incomes(sums, weight, taxpayers),
        *_percentiles(sums, taxpayers),
    ]


def compare_people(sums: Sums, taxpayers: float) -> list[Row]:
    """Compare where taxpayers live, and how punctual they are.

    Parameters
    ----------
    sums : dict of DataFrame
        From `tally_declared`, added up.
    taxpayers : float

    Returns
    -------
    list of Row
    """
    fact = published()["taxpayer_regions"]
    regions = Group("Regions of taxpayers", fact, taxpayers)
    residents = sums.get("residents")
    people = 0.0 if residents is None else float(residents["n"].sum())
    for region, share in zip(fact["region"], fact["share"], strict=True):
        count = at(residents, [region], ["n"]).iloc[0, 0]
        regions.add(region, share, share_interval(count, people))
    fact = published()["returns"]
    filing = Group("Filing", fact, taxpayers)
    row = at(sums.get("filing"), [0], ("expected", "asked", "met")).iloc[0]
    known = fact["received_by_deadline"] / fact["expected"]
    filing.add("Returns in by 31 January", known, share_interval(row["met"], row["asked"]))
    return [*(regions.rows if people else []), *(filing.rows if row["asked"] else [])]


def bands_of_income() -> list[float]:
    """Return the lower limits of the bands of total income that are compared, in GBP."""
    return [limit for limit in published()["income_by_band"]["lower"] if limit <= TOP_BAND]


def _gross(form: pd.DataFrame) -> pd.DataFrame:
    turnover, rents = a_year(form), form["rents"].to_numpy(dtype=float)
    kind = np.full(len(form), None, dtype=object)
    for name, (_, (trades, lets)) in _KINDS.items():
        kind[((turnover > 0) == trades) & ((rents > 0) == lets)] = name
    band = _position(published()["gross_income"]["lower"], turnover + rents)
    return sum_up({"kind": kind, "band": band}, {"n": np.ones(len(form))})


def _incomes(form: pd.DataFrame) -> pd.DataFrame:
    band = _position(bands_of_income(), form["total_income"].to_numpy(dtype=float))
    parts = []
    for column, *_ in _INCOMES:
        has = (form[column] > 0).to_numpy() & (band >= 0)
        names = np.full(int(has.sum()), column, dtype=object)
        parts.append(sum_up({"column": names, "band": band[has]}, moments(form[column].to_numpy()[has])))
    return pd.concat(parts)


def _total_incomes(form: pd.DataFrame) -> pd.DataFrame:
    income = form["total_income"].to_numpy(dtype=float)
    income = income[income >= _TAXED_FROM]
    return sum_up({"place": _position(_GRID, income)}, {"n": np.ones(len(income))})


def _compare_gross(sums: Sums, weight: float, taxpayers: float) -> list[Row]:
    fact = published()["gross_income"]
    group = Group("Gross income of sole traders and landlords", fact, taxpayers)
    for kind, (title, _) in _KINDS.items():
        cells = [(kind, band) for band in range(len(fact["lower"]))]
        counts = at(sums.get("gross"), cells, ["n"])["n"]
        for band, (known, count) in enumerate(zip(fact[kind], counts, strict=True)):
            name = f"{title}, {_band(fact['lower'], band)}"
            tolerance = max(0.10 * known, 20_000)
            group.add(name, known, count_interval(count, weight), unit="persons", tolerance=tolerance)
    return group.rows


def _compare_incomes(sums: Sums, weight: float, taxpayers: float) -> list[Row]:
    fact, lower = published()["income_by_band"], bands_of_income()
    rows: list[Row] = []
    for column, name, title, least in _INCOMES:
        group = Group(f"{title} by band of total income", fact, taxpayers)
        counts, amounts = _merged(fact, f"{name}_count", lower), _merged(fact, f"{name}_amount", lower)
        for band, limit in enumerate(lower):
            if limit < least:
                continue
            cell = at(sums.get("incomes"), [(column, band)], ("n", "x", "xx")).iloc[0]
            where = f"total income {_band(lower, band)}"
            group.add(f"People, {where}", counts[band], count_interval(cell["n"], weight), unit="persons")
            group.add(f"Mean, {where}", amounts[band] / counts[band], mean_of_sums(cell), unit="GBP")
        rows += group.rows
    return rows


def _percentiles(sums: Sums, taxpayers: float) -> list[Row]:
    fact = published()["income_percentiles"]
    group = Group("Percentiles of total income", fact, taxpayers)
    counts = at(sums.get("total_income"), range(len(_GRID)), ["n"])["n"].to_numpy()
    whole = counts.sum()
    if whole < 100:
        return []
    below = np.append(0.0, np.cumsum(counts))[:-1] / whole
    for percentile, income in zip(fact["percentile"], fact["income"], strict=True):
        share = percentile / 100
        half = 1.96 * np.sqrt(share * (1 - share) / whole)
        limits = [
            float(np.interp(at_share, below, _GRID)) for at_share in (share, share - half, share + half)
        ]
        group.add(
            f"Percentile {percentile} of total income from £{_TAXED_FROM:,.0f}",
            income,
            (limits[0], limits[1], limits[2]),
            unit="GBP",
            is_target=False,
        )
    return group.rows


def _position(lower: object, amounts: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.searchsorted(np.asarray(lower, dtype=float), amounts, "right") - 1)


def _merged(fact: dict[str, list[float]], column: str, lower: list[float]) -> list[float]:
    values = list(fact[column])
    return [*values[: len(lower) - 1], sum(values[len(lower) - 1 :])]


def _band(lower: list[float], i: int) -> str:
    if i + 1 < len(lower):
        return f"£{lower[i]:,.0f} to £{lower[i + 1]:,.0f}"
    return f"£{lower[i]:,.0f} and over"
