"""Do small changes of what a return reports change the reasons, while the score stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.reasons.audit.edited import FIXED, KEYS, edit_returns
from taxgap.reasons.audit.figures import Estimate, Figure, draw_figure, tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.planting.completion import COMPLETIONS
from taxgap.reasons.audit.rules import Rule
from taxgap.reasons.audit.stability.naming import Naming, find_visible
from taxgap.reasons.audit.stability.refitting import draw_flagged
from taxgap.reasons.selection import Positions
from taxgap.records import Records
from taxgap.records.partitions import partition_of
from taxgap.regimes.returns import latest_versions
from taxgap.risk.arrays import Bools, Floats
from taxgap.schemas import TABLES

NAME = "reporting"

RULES = (
    Rule(
        "reporting",
        NAME,
        "Does a change of reported pounds that hardly moves the score change the first reason?",
        "at most",
        0.10,
        fails="What comes first hangs on a few pounds. See by change which: reasons of equal size change "
        "places, or a feature jumps at a threshold, such as round amounts.",
    ),
)
"""The check of this part: the worst of the changes is held against the bound."""

MOST = 500
"""At most so many flagged returns are changed, drawn at random."""

STILL = 0.01
"""A score hardly moves if it moves by less than this share of the range of all scores audited."""

NO_EXPLANATIONS = (
    "The explanations do not follow the returns: they were given as a frame, so nothing can be said of "
    "returns that report something else."
)
NO_RETURNS = "The returns of the sample are not in the records, or report no pounds."

Change = Callable[[Floats, np.random.Generator], Floats]


def _scale(by: float) -> Change:
    return lambda boxes, _: np.round(boxes * by, 2)


def _round(to: float) -> Change:
    return lambda boxes, _: np.round(boxes / to) * to


def _mix(boxes: Floats, random: np.random.Generator) -> Floats:
    return np.asarray(np.round(boxes * random.choice([0.99, 1.01], boxes.shape), 2), dtype=np.float64)


CHANGES: Mapping[str, Change] = {
    "1% up": _scale(1.01),
    "1% down": _scale(0.99),
    "1% up or down by box": _mix,
    "rounded to £1": _round(1.0),
    "rounded to £10": _round(10.0),
    "rounded to £100": _round(100.0),
}
"""What is done to every box of a return that is filled in; totals follow."""


@dataclass(frozen=True, eq=False)
class Changed:
    """What a change of their boxes makes of some returns, one row each.

    Attributes
    ----------
    name : str
        Of the change.
    moved : ndarray of float64
        How far the score moves, in its own unit.
    first : ndarray of int64
        The first code by place; -1 where no reason stands out.
    """

    name: str
    moved: Floats
    first: Positions


def measure_reporting(
    material: Material, *, most: int = MOST, changes: Mapping[str, Change] = CHANGES
) -> Part:
    """Measure how often a small change of a return's boxes changes its first reason but not its score.

    Parameters
    ----------
    material : Material
    most : int, default 500
        The most flagged returns.
    changes : mapping of str to callable, optional
        Name to a function of the boxes, returns by boxes in GBP, and of a generator, that gives new ones.

    Returns
    -------
    Part
        Left out where explanations are a frame.

    Notes
    -----
    All boxes of the latest version of a return are changed, nothing else of its taxpayer. Totals
    move by as much as the form has them move; the tax charged, which no return of Self Assessment is measured
    by, stays. The returns are measured again from the edited records,
    held against the same peers, scored and explained. The check counts, of all flags, those whose first code
    changes while the score moves by less than 1% of the range of the scores audited. Beside it stands the
    share of those whose score hardly moves.
    """
    naming = Naming.of(material, draw_flagged(material, most))
    boxes = _read_boxes(material, naming)
    if boxes.empty:
        return Part(NAME, tidy(()), left_out=NO_RETURNS)
    unchanged = _measure_again(material, None, boxes)
    kept = unchanged.index
    edited = {
        name: _measure_again(material, _change(material, boxes, name, change), boxes).loc[kept]
        for name, change in changes.items()
    }
    seen = {name: material.regime.compare(own, material.subject.peers) for name, own in edited.items()}
    before = material.regime.compare(unchanged, material.subject.peers)
    explained = _explain(material, {"": before, **seen})
    if not material.subject.ours and all(explained[""].equals(explained[name]) for name in changes):
        return Part(NAME, tidy(()), left_out=NO_EXPLANATIONS)
    rows = material.index.isin(kept)
    score = material.subject.score(before).score
    first = naming.choose(explained[""], find_visible(material, unchanged))[:, 0]
    found = [
        Changed(
            name,
            material.subject.score(seen[name]).score - score,
            naming.choose(explained[name], find_visible(material, edited[name]))[:, 0],
        )
        for name in changes
    ]
    order = kept.get_indexer(material.index[rows])
    found = [Changed(each.name, each.moved[order], each.first[order]) for each in found]
    return part_of(material, rows, first[order], found)


def part_of(material: Material, rows: Bools, first: Positions, found: list[Changed]) -> Part:
    """Make the part of what was found.

    Parameters
    ----------
    material : Material
    rows : ndarray of bool
        The returns that were changed.
    first : ndarray of int64
        Their first codes before.
    found : list of Changed

    Returns
    -------
    Part
    """
    span = float(np.ptp(material.score)) * STILL
    figures, worst = [], None
    for each in found:
        still, other = np.abs(each.moved) < span, each.first != first
        both = _mean(material, rows, (still & other).astype(np.float64))
        figures += [
            _figure("first code changes, score does not", both, each.name),
            _figure(
                "first code changes where the score does not",
                _mean(material, rows, np.where(still, other, np.nan)),
                each.name,
            ),
            _figure("first code changes", _mean(material, rows, other.astype(np.float64)), each.name),
            _figure("score hardly moves", _mean(material, rows, still.astype(np.float64)), each.name),
        ]
        worst = both if worst is None or both.value > worst.value else worst
    return Part(NAME, tidy(figures), findings={} if worst is None else {"reporting": worst})


def _mean(material: Material, rows: Bools, values: Floats) -> Estimate:
    every = np.full(len(material), np.nan)
    every[rows] = values
    return material.bootstrap.mean(every)


def _read_boxes(material: Material, naming: Naming) -> pd.DataFrame:
    """Read the latest version of the returns."""
    wanted, records = material.index[naming.rows], material.records
    parts = [
        latest_versions(records.read(material.regime.name, partition=partition))
        for partition in _homes(records, wanted)
    ]
    returns = pd.concat(parts).set_index(KEYS)
    found: pd.DataFrame = returns[returns.index.isin(wanted)]
    return found


def _homes(records: Records, index: pd.MultiIndex) -> list[int]:
    homes = partition_of(index.get_level_values(KEYS[0]).unique().tolist(), len(records.partitions))
    return sorted({int(home) for home in homes})


def _change(material: Material, returns: pd.DataFrame, name: str, change: Change) -> pd.DataFrame:
    """Change the boxes that are filled in, and let totals and tax follow by as much as they move."""
    form = COMPLETIONS.get(material.regime.name)
    follows = [] if form is None else [*form.follow(returns).columns, form.box]
    own = [box for box in _pounds(material.regime.name, returns) if box not in {*FIXED, *follows}]
    random = np.random.default_rng([material.settings.seed, 23, *name.encode()])
    edited = returns.copy()
    edited[own] = change(returns[own].to_numpy(dtype=np.float64), random)
    if form is not None:
        # A return whose totals were wrong stays as wrong as it was: only their change follows.
        before, after = form.follow(returns), form.follow(edited)
        totals = [total for total in before.columns if total in returns.columns]
        edited[totals] = returns[totals] + (after[totals] - before[totals]).round(2)
        own += totals
    return edited[own]


def _pounds(regime: str, returns: pd.DataFrame) -> list[str]:
    columns = TABLES[regime].to_schema().columns
    known = {name: column.metadata or {} for name, column in columns.items()}
    return [str(box) for box in returns.columns if known.get(box, {}).get("unit") == "GBP"]


def _measure_again(material: Material, edited: pd.DataFrame | None, boxes: pd.DataFrame) -> pd.DataFrame:
    """Measure the returns from records in which they report something else; what is held is theirs alone."""
    regime, wanted = material.regime, boxes.index
    people, periods = (wanted.get_level_values(key).unique().tolist() for key in KEYS)
    homes = partition_of(wanted.get_level_values(KEYS[0]).tolist(), len(material.records.partitions))
    parts = []
    for home in sorted({int(home) for home in homes}):
        held = material.records.hold(regime.tables, home, people)
        own = wanted[homes == home]
        if edited is not None:
            held = edit_returns(held, regime.name, edited.loc[own])
        measured = regime.measure(held, periods)
        parts.append(measured[measured.index.isin(own)])
    return pd.concat(parts)


def _explain(material: Material, seen: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Explain all versions; of the library's own at once, for its peers are then tabulated once."""
    if not material.subject.ours:
        return {name: material.subject.explain(own) for name, own in seen.items()}
    found = material.subject.explain(pd.concat(seen.values()))
    ends = np.cumsum([len(own) for own in seen.values()])[:-1]
    starts = [0, *ends.tolist(), len(found)]
    return {
        name: found.iloc[first:last] for name, first, last in zip(seen, starts[:-1], starts[1:], strict=True)
    }


def _figure(measure: str, found: Estimate, change: str) -> Figure:
    return draw_figure(NAME, measure, found, level="code", group_by="change", group=change)
