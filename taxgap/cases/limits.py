"""Limits of a caseload: hours by skill, least cases by region, most hours by group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import Floats

Hours = float | Mapping[str, float]
Coverage = int | Mapping[str, int]
Caps = Mapping[str, float | Mapping[str, float]]


MOST_GROUPS = 500
"""Groups that one column of a cap may have: more, and it is an amount or a name."""


@dataclass(frozen=True)
class Limits:
    """Sums over the cases that may not pass a bound.

    Parameters
    ----------
    names : tuple of str
        What each is, as an error says it.
    kinds : tuple of str
        ``hours, coverage`` or ``cap``.
    columns : ndarray, shape (returns, limits)
        What each return adds: negative where a sum must not be too small.
    asked : ndarray
        The most that each sum of the cases may be.
    bounds : ndarray
        The most that each sum of the probabilities may be: room for a case is left, for draws stray.
    budgets : int
        How many of the first are hours by skill.
    total : float
        All hours, of which caps are shares: those given, or what all returns would take where that is less.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    columns: Floats
    asked: Floats
    bounds: Floats
    budgets: int
    total: float

    @property
    def only_hours(self) -> bool:
        """Whether hours are the only limits."""
        return len(self.names) == self.budgets

    def excess(self, weights: Floats) -> Floats:
        """Return by how much each sum passes its bound, negative where it does not."""
        return np.asarray(weights @ self.columns - self.bounds, dtype=np.float64)

    def tell(self, chance: Floats, chosen: Floats) -> pd.DataFrame:
        """Return each limit with what was asked, what the probabilities expect, and what was drawn.

        Parameters
        ----------
        chance, chosen : ndarray
            Everyone's probability, and 1 for the cases, else 0.

        Returns
        -------
        DataFrame
            As of `Caseload.limits`.
        """
        told = pd.DataFrame({"limit": self.names, "kind": self.kinds})
        sums = {"bound": self.asked, "expected": chance @ self.columns, "drawn": chosen @ self.columns}
        told = told.assign(**{name: np.abs(each) for name, each in sums.items()})
        told["kept"] = sums["drawn"] <= self.asked + 1e-6
        shared = told["kind"] != "coverage"
        return told.assign(**{f"{name}_share": (told[name] / self.total).where(shared) for name in sums})


def read_limits(
    frame: pd.DataFrame,
    case_hours: Floats,
    *,
    hours: Hours,
    coverage: Coverage | None = None,
    region: str = "region",
    caps: Caps | None = None,
    open_: Floats,
) -> Limits:
    """Return the limits of a caseload.

    Parameters
    ----------
    frame : DataFrame
        The returns, with a column ``skill`` if hours go by skill, the region's if there is a coverage, and
        those of the caps.
    case_hours : ndarray
        Hours of each.
    hours : float or mapping
        Hours to spend, in all or by skill.
    coverage : int or mapping, optional
        Least cases of each region, or by region.
    region : str
        The column of the region.
    caps : mapping, optional
        By column the largest share of all hours that one group of it may bear, or that by group. All hours
        are those given, or what all returns would take where that is less.
    open_ : ndarray
        1 for returns that may be chosen, else 0.

    Raises
    ------
    InvalidDataError
        A column is missing, a region has too few returns, or the hours do not reach for the coverage.
    UsageError
        Hours, coverage or caps cannot be used.
    """
    made = _limit_hours(frame, case_hours, hours)
    budgets = len(made)
    total = float(sum(min(limit.asked, float(limit.column @ open_)) for limit in made))
    if coverage is not None:
        cells = find_column(frame, region, records=True)
        made += _limit_regions(cells, case_hours, coverage, total=total, open_=open_)
    for name, cap in (caps or {}).items():
        cells = find_column(frame, name, records=name == region)
        made += _limit_groups(cells, case_hours, cap, total=total)
    names, kinds, columns, asked, bounds = zip(*made, strict=True)
    return Limits(names, kinds, np.column_stack(columns), np.array(asked), np.array(bounds), budgets, total)


def say_unlimited(frame: pd.DataFrame, caps: Caps | None, spent: Floats) -> list[str]:
    """Say what is borne by returns of which the group is not known: no cap holds for them.

    Parameters
    ----------
    frame : DataFrame
        The returns, with the columns of the caps.
    caps : mapping or None
    spent : ndarray
        Hours drawn of each.
    """
    notes = []
    for name in caps or {}:
        unknown = frame[name].isna().to_numpy()
        if unknown.any():
            share = float(spent[unknown].sum()) / max(float(spent.sum()), 1e-9)
            notes.append(
                f"{int(unknown.sum()):,} of {len(frame):,} returns have no {name}: no cap holds for them, "
                f"and they bear {share:.0%} of the hours drawn."
            )
    return notes


class _Limit(NamedTuple):
    name: str
    kind: str
    column: Floats
    asked: float
    bound: float


