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


@dataclass(frozen=True)
class Limits:
    """Sums over the cases that may not pass a bound.

    Parameters
    ----------
    names : tuple of str
        What each is, as an error says it.
    columns : ndarray, shape (returns, limits)
        What each return adds: negative where a sum must not be too small.
    bounds : ndarray
        The most that each sum may be.
    budgets : int
        How many of the first are hours by skill.
    """

    names: tuple[str, ...]
    columns: Floats
    bounds: Floats
    budgets: int

    @property
    def only_hours(self) -> bool:
        """Whether hours are the only limits."""
        return len(self.names) == self.budgets

    def excess(self, weights: Floats) -> Floats:
        """Return by how much each sum passes its bound, negative where it does not."""
        return np.asarray(weights @ self.columns - self.bounds, dtype=np.float64)


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
        By column the largest share of all hours that one group of it may bear, or that by group.
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
    budgets, total = len(made), sum(limit.bound for limit in made)
    if coverage is not None:
        made += _limit_regions(_column(frame, region), case_hours, coverage, total=total, open_=open_)
    for name, cap in (caps or {}).items():
        made += _limit_groups(_column(frame, name), case_hours, cap, total=total)
    columns = np.column_stack([limit.column for limit in made])
    return Limits(
        tuple(limit.name for limit in made), columns, np.array([limit.bound for limit in made]), budgets
    )


class _Limit(NamedTuple):
    name: str
    column: Floats
    bound: float


def _limit_hours(frame: pd.DataFrame, case_hours: Floats, hours: Hours) -> list[_Limit]:
    if not isinstance(hours, Mapping):
        if not np.isfinite(hours) or hours <= 0:
            raise UsageError(f"There are {hours} hours to spend.", where="hours", remedy="Give more than 0.")
        return [_Limit("hours", case_hours, float(hours))]
    skill = _column(frame, "skill").astype(str)
    unknown = sorted(set(skill.unique()) - {str(name) for name in hours})
    if unknown or not hours or min(hours.values()) <= 0:
        raise UsageError(
            f"Cases need skills without hours: {', '.join(unknown) or 'all'}.",
            where="hours",
            available=[str(name) for name in hours],
            remedy="Give hours above 0 for each skill, or leave those returns out.",
        )
    return [
        _Limit(f"hours of {name}", case_hours * (skill == str(name)).to_numpy(), float(most))
        for name, most in hours.items()
    ]


def _limit_regions(
    region: pd.Series, case_hours: Floats, coverage: Coverage, *, total: float, open_: Floats
) -> list[_Limit]:
    text = region.astype(str)
    present = sorted(text[region.notna()].unique())
    least = coverage if isinstance(coverage, Mapping) else dict.fromkeys(present, coverage)
    needed, made = 0.0, []
    for name, cases in least.items():
        inside = (text == str(name)).to_numpy() & (open_ > 0)
        if cases < 0 or inside.sum() < cases:
            raise InvalidDataError(
                f"{name} has {int(inside.sum())} returns that can be chosen; {cases:g} were asked for.",
                where="coverage",
                available=present,
                remedy="Ask for no more than there are.",
            )
        needed += float(np.sort(case_hours[inside])[: int(cases)].sum())
        spare = min(cases + 1, int(inside.sum())) if cases else 0
        made.append(_Limit(f"coverage of {name}", -inside.astype(np.float64), -float(spare)))
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
    text = group.astype(str)
    present = sorted(text[group.notna()].unique())
    shares = cap if isinstance(cap, Mapping) else dict.fromkeys(present, cap)
    made = []
    for name, share in shares.items():
        told = f"cap of {group.name} {name}"
        if str(name) not in present:
            raise UsageError(f"No return has {group.name} {name}.", where="caps", available=present)
        if not 0 < share <= 1:
            raise UsageError(f"The {told} is {share}, not above 0 and up to 1.", where="caps")
        inside = (text == str(name)).to_numpy()
        longest = float(case_hours[inside].max()) if share < 1 else 0.0
        spare = max(share * total - longest, 0.5 * share * total)
        made.append(_Limit(told, case_hours * inside, spare))
    return made


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        raise InvalidDataError(
            f"The scores have no column {name}.",
            where=name,
            available=[str(column) for column in frame.columns if not str(column).startswith("reason_")],
            remedy="Join it to the scores first; for the region, records= will do.",
        )
    return frame[name]
