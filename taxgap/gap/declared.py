"""Declared incomes, regions, trades and filing, beside the published counts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.gap.intervals import Z95, mean_interval, share_interval
from taxgap.gap.row import Group, Row
from taxgap.records import Records
from taxgap.synthetic.people import VAT_REGISTRATION_LEVEL
from taxgap.synthetic.published import published, trades
from taxgap.synthetic.settings import BASE_YEAR

_TOP_BAND = 200_000  # bands above are taken together: a sample has few people there
_LARGE_TRADERS = 0.025  # about three standard errors of a share of the few large traders in a sample
_DIVIDEND_BAND = 50_000  # below it many people with dividends file no return


def compare_declared(records: Records) -> list[Row]:
    """Compare declared incomes of the base year with the published distributions.

    Parameters
    ----------
    records : Records

    Returns
    -------
    list of Row
    """
    if BASE_YEAR not in records.periods:
        return []
    form = _latest(records)
    weight = published()["returns"]["expected"] / max(1, _expected(records))
    return [*_gross_income(form, weight), *_income_bands(form, weight)]


def compare_population(records: Records) -> list[Row]:
    """Compare regions, trades and punctuality with the published shares.

    Parameters
    ----------
    records : Records

    Returns
    -------
    list of Row
    """
    people = records.table("taxpayers", ["taxpayer_id", "region", "sic2007"])
    rows = _residents(people) + _punctuality(records)
    if BASE_YEAR in records.periods:
        form = _latest(records)[["taxpayer_id", "turnover"]]
        large = people.merge(form[form["turnover"] >= VAT_REGISTRATION_LEVEL], on="taxpayer_id")
        rows += _large_traders(large)
    return rows


def _latest(records: Records) -> pd.DataFrame:
    columns = ["taxpayer_id", "period", "version", "turnover", "accounts_months", "rents", "trading_profit"]
    columns += ["property_profit", "dividends", "total_income"]
    form = records.read("self_assessment", columns, periods=[BASE_YEAR])
    return form.sort_values("version").drop_duplicates("taxpayer_id", keep="last")


def _expected(records: Records) -> int:
    return len(records.read("obligations", ["taxpayer_id"], periods=[BASE_YEAR]))


def _gross_income(form: pd.DataFrame, weight: float) -> list[Row]:
    fact = published()["gross_income"]
    group = Group("Gross income of sole traders and landlords", fact)
    turnover, rents = form["turnover"] * 12 / form["accounts_months"], form["rents"]
    kinds = {
        "self_employed": ("Trade only", (turnover > 0) & (rents == 0)),
        "landlord": ("Property only", (turnover == 0) & (rents > 0)),
        "both": ("Trade and property", (turnover > 0) & (rents > 0)),
    }
    for kind, (title, rows) in kinds.items():
        counts = np.histogram((turnover + rents)[rows], [*fact["lower"], np.inf])[0]
        for i, count in enumerate(counts):
            name = f"{title}, {_band(fact['lower'], i)}"
            known = fact[kind][i]
            group.add(name, known, _count(count, weight), unit="persons", tolerance=max(0.10 * known, 20_000))
    return group.rows


def _income_bands(form: pd.DataFrame, weight: float) -> list[Row]:
    fact = published()["income_by_band"]
    lower = [limit for limit in fact["lower"] if limit <= _TOP_BAND]
    band = np.searchsorted(lower, form["total_income"], side="right") - 1
    rows: list[Row] = []
    for column, name, title, least in (
        ("trading_profit", "self_employment", "Self-employment income", 0),
        ("property_profit", "property", "Property income", 0),
        ("dividends", "dividend", "Dividends", _DIVIDEND_BAND),
    ):
        group = Group(f"{title} by band of total income", fact)
        counts, amounts = _merged(fact, f"{name}_count", lower), _merged(fact, f"{name}_amount", lower)
        for i, limit in enumerate(lower):
            if limit < least:
                continue
            values = form.loc[(band == i) & (form[column] > 0).to_numpy(), column]
            where = f"total income {_band(lower, i)}"
            count, mean = counts[i], amounts[i] / counts[i]
            group.add(
                f"People, {where}", count, _count(len(values), weight), unit="persons", tolerance=0.25 * count
            )
            group.add(f"Mean, {where}", mean, mean_interval(values), unit="GBP", tolerance=0.25 * mean)
        rows += group.rows
    return rows


def _merged(fact: dict[str, list[float]], column: str, lower: list[float]) -> list[float]:
    values = list(fact[column])
    return [*values[: len(lower) - 1], sum(values[len(lower) - 1 :])]


def _residents(people: pd.DataFrame) -> list[Row]:
    fact = published()["taxpayer_regions"]
    group = Group("Regions of taxpayers", fact)
    for region, share in zip(fact["region"], fact["share"], strict=True):
        count = int((people["region"] == region).sum())
        group.add(region, share, share_interval(count, len(people)), tolerance=0.02)
    return group.rows


def _large_traders(large: pd.DataFrame) -> list[Row]:
    fact = published()["registered_sole_by_region"]
    regions = Group("Regions of traders above the VAT threshold", fact)
    for region, sole in zip(fact["region"], fact["sole"], strict=True):
        count = int((large["region"] == region).sum())
        share = share_interval(count, len(large))
        regions.add(region, sole / sum(fact["sole"]), share, tolerance=_LARGE_TRADERS)
    fact = published()["registered_sole_by_industry"]
    industries = Group("Industries of traders above the VAT threshold", fact)
    division = large["sic2007"].map(trades().set_index("sic2007")["divisions"])
    for code, title, sole in zip(fact["divisions"], fact["industry"], fact["sole"], strict=True):
        if sole and (trades()["divisions"] == code).any():
            count = int((division == code).sum())
            share = share_interval(count, len(large))
            industries.add(title, sole / sum(fact["sole"]), share, tolerance=_LARGE_TRADERS)
    return [*regions.rows, *industries.rows]


def _punctuality(records: Records) -> list[Row]:
    fact = published()["returns"]
    group = Group("Filing", fact)
    status = records.table("obligations", ["status"])["status"]
    share = share_interval(int((status == "met").sum()), len(status))
    group.add(
        "Returns in by 31 January", fact["received_by_deadline"] / fact["expected"], share, tolerance=0.01
    )
    return group.rows


def _count(count: float, weight: float) -> tuple[float, float, float]:
    half = Z95 * float(np.sqrt(count))
    return count * weight, max(0.0, count - half) * weight, (count + half) * weight


def _band(lower: list[float], i: int) -> str:
    if i + 1 < len(lower):
        return f"£{lower[i]:,.0f} to £{lower[i + 1]:,.0f}"
    return f"£{lower[i]:,.0f} and over"
