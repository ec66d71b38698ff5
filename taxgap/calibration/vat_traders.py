"""VAT traders by section, turnover, legal form and scheme, beside the annual VAT statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.calibration.intervals import Z95, effective_number, share_of_amount, weighted_share
from taxgap.calibration.partition import Part, months_of
from taxgap.calibration.row import Group, Row
from taxgap.calibration.sums import Sums, at, sum_up
from taxgap.synthetic.published import published, trades

PRODUCTION = ("B", "C", "D", "E")
"""Sections that the trades of a population do not tell apart."""

ABSENT = ("O",)
"""Sections of which a population has nobody; they are left out of the published total too."""

_FORMS = {"company": "Companies", "individual": "Sole proprietors", "partnership": "Partnerships"}
_PUBLISHED_FORM = {"company": "company", "individual": "sole", "partnership": "partnership"}
_LIMIT = 90_000
_COLUMNS = {"traders": "VAT traders", "net_vat": "Net VAT"}
_MIXED = "whole"


def tally_traders(part: Part) -> Sums:
    """Sum the traders of the last tax year and their net VAT.

    Returns
    -------
    dict of DataFrame
        `traders` by section, turnover band, band below the threshold, legal form and scheme: `w, ww` (sums
        of weights and of their squares), `net, nn` (net VAT, and the sum of the squares of the weighted
        amounts), `output, input`.
    """
    returns = part.returns("vat")
    last = part.records.periods[-1] if part.records.periods else ""
    returns = returns[returns["year"] == last]
    if not len(returns):
        return {}
    columns = ["sales", "net_vat", "total_output_tax", "input_tax"]
    table = (
        returns.assign(months=months_of(returns)).groupby("place")[["months", *columns]].sum().reset_index()
    )
    weight = part.of(table, "weight").astype(float)
    turnover = (12 * table["sales"] / table["months"]).to_numpy()
    net = weight * table["net_vat"].to_numpy()
    by = {
        "section": _sections(part.of(table, "trade")),
        "band": _position(published()["vat_by_turnover"]["lower"], turnover),
        "below": np.where(
            (turnover >= 1) & (turnover < _LIMIT),
            _position(published()["vat_below_threshold"]["lower"], turnover),
            -1,
        ),
        "form": part.of(table, "form"),
        "flat": np.isin(table["place"], _flat_rate(part)),
    }
    values = {
        "w": weight,
        "ww": weight**2,
        "net": net,
        "nn": net**2,
        "output": weight * table["total_output_tax"].to_numpy(),
        "input": weight * table["input_tax"].to_numpy(),
    }
    return {"traders": sum_up(by, values)}


def compare_traders(sums: Sums, taxpayers: float) -> list[Row]:
    """Compare VAT traders with the published counts, and their net VAT, which was no target.

    Parameters
    ----------
    sums : dict of DataFrame
        From `tally_traders`, added up.
    taxpayers : float

    Returns
    -------
    list of Row
    """
    table = sums.get("traders")
    if table is None or not len(table):
        return []
    return [
        *_sections_of(table, taxpayers),
        *_bands_of(table, taxpayers),
        *_below(table, taxpayers),
        *_forms(table, taxpayers),
        *_money(table, taxpayers),
    ]


def merge_sections(values: Mapping[str, float]) -> dict[str, float]:
    """Add up the sections of production, and leave out those of which a population has nobody.

    Examples
    --------
    >>> merge_sections({"A": 1, "B": 2, "C": 3, "D": 0, "E": 0, "O": 9})
    {'A': 1, 'B-E': 5}
    """
    merged = {name: value for name, value in values.items() if name not in (*PRODUCTION, *ABSENT)}
    merged["B-E"] = sum(values.get(name, 0) for name in PRODUCTION)
    return dict(sorted(merged.items()))


def _sections(trade: NDArray[np.generic]) -> NDArray[np.object_]:
    names = np.array([*trades()["section"], _MIXED], dtype=object)
    section = names[trade.astype(int)]
    return np.where(np.isin(section, PRODUCTION), "B-E", section)


def _position(lower: Sequence[float], amounts: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.maximum(np.searchsorted(lower, amounts, "right") - 1, 0))


def _flat_rate(part: Part) -> NDArray[np.int64]:
    table = part.read("registrations", ["taxpayer_id", "regime", "scheme"])
    table = table[(table["regime"] == "vat") & (table["scheme"] == "flat_rate")]
    return part.place(table["taxpayer_id"])


def _sections_of(table: pd.DataFrame, taxpayers: float) -> list[Row]:
    fact = published()["vat_by_section"]
    known = [merge_sections(dict(zip(fact["section"], fact[name], strict=True))) for name in _COLUMNS]
    names = {section: f"Section {section}" for section in known[0]}
    groups = [Group(f"{title} by section", fact, taxpayers) for title in _COLUMNS.values()]
    summed = table.groupby(level="section").sum()
    return [*_numbers(groups[0], summed, names, known[0]), *_amounts(groups[1], summed, names, known[1])]


def _bands_of(table: pd.DataFrame, taxpayers: float) -> list[Row]:
    fact = published()["vat_by_turnover"]
    bands = {band: _band(fact["lower"], band) for band in range(len(fact["lower"]))}
    names = {band: f"VAT traders with a turnover of {text}" for band, text in bands.items()}
    known = [dict(enumerate(fact[name])) for name in _COLUMNS]
    groups = [Group(f"{title} by turnover", fact, taxpayers) for title in _COLUMNS.values()]
    summed = table.groupby(level="band").sum()
    return [*_numbers(groups[0], summed, names, known[0]), *_amounts(groups[1], summed, bands, known[1])]


def _numbers(
    group: Group, table: pd.DataFrame, names: Mapping[Any, str], known: Mapping[Any, float]
) -> list[Row]:
    """Compare shares of the number of traders."""
    summed = at(table, list(known), ("w", "ww"))
    whole = summed.sum()
    for cell, value in known.items():
        share = weighted_share(summed.loc[cell], whole)
        group.add(names[cell], value / sum(known.values()), share, cases=effective_number(whole))
    return group.rows


def _amounts(
    group: Group, table: pd.DataFrame, names: Mapping[Any, str], known: Mapping[Any, float]
) -> list[Row]:
    """Compare shares of net VAT, which were no target; they may be negative."""
    summed = at(table, list(known), ("net", "nn"))
    whole = summed.sum()
    for cell, value in known.items():
        share = share_of_amount(summed.loc[cell, "net"], summed.loc[cell, "nn"], whole["net"], whole["nn"])
        group.add(names[cell], value / sum(known.values()), share, is_target=False)
    return group.rows


def _below(table: pd.DataFrame, taxpayers: float) -> list[Row]:
    fact = published()["vat_below_threshold"]
    inside = table[table.index.get_level_values("below") >= 0]
    lower, known = [*fact["lower"], _LIMIT], dict(enumerate(fact["traders"]))
    names = {band: f"£{lower[band]:,.0f} to £{lower[band + 1]:,.0f}" for band in known}
    group = Group("VAT traders below the threshold", fact, taxpayers)
    return _numbers(group, inside.groupby(level="below").sum(), names, known)


def _forms(table: pd.DataFrame, taxpayers: float) -> list[Row]:
    # Non-profit bodies, of which a population has nobody, are left out of the published total too.
    fact, title = published()["vat_traders"], "VAT traders by legal form and scheme"
    known = {form: fact[name] for form, name in _PUBLISHED_FORM.items()}
    group = Group(title, fact, taxpayers)
    flat, whole = at(table.groupby(level="flat").sum(), [True], ("w", "ww")).iloc[0], table.sum()
    group.add("Users of the flat rate scheme", fact["flat_rate"] / fact["all"], weighted_share(flat, whole))
    forms = Group(title, fact, taxpayers)
    return [*_numbers(forms, table.groupby(level="form").sum(), _FORMS, known), *group.rows]


def _money(table: pd.DataFrame, taxpayers: float) -> list[Row]:
    fact = published()["vat_traders"]
    group = Group("VAT as a whole", fact, taxpayers)
    total = table.sum()
    half = Z95 * float(total["ww"]) ** 0.5
    number = float(total["w"])
    group.add(
        "VAT traders", fact["all"], (number, number - half, number + half), unit="count", is_target=False
    )
    half, net = Z95 * float(total["nn"]) ** 0.5, float(total["net"])
    group.add("Net VAT", fact["net_liability"], (net, net - half, net + half), unit="GBP", is_target=False)
    ratio = float(total["input"] / total["output"]) if total["output"] else float("nan")
    group.add(
        "Input tax as a share of output tax",
        fact["input_to_output"],
        (ratio, float("nan"), float("nan")),
        is_target=False,
    )
    return group.rows


def _band(lower: Sequence[float], band: int) -> str:
    if lower[band] == 0:
        return "nothing or less"
    if band + 1 == len(lower):
        return f"£{lower[band]:,.0f} and over"
    return f"£{lower[band]:,.0f} to £{lower[band + 1]:,.0f}"
