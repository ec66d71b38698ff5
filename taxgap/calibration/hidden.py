"""The hidden economy, and the reliefs that are claimed in error: what only the truth knows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.calibration.cells import size_of
from taxgap.calibration.estimates import Gaps
from taxgap.calibration.intervals import ratio_of_sums
from taxgap.calibration.partition import Part, find_rows
from taxgap.calibration.row import Group, Row
from taxgap.calibration.sums import Sums, at, cross_moments, sum_up
from taxgap.synthetic.published import published

GHOSTS = ("ghost", "unregistered_trader")
"""Kinds of unregistered people who are wholly unknown, as the published table counts them (assumption for
traders)."""

MOONLIGHTERS = ("moonlighter", "undeclared_landlord")
"""Kinds who have another, declared income."""


def tally_hidden(part: Part) -> Sums:
    """Sum the tax that unregistered people do not pay, and the research relief claimed in error.

    Returns
    -------
    dict of DataFrame
        `hidden` by tax and kind: `lost` (GBP of all years) and `people` (person-years). `research` by tax
        year: moments of the deduction claimed in error and of that claimed, small companies only.
    """
    if part.truth is None:
        return {}
    table = part.read_truth("unregistered", ["regime", "kind", "tax_lost"])
    weight = part.weights.get("individual", 0.0)
    lost = table["tax_lost"].astype(float) * weight
    values = {"lost": lost, "people": np.full(len(table), weight)}
    return {
        "hidden": sum_up({"regime": table["regime"], "kind": table["kind"]}, values),
        "research": _research(part),
    }


def compare_hidden(gaps: Gaps, taxpayers: float) -> list[Row]:
    """Compare the tax that ghosts and moonlighters do not pay with the published survey estimates.

    Parameters
    ----------
    gaps : Gaps
    taxpayers : float
        The size of the population.

    Returns
    -------
    list of Row
    """
    fact = published()["hidden_economy_gap"]
    group = Group("The hidden economy", fact, taxpayers)
    if not len(gaps.hidden):
        return []
    kind = gaps.hidden.index.get_level_values("kind")
    income_tax = gaps.hidden.index.get_level_values("regime") == "self_assessment"
    for name, kinds in (("ghosts", GHOSTS), ("moonlighters", MOONLIGHTERS)):
        lost = float(gaps.hidden.loc[income_tax & kind.isin(kinds), "lost"].sum())
        title = f"Income Tax and National Insurance not paid by {name}"
        group.add(title, fact[name] * 1e9, (lost, float("nan"), float("nan")), unit="GBP")
    return group.rows


def compare_research(sums: Sums, taxpayers: float) -> list[Row]:
    """Compare the share of research relief that small companies claim in error.

    Parameters
    ----------
    sums : dict of DataFrame
        From `tally_hidden`.
    taxpayers : float

    Returns
    -------
    list of Row
    """
    fact = published()["research_relief"]
    group = Group("Research relief", fact, taxpayers)
    columns = ("n", "a", "b", "aa", "ab", "bb")
    for year, share in zip(fact["tax_year"], fact["small_companies"], strict=True):
        row = at(sums.get("research"), [year], columns).iloc[0]
        if row["b"]:
            claimed = ratio_of_sums(row.to_dict())
            group.add(f"Relief claimed in error by small companies, {year}", share, claimed)
    return group.rows


def _research(part: Part) -> pd.DataFrame:
    table = part.returns("corporation_tax")
    small = size_of(part.turnover)[table["place"].to_numpy(dtype=int)] == "small"
    table = table[small & (table["rd_relief"] > 0).to_numpy()]
    wrong = part.misreporting
    wrong = wrong[(wrong["regime"] == "corporation_tax") & (wrong["field"] == "rd_relief")]
    row = find_rows(wrong["key"], table)
    # The truth less the report: a relief claimed in error is negative.
    error = np.bincount(row[row >= 0], -wrong["amount"].to_numpy(dtype=float)[row >= 0], len(table))
    return sum_up({"year": table["year"]}, cross_moments(error, table["rd_relief"]))
