"""What small areas are estimated from: checked, and as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from numbers import Real

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap.checks import check_level, check_positive, check_same_rows
from taxgap.risk.arrays import Column, Floats, to_floats

_ROUNDING = 1e-6


@dataclass(frozen=True)
class Areas:
    """Areas as they come in, one element each.

    Parameters
    ----------
    mean : ndarray
        Mean of the cases (GBP a return); 0 where there are none.
    cases : ndarray
        Effective number of cases.
    expected : ndarray
        What is expected (GBP a return, up to a common factor).
    sizes : ndarray
        Returns.
    """

    mean: Floats
    cases: Floats
    expected: Floats
    sizes: Floats


def read_areas(mean: Column, cases: Column, expected: Column, sizes: Column) -> Areas:
    """Return areas that can be estimated.

    Parameters
    ----------
    mean, cases, expected, sizes
        As `shrink_areas` takes them.

    Returns
    -------
    Areas

    Raises
    ------
    UsageError, InvalidDataError
        As `shrink_areas` does.

    Examples
    --------
    >>> read_areas([5.0, np.nan], [3, 0], [1.0, 1.0], [10, 10]).mean
    array([5., 0.])
    """
    check_same_rows(mean=mean, cases=cases, expected=expected, sizes=sizes)
    # Means of areas without cases are not read: what is no number there does no harm.
    means = pd.to_numeric(pd.Series(mean), errors="coerce").to_numpy(dtype=np.float64)
    rows = len(means)
    cases, expected, sizes = (
        to_floats(column, name, rows=rows)
        for name, column in (("cases", cases), ("expected", expected), ("sizes", sizes))
    )
    areas = Areas(to_floats(np.where(cases > 0, means, 0.0), "mean"), cases, expected, sizes)
    _refuse((expected <= 0).any(), "What is expected of an area must be above 0.", "expected")
    _refuse((areas.mean < 0).any(), "The mean of an area is negative.", "mean", "Estimate refunds apart.")
    _refuse((cases < 0).any(), "An area has fewer than 0 cases.", "cases")
    _refuse((sizes < 0).any() or not sizes.sum() > 0, "Sizes are below 0, or all 0.", "sizes")
    _refuse(
        (cases > sizes * (1 + _ROUNDING)).any(),
        "An area has more cases than returns.",
        "cases",
        "Give the effective number of cases: the squared sum of their weights over the sum of squares.",
    )
    return areas


def check_numbers(
    *, variation: float, total: float, total_error: float | None, detection: float, level: float
) -> None:
    """Refuse numbers that no areas can be estimated with.

    Parameters
    ----------
    variation, total, total_error, detection, level
        As `shrink_areas` takes them.

    Raises
    ------
    UsageError
        As `shrink_areas` does.
    """
    check_level(level)
    check_positive(variation, "variation")
    for name, value in (("total", total), ("total_error", total_error or 0.0), ("detection", detection)):
        if not (isinstance(value, Real) and isfinite(value) and value >= 0):
            raise UsageError(f"{name} is {value}, not a finite number from 0 on.", where=name)


def _refuse(wrong: object, message: str, where: str, remedy: str | None = None) -> None:
    if bool(wrong):
        raise InvalidDataError(message, where=where, remedy=remedy)
