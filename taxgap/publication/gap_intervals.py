"""The full interval beside the one of sampling alone, and beside the truth where somebody knows it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from taxgap.gap.chain import GapEstimate
from taxgap.publication.audit_marks import Marks, draw_marks
from taxgap.publication.gap_words import (
    ALL,
    ALL_YEARS,
    HIDDEN,
    Unit,
    has_hidden_economy,
    name_tax,
    rows_of_taxes,
    say_level,
)
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import in_words, listing, money, share

OF_TAX = "net: "
"""How the name of a tax's own truth begins, in what is given to `GapEstimate.beside`."""

FULL = Marks("Full interval", "main")
SAMPLING = Marks("Sampling alone", "third", hollow=True)
TRUTH = Marks("Truth", "ink", "|", line=False)

_SAME = 0.02  # below this share the multiplier adds too little to speak of


@dataclass(frozen=True)
class Intervals:
    """What the page says of intervals and the truth.

    Parameters
    ----------
    sentences : tuple of str
        How the two intervals differ, and why.
    verdicts : tuple of str
        Where the truth lies; none where it is not known.
    outside : bool
        Whether the truth lies outside the full interval.
    picture : Picture or None
    told : Table or None
        All that was said to be true.
    """

    sentences: tuple[str, ...]
    verdicts: tuple[str, ...]
    outside: bool
    picture: Picture | None
    told: Table | None


def describe_intervals(estimate: GapEstimate, unit: Unit) -> Intervals:
    """Say how wide the intervals are, and where the truth lies.

    Parameters
    ----------
    estimate : GapEstimate
        No bounds.
    unit : Unit

    Returns
    -------
    Intervals
    """
    rows = _place(estimate)
    whole = rows.iloc[0]
    verdicts = _judge(rows) if math.isfinite(whole["truth"]) else ()
    return Intervals(
        sentences=_compare(estimate),
        verdicts=verdicts,
        outside=bool(verdicts) and not _holds(whole, ""),
        picture=_draw(rows, unit, say_level(estimate.made.get("level", 0.95))),
        told=tabulate_truth(estimate),
    )


def whole_rows(estimate: GapEstimate) -> pd.DataFrame:
    """Return one row a tax, its years together, in the order of the table of an estimate."""
    table = rows_of_taxes(estimate)
    several = table["regime"].map(table["regime"].value_counts()) > 1
    return table[(table["year"] == ALL_YEARS) | ~several].reset_index(drop=True)


def tabulate_truth(estimate: GapEstimate) -> Table | None:
    """List what was said to be true of all taxes, as it was named; None where nothing was."""
    told = {name: amount for name, amount in (estimate.truth or {}).items() if not name.startswith(OF_TAX)}
    if not told:
        return None
    rows = []
    for name, amount in told.items():
        own = {
            "net": (estimate.value, estimate.low, estimate.high),
            "gross": (estimate.gross, estimate.gross_low, estimate.gross_high),
        }.get(name)
        ours = _find_link(estimate, name) if own is None else money(own[0])
        note = "" if own is None or estimate.bounds else f"{money(own[1])} to {money(own[2])}"
        if own is not None and estimate.bounds:
            ours = f"{money(own[1])} to {money(own[2])}"
        rows.append((_NAMES.get(name) or in_words(name), money(amount), Cell(ours, note=note)))
    heads = ["Amount", "Truth", "Bounds" if estimate.bounds else "Estimate"]
    return make_table("truth-table", "What is true, and what is estimated", heads, rows)


def _find_link(estimate: GapEstimate, name: str) -> str:
    """Return the amount of a link of the chain; empty where there is none of this name."""
    steps = estimate.waterfall
    mine = steps[steps["step"] == name] if len(steps) else steps
    return money(float(mine["amount"].iloc[0])) if len(mine) else ""


_NAMES = {
    "net": "Net tax gap",
    "gross": "Gross tax gap",
    "under_declared": "Under-declared tax",
    HIDDEN: "Hidden economy",
}


def _place(estimate: GapEstimate) -> pd.DataFrame:
    """Return a row for all taxes and, where there are several, one a tax, with the truth of each."""
    truth = estimate.truth or {}
    names = ("value", "low", "high", "sampling_low", "sampling_high")
    first = {"name": name_tax(ALL), **{name: getattr(estimate, name) for name in names}}
    rows = [first | {"truth": truth.get("net", math.nan)}]
    by_tax = whole_rows(estimate)
    if len(by_tax) == 1 and not has_hidden_economy(estimate):
        rows[0]["name"] = name_tax(str(by_tax["regime"].iloc[0]))
    else:
        for _, row in by_tax.iterrows():
            own = {"value": row["net"], **{name: row[name] for name in names[1:]}}
            known = truth.get(f"{OF_TAX}{row['regime']}", math.nan)
            rows.append({"name": name_tax(str(row["regime"])), **own, "truth": known})
    frame = pd.DataFrame(rows)
    return frame.assign(row=range(len(frame)))


def _holds(row: pd.Series, which: str) -> bool:
    return bool(row[f"{which}low"] <= row["truth"] <= row[f"{which}high"])


