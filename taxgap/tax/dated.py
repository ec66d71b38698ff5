"""Law that changes on a day of its own: Corporation Tax from a 1 April, VAT from any day."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.tax.law import freeze, is_tax_year, read_figures, tax_years

When: TypeAlias = str | date | np.datetime64
"""A day: a date of any kind, its text such as ``2023-04-01``, or the tax year that begins on it."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class DatedLaw:
    """The figures in force on a day.

    Attributes
    ----------
    day : datetime.date
        The day asked for.
    """

    day: date

    @property
    def projected(self) -> bool:
        """Whether the day lies after the years whose law is known here; the last known figures stand in."""
        return self.day >= date(int(tax_years()[-1][:4]) + 1, 4, 1)


Part = TypeVar("Part", bound=DatedLaw)


def law_on(part: type[Part], name: str, when: When) -> Part:
    """Return the figures of one parameter file that are in force on a day.

    Parameters
    ----------
    part : type
        A `DatedLaw` whose other fields are figures of the file.
    name : str
        The file, without its ending.
    when : str, datetime.date or numpy.datetime64
        A day, or the label of a tax year, which stands for the 6 April on which it begins.

    Returns
    -------
    DatedLaw
        Of the type asked for.

    Raises
    ------
    UsageError
        If it is no day, or one before the first that the file knows.
    """
    day = to_day(when)
    first = change_days(part, name)[0]
    if day < first:
        raise refuse_early(name.replace("vat", "VAT"), first)
    figures: dict[str, Any] = {
        figure: next(value for start, value in reversed(read_history(name, figure).items()) if start <= day)
        for figure in _figures(part)
    }
    return part(day=day, **figures)


def change_days(part: type[DatedLaw], name: str) -> list[date]:
    """Return the days on which any figure of a part changes, from the first on which all are known."""
    histories = [read_history(name, figure) for figure in _figures(part)]
    first = max(next(iter(history)) for history in histories)
    return sorted({day for history in histories for day in history if day >= first})


@cache
def read_history(name: str, figure: str) -> dict[date, float | tuple[float, ...]]:
    """Return the values of one figure by the day from which each holds, oldest first."""
    entry = read_figures(name)[figure]
    return {date.fromisoformat(key): freeze(entry[key]) for key in sorted(entry) if _DAY.fullmatch(key)}


def to_day(when: When) -> date:
    """Return a day as a date.

    Raises
    ------
    UsageError
        If it is neither a day nor the label of a tax year.

    Examples
    --------
    >>> to_day("2024-04-01"), to_day("2023-24"), to_day(pd.Timestamp("2024-04-01 12:00"))
    (datetime.date(2024, 4, 1), datetime.date(2023, 4, 6), datetime.date(2024, 4, 1))
    """
    if isinstance(when, str) and is_tax_year(when):
        return date(int(when[:4]), 4, 6)
    readable = bool(_DAY.fullmatch(when)) if isinstance(when, str) else isinstance(when, date | np.datetime64)
    try:
        stamp = pd.Timestamp(when) if readable else pd.NaT
    except ValueError:
        stamp = pd.NaT
    if pd.isna(stamp):
        raise UsageError(
            f"{when!r} is neither a day nor a tax year.",
            remedy="Give a date, its text such as '2024-04-01', or a tax year such as '2023-24'.",
        )
    day: date = stamp.date()
    return day


def refuse_early(subject: str, first: date) -> UsageError:
    """Return the error for a day before the first on which law is held."""
    return UsageError(
        f"No law of {subject} is held for days before {first.isoformat()}.",
        remedy="Leave out earlier days. Later ones get the last known figures.",
    )


def _figures(part: type[DatedLaw]) -> list[str]:
    return [field.name for field in fields(part) if field.name != "day"]
