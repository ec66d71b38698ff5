"""The cells of which a tax gap is added up: every return belongs to one, by its tax and who filed it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.calibration.partition import Part, find_rows
from taxgap.calibration.sums import Sums, sum_up

TAXES = {
    "self_assessment": "Self Assessment",
    "vat": "VAT",
    "corporation_tax": "Corporation Tax",
    "employer_paye": "Employers",
}
"""Tax to how its returns are called."""

SMALL = 10_000_000.0
"""Turnover in GBP a year below which a business is small (found)."""

MID_SIZED = 200_000_000.0
"""Turnover below which it is mid-sized (assumption: the limit of the large business service as
remembered)."""

FEW_EMPLOYEES, MANY_EMPLOYEES = 20, 250
"""Employers whose turnover nobody declares are small below the first and large from the second (assumption
for the second)."""

WEALTHY = 200_000.0
"""Total income in GBP above which a person is wealthy (found); assets, the other sign, are in no record."""

SIZES = ("small", "mid_sized", "large")
"""The sizes of a business."""

CELLS: dict[str, dict[str, str]] = {
    "self_assessment": {
        "business": "small",
        "wealthy business": "wealthy",
        "other": "individuals",
        "wealthy other": "wealthy",
    },
    **{regime: {size: size for size in SIZES} for regime in ("vat", "corporation_tax", "employer_paye")},
}
"""Tax to cell to the customer group of the published tables that the cell belongs to."""

MISREPORTED_AT = 1.0
"""Tax in GBP from which a return counts as wrong."""


def size_of(turnover: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return the size of businesses by their turnover in GBP a year.

    Examples
    --------
    >>> size_of(np.array([5e6, 10e6, 200e6])).tolist()
    ['small', 'mid_sized', 'large']
    """
    return np.asarray(np.array(SIZES, dtype=object)[np.searchsorted([SMALL, MID_SIZED], turnover, "right")])


def returns_with_cells(part: Part, regime: str) -> pd.DataFrame:
    """Return the returns of a tax with the `cell` of each and `declared`, the liability as filed in GBP."""
    table = part.returns(regime)
    if regime == "self_assessment":
        return table.assign(cell=_cell_of_person(table), declared=_liability(part, table, regime))
    size = size_of(part.turnover)[table["place"].to_numpy(dtype=int)]
    if regime == "employer_paye":
        unknown = part.turnover[table["place"].to_numpy(dtype=int)] <= 0
        heads = np.searchsorted([FEW_EMPLOYEES, MANY_EMPLOYEES], table["employees"], "right")
        size = np.where(unknown, np.array(SIZES, dtype=object)[heads], size)
    declared = table["net_vat" if regime == "vat" else "tax_charged"]
    return table.assign(cell=size, declared=declared)


def tally_cells(part: Part) -> Sums:
    """Sum over a partition what the gap of each cell is worked out from.

    Parameters
    ----------
    part : Part

    Returns
    -------
    dict of DataFrame
        `cells` by tax and cell: `returns, declared, written_off, written_off_2` (squares) and `yield`; of the
        closed random enquiries `cases`, `k` (sum of weights over inclusion probabilities) and the moments
        `ky, kk, kky, kkyy` of the tax they found; and from the truth `lost`, and `tk` to `tkkyy`: the same of
        what would be found on every return. `wrong` by tax: tax lost and found on wrong returns. `behaviours`
        by tax, cell and behaviour: tax lost. Amounts are GBP of the whole population and all years.
    """
    cells, wrong, behaviours = [], [], []
    payments, cases = part.payments, part.cases
    potential = part.keyed(part.read_truth("enquiries", ["taxpayer_id", "regime", "period", *_FOUND]))
    for regime in CELLS:
        if not part.has(regime):
            continue
        table = returns_with_cells(part, regime)
        mine = (frame[frame["regime"] == regime] for frame in (payments, cases, potential, part.misreporting))
        paid, opened, would_find, planted = (_located(frame, table) for frame in mine)
        cells += [_filed(table), _lost_to_debt(paid), _found(opened), _would_find(would_find)]
        cells[-4:] = [_of_regime(sums, regime) for sums in cells[-4:]]
        wrong.append(_wrong(would_find, regime))
        by = {"behaviour": planted["behaviour"], "cell": planted["cell"]}
        sums = sum_up(by, {"lost": planted["weight"] * planted["tax_lost"]})
        behaviours.append(_of_regime(sums, regime))
    return {
        "cells": _total(cells),
        "wrong": _total(wrong),
        "behaviours": _total(behaviours),
    }


