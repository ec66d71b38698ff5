"""Reports of any length held against returns of any length: the mean of a window's days."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from taxgap.regimes.amounts import Floats
from taxgap.regimes.spans import (
    Overlap,
    Spans,
    add_up,
    bring_to_days,
    find_overlap,
    repeated,
)

HIGHEST = 100.0
"""A ratio ends here: what is reported and not declared at all is a hundred times."""


class Comparison:
    """Reports held against what returns declare for their days, as seen from windows of time.

    Parameters
    ----------
    windows : Spans
        What a figure is wanted for.
    reports : Spans
        Rows of any length; of the same days there may be several, whose figures add up.
    returns : Spans
        All returns of the same taxpayers, none of which share days.

    Notes
    -----
    A report of a year is held against all returns of its days, in proportion to the days that the returns
    cover, so that neither seasons nor a registration within the year matter. A window takes the mean over
    those of its days that reports cover.
    """

    def __init__(self, windows: Spans, reports: Spans, returns: Spans) -> None:
        self.windows = windows
        self.reports = reports
        self.returns = returns

    def ratio(self, reported: Floats, declared: Floats) -> Floats:
        """Divide what is reported by what is declared.

        Parameters
        ----------
        reported : ndarray of float64
            Of each report, in pounds.
        declared : ndarray of float64
            Of each return, in pounds.

        Returns
        -------
        ndarray of float64
            One value a window; missing where no report lies in it, or returns cover too little of those that
            do.

        Examples
        --------
        >>> year = Spans(np.array([0]), np.array([0.0]), np.array([359.0]))
        >>> halves = Spans(np.array([0, 0]), np.array([0.0, 180.0]), np.array([179.0, 359.0]))
        >>> Comparison(halves, year, halves).ratio(np.array([90.0]), np.array([20.0, 40.0])).tolist()
        [1.5, 1.5]
        """
        pairs = self._own
        part = pairs.days / self.returns.days[pairs.right]
        found = add_up(pairs, declared[pairs.right] * part, len(self.reports.who))
        expected = bring_to_days(reported, self._covered)
        times = np.fmin(expected / np.where(found > 0, found, np.nan), HIGHEST)
        return self._mean(np.where(expected > 0, times, expected))

    def daily(self, reported: Floats) -> Floats:
        """Return what reports come to a day, in pounds; missing where no report lies in a window."""
        return self._mean(reported / self.reports.days)

    def _mean(self, values: Floats) -> Floats:
        # A report without a value counts neither way.
        pairs = self._seen
        seen = values[pairs.right]
        known = ~np.isnan(seen)
        total = add_up(pairs, np.where(known, pairs.days * seen, 0.0), len(self.windows.who))
        once = add_up(pairs, pairs.days * (known & self._first[pairs.right]), len(self.windows.who))
        covered = np.minimum(once, self.windows.days)
        return np.asarray(total / np.where(covered > 0, covered, np.nan))

    @cached_property
    def _own(self) -> Overlap:
        return find_overlap(self.reports, self.returns)

    @cached_property
    def _seen(self) -> Overlap:
        return find_overlap(self.windows, self.reports)

    @cached_property
    def _first(self) -> NDArray[np.bool_]:
        return ~repeated(self.reports)

    @cached_property
    def _covered(self) -> Floats:
        covered = add_up(self._own, self._own.days, len(self.reports.who))
        return np.minimum(covered / self.reports.days, 1.0)
