"""Which table a file is, and which of its columns stand for which of the schema: one for one, best in all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from taxgap.records.suggestion.fit import Fit, fit_of
from taxgap.records.suggestion.names import (
    ColumnNames,
    Name,
    column_names_of,
    likeness,
    shared_start,
    table_likeness,
    take_apart,
)
from taxgap.records.suggestion.sources import Group
from taxgap.schemas import TABLES
from taxgap.schemas.table import column_names, describe_columns

FLOOR = 0.55
"""A column that is less sure is suggested as a comment only."""

FAINTEST = 0.3
"""What is less likely is not even a comment."""

TABLE_FLOOR = 0.3
"""A file that is less like any table is left to the reader of the draft."""

_SECOND_BEST = 0.8
"""A file whose best table is taken by another is no table that it is less like than that."""

_KEY = "taxpayer_id"

_COVERED, _FILLED, _NAMED = 0.45, 0.25, 0.30
"""What a file's likeness to a table is made of: its columns taken, the table's filled, and its name."""


class Match(NamedTuple):
    """A column of the schema, and the column of the source that stands for it.

    Attributes
    ----------
    column, name : str
        Of the schema, and of the source.
    confidence : float
        From 0 to 1: how sure the suggestion is; a judgement from names and values, not a frequency.
    likeness : float
        Of the names alone.
    fit : Fit
        Of the values.
    """

    column: str
    name: str
    confidence: float
    likeness: float
    fit: Fit


class Candidate(NamedTuple):
    """A table of the schema that a group of files may be, and the matches then.

    Attributes
    ----------
    table : str
    score : float
    matches : tuple of Match
    keys : dict of str to float
        By column of the source, how sure it is to be the number by which all tables know a taxpayer; only
        those that may be.
    """

    table: str
    score: float
    matches: tuple[Match, ...]
    keys: Mapping[str, float]


def names_of(group: Group) -> list[Name]:
    """Take the names of a group's columns apart, without the beginning that they all share."""
    start = shared_start(list(group.columns))
    return [take_apart(name, start) for name in group.columns]


def candidate(group: Group, table: str, *, key: str | None = None) -> Candidate:
    """Match the columns of a group with those of a table.

    Parameters
    ----------
    group : Group
    table : str
        Of the schema.
    key : str, optional
        The column of the group that is the number by which all tables know a taxpayer.
    """
    names, wanted = names_of(group), column_names_of(table)
    described = describe_columns(TABLES[table])
    fits = [
        [fit_of(observed, column, name) for column in described]
        for observed, name in zip(group.columns.values(), names, strict=True)
    ]
    fit, evidence = (np.array([[each[k] for each in row] for row in fits], dtype=float) for k in (0, 1))
    likes = np.zeros_like(fit)
    for i, j in zip(*np.nonzero(fit), strict=True):
        likes[i, j] = likeness(names[i], wanted[j], table)
    sure = fit * (1 - (1 - likes) * (1 - evidence))
    keys = _keys(sure, names, wanted)
    if key is not None:
        at = [name.text for name in names].index(key), [each.column for each in wanted].index(_KEY)
        held = sure[at]
        sure[at[0], :] = sure[:, at[1]] = 0.0
        sure[at] = held
    pairs = _best_pairs(sure)
    matches = tuple(
        Match(wanted[j].column, names[i].text, float(sure[i, j]), float(likes[i, j]), fits[i][j])
        for i, j in pairs
    )
    return Candidate(table, _score(group, table, matches), matches, keys)


def settle(groups: Sequence[Group], tables: Sequence[str], *, named: bool = False) -> list[Candidate | None]:
    """Choose the table of each group; no table is chosen twice.

    Parameters
    ----------
    groups : sequence of Group
    tables : sequence of str
        Of the schema.
    named : bool
        Whether a person named these tables: they are looked for however faint the likeness.
    """
    if not groups:
        return []
    grid = [[candidate(group, table) for table in tables] for group in groups]
    scores = np.array([[each.score for each in row] for row in grid])
    chosen: list[Candidate | None] = [None] * len(groups)
    floor = TABLE_FLOOR / 2 if named else TABLE_FLOOR
    worth = np.where(scores >= floor, scores, 0.0)
    for i, j in zip(*linear_sum_assignment(worth, maximize=True), strict=True):
        if scores[i, j] >= max(floor, _SECOND_BEST * scores[i].max()):
            chosen[i] = grid[i][j]
    return _agree(groups, chosen)


def _keys(
    sure: NDArray[np.float64], names: Sequence[Name], wanted: Sequence[ColumnNames]
) -> dict[str, float]:
    at = [each.column for each in wanted]
    if _KEY not in at:
        return {}
    worth = sure[:, at.index(_KEY)]
    return {name.text: float(each) for name, each in zip(names, worth, strict=True) if each >= FAINTEST}


def _agree(groups: Sequence[Group], chosen: list[Candidate | None]) -> list[Candidate | None]:
    """Let all tables know a taxpayer by the same number, where a file has several that could be it.

    Numbers are told apart by the words of their names. The one is taken that most files have, and of those
    the surest.
    """
    words = [{name.text: _in_full(name) for name in names_of(group)} for group in groups]
    support: dict[tuple[str, ...], tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for each, own in zip(chosen, words, strict=True):
        for name, sure in each.keys.items() if each else ():
            files, total = support[own[name]]
            support[own[name]] = files + (sure >= FLOOR), total + sure
    return [
        each and _with_key(group, each, {name: support[own[name]] for name in each.keys})
        for group, each, own in zip(groups, chosen, words, strict=True)
    ]


def _in_full(name: Name) -> tuple[str, ...]:
    return tuple(max(sorted(word), key=len) for word in name.words)


def _with_key(group: Group, chosen: Candidate, support: Mapping[str, tuple[int, float]]) -> Candidate:
    best = max(support, key=lambda name: support[name], default=None)
    taken = {match.name for match in chosen.matches if match.column == _KEY}
    return chosen if best is None or best in taken else candidate(group, chosen.table, key=best)


def _best_pairs(sure: NDArray[np.float64]) -> list[tuple[int, int]]:
    # Squared, so that one sure pair is worth more than two doubtful ones.
    worth = np.where(sure >= FAINTEST, sure**2, 0.0)
    pairs = zip(*linear_sum_assignment(worth, maximize=True), strict=True)
    return [(int(i), int(j)) for i, j in pairs if worth[i, j]]


def _score(group: Group, table: str, matches: Sequence[Match]) -> float:
    weights = _weights()
    sure = [match for match in matches if match.confidence >= FLOOR]
    worth = sum(match.confidence * weights[match.column] for match in sure)
    covered = sum(match.confidence for match in sure) / len(group.columns)
    filled = worth / sum(weights[column] for column in column_names(TABLES[table]))
    name = max(table_likeness(group.source, table), table_likeness(group.names[0], table))
    # A name alone makes no table: some of its own columns must be there.
    return (_COVERED * covered + _FILLED * filled + _NAMED * name) if sure else 0.0


@lru_cache
def _weights() -> dict[str, float]:
    """Weigh each column by in how few tables it stands: those of every table tell none from another."""
    names = [name for model in TABLES.values() for name in column_names(model)]
    return {name: names.count(name) ** -0.5 for name in names}
