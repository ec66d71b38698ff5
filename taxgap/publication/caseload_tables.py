"""Tables of a caseload: why cases were chosen, what they are given, and how the limits are kept."""

from __future__ import annotations

import pandas as pd

from taxgap.cases import Caseload
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import count, interval, money, share

SHOWN = 40
"""Limits that the page shows at most; those that are not kept come first."""

_REASONS = {"certain": "For certain", "chance": "By chance"}
_TREATMENTS = {
    "enquire": ("Enquiry", "An officer looks at the whole return"),
    "check": ("Check", "An officer looks at what the reasons name"),
    "educate": ("Education", "Guidance is sent; no officer's hours"),
    "prompt": ("Prompt", "The taxpayer is asked to look again; no officer's hours"),
    "none": ("None", "Nothing is done"),
}


def tabulate_reasons(caseload: Caseload) -> Table:
    """Return how many cases were chosen for certain and by chance, and what they take and promise."""
    cases = caseload.frame[caseload.frame["selected"]]
    kinds = {name: cases[cases["reason"] == reason] for reason, name in _REASONS.items()}
    rows = [
        (name, count(len(own)), count(own["hours"].sum()), money(own["expected_tax"].sum()), _span(own))
        for name, own in (kinds | {"All cases": cases}).items()
    ]
    heads = ["Chosen", "Cases", "Hours", "Tax expected", "Probability of being chosen"]
    return make_table("reasons", "Cases by how they were chosen", heads, rows)


def _span(cases: pd.DataFrame) -> str:
    chance = cases["inclusion_probability"]
    if cases.empty:
        return ""
    low, high = float(chance.min()), float(chance.max())
    return share(low) if share(low) == share(high) else interval(low, high, share)


def tabulate_treatments(caseload: Caseload) -> Table:
    """Return how many returns each treatment is given to, and the officers' hours it takes."""
    frame = caseload.frame
    rows = []
    for name, (said, what) in _TREATMENTS.items():
        own = frame[frame["treatment"] == name]
        cases = own[own["selected"]]
        rows.append((said, what, count(len(own)), count(cases["hours"].sum())))
    heads = ["Treatment", "What it is", "Returns", "Hours"]
    return make_table("treatments", "Returns and hours by treatment", heads, rows, text=heads[1:2])


def tabulate_limits(caseload: Caseload) -> Table | None:
    """Return the limits with what was asked, expected and drawn; None where the caseload has none."""
    limits = caseload.limits
    if limits.empty:
        return None
    if len(limits) > SHOWN:
        near = (limits["drawn"] / limits["bound"].where(limits["bound"] > 0) - 1).abs()
        order = limits.assign(near=near.where(limits["kept"].astype(bool), -1.0)).sort_values(
            "near", kind="stable"
        )
        limits = limits.loc[order.index[:SHOWN].sort_values()]
    rows = []
    for _, row in limits.iterrows():
        asked = "at least" if row["kind"] == "coverage" else "at most"
        cells = [_amount(row, name) for name in ("bound", "expected", "drawn")]
        name = str(row["limit"]).replace("_", " ")
        first = Cell(name[:1].upper() + name[1:], tag="" if row["kept"] else "Not kept")
        rows.append((first, Cell(f"{asked} {cells[0].text}", cells[0].note), *cells[1:]))
    heads = ["Limit", "Asked", "Expected of the probabilities", "Drawn"]
    return make_table("limits-table", "What was asked, expected and drawn", heads, rows)


def _amount(row: pd.Series, name: str) -> Cell:
    number = f"{row[name]:,.1f}".removesuffix(".0")
    if row["kind"] == "coverage":
        return Cell(f"{number} cases")
    return Cell(
        f"{number} hours",
        note=f"{share(row[f'{name}_share'], digits=1)} of all hours" if row["kind"] == "cap" else "",
    )
