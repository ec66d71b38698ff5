"""In which forms the days of a column are written, and which of day and month comes first."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

EXCEL = "excel"

_TIME = re.compile(
    r"[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?$", re.ASCII
)

# The shape of a day, and the forms that it may be in, the likelier first.
_SHAPES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern, re.ASCII), forms)
    for pattern, forms in (
        (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", ("%Y-%m-%d",)),
        (r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}", ("%Y/%m/%d",)),
        (r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", ("%d/%m/%Y", "%m/%d/%Y")),
        (r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}", ("%d-%m-%Y", "%m-%d-%Y")),
        (r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}", ("%d.%m.%Y", "%m.%d.%Y")),
        (r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}", ("%d/%m/%y", "%m/%d/%y")),
        (r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{2}", ("%d-%m-%y", "%m-%d-%y")),
        (r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2}", ("%d.%m.%y", "%m.%d.%y")),
        (r"[0-9]{8}", ("%Y%m%d", "%d%m%Y", "%m%d%Y")),
        (r"[0-9]{1,2}-[A-Za-z]{3}-[0-9]{4}", ("%d-%b-%Y",)),
        (r"[0-9]{1,2} [A-Za-z]{3} [0-9]{4}", ("%d %b %Y",)),
        (r"[0-9]{1,2}[A-Za-z]{3}[0-9]{4}", ("%d%b%Y",)),
        (r"[0-9]{1,2}-[A-Za-z]{3}-[0-9]{2}", ("%d-%b-%y",)),
        (r"[0-9]{1,2} [A-Za-z]{4,9} [0-9]{4}", ("%d %B %Y",)),
        (r"[0-9]{5}", (EXCEL,)),
    )
)
_FIRST, _LAST = pd.Timestamp("1900-01-01"), pd.Timestamp("2100-12-31")
_EXCEL_FIRST, _EXCEL_LAST = 20_000, 60_000  # 1954 to 2064
_SHAPE_SHARE = 0.02
"""A shape that fewer of the values have is a slip, not a form of its own."""


@dataclass(frozen=True)
class Days:
    """How the days of a column are written.

    Attributes
    ----------
    share : float
        Values that are days in one of `forms`.
    forms : tuple of str
        As for ``strptime``, or ``excel``; the most frequent first.
    undecided : bool
        Day and month may stand in either order: no value is over 12 where it would tell.
    """

    share: float = 0.0
    forms: tuple[str, ...] = ()
    undecided: bool = False

    @property
    def form(self) -> str:
        """The most frequent form."""
        return self.forms[0] if self.forms else ""


def look_for_days(looked: pd.Series, weights: np.ndarray) -> Days:
    """Find out in which forms days are written.

    Parameters
    ----------
    looked : Series of str
        Distinct texts.
    weights : ndarray of float
        How often each of them stands there.

    Examples
    --------
    >>> look_for_days(pd.Series(["03/04/2024", "28/02/2024"]), np.array([5.0, 1.0])).forms
    ('%d/%m/%Y',)
    >>> look_for_days(pd.Series(["03/04/2024", "05/06/2024"]), np.array([1.0, 1.0])).undecided
    True
    """
    if not len(looked):
        return Days()
    tails = looked.str.extract(f"({_TIME.pattern})", expand=False)
    bare = looked.str.replace(_TIME, "", regex=True)
    found: list[tuple[float, str, bool]] = []
    for shape, forms in _SHAPES:
        having = np.array([shape.fullmatch(text) is not None for text in bare])
        if having.any() and weights[having].sum() >= _SHAPE_SHARE * weights.sum():
            found += _best(bare[having], weights[having], forms)
    if not found:
        return Days()
    found.sort(key=lambda each: -each[0])
    share = sum(each[0] for each in found) / weights.sum()
    tail = _tail(tails)
    return Days(float(share), tuple(form + tail for _, form, _ in found), any(each[2] for each in found))


def _best(texts: pd.Series, weights: np.ndarray, forms: tuple[str, ...]) -> list[tuple[float, str, bool]]:
    counts = [(float(weights[_reads(texts, form)].sum()), form) for form in forms]
    best = max(counts, key=lambda each: each[0])
    undecided = sum(count == best[0] for count, _ in counts) > 1 and bool(best[0])
    return [(*best, undecided)] if best[0] else []


def _reads(texts: pd.Series, form: str) -> np.ndarray:
    if form == EXCEL:
        return np.asarray(texts.astype(int).between(_EXCEL_FIRST, _EXCEL_LAST))
    days = pd.to_datetime(texts, format=form, errors="coerce")
    return np.asarray(days.between(_FIRST, _LAST))


def _tail(tails: pd.Series) -> str:
    """Return the form of the time of day that follows days; none where it is midnight, which is left out."""
    present = tails.dropna()
    late = present[present.str.contains("[1-9]", regex=True)]
    if late.empty:
        return ""
    text = str(late.iloc[0])
    seconds = ":%S" if text.count(":") >= 2 else ""
    fraction = ".%f" if "." in text else ""
    return f"{text[0]}%H:%M{seconds}{fraction}"


def needs_mention(form: str) -> bool:
    """Tell whether a mapping must name a form: one that can be read in one way only needs no mention.

    Examples
    --------
    >>> needs_mention("%d/%m/%Y"), needs_mention("%Y-%m-%d"), needs_mention("%d %b %Y")
    (True, False, False)
    """
    day_first = form.startswith(("%d", "%m")) and "%m" in form
    return form == EXCEL or "%y" in form or "%H" in form or day_first
