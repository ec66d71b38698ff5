"""Whether the cases can speak for the largest returns: if not, the interval may be too short, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taxgap.gap.intervals import describe_tail
from taxgap.risk.arrays import Bools, Floats

if TYPE_CHECKING:
    from taxgap.gap.chain.reading import RegimeData

FEW_LARGE = 15
"""Cases among the largest returns, which hold half of the size of all, below which the tail must speak."""

LIGHT = 0.7
"""Tail index of the cases below which it does not (both chosen on thirty synthetic populations)."""

_FEWEST = 10


def count_large(size: Floats, row: np.ndarray) -> int:
    """Return how many cases lie among the largest returns, which together hold half of the size of all.

    Parameters
    ----------
    size : ndarray
        Size of all returns; negative and missing ones count as 0.
    row : ndarray of int
        The returns that were opened.

    Examples
    --------
    >>> count_large(np.array([100.0, 5.0, 5.0, 5.0]), np.array([1, 2]))
    0
    """
    known = np.maximum(np.nan_to_num(size), 0.0)
    order = np.argsort(-known, kind="stable")
    whole = float(known.sum())
    last = int(np.searchsorted(known[order].cumsum(), 0.5 * whole)) + 1
    opened = np.bincount(row, minlength=len(size)) > 0
    return int(opened[order[:last]].sum())


def warn_of_largest(data: RegimeData) -> list[str]:
    """Return a caution for the years in which the interval cannot be trusted.

    Parameters
    ----------
    data : RegimeData

    Returns
    -------
    list of str
        Empty, or one sentence.

    Notes
    -----
    What a sample lacks it cannot show; but how much of all size lies in a few returns is known of everyone.
    Where they are hardly sampled, and the cases look as if there were no heavy tail (`describe_tail`), a
    large amount was probably not met. On 30 synthetic populations (`benchmarks/gap_chain.py`)
    intervals with this caution held the truth less often than those without.
    """
    if not len(data.sizes.columns):
        return []
    size = data.sizes.iloc[:, 0].to_numpy(dtype=np.float64)
    spans = [(year, data.rows_of(year)) for year in data.years]
    spans.append(("all years together", np.ones(len(size), dtype=np.bool_)))
    named = [name for name, rows in spans if _is_doubtful(data, size, rows)]
    if not named:
        return []
    box = str(data.sizes.columns[0]).replace("_", " ")
    sentence = (
        f"{data.regime.replace('_', ' ')}, {', '.join(named)}: half of all {box} stands in returns of which "
        f"fewer than {FEW_LARGE} were opened, and the cases show no heavy tail: the interval may be too "
        "short. Take the largest returns with certainty (taxgap.gap.design_sample), pool years, or give "
        "a score."
    )
    return [sentence]


def _is_doubtful(data: RegimeData, size: Floats, rows: Bools) -> bool:
    cases = data.cases[rows[data.cases["row"].to_numpy()] & data.cases["lag"].notna().to_numpy()]
    found, chance = (cases[name].to_numpy(dtype=np.float64) for name in ("tax_found", "probability"))
    if np.count_nonzero(found) < _FEWEST or not (chance < 1).any():
        return False
    place = rows.cumsum() - 1
    opened = data.cases["row"].to_numpy()
    if count_large(size[rows], place[opened[rows[opened]]]) >= FEW_LARGE:
        return False
    parts = np.sqrt(1 - chance) * (found - np.average(found, weights=1 / chance)) / chance
    unevenness = float(describe_tail(parts).unevenness)
    return unevenness <= 0 or 2 - 1 / unevenness < LIGHT
