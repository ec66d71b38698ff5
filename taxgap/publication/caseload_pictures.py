"""Pictures of a caseload: who might have been drawn, and which groups bear the hours."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from taxgap.cases import Caseload
from taxgap.cases.limits import read_names
from taxgap.publication.audit_marks import Marks, draw_marks
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import make_table
from taxgap.publication.wording import count, decimal, in_words, share

RETURNS = Marks("Share of the returns", "main", hollow=True, line=False)
HOURS = Marks("Share of the hours drawn", "third", "D", line=False)

SHOWN = 30
"""Groups that a picture shows at most; the others are taken together."""

_EDGES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
_CERTAIN = 1 - 1e-9
_OTHERS, _UNKNOWN = "All others", "Not known"
_OWN = {"skill": "By skill", "case_type": "By type of case", "regime": "By tax", "period": "By tax year"}
_HEADS = ["Returns", RETURNS.name, "Cases", "Hours drawn", HOURS.name, "Hours' share over returns'"]


def picture_chances(caseload: Caseload) -> Picture:
    """Draw how the probabilities are distributed over returns and hours."""
    chance = caseload.frame["inclusion_probability"].to_numpy()
    names = ["Cannot be drawn", f"Under {share(_EDGES[0])}"]
    ends = [*_EDGES, 1.0]
    names += [f"{share(low)} to under {share(high)}" for low, high in pairwise(ends)]
    names.append("Certain")
    code = np.where(chance <= 0, 0, 1 + np.searchsorted(_EDGES, chance, side="right"))
    code[chance >= _CERTAIN] = len(names) - 1
    tallied = _tally(caseload.frame, pd.Series(code))
    tallied.index = pd.Index([names[place] for place in tallied.index])
    return _draw(
        "chances", "Everyone's probability of being chosen", "Probability", tallied,
        "Certain cases are chosen whatever the draw. Of the others chance decides, with the probability that "
        "stands in the caseload: it is what an estimate of the total needs.",
    )  # fmt: skip


def picture_burdens(caseload: Caseload) -> list[Picture]:
    """Draw who bears the hours: one picture for the region, each column of a limit, taxes and years."""
    frame = caseload.frame
    named = list(frame.columns[frame.columns.get_loc("out_of_time") + 1 :])
    columns = [name for name in (*named, "regime", "period") if len(frame[name].dropna().unique()) > 1]
    return [_picture_burden(frame, name, place) for place, name in enumerate(dict.fromkeys(columns))]


def _picture_burden(frame: pd.DataFrame, name: str, place: int) -> Picture:
    tallied = _tally(frame, read_names(frame[name]).where(frame[name].notna(), _UNKNOWN))
    numbers = pd.to_numeric(tallied.index.to_series(), errors="coerce")
    if numbers.notna().any():
        tallied = tallied.loc[numbers.sort_values(kind="stable").index]
    elif name != "period":
        tallied = tallied.sort_values("returns", ascending=False, kind="stable")
    if len(tallied) > SHOWN:
        kept = tallied.nlargest(SHOWN - 1, "hours").index
        rest = tallied[~tallied.index.isin(kept)].sum().to_frame(_OTHERS).T
        tallied = pd.concat([tallied[tallied.index.isin(kept)], rest])
    names = [in_words(label) if name == "regime" else label for label in tallied.index]
    reading = (
        "Where the diamond stands right of the ring, a group bears more of the hours than its returns' share."
    )
    title = _OWN.get(name, f"By {name.replace('_', ' ')}")
    return _draw(f"burden-{place}", title, in_words(name), tallied.set_axis(names), reading)


def _tally(frame: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Return ``returns, cases, hours`` (of the cases) by group, in the order of their names."""
    hours = frame["hours"].where(frame["selected"], 0.0)
    own = pd.DataFrame({"returns": 1, "cases": frame["selected"].astype(int), "hours": hours})
    return own.groupby(groups.to_numpy(), sort=True).sum()


def _draw(key: str, title: str, what: str, tallied: pd.DataFrame, reading: str) -> Picture:
    shares = tallied / tallied.sum().where(lambda total: total > 0)
    labels = [str(name) for name in tallied.index]
    marks = [
        (
            mark,
            pd.DataFrame(
                {"row": range(len(labels)), "value": shares[name].to_numpy(), "low": np.nan, "high": np.nan}
            ),
        )
        for mark, name in ((RETURNS, "returns"), (HOURS, "hours"))
    ]
    rows = [
        (label, count(row["returns"]), share(part["returns"]), count(row["cases"]), count(row["hours"]),
         share(part["hours"]), decimal(part["hours"] / part["returns"]) if part["returns"] else "")
        for label, (_, row), (_, part) in zip(labels, tallied.iterrows(), shares.iterrows(), strict=True)
    ]  # fmt: skip
    said = [f"{row[0]}: {row[2]} of the returns, {row[5]} of the hours." for row in rows]
    return take_picture(
        key,
        lambda size: draw_marks(
            labels,
            marks,
            size,
            across="Share",
            notes=[count(cases) for cases in tallied["cases"]],
            apart=False,
        ),
        title=title,
        alt=f"Two marks a row. {' '.join(said)}",
        reading=f"{reading} Numbers at the right are cases: {count(tallied['cases'].sum())} in all.",
        table=make_table(f"{key}-table", title, [what, *_HEADS], rows),
    )
