"""Which level of the schema a code of a source stands for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from taxgap.records.suggestion.names import alike, plain

CODES: dict[str, Any] = tomllib.loads(files(__package__).joinpath("codes.toml").read_text("utf-8"))["codes"]

_ALIKE = 0.75


class Levels(NamedTuple):
    """What the codes of a column stand for.

    Attributes
    ----------
    codes : dict of str to str or bool
        By code as it stands in the source.
    unknown : tuple of str
        Codes that are like no level.
    share : float
        Rows whose code is known, of those that have one.
    distinct : int
        Levels that occur.
    """

    codes: dict[str, str | bool]
    unknown: tuple[str, ...]
    share: float
    distinct: int


def levels_of(codes: Mapping[str, int], column: str, levels: Sequence[str]) -> Levels:
    """Find the level that each code stands for.

    Parameters
    ----------
    codes : mapping of str to int
        Codes of a source, and how often they stand there.
    column : str
        Of the schema.
    levels : sequence of str
        Its levels; none for a yes or no.

    Examples
    --------
    >>> levels_of({"STD": 5, "FRS": 2, "ZZ": 1}, "scheme", ["standard", "flat_rate"]).codes
    {'STD': 'standard', 'FRS': 'flat_rate'}
    >>> levels_of({"Y": 5, "N": 2}, "late", []).codes
    {'Y': True, 'N': False}
    """
    found: dict[str, str | bool] = {}
    for code in codes:
        level = _level(plain(code), column, tuple(levels)) if levels else _yes_or_no(plain(code))
        if level is not None:
            found[code] = level
    order = (True, False, *levels)
    found = dict(sorted(found.items(), key=lambda item: order.index(item[1])))
    unknown = tuple(code for code in codes if code not in found)
    total = sum(codes.values())
    share = sum(codes[code] for code in found) / total if total else 0.0
    return Levels(found, unknown, share, len(set(found.values())))


@lru_cache(maxsize=50_000)
def _level(code: str, column: str, levels: tuple[str, ...]) -> str | None:
    for level in levels:
        if code == plain(level) or code.replace(" ", "") == plain(level).replace(" ", ""):
            return level
    exact = [level for level in levels if code.replace(" ", "") in _known_closed(column, level)]
    if exact:
        return exact[0]
    likes = {level: _codes_alike(code, column, level) for level in levels} if len(code) > 2 else {}
    best = max(likes, key=lambda level: likes[level], default="")
    runners = [level for level in likes if level != best and likes[level] >= likes[best] - 0.05]
    return best if likes.get(best, 0.0) >= _ALIKE and not runners else None


def _codes_alike(code: str, column: str, level: str) -> float:
    """Say how like a code is to the names of a level."""
    words = tuple(code.lower().split())
    starts = {word[0] for word in words}
    return max(
        (_overlap(words, name) for name in _spoken(column, level) if starts & {n[0] for n in name}),
        default=0.0,
    )


def _overlap(words: tuple[str, ...], name: tuple[str, ...]) -> float:
    known = sum(max(alike(word, other) for other in name) for word in words) / len(words)
    meant = sum(max(alike(word, other) for word in words) for other in name) / len(name)
    return (known + meant) / 2


@lru_cache
def _spoken(column: str, level: str) -> tuple[tuple[str, ...], ...]:
    """Return the names of a level as words; what has fewer than three letters must be known as it is."""
    names = (plain(level), *_known(column, level))
    return tuple(tuple(name.lower().split()) for name in names if len(name) > 2)


@lru_cache
def _known(column: str, level: str) -> frozenset[str]:
    return frozenset(plain(name) for name in CODES.get(column, {}).get(level, ()))


@lru_cache
def _known_closed(column: str, level: str) -> frozenset[str]:
    return frozenset(name.replace(" ", "") for name in _known(column, level))


def _yes_or_no(code: str) -> bool | None:
    for answer, value in (("yes", True), ("no", False)):
        if code in CODES["yes_no"][answer]:
            return value
    return None
