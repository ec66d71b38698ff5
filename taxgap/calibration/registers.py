"""Registered businesses by region, industry, turnover and legal form, and the companies that owe most."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.calibration.intervals import Z95, effective_number, share_of_amount, weighted_share
from taxgap.calibration.partition import Part, a_year
from taxgap.calibration.row import Group, Row
from taxgap.calibration.sums import Sums, at, sum_up
from taxgap.synthetic.published import published, trades
from taxgap.synthetic.timeline import BASE_YEAR

COUNTED_ON = "2025-03-31"
"""The day on which the published register was counted."""

OVER = 1_000_000.0
"""Corporation Tax in GBP above which the published statistics count a company as large."""

_FORMS = {
    "individual": ("sole", "Sole traders"),
    "company": ("company", "Companies"),
    "partnership": ("partnership", "Partnerships"),
}

_LEVELS = {
    "region": ("registered_by_region", "region"),
    "divisions": ("registered_by_industry", "industry"),
    "band": ("turnover_by_form", "turnover"),
}


_OTHERWISE = {("company", "divisions"), ("company", "band")}
"""What the business register and the VAT statistics tell differently of companies: industry and size. The
population is made to meet the VAT statistics, so the register's figures are shown and are no targets."""


def tally_registers(part: Part) -> Sums:
    """Count businesses registered for VAT or PAYE, and companies by what they owe.

    Returns
    -------
    dict of DataFrame
        `registered` by legal form, region, industry and turnover band: `w, ww`. `owing` by whether a company
        owes more than `OVER` for an accounting period that ends in the base year: `w, tax, tt`.
    """
    sums: Sums = {}
    place = _registered(part)
    if len(place):
        rows = part.taxpayers.iloc[place]
        divisions = np.array([*trades()["divisions"], "none"], dtype=object)
        by = {
            "form": rows["form"],
            "region": rows["region"],
            "divisions": divisions[rows["trade"].to_numpy()],
            "band": _bands(_last_turnover(part)[place]),
        }
        sums["registered"] = sum_up(by, {"w": rows["weight"], "ww": rows["weight"] ** 2})
    company = part.returns("corporation_tax")
    company = company[company["year"] == BASE_YEAR]
    tax = company["weight"] * company["tax_charged"]
    values = {"w": company["weight"], "ww": company["weight"] ** 2, "tax": tax, "tt": tax**2}
    return sums | {"owing": sum_up({"over": (company["tax_charged"] > OVER).to_numpy()}, values)}


def compare_registers(sums: Sums, taxpayers: float) -> list[Row]:
    """Compare registered businesses with the published counts, within each legal form.

    Parameters
    ----------
    sums : dict of DataFrame
        From `tally_registers`, added up.
    taxpayers : float

    Returns
    -------
    list of Row
    """
    rows = _companies_that_owe(sums, taxpayers)
    table = sums.get("registered")
    if table is None or not len(table):
        return rows
    for form, (column, title) in _FORMS.items():
        if form in table.index.get_level_values("form"):
            mine = table.xs(form, level="form")
            for level, (name, by) in _LEVELS.items():
                group = Group(f"{title} registered, by {by}", published()[name], taxpayers)
                _by(group, mine.groupby(level=level).sum(), level, column)
                rows += [
                    replace(row, is_target=row.is_target and (form, level) not in _OTHERWISE)
                    for row in group.rows
                ]
    return rows


def _by(group: Group, table: pd.DataFrame, level: str, column: str) -> None:
    lower = group.fact.get("lower", [])
    cells = list(range(len(lower))) if level == "band" else list(group.fact[level])
    labels = [_label(lower, band) for band in range(len(lower))]
    labels = labels or list(group.fact["industry" if level == "divisions" else level])
    # Industries of which a population has nobody are left out of the published total too.
    known = {
        cell: value for cell, value in zip(cells, group.fact[column], strict=True) if _exists(level, cell)
    }
    counts = at(table, cells, ("w", "ww"))
    whole = counts.sum()
    for cell, label in zip(cells, labels, strict=True):
        if known.get(cell):
            share = weighted_share(counts.loc[cell], whole)
            group.add(label, known[cell] / sum(known.values()), share, cases=effective_number(whole))


def _exists(level: str, cell: object) -> bool:
    return level != "divisions" or bool((trades()["divisions"] == cell).any())


def _companies_that_owe(sums: Sums, taxpayers: float) -> list[Row]:
    fact = published()["corporation_tax"]
    group = Group("Companies that owe most", fact, taxpayers)
    table = at(sums.get("owing"), [False, True], ("w", "ww", "tax", "tt"))
    over, whole = table.loc[True], table.sum()
    if not whole["tax"]:
        return []
    half = Z95 * float(over["ww"]) ** 0.5
    count = (float(over["w"]), max(0.0, float(over["w"]) - half), float(over["w"]) + half)
    group.add("Companies with over £1 million to pay", fact["companies"], count, unit="count")
    share = share_of_amount(over["tax"], over["tt"], whole["tax"], whole["tt"])
    group.add("Their share of Corporation Tax", fact["share"], share)
    total, half = float(whole["tax"]), Z95 * float(whole["tt"]) ** 0.5
    group.add(
        "Corporation Tax charged in all",
        fact["amount"] / fact["share"] * 1e9,
        (total, total - half, total + half),
        unit="GBP",
        basis="derived",
        is_target=False,
    )
    return group.rows


def _registered(part: Part) -> NDArray[np.int64]:
    if not part.has("registrations"):
        return np.zeros(0, dtype=np.int64)
    columns = ["taxpayer_id", "regime", "effective_from", "deregistered_on"]
    table = part.read("registrations", columns)
    day = pd.Timestamp(COUNTED_ON)
    table = table[table["regime"].isin(["vat", "employer_paye"])]
    table = table[(table["effective_from"] <= day) & ~(table["deregistered_on"] <= day)]
    place = np.unique(part.place(table["taxpayer_id"]))
    return place[place >= 0]


def _last_turnover(part: Part) -> NDArray[np.float64]:
    """Return the turnover last declared: in the accounts where there are any, else for VAT."""
    latest = part.turnover.copy()
    for regime in ("self_assessment", "corporation_tax"):
        table = part.returns(regime)
        table = table[(table["turnover"] > 0).to_numpy()]
        place = table["place"].to_numpy(dtype=int)
        latest[place] = a_year(table)  # sorted by taxpayer and period: the last one stays
    return latest


def _bands(turnover: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.searchsorted(published()["turnover_by_form"]["lower"], turnover, "right") - 1)


def _label(lower: list[float], band: int) -> str:
    if band + 1 == len(lower):
        return f"£{lower[band]:,.0f} and over"
    return f"£{lower[band]:,.0f} to £{lower[band + 1]:,.0f}"