def _judge(rows: pd.DataFrame) -> tuple[str, ...]:
    """Say where the truth lies: of all taxes in full, of each tax as far as it was missed."""
    whole = rows.iloc[0]
    full, alone = _holds(whole, ""), _holds(whole, "sampling_")
    begin = f"The true net gap is {money(whole['truth'])}."
    said = {
        (True, True): "It lies in the full interval, and in the one of sampling alone.",
        (True, False): "It lies in the full interval, and outside the one of sampling alone.",
        (False, True): "It lies outside the full interval, though in the one of sampling alone.",
        (False, False): "It lies outside both intervals.",
    }[full, alone]
    if not full:
        far = whole["truth"] > whole["high"]
        said += f" The estimate is too {'low' if far else 'high'}: it missed what is true."
    sentences = [f"{begin} {said}"]
    taxes = rows.iloc[1:]
    taxes = taxes[taxes["truth"].notna()]
    if len(taxes):
        held = [sum(_holds(row, which) for _, row in taxes.iterrows()) for which in ("", "sampling_")]
        sentences.append(
            f"Of {len(taxes)} taxes, the full interval holds the truth of {held[0]}, and the one of sampling "
            f"alone that of {held[1]}."
        )
        missed = [row for _, row in taxes.iterrows() if not _holds(row, "")]
        if missed:
            each = [
                f"{row['name']} (true {money(row['truth'])}, interval {money(row['low'])} to "
                f"{money(row['high'])})"
                for row in missed
            ]
            sentences.append(f"Outside the full interval: {listing(each)}.")
    return tuple(sentences)


def _compare(estimate: GapEstimate) -> tuple[str, ...]:
    full, alone = estimate.high - estimate.low, estimate.sampling_high - estimate.sampling_low
    level = say_level(estimate.made.get("level", 0.95))
    first = (
        f"The full {level} interval is {money(estimate.low)} to {money(estimate.high)}. If nothing but the "
        f"draw of cases were uncertain, it would be {money(estimate.sampling_low)} to "
        f"{money(estimate.sampling_high)}: {share(alone / full) if full > 0 else 'as much'} of its width."
    )
    steps = estimate.waterfall
    part = float(steps["share_of_variance"][steps["step"] == "non_detection"].sum())
    if part < _SAME:
        return (
            first,
            (
                "The multiplier adds next to nothing here, because it is given as certain, or nearly so. "
                "What enquiries miss is seldom known so well: give it limits, or the interval is too short."
            ),
        )
    return (
        first,
        (
            "The interval of sampling alone is too short: it takes the multiplier, which stands for what "
            f"enquiries do not find, as certain. That uncertainty makes {share(part)} of the variance here. "
            "The interval to publish is the full one."
        ),
    )


def _draw(rows: pd.DataFrame, unit: Unit, level: str) -> Picture:
    scaled = rows.assign(
        **{name: rows[name] / unit.size for name in rows.columns if name not in {"name", "row"}}
    )
    alone = scaled.assign(low=scaled["sampling_low"], high=scaled["sampling_high"])
    marks = [(FULL, scaled), (SAMPLING, alone)]
    known = rows["truth"].notna().any()
    if known:
        marks.append((TRUTH, scaled.assign(value=scaled["truth"], low=math.nan, high=math.nan)))
    title = "The full interval and the one of sampling alone" + (", with the truth" if known else "")
    whole = rows.iloc[0]
    end = f" The truth is {money(whole['truth'])}." if math.isfinite(whole["truth"]) else ""
    return take_picture(
        "intervals",
        lambda size: draw_marks(
            rows["name"].tolist(), marks, size, across=f"Net tax gap ({unit.name})", shares=False
        ),
        title=title,
        alt=f"Dots with lines, two a row. {whole['name']}: net gap {money(whole['value'])}, full interval "
        f"{money(whole['low'])} to {money(whole['high'])}, sampling alone {money(whole['sampling_low'])} to "
        f"{money(whole['sampling_high'])}.{end}",
        reading=f"Filled dots with their lines are the estimate and its full {level} interval. Hollow dots "
        "have the interval that the draw of cases alone would give."
        + (" An upright stroke is the truth." if known else ""),
        table=_tabulate(rows, unit, known=known),
    )


def _tabulate(rows: pd.DataFrame, unit: Unit, *, known: bool) -> Table:
    heads = ["Tax", "Net tax gap", "Full interval", "Sampling alone"] + (
        ["Truth", "In the full interval"] if known else []
    )
    body = []
    for _, row in rows.iterrows():
        cells = [
            row["name"],
            unit.write(row["value"]),
            unit.span(row["low"], row["high"]),
            unit.span(row["sampling_low"], row["sampling_high"]),
        ]
        if known:
            inside = "" if math.isnan(row["truth"]) else "yes" if _holds(row, "") else "no"
            cells += [unit.write(row["truth"]), inside]
        body.append(cells)
    return make_table("intervals-table", f"Intervals of the net tax gap ({unit.name})", heads, body)
