"""Breakdowns of a tax gap: by group, with intervals, cases and how each was estimated."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from taxgap.gap.chain import GapEstimate
from taxgap.gap.chain.groups import THIN
from taxgap.publication.audit_marks import Marks, draw_marks
from taxgap.publication.gap_intervals import OF_TAX, TRUTH, whole_rows
from taxgap.publication.gap_words import Unit, name_of_group, say_level, years_of
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Cell, make_table
from taxgap.publication.wording import Format, count, in_words, listing, money, number_of, share

DIMENSIONS = {
    "tax": "By tax",
    "customer group": "By customer group",
    "trade group": "By trade group",
    "nation": "By nation",
    "region": "By region",
    "combined authority": "By combined authority",
    "behaviour": "By behaviour",
}
"""The breakdowns in the order of the page, and their headings."""

FEW = "Few cases"
"""The mark of a group with so few random cases that they tell next to nothing."""

EXPECTED = "Drawn to expected"
"""The mark of a group with more cases, of which what is expected counts for more all the same."""

HALF = "Half and half"
"""The mark of a group of which its own cases and what is expected count about alike."""

BETWEEN = (0.4, 0.6)
"""Weights of own cases between which a group is half and half (a choice of ours)."""

OWN = Marks("Its own cases count most", "main")
BOTH = Marks("Half and half", "sixth")
SPARSE = Marks(f"Its own cases, fewer than {THIN}", "main", hollow=True)
DRAWN = Marks("Drawn to what is expected", "third", hollow=True)
COUNTED = Marks("Counted, not sampled", "ink", "D")
BESIDE = Marks("Estimated beside the returns", "ink", "s", hollow=True)

_THIN = "drawn to the expected"
_METHODS = {
    "own": "Its own random cases count most",
    "half": "Half its own random cases, half what is expected",
    "sparse": "Its own random cases count most",
    "drawn": "Drawn to what is expected",
    "counted": "Counted, not sampled",
}
_MARKS = {"own": OWN, "half": BOTH, "sparse": SPARSE, "drawn": DRAWN, "counted": COUNTED, "beside": BESIDE}
_SAID = {
    "tax": "The same as in the table above, years taken together.",
    "customer group": "People by declared income, businesses by turnover.",
    "region": "Regions add up to their nations.",
    "behaviour": "What random cases were settled as. What is expected of open cases is shared out likewise.",
}


@dataclass(frozen=True)
class Breakdown:
    """One breakdown.

    Parameters
    ----------
    key, name : str
    sentences : tuple of str
    missing : str
        Names what is not in the figures; empty where nothing is known to be missing.
    picture : Picture or None
        None where there is nothing to show.
    """

    key: str
    name: str
    sentences: tuple[str, ...]
    missing: str
    picture: Picture | None


def describe_groups(estimate: GapEstimate, unit: Unit) -> tuple[Breakdown, ...]:
    """Describe every breakdown, those that are not available as well.

    Parameters
    ----------
    estimate : GapEstimate
    unit : Unit

    Returns
    -------
    tuple of Breakdown
        None at all where no breakdown was asked for.
    """
    if estimate.groups.empty:
        return ()
    others = [name for name in dict.fromkeys(estimate.groups["dimension"]) if name not in DIMENSIONS]
    names = DIMENSIONS | {str(name): f"By {name}" for name in others}
    return tuple(_describe(estimate, unit, key, name) for key, name in names.items())


def _describe(estimate: GapEstimate, unit: Unit, dimension: str, name: str) -> Breakdown:
    rows, key = _read(estimate, dimension), f"groups-{dimension.replace(' ', '-')}"
    known = rows[rows["amount"].notna()].reset_index(drop=True)
    if known.empty:
        notes = [note for note in estimate.notes if dimension in note]
        why = " ".join(notes) or f"The records do not say which {dimension} a return belongs to."
        return Breakdown(key, name, (), f"Not available, which does not mean zero. {why}", None)
    sentences = ([_SAID[dimension]] if dimension in _SAID else []) + _say_kinds(known)
    sentences += _say_truth(known)
    absent = rows[rows["amount"].isna()]
    missing = ""
    if len(absent):
        names = [_name(dimension, group) for group in absent["group"]]
        missing = f"Missing, which does not mean zero: {listing(names)}. The figures below leave it out."
    picture = _draw(estimate, unit, dimension, rows, name)
    return Breakdown(key, name, tuple(sentences), missing, picture)


def _say_kinds(known: pd.DataFrame) -> list[str]:
    """Say how many groups do not stand on their own cases, and what the differences between them tell."""
    drawn, half, few = (
        int(each.sum()) for each in (known["kind"] == "drawn", known["kind"] == "half", known["cases"] < THIN)
    )
    sentences = []
    if drawn:
        verb = "is" if drawn == 1 else "are"
        sentences.append(
            f"{count(drawn)} of {number_of(len(known), 'group')} {verb} drawn to what is expected."
        )
    if half:
        verb = "is" if half == 1 else "are"
        sentences.append(f"{number_of(half, 'group')} {verb} half and half.")
    if few:
        sentences.append(
            f"{number_of(few, 'group')} {'has' if few == 1 else 'have'} fewer than {THIN} cases."
        )
    if drawn > len(known) / 2:
        sentences.append(
            "Differences between groups that are drawn to what is expected mostly reflect their size and "
            "make-up, and are no evidence of their own."
        )
    return sentences


def _say_truth(known: pd.DataFrame) -> list[str]:
    told = known[known["truth"].notna()]
    if told.empty:
        return []
    held = int(((told["low"] <= told["truth"]) & (told["truth"] <= told["high"])).sum())
    return [f"The intervals hold the truth of {held} of {number_of(len(told), 'group')}."]


def _read(estimate: GapEstimate, dimension: str) -> pd.DataFrame:
    """Return a breakdown with ``kind``, a key of the marks, and ``truth``, where it is known.

    That by tax has the intervals of the table, which come from draws of the chain.
    """
    rows, truth = estimate.by(dimension), estimate.truth or {}
    if dimension == "tax" and len(rows):
        drawn = whole_rows(estimate).set_index("regime")
        ends = {name: rows["group"].map(drawn[name]).fillna(rows[name]) for name in ("low", "high")}
        rows = rows.assign(**ends)
    return rows.assign(
        kind=[_judge(row) for _, row in rows.iterrows()],
        truth=[truth.get(f"{OF_TAX}{dimension}: {group}", math.nan) for group in rows["group"]],
    )


def _judge(row: pd.Series) -> str:
    """Say what a group stands on."""
    if row["method"] == "counted":
        return "counted"
    if row["method"] not in {"own cases", _THIN}:
        return "beside"
    if BETWEEN[0] <= row["own_weight"] <= BETWEEN[1]:
        return "half"
    if row["method"] == _THIN:
        return "drawn"
    return "sparse" if row["cases"] < THIN else "own"


def _name(dimension: str, group: object) -> str:
    return name_of_group(dimension, str(group))


def _draw(estimate: GapEstimate, unit: Unit, dimension: str, rows: pd.DataFrame, name: str) -> Picture:
    known = rows[rows["amount"].notna()].reset_index(drop=True)
    if dimension != "tax":
        known = known.sort_values("amount", ascending=False, kind="stable", ignore_index=True)
    marks = _place(known, unit)
    labels = [_name(dimension, group) for group in known["group"]]
    title = f"The net tax gap {name[:1].lower()}{name[1:]}"
    heads = [head for head in _HEADS if head != TRUTH.name or known["truth"].notna().any()]
    key = f"groups-{dimension.replace(' ', '-')}-picture"
    return take_picture(
        key,
        lambda size: draw_marks(
            labels,
            marks,
            size,
            across=f"Net tax gap ({unit.name})",
            shares=False,
            notes=[_or_none(cases, count) for cases in known["cases"]],
            apart=False,
        ),
        title=title,
        alt=f"Dots with intervals, a row a group. {_say_ends(known, labels)}",
        reading=_say_reading(estimate, known),
        table=make_table(
            f"{key}-table",
            f"{title} ({unit.name})",
            heads,
            [[cells[head] for head in heads] for cells in _list_cells(rows, known, dimension, unit)],
            text=heads[-1:],
        ),
    )


def _place(known: pd.DataFrame, unit: Unit) -> list[tuple[Marks, pd.DataFrame]]:
    """Return what is drawn where: a mark for each kind of group, and a stroke for the truth."""
    scaled = {name: known[name] / unit.size for name in ("low", "high")}
    placed = pd.DataFrame({"row": range(len(known)), "value": known["amount"] / unit.size, **scaled})
    kinds = ((mark, known["kind"] == kind) for kind, mark in _MARKS.items())
    marks = [(mark, placed[chosen]) for mark, chosen in kinds if chosen.any()]
    if known["truth"].notna().any():
        marks.append((TRUTH, placed.assign(value=known["truth"] / unit.size, low=math.nan, high=math.nan)))
    return marks


def _say_reading(estimate: GapEstimate, known: pd.DataFrame) -> str:
    level = say_level(estimate.made.get("level", 0.95))
    said = [f"Lines are {level} intervals; numbers at the right are cases."]
    if known["kind"].isin(["drawn", "sparse"]).any():
        said.append("Hollow dots are groups of which their own cases tell little.")
    if (known["kind"] == "half").any():
        low, high = map(share, BETWEEN)
        said.append(f"Half and half: the weight of a group's own cases lies between {low} and {high}.")
    if known["truth"].notna().any():
        said.append("An upright stroke is the truth.")
    if len(years_of(estimate.made)) > 1:
        said.append("Years are taken together.")
    return " ".join(said)


_HEADS = ["Group", "Net gap", TRUTH.name, "Share", "Cases", "Weight of own cases", "How it was estimated"]


def _list_cells(
    rows: pd.DataFrame, known: pd.DataFrame, dimension: str, unit: Unit
) -> list[dict[str, str | Cell]]:
    """Return the cells of each row by the head of their column, groups without an amount last."""
    body: list[dict[str, str | Cell]] = []
    for _, row in known.iterrows():
        outside = not (math.isnan(row["truth"]) or row["low"] <= row["truth"] <= row["high"])
        cells = (
            Cell(_name(dimension, row["group"]), tag=_tag(row)),
            Cell(unit.write(row["amount"]), note=unit.span(row["low"], row["high"])),
            Cell(unit.write(row["truth"]), note="outside" if outside else ""),
            _or_none(row["share"], share),
            _or_none(row["cases"], count),
            _or_none(row["own_weight"], share),
            _METHODS.get(row["kind"]) or in_words(str(row["method"])),
        )
        body.append(dict(zip(_HEADS, cells, strict=True)))
    for _, row in rows[rows["amount"].isna()].iterrows():
        body.append(
            {
                **dict.fromkeys(_HEADS, ""),
                _HEADS[0]: _name(dimension, row["group"]),
                _HEADS[1]: Cell("", tag="Missing"),
                _HEADS[-1]: f"{str(row['method']).capitalize()}: missing, not zero",
            }
        )
    return body


def _tag(row: pd.Series) -> str:
    return FEW if row["cases"] < THIN else {"half": HALF, "drawn": EXPECTED}.get(row["kind"], "")


def _or_none(value: float, form: Format) -> str:
    return form(float(value)) if value is not None and math.isfinite(value) else ""


def _say_ends(known: pd.DataFrame, labels: list[str]) -> str:
    ends = [int(known["amount"].argmax()), int(known["amount"].argmin())]
    if ends[0] == ends[1]:
        return f"{labels[0]}: {money(known['amount'].iloc[0])}."
    most, least = (f"{labels[place]}, {money(known['amount'].iloc[place])}" for place in ends)
    return f"{number_of(len(known), 'group')}. Largest: {most}. Smallest: {least}."
