"""How much an enquiry may find, given that it finds something: intervals from held-out errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taxgap.errors import NotIdentifiedError, UsageError
from taxgap.risk.arrays import Floats

# Tails of 0.5% to 50%: coverages of 99% down to 0, in steps of one point.
_TAILS = np.arange(1, 101) / 200


@dataclass(frozen=True)
class AmountErrors:
    """Quantiles of log errors, for each tail that may be cut off.

    Parameters
    ----------
    low, high : tuple of float
        Quantiles of log(tax found) - centre for tails of 0.5%, 1%, ... 50%; infinite where the cases are too
        few.
    cases : int
        How many random cases with tax found they rest on.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    cases: int

    def to_interval(self, centre: Floats, coverage: float) -> tuple[Floats, Floats]:
        """Return lower and upper amounts (GBP).

        Parameters
        ----------
        centre : ndarray
            Log of the amount to expect once something is found.
        coverage : float
            Share of cases whose amount lies inside, between 0 and 0.99.

        Returns
        -------
        low, high : ndarray

        Raises
        ------
        UsageError
            If the coverage is not above 0 and at most 0.99.
        NotIdentifiedError
            If there were too few cases for a coverage as high.
        """
        if not 0.0 < coverage <= 0.99:
            raise UsageError(f"coverage must be above 0 and at most 0.99, not {coverage}.", where="coverage")
        # Outwards to the next tail on the grid: an interval may be wider than asked, never narrower.
        position = int(np.floor((1.0 - coverage) * 100 + 1e-9)) - 1
        if position < 0 or not np.isfinite([self.low[position], self.high[position]]).all():
            raise NotIdentifiedError(
                f"An interval of {coverage:.0%} cannot rest on {self.cases} random cases with tax found.",
                where="coverage",
                remedy="Ask for a lower coverage, or train on more random enquiries.",
            )
        return np.exp(centre + self.low[position]), np.exp(centre + self.high[position])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for the card; None where a tail is out of reach."""
        return {
            "tails": _TAILS.tolist(),
            "low": [v if np.isfinite(v) else None for v in self.low],
            "high": [v if np.isfinite(v) else None for v in self.high],
            "cases": self.cases,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> AmountErrors:
        """Rebuild from what `to_dict` gave."""
        return cls(_fill(data["low"], -np.inf), _fill(data["high"], np.inf), int(data["cases"]))


def fit_errors(error: Floats, weight: Floats) -> AmountErrors:
    """Take the quantiles of held-out log errors.

    Parameters
    ----------
    error : ndarray
        log(tax found) - centre, for random cases in which tax was found, scored by a model that has not seen
        the taxpayer.
    weight : ndarray
        Design weights of those cases.

    Returns
    -------
    AmountErrors

    Notes
    -----
    Split conformal prediction with weights (Tibshirani et al. 2019), two tails of equal size: for n cases of
    equal weight the bounds are the k-th smallest and k-th largest error with k = floor((n + 1) tail). For a
    new case scored by one of the fold models the coverage is at least 1 - 2 tail; that of the model of all
    cases, which is a little better, is measured (docs/explanation/risk-model.md). The case to come is given
    the largest weight seen.
    """
    order = np.argsort(error, kind="stable")
    total = weight.sum() + weight.max()
    low = _tail_quantiles(error[order], weight[order], total, -np.inf)
    high = -_tail_quantiles(-error[order][::-1], weight[order][::-1], total, -np.inf)
    return AmountErrors(tuple(low.tolist()), tuple(high.tolist()), len(error))


def _tail_quantiles(ordered: Floats, weight: Floats, total: float, outside: float) -> Floats:
    mass = np.cumsum(weight) / total
    position = np.searchsorted(mass, _TAILS + 1e-12, side="right") - 1
    values: Floats = np.where(position >= 0, ordered[np.maximum(position, 0)], outside)
    return values


def _fill(values: Sequence[float | None], outside: float) -> tuple[float, ...]:
    return tuple(outside if v is None else float(v) for v in values)
