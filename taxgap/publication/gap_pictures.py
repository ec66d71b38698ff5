"""The pictures of the chain: its waterfall, and what each input does to the gap."""

from __future__ import annotations

import pandas as pd

from taxgap.gap.chain import GapEstimate
from taxgap.publication.gap_tornado import draw_tornado
from taxgap.publication.gap_waterfall import draw_gap_waterfall
from taxgap.publication.gap_words import Unit, name_input, say_level
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Cell, make_table
from taxgap.publication.wording import decimal, money, share

_SHORT = {
    "settled": "Found by enquiries, for all returns",
    "projection": "Expected of enquiries still open",
    "non_detection": "Not detected: the multiplier",
    "under_declared": "Under-declared tax",
    "non_payment": "Non-payment",
    "hidden_economy": "Hidden economy",
    "gross": "Gross tax gap",
    "compliance_yield": "Compliance yield",
    "net": "Net tax gap",
}


def picture_waterfall(estimate: GapEstimate, unit: Unit) -> Picture:
    """Draw the chain of all taxes, with the share of the variance of each link.

    Parameters
    ----------
    estimate : GapEstimate
        No bounds.
    unit : Unit

    Returns
    -------
    Picture
    """
    steps = estimate.waterfall
    rows = [
        (
            Cell(str(row["name"]), note="A sum" if row["kind"] == "total" else ""),
            unit.write(row["amount"]),
            unit.write(row["running"]),
            "" if row["kind"] == "total" else share(row["share_of_variance"]),
        )
        for _, row in steps.iterrows()
    ]
    heads = ["Link", f"Amount ({unit.name})", f"Running sum ({unit.name})", "Share of variance"]
    drawn = steps.assign(name=steps["step"].map(_SHORT).fillna(steps["name"]))
    return take_picture(
        "waterfall",
        lambda size: draw_gap_waterfall(drawn, unit, size),
        title="From what random enquiries found to the net tax gap",
        alt=f"Waterfall of amounts. {' '.join(_say_step(row) for _, row in drawn.iterrows())}",
        reading="Dark blue bars are sums; green bars are added, and red ones taken off. The share of the "
        "variance says how much of the uncertainty of the net gap a link brings in; the shares of all links "
        "add up to 100%.",
        table=make_table("waterfall-table", "The chain, link by link", heads, rows),
    )


def _say_step(row: pd.Series) -> str:
    end = "" if row["kind"] == "total" else f", {share(row['share_of_variance'])} of the variance"
    return f"{row['name']}: {money(row['amount'])}{end}."


def picture_sensitivity(estimate: GapEstimate, unit: Unit) -> Picture | None:
    """Draw the gap with each input at its limits.

    Parameters
    ----------
    estimate : GapEstimate
        No bounds.
    unit : Unit

    Returns
    -------
    Picture or None
        None where no input was varied.
    """
    inputs = estimate.sensitivity
    if inputs.empty:
        return None
    table = inputs.assign(
        label=[name_input(str(name)) for name in inputs["input"]],
        note=[_say_range(row, unit) for _, row in inputs.iterrows()],
    )
    rows = [
        (
            row["label"],
            row["note"],
            unit.write(row["gap_low"]),
            unit.write(row["gap_high"]),
            unit.write(row["swing"]),
        )
        for _, row in table.iterrows()
    ]
    heads = ["Input", "Its limits", "Net gap at the low limit", "Net gap at the high limit", "Difference"]
    said = [
        f"{row['label']}: {money(row['gap_low'])} at its low limit, {money(row['gap_high'])} at its high."
        for _, row in table.iterrows()
    ]
    level = say_level(estimate.made.get("level", 0.95))
    return take_picture(
        "sensitivity-picture",
        lambda size: draw_tornado(table, estimate.value, unit, size),
        title="The net tax gap with one input at its limits, the others as they are",
        alt=f"A bar for each input, the largest difference first. {' '.join(said)}",
        reading=f"The upright line is the estimate. Numbers beside a bar are the limits of the input: of the "
        f"multiplier those that stand in its table, {level} limits of the others"
        f"{'' if unit.size == 1 else f', amounts in {unit.name}'}.",
        table=make_table(
            "sensitivity-table", f"What each input does ({unit.name})", heads, rows, text=heads[1:2]
        ),
    )


def _say_range(row: pd.Series, unit: Unit) -> str:
    if str(row["input"]).startswith("non-detection"):
        return f"{decimal(row['low'])} to {decimal(row['high'])}"
    return unit.span(row["low"], row["high"])