_FOUND = ("tax_lost", "tax_found")


def _cell_of_person(table: pd.DataFrame) -> NDArray[np.object_]:
    # Business is trade, partnership or property (assumption: the published definition could not be read).
    business = (table[["turnover", "partnership_profit", "rents"]] > 0).any(axis=1)
    wealthy = table["total_income"] > WEALTHY
    names = np.array(["other", "business", "wealthy other", "wealthy business"], dtype=object)
    return np.asarray(names[business.to_numpy().astype(int) + 2 * wealthy.to_numpy()])


def _liability(part: Part, table: pd.DataFrame, regime: str) -> NDArray[np.float64]:
    # What is due after deductions at source: the tax on pay is the employer's, and is counted there.
    payments = part.payments
    payments = payments[payments["regime"] == regime]
    row = find_rows(table["key"], payments)
    amount = np.append(payments["liability"].to_numpy(dtype=float), 0.0)
    return np.asarray(amount[row])


def _located(frame: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Give rows the cell and weight of the return they belong to; rows of no return on file are left out."""
    row = find_rows(frame["key"], table)
    frame, row = frame[row >= 0], row[row >= 0]
    return frame.assign(cell=table["cell"].to_numpy()[row], weight=table["weight"].to_numpy()[row])


def _filed(table: pd.DataFrame) -> pd.DataFrame:
    weight = table["weight"]
    return sum_up({"cell": table["cell"]}, {"returns": weight, "declared": weight * table["declared"]})


def _lost_to_debt(paid: pd.DataFrame) -> pd.DataFrame:
    amount = paid["weight"] * paid["written_off"].astype(float).fillna(0.0)
    return sum_up({"cell": paid["cell"]}, {"written_off": amount, "written_off_2": amount**2})


def _found(cases: pd.DataFrame) -> pd.DataFrame:
    found = cases["tax_found"].astype(float).fillna(0.0).to_numpy()
    random = (cases["programme"] == "random").to_numpy()
    chance = cases["inclusion_probability"].astype(float).to_numpy()
    k = np.where(random & (chance > 0), cases["weight"] / np.where(chance > 0, chance, 1.0), 0.0)
    values = {"yield": cases["weight"] * found, "cases": random, **_weighted(k, found)}
    return sum_up({"cell": cases["cell"]}, values)


def _would_find(potential: pd.DataFrame) -> pd.DataFrame:
    found = potential["tax_found"].to_numpy(dtype=float)
    weight = potential["weight"].to_numpy()
    truth = {f"t{name}": values for name, values in _weighted(weight, found).items()}
    return sum_up({"cell": potential["cell"]}, {"lost": weight * potential["tax_lost"], **truth})


def _weighted(k: NDArray[np.float64], y: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return {"k": k, "ky": k * y, "kk": k * k, "kky": k * k * y, "kkyy": k * k * y * y}


def _wrong(potential: pd.DataFrame, regime: str) -> pd.DataFrame:
    bad = potential[potential["tax_lost"] >= MISREPORTED_AT]
    lost, found = (bad["weight"] * bad[name] for name in _FOUND)
    values = {"n": np.ones(len(bad)), "lost": lost, "found": found, "missed": bad["tax_found"] == 0}
    squares = {"aa": found**2, "ab": found * lost, "bb": lost**2}
    return sum_up({"regime": np.full(len(bad), regime, dtype=object)}, values | squares)


def _of_regime(sums: pd.DataFrame, regime: str) -> pd.DataFrame:
    return pd.concat({regime: sums}, names=["regime"])


def _total(tables: list[pd.DataFrame]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame()
    joined = pd.concat(tables)
    return joined.groupby(level=list(range(joined.index.nlevels)), sort=True).sum()
