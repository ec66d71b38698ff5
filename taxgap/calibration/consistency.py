"""Whether what one taxpayer says for several taxes agrees, and other quantities that nobody publishes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.calibration.cells import TAXES
from taxgap.calibration.estimates import measure_detection
from taxgap.calibration.intervals import ratio_of_sums
from taxgap.calibration.links import BETWEEN, check_links
from taxgap.calibration.partition import Part, find_rows, months_of
from taxgap.calibration.row import Check
from taxgap.calibration.sums import Sums, at, cross_moments, sum_up
from taxgap.synthetic.published import trades

_MOMENTS = ("n", "a", "b", "aa", "ab", "bb")
_EXPENSES = "Expenses as a share of turnover, sole traders by trade"
_DETECTION = "Share of the tax lost that officers find"
_LONGEST = 12
_PAIRS = {
    "company turnover": (
        "Turnover in the accounts to sales on the VAT returns of the same months",
        "1 if both say the same; sales outside VAT, and sales left out of one of them, move it.",
    ),
    "company wages": (
        "Pay in the accounts to pay reported by the employer, accounts of twelve months",
        "About 1.1: the accounts include employer's contributions; their years are not tax years.",
    ),
}


def tally_consistency(part: Part) -> Sums:
    """Sum what should agree between the returns of one taxpayer.

    Returns
    -------
    dict of DataFrame
        `pairs` by pair: cross moments. `expenses` by trade: cross moments of expenses and turnover.
    """
    pairs = {"company turnover": _turnover(part), "company wages": _wages(part)}
    names = np.concatenate([np.full(len(top), name, dtype=object) for name, (top, _) in pairs.items()])
    top, bottom = (np.concatenate([pair[i] for pair in pairs.values()]) for i in (0, 1))
    person = part.returns("self_assessment")
    trade = part.of(person, "trade").astype(int)
    kept = (person["turnover"] > 0).to_numpy() & (trade >= 0)
    name = trades()["name"].to_numpy(dtype=object)[trade[kept]]
    expenses = cross_moments(person["total_expenses"].to_numpy()[kept], person["turnover"].to_numpy()[kept])
    return {
        "pairs": sum_up({"pair": names}, cross_moments(top, bottom)),
        "expenses": sum_up({"trade": name}, expenses),
    }


def check_consistency(sums: Sums) -> list[Check]:
    """Say how far the returns of one taxpayer agree, what trades spend and what officers find.

    Parameters
    ----------
    sums : dict of DataFrame
        From `tally_consistency` and `taxgap.calibration.cells.tally_cells`, added up.

    Returns
    -------
    list of Check
    """
    checks = []
    for pair, (title, reading) in _PAIRS.items():
        row = at(sums.get("pairs"), [pair], _MOMENTS).iloc[0]
        if row["n"]:
            expected = 1.0 if pair == "company turnover" else float("nan")
            checks.append(Check(BETWEEN, title, "share", *ratio_of_sums(row), expected, reading))
    return [*checks, *check_links(sums), *_expenses(sums), *_detection(sums)]


def _expenses(sums: Sums) -> list[Check]:
    checks = []
    for name, usual in zip(trades()["name"], trades()["costs"], strict=True):
        row = at(sums.get("expenses"), [name], _MOMENTS).iloc[0]
        if row["n"] >= 30:
            text = "Wrong claims included. The reference is assumed: no published table has it."
            title = str(name).capitalize()
            checks.append(Check(_EXPENSES, title, "share", *ratio_of_sums(row), float(usual), text))
    return checks


def _detection(sums: Sums) -> list[Check]:
    return [
        Check(
            _DETECTION,
            TAXES[regime],
            "share",
            found["detection"],
            found["low"],
            found["high"],
            float("nan"),
            f"A setting of the generator. It implies a multiplier of {found['multiplier']:.2f}; "
            f"{found['missed_whole']:.0%} of wrong returns are missed whole.",
        )
        for regime, found in measure_detection(sums).items()
    ]


Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


def _turnover(part: Part) -> Pair:
    """Accounts of companies that have VAT returns for exactly the same months."""
    company, vat = part.returns("corporation_tax"), part.returns("vat")
    if not len(company) or not len(vat):
        return np.zeros(0), np.zeros(0)
    first, last = _month(company["period_start"]), _month(company["period_end"])
    place = company["place"].to_numpy(dtype=int)
    # Running sums by company and month: what falls between the first and the last month of the accounts.
    origin, width = int(_month(vat["period_start"]).min()) - _LONGEST, 200
    order = np.lexsort((_month(vat["period_end"]), vat["place"]))
    vat = vat.iloc[order]
    end = vat["place"].to_numpy(dtype=int) * width + _month(vat["period_end"]) - origin
    sales = np.append(0.0, np.cumsum(vat["sales"].to_numpy(dtype=float)))
    months = np.append(0.0, np.cumsum(months_of(vat)))
    low = np.searchsorted(end, place * width + first - origin, "left")
    high = np.searchsorted(end, place * width + last - origin, "right")
    covered = np.abs(months[high] - months[low] - months_of(company)) < 0.5
    covered &= company["turnover"].to_numpy() > 0
    return company["turnover"].to_numpy(dtype=float)[covered], (sales[high] - sales[low])[covered]


def _wages(part: Part) -> Pair:
    company, employer = part.returns("corporation_tax"), part.returns("employer_paye")
    company = company[months_of(company) == _LONGEST]
    row = _same_year(company, employer)
    company, employer = company[row >= 0], employer.iloc[row[row >= 0]]
    paid = (company["staff_costs"] + company["directors_pay"]).to_numpy(dtype=float)
    return paid, employer["pay"].to_numpy(dtype=float)


def _same_year(table: pd.DataFrame, other: pd.DataFrame) -> NDArray[np.int64]:
    """Return the row of another table with the same taxpayer and tax year; -1 where there is none."""
    keys = [frame["place"].to_numpy(dtype=int) * 10_000 + _year(frame["year"]) for frame in (table, other)]
    index = pd.Index(keys[1])
    if index.has_duplicates:
        index = index.where(~index.duplicated(), -1)
    return find_rows(pd.Series(keys[0]), pd.DataFrame({"key": index}))


def _year(labels: pd.Series) -> NDArray[np.int64]:
    codes, distinct = pd.factorize(labels)
    years = np.array([int(label[:4]) for label in distinct] or [0], dtype=np.int64)
    return np.asarray(years[codes])


def _month(days: pd.Series) -> NDArray[np.int64]:
    return np.asarray(days.to_numpy().astype("datetime64[M]").astype(np.int64))