def _limit_hours(frame: pd.DataFrame, case_hours: Floats, hours: Hours) -> list[_Limit]:
    if not isinstance(hours, Mapping):
        if not isinstance(hours, int | float | np.number):
            raise UsageError(
                f"The hours are {hours!r}, no number.",
                where="hours",
                remedy="Give a number, or one by skill.",
            )
        if not np.isfinite(hours) or hours <= 0:
            raise UsageError(f"There are {hours} hours to spend.", where="hours", remedy="Give more than 0.")
        return [_Limit("hours", "hours", case_hours, float(hours), float(hours))]
    skill = read_names(find_column(frame, "skill"))
    unknown = sorted(set(skill.unique()) - {name_of(name) for name in hours})
    if unknown or not hours or min(hours.values()) <= 0:
        raise UsageError(
            f"Cases need skills without hours: {', '.join(unknown) or 'all'}.",
            where="hours",
            available=[str(name) for name in hours],
            remedy="Give hours above 0 for each skill, or leave those returns out.",
        )
    return [
        _Limit(
            f"hours of {name_of(name)}",
            "hours",
            case_hours * (skill == name_of(name)).to_numpy(),
            float(most),
            float(most),
        )
        for name, most in hours.items()
    ]


def _limit_regions(
    region: pd.Series, case_hours: Floats, coverage: Coverage, *, total: float, open_: Floats
) -> list[_Limit]:
    text = read_names(region)
    present = sorted(text[region.notna()].unique(), key=_order)
    least = coverage if isinstance(coverage, Mapping) else dict.fromkeys(present, coverage)
    needed, made = 0.0, []
    for name, cases in least.items():
        inside = (text == name_of(name)).to_numpy() & (open_ > 0)
        if cases < 0 or cases != int(cases):
            raise UsageError(
                f"The least cases of {name} are {cases:g}, no whole number from 0 on.", where="coverage"
            )
        if inside.sum() < cases:
            raise InvalidDataError(
                f"{name} has {int(inside.sum())} returns that can be chosen; {cases:g} were asked for.",
                where="coverage",
                available=present,
                remedy="Ask for no more than there are.",
            )
        needed += float(np.sort(case_hours[inside])[: int(cases)].sum())
        spare = min(cases + 1, int(inside.sum())) if cases else 0
        told = f"coverage of {name_of(name)}"
        made.append(_Limit(told, "coverage", -inside.astype(np.float64), -float(cases), -float(spare)))
    if needed > total:
        raise InvalidDataError(
            f"The least coverage takes {needed:,.0f} hours even with the shortest cases, "
            f"{needed - total:,.0f} more than the {total:,.0f} there are.",
            where="coverage",
            remedy="Give more hours, or ask for fewer cases.",
        )
    return made


def _limit_groups(
    group: pd.Series, case_hours: Floats, cap: float | Mapping[str, float], *, total: float
) -> list[_Limit]:
    if group.isna().all():
        raise InvalidDataError(
            f"No return has a {group.name}.",
            where=str(group.name),
            remedy="Check that the identifiers with which it was joined are those of the scores.",
        )
    text = read_names(group)
    present = sorted(text[group.notna()].unique(), key=_order)
    if len(present) > MOST_GROUPS:
        raise UsageError(
            f"{group.name} has {len(present):,} groups; a cap needs {MOST_GROUPS} at most.",
            where="caps",
            remedy="Cut it into bands first, such as deciles.",
        )
    shares = cap if isinstance(cap, Mapping) else dict.fromkeys(present, cap)
    made = []
    for name, share in shares.items():
        told = f"cap of {group.name} {name_of(name)}"
        if name_of(name) not in present:
            raise UsageError(f"No return has {group.name} {name}.", where="caps", available=present)
        if not 0 < share <= 1:
            raise UsageError(f"The {told} is {share}, not above 0 and up to 1.", where="caps")
        inside = (text == name_of(name)).to_numpy()
        longest = float(case_hours[inside].max()) if share < 1 else 0.0
        # a cap that is hardly a case wide keeps half of it, or nobody of the group could be drawn
        spare = max(share * total - longest, 0.5 * share * total)
        made.append(_Limit(told, "cap", case_hours * inside, share * total, spare))
    return made


def read_names(column: pd.Series) -> pd.Series:
    """Return names as text; whole numbers without decimals, which they have where some are missing.

    Examples
    --------
    >>> list(read_names(pd.Series([1.0, 10.0])))
    ['1', '10']
    """
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype(str)


def _order(name: str) -> tuple[bool, int, str]:
    """Return what sorts names: whole numbers first, by size."""
    return (False, int(name), "") if name.isdecimal() else (True, 0, name)


def name_of(value: object) -> str:
    """Return the name of one group, as `read_names` writes it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def find_column(frame: pd.DataFrame, name: str, *, records: bool = False) -> pd.Series:
    """Return a column that a limit needs.

    Parameters
    ----------
    frame : DataFrame
        The returns.
    name : str
        The column.
    records : bool, default False
        Whether the records would bring it.

    Raises
    ------
    InvalidDataError
        There is none; the error says how to bring it, in Python and on the command line.
    """
    if name in frame.columns:
        return frame[name]
    join = f"oin it to the scores (on the command line: --columns-from FILE, with taxpayer_id and {name})."
    opened = "Give records= (on the command line: --records FOLDER), or j"
    raise InvalidDataError(
        f"The scores have no column {name}.",
        where=name,
        available=[str(column) for column in frame.columns if not str(column).startswith("reason_")],
        remedy=f"{opened if records else 'J'}{join}",
    )
