"""Whether the two ends of a link agree: employers and those they pay, companies and those who own them.

The ends of a link mostly lie in different partitions. What each says is therefore kept by employer or
company, for as many of them as `KEPT` partitions hold: all in a small population, an even sample in a large
one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.calibration.intervals import ratio_of_sums
from taxgap.calibration.partition import Part
from taxgap.calibration.row import Check
from taxgap.calibration.sums import Sums, cross_moments, sum_up

BETWEEN = "Whether returns that speak of the same thing agree"
"""The group of these checks."""

KEPT = 4
"""Partitions' worth of employers and companies that are followed."""


def tally_links(part: Part) -> Sums:
    """Sum what each end of a link says, by employer or company and tax year.

    Returns
    -------
    dict of DataFrame
        `employers`: `reported` (pay reported for people on the register), `pay` (all pay). `owners`:
        `received` (dividends on the returns of directors), `paid`.
    """
    return {"employers": _employers(part), "owners": _owners(part)}


def check_links(sums: Sums) -> list[Check]:
    """Say how far both ends agree.

    Parameters
    ----------
    sums : dict of DataFrame
        From `tally_links`, added up.

    Returns
    -------
    list of Check
    """
    checks = []
    owners = _both(sums, "owners", "received", "paid")
    if len(owners):
        text = "1 if every director declares what the company paid, holds all its shares and no others."
        title = "Dividends on directors' returns to dividends that their companies paid"
        ratio = _ratio(owners, "received", "paid")
        checks.append(Check(BETWEEN, title, "share", *ratio, 1.0, text))
    employers = _both(sums, "employers", "reported", "pay")
    if len(employers):
        text = "At most 1: many employees file no return."
        title = "Pay reported for people on the register to all pay their employer reported"
        ratio = _ratio(employers, "reported", "pay")
        checks.append(Check(BETWEEN, title, "share", *ratio, float("nan"), text))
        more = float((employers["reported"] > employers["pay"] * 1.001 + 1).mean())
        text = "0 if no employer leaves pay out of the sums of the year."
        title = "Employers who reported less pay than was reported for their people on the register"
        checks.append(Check(BETWEEN, title, "share", more, float("nan"), float("nan"), 0.0, text))
    return checks


def _employers(part: Part) -> pd.DataFrame:
    reports = part.read("third_party", ["source", "reporter_id", "period", "amount"])
    reports = reports[
        (reports["source"] == "employer").to_numpy() & reports["reporter_id"].notna().to_numpy()
    ]
    reports = reports[_is_followed(reports["reporter_id"], part)]
    returns = part.returns("employer_paye")
    names = part.taxpayers["taxpayer_id"].iloc[returns["place"].to_numpy(dtype=int)]
    kept = _is_followed(names, part)
    return _joined(
        ("reported", reports["reporter_id"], reports["period"], reports["amount"]),
        ("pay", names[kept], returns["year"][kept], returns["pay"][kept]),
    )


def _owners(part: Part) -> pd.DataFrame:
    links = part.read("links", ["taxpayer_id", "kind", "other_id"])
    links = links[(links["kind"] == "director_of").to_numpy()]
    links = links[_is_followed(links["other_id"], part)]
    form = part.returns("self_assessment")[["place", "year", "dividends"]]
    received = form.merge(links.assign(place=part.place(links["taxpayer_id"])), on="place")
    accounts = part.returns("corporation_tax")
    names = part.taxpayers["taxpayer_id"].iloc[accounts["place"].to_numpy(dtype=int)]
    kept = _is_followed(names, part)
    return _joined(
        ("received", received["other_id"], received["year"], received["dividends"]),
        ("paid", names[kept], accounts["year"][kept], accounts["dividends_paid"][kept]),
    )


def _joined(*ends: tuple[str, pd.Series, pd.Series, pd.Series]) -> pd.DataFrame:
    ids, years = (np.concatenate([np.asarray(end[i], dtype=object) for end in ends]) for i in (1, 2))
    values = {}
    for position, (name, *_, amount) in enumerate(ends):
        before = sum(len(other[1]) for other in ends[:position])
        values[name] = np.zeros(len(ids))
        values[name][before : before + len(amount)] = amount
        values[f"has_{name}"] = np.zeros(len(ids))
        values[f"has_{name}"][before : before + len(amount)] = 1.0
    return sum_up({"id": ids, "year": years}, values)


def _both(sums: Sums, table: str, first: str, second: str) -> pd.DataFrame:
    """Return the rows of which both ends are known."""
    found = sums.get(table)
    if found is None or not len(found):
        return pd.DataFrame()
    return found[(found[f"has_{first}"] > 0) & (found[f"has_{second}"] > 0)]


def _ratio(table: pd.DataFrame, top: str, bottom: str) -> tuple[float, float, float]:
    moments = {name: values.sum() for name, values in cross_moments(table[top], table[bottom]).items()}
    return ratio_of_sums(moments)


def _is_followed(ids: pd.Series, part: Part) -> NDArray[np.bool_]:
    every = max(1, len(part.records.partitions) // KEPT)
    hashes = pd.util.hash_array(ids.to_numpy(dtype=object))
    return np.asarray(hashes % np.uint64(every) == 0)
