"""Breakdowns of a tax gap: by group, with intervals, cases and how each was estimated."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from taxgap.gap.chain import GapEstimate
from taxgap.gap.chain.groups import THIN
from taxgap.publication.audit_marks import Marks, draw_marks
from taxgap.publication.gap_intervals import whole_rows
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

OWN = Marks("Its own cases count most", "main")
SPARSE = Marks(f"Its own cases, fewer than {THIN}", "main", hollow=True)
DRAWN = Marks("Drawn to what is expected", "third", hollow=True)
COUNTED = Marks("Counted, not sampled", "ink", "D")
BESIDE = Marks("Estimated beside the returns", "ink", "s", hollow=True)

_THIN = "drawn to the expected"
_METHODS = {
    "own cases": "Its own random cases count most",
    _THIN: "Drawn to what is expected of it",
    "counted": "Counted, not sampled",
}
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
    thin = known["method"] == _THIN
    sentences = [_SAID[dimension]] if dimension in _SAID else []
    if thin.any():
        verb = "is" if thin.sum() == 1 else "are"
        sentences.append(
            f"{count(thin.sum())} of {number_of(len(known), 'group')} {verb} drawn to what is expected."
        )
    if (few := known["cases"] < THIN).any():
        verb = "has" if few.sum() == 1 else "have"
        sentences.append(f"{number_of(few.sum(), 'group')} {verb} fewer than {THIN} cases.")
    absent = rows[rows["amount"].isna()]
    missing = ""
    if len(absent):
        names = [_name(dimension, group) for group in absent["group"]]
        missing = f"Missing, which does not mean zero: {listing(names)}. The figures below leave it out."
    return Breakdown(key, name, tuple(sentences), missing, _draw(estimate, unit, dimension, rows, name))


def _read(estimate: GapEstimate, dimension: str) -> pd.DataFrame:
    """Return a breakdown; that by tax with the intervals of the table, which come from draws of the chain."""
    rows = estimate.by(dimension)
    if dimension != "tax" or rows.empty:
        return rows
    drawn = whole_rows(estimate).set_index("regime")
    ends = {name: rows["group"].map(drawn[name]).fillna(rows[name]) for name in ("low", "high")}
    return rows.assign(**ends)


def _name(dimension: str, group: object) -> str:
    return name_of_group(dimension, str(group))


def _draw(estimate: GapEstimate, unit: Unit, dimension: str, rows: pd.DataFrame, name: str) -> Picture:
    known = rows[rows["amount"].notna()].reset_index(drop=True)
    if dimension != "tax":
        known = known.sort_values("amount", ascending=False, kind="stable", ignore_index=True)
    placed = pd.DataFrame(
        {
            "row": range(len(known)),
            "value": known["amount"] / unit.size,
            "low": known["low"] / unit.size,
            "high": known["high"] / unit.size,
        }
    )
    thin, counted = known["method"] == _THIN, known["method"] == "counted"
    sparse = ~thin & ~counted & (known["cases"] < THIN)
    beside = ~known["method"].isin(list(_METHODS))
    own = ~(thin | counted | sparse | beside)
    kinds = ((OWN, own), (SPARSE, sparse), (DRAWN, thin), (COUNTED, counted), (BESIDE, beside))
    marks = [(kind, placed[chosen]) for kind, chosen in kinds if chosen.any()]
    labels = [_name(dimension, group) for group in known["group"]]
    level = say_level(estimate.made.get("level", 0.95))
    title = f"The net tax gap {name[:1].lower()}{name[1:]}"
    few = " Hollow dots are groups of which their own cases tell little." if (thin | sparse).any() else ""
    years = " Years are taken together." if len(years_of(estimate.made)) > 1 else ""
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
        reading=f"Lines are {level} intervals; numbers at the right are cases.{few}{years}",
        table=make_table(
            f"{key}-table",
            f"{title} ({unit.name})",
            _HEADS,
            _tabulate(known, rows, dimension, unit),
            text=_HEADS[-1:],
        ),
    )


_HEADS = ["Group", "Net gap", "Share", "Cases", "Weight of own cases", "How it was estimated"]


def _tabulate(known: pd.DataFrame, rows: pd.DataFrame, dimension: str, unit: Unit) -> list[list[str | Cell]]:
    body: list[list[str | Cell]] = []
    for _, row in known.iterrows():
        method = str(row["method"])
        body.append(
            [
                Cell(_name(dimension, row["group"]), tag=_tag(row)),
                Cell(unit.write(row["amount"]), note=unit.span(row["low"], row["high"])),
                _or_none(row["share"], share),
                _or_none(row["cases"], count),
                _or_none(row["own_weight"], share),
                _METHODS.get(method) or in_words(method),
            ]
        )
    for _, row in rows[rows["amount"].isna()].iterrows():
        body.append(
            [
                Cell(_name(dimension, row["group"])),
                Cell("", tag="Missing"),
                "",
                "",
                "",
                f"{str(row['method']).capitalize()}: missing, not zero",
            ]
        )
    return body


def _tag(row: pd.Series) -> str:
    if row["cases"] < THIN:
        return FEW
    return EXPECTED if row["method"] == _THIN else ""


def _or_none(value: float, form: Format) -> str:
    return form(float(value)) if value is not None and math.isfinite(value) else ""


def _say_ends(known: pd.DataFrame, labels: list[str]) -> str:
    ends = [int(known["amount"].argmax()), int(known["amount"].argmin())]
    if ends[0] == ends[1]:
        return f"{labels[0]}: {money(known['amount'].iloc[0])}."
    most, least = (f"{labels[place]}, {money(known['amount'].iloc[place])}" for place in ends)
    return f"{number_of(len(known), 'group')}. Largest: {most}. Smallest: {least}."
