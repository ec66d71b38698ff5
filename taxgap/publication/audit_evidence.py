"""What the sections of the audit's page are made of: figures looked up, put in words and together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.publication.audit_words import LEVELS, name_group, name_grouping, name_measure, name_method
from taxgap.publication.picture import Picture
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import MINUS, UNKNOWN, count, pounds, share
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.result import ExplanationAudit

Row = Any
"""One line of figures, from ``itertuples``."""


@dataclass(frozen=True)
class Section:
    """One part of the audit, as the page shows it.

    Attributes
    ----------
    key, heading : str
    asked : str
        What was asked, in a sentence or two.
    found : tuple of str
        What was found, and how to read it.
    why_not : str
        Why it, or some of it, could not be done; empty if it was.
    pictures : tuple of Picture
    tables : tuple of Table
        Shown as they are.
    folded : tuple of Table
        Folded away; the last one holds every figure of all returns together.
    """

    key: str
    heading: str
    asked: str
    found: tuple[str, ...]
    why_not: str = ""
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    folded: tuple[Table, ...] = ()


@dataclass(frozen=True, eq=False)
class Evidence:
    """An audit, to look figures up in.

    Attributes
    ----------
    audit : ExplanationAudit
    """

    audit: ExplanationAudit

    @property
    def regime(self) -> str:
        """The name of the tax."""
        return str(self.audit.about.get("regime", ""))

    @property
    def most(self) -> int:
        """So many reasons count."""
        return int(self._settings.get("reasons", 3))

    @property
    def refits(self) -> int:
        """So many models were fitted again."""
        return int(self._settings.get("refits", 0))

    @property
    def confidence(self) -> str:
        """How sure the intervals are, such as ``95%``."""
        return share(float(self._settings.get("confidence", 0.95)))

    @property
    def _settings(self) -> dict[str, Any]:
        found = self.audit.about.get("settings") or {}
        return dict(found)

    def part(self, name: str) -> Part | None:
        """Return a part; None where it was not asked for."""
        return next((part for part in self.audit.parts if part.name == name), None)

    def rows(self, part: str, measure: str = "", **where: str) -> pd.DataFrame:
        """Return the figures of a part that are known, those of one measure and of columns as given."""
        found = self.part(part)
        if found is None or not len(found.figures):
            return pd.DataFrame(columns=["measure", "level", "group_by", "group", "method", *_NUMBERS])
        figures = found.figures
        kept = figures["value"].notna()
        for column, wanted in {"measure": measure, **where}.items():
            if wanted or column != "measure":
                kept &= figures[column] == wanted
        return figures[kept]

    def one(self, part: str, measure: str, **where: str) -> Row | None:
        """Return one figure, of all returns unless a group is named; None where it is not there."""
        where.setdefault("group_by", "")
        rows = self.rows(part, measure, **where)
        return next(iter(rows.itertuples(index=False)), None)

    def say(self, part: str, measure: str, **where: str) -> str:
        """Write one figure with its interval; empty where it is not there."""
        row = self.one(part, measure, **where)
        return "" if row is None else say_row(row)

    def table(self, part: str, name: str) -> pd.DataFrame:
        """Return a table of a part; an empty one where it is not there."""
        found = self.part(part)
        return pd.DataFrame() if found is None else found.tables.get(name, pd.DataFrame())


_NUMBERS = ("value", "low", "high", "chance", "n", "unit")


def say_value(value: float, unit: str, *, bound: float | None = None) -> str:
    """Write a figure in its unit.

    Parameters
    ----------
    value : float
    unit : str
        As of `taxgap.reasons.audit.figures.Figure`.
    bound : float, optional
        What it is held against: the figure is written so finely that it is seen on which side it lies.

    Examples
    --------
    >>> say_value(0.667, "share"), say_value(0.7961, "share", bound=0.8), say_value(3e-9, "log")
    ('67%', '79.6%', '0.000000003')
    >>> say_value(1234.0, "pounds"), say_value(0.61, "number")
    ('£1,234', '0.61')
    """
    if not math.isfinite(value):
        return UNKNOWN
    if unit == "share":
        near = bound is not None and value != bound and share(value) == share(bound)
        return share(value, digits=1 if near else None)
    if unit == "pounds":
        return pounds(value)
    if 0 < abs(value) < 0.005:
        digits = 1 - math.floor(math.log10(abs(value))) - 1
        text = (
            f"{abs(value):.{digits}f}" if digits <= _DEEPEST else f"less than {10.0**-_DEEPEST:.{_DEEPEST}f}"
        )
        return f"{MINUS if value < 0 else ''}{text}"
    text = f"{value:.2f}".replace("-", MINUS)
    return "0" if not value else text


_DEEPEST = 9


def say_interval(low: float, high: float, unit: str, *, bound: float | None = None) -> str:
    """Write an interval; empty where there is none.

    Examples
    --------
    >>> say_interval(0.65, 0.68, "share"), say_interval(0.5, 0.5, "share")
    ('65% to 68%', '')
    """
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return ""
    return f"{say_value(low, unit, bound=bound)} to {say_value(high, unit, bound=bound)}"


def say_row(row: Row) -> str:
    """Write a line of figures: the value, and its interval in brackets."""
    between = say_interval(row.low, row.high, row.unit)
    return say_value(row.value, row.unit) + (f" ({between})" if between else "")


def sentence(template: str, **figures: str) -> str:
    """Fill a sentence; empty where one of its figures is not there.

    Examples
    --------
    >>> sentence("It is {share}.", share="67%"), sentence("It is {share}.", share="")
    ('It is 67%.', '')
    """
    return template.format(**figures) if all(figures.values()) else ""


def make_section(
    evidence: Evidence,
    name: str,
    heading: str,
    asked: str,
    *,
    found: list[str],
    pictures: list[Picture | None] | None = None,
    tables: list[Table | None] | None = None,
    folded: list[Table | None] | None = None,
) -> Section | None:
    """Put a section together; None where its part was not asked for."""
    part = evidence.part(name)
    if part is None:
        return None
    said = tuple(text for text in (*found, *part.notes) if text)
    nothing = "" if part.left_out or len(part.figures) else "There are no figures of this part."
    return Section(
        key=f"part-{name}",
        heading=heading,
        asked=asked,
        found=said if len(part.figures) else (),
        why_not=part.left_out or nothing,
        pictures=tuple(each for each in pictures or () if each is not None),
        tables=tuple(each for each in tables or () if each is not None),
        folded=tuple(
            each for each in (*(folded or ()), tabulate_figures(evidence, name, heading)) if each is not None
        ),
    )


def tabulate_figures(evidence: Evidence, name: str, heading: str) -> Table | None:
    """Tabulate the figures of a part that are of all returns, or of a few groups."""
    rows = evidence.rows(name)
    rows = rows[rows["group_by"].isin(["", "against", "kind", "returns", "trained on", "peers"])]
    if rows.empty:
        return None
    heads = ["Figure", "What explains", "Value", "By chance", "Returns"]
    body = [
        (
            Cell(name_measure(row.measure), note=_say_where(row, evidence.regime)),
            name_method(row.method, row.part),
            Cell(
                say_value(row.value, row.unit),
                note=say_interval(row.low, row.high, row.unit),
            ),
            say_value(row.chance, row.unit) if math.isfinite(row.chance) else "",
            count(row.n),
        )
        for row in rows.itertuples(index=False)
    ]
    caption = f"{heading} Every figure of all returns together"
    return make_table(f"figures-{name}", caption, heads, body, text=heads[1:2])


def tabulate_groups(
    evidence: Evidence, rows: pd.DataFrame, *, key: str, caption: str, methods: bool = True
) -> Table:
    """Tabulate figures of groups: a row a group and method."""
    heads = ["Group", "What", "Value", "By chance", "Returns"]
    body = [
        (
            name_group(row.group_by, row.group, evidence.regime),
            name_method(row.method, row.part) if methods else name_measure(row.measure),
            Cell(say_value(row.value, row.unit), note=say_interval(row.low, row.high, row.unit)),
            say_value(row.chance, row.unit) if math.isfinite(row.chance) else "",
            count(row.n),
        )
        for row in rows.itertuples(index=False)
    ]
    return make_table(key, caption, heads, body, text=heads[1:2])


def _say_where(row: Row, regime: str) -> str:
    return "; ".join(_places(row, regime))


def _places(row: Row, regime: str) -> Iterator[str]:
    if row.level:
        yield LEVELS.get(row.level, row.level)
    if row.group_by:
        yield f"{name_grouping(row.group_by)}: {name_group(row.group_by, row.group, regime).lower()}"
