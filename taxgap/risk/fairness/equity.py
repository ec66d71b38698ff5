"""Vertical equity: whether the rate of audits rises with income, among all and among those who owe alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Bools, Floats, Integers, split_bins
from taxgap.risk.evaluation.metrics import divide

ALL = "all"
"""The condition of the curve of everybody."""

CURVE_BINS, CELL_BINS = 20, 10
"""Bins of income of the curve of everybody, and of the curves by amount."""

LARGE = 5.0
"""Multiple of the material amount from which an amount has a band of its own."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The bins of one curve: where they lie among the levels, and among incomes.

    Parameters
    ----------
    condition : str
        ``all``, or a band of the amount.
    first : int
        Column of the first bin; the others follow.
    edges : ndarray
        Shares of all cases (by weight, income known) below each bin, and 1.
    income : ndarray
        Mean income of each bin (GBP).
    """

    condition: str
    first: int
    edges: Floats
    income: Floats

    @property
    def columns(self) -> slice:
        """The columns of the bins among the levels."""
        return slice(self.first, self.first + len(self.income))

    @property
    def middle(self) -> Floats:
        """The middle place of each bin by income, 0 to 1."""
        middle: Floats = (self.edges[:-1] + self.edges[1:]) / 2
        return middle


def split_curves(
    income: Floats, tax: Floats, design: Floats, material: float, first: int
) -> tuple[list[Curve], list[Bools]]:
    """Split cases by income, and by the amount within income.

    Parameters
    ----------
    income : ndarray
        GBP a year; missing where not known.
    tax : ndarray
        Tax found or lost (GBP).
    design : ndarray
        Design weights.
    material : float
        Amount from which an under-declaration is material (GBP).
    first : int
        The column that the first bin gets.

    Returns
    -------
    curves : list of Curve
        The curve of everybody, then one for each band: nothing, less than material, less than five times
        that, more.
    members : list of ndarray of bool
        The cases of each bin, in the order of the columns.
    """
    limits = [0.0, np.nextafter(0.0, 1.0), material, LARGE * material, np.inf]
    titles = [
        "nothing",
        f"under {material:,.0f} GBP",
        f"{material:,.0f} to {LARGE * material:,.0f} GBP",
        f"{LARGE * material:,.0f} GBP and more",
    ]
    curves: list[Curve] = []
    members: list[Bools] = []
    asked: list[tuple[str, int, Bools]] = [(ALL, CURVE_BINS, np.ones(len(tax), dtype=np.bool_))]
    bands = zip(titles, limits[:-1], limits[1:], strict=True)
    asked += [(title, CELL_BINS, (tax >= low) & (tax < high)) for title, low, high in bands]
    for condition, bins, inside in asked:
        bin_of, edges, means = _split_income(income, design, bins)
        curves.append(Curve(condition, first + len(members), edges, means))
        members += [inside & (bin_of == number) for number in range(bins)]
    return curves, members


def fit_rising(above: Floats, below: Floats) -> Floats:
    """Return the closest rates that never fall from one bin to the next (isotonic least squares).

    Parameters
    ----------
    above, below : ndarray, shape (..., bins)
        Weights taken, and of all.

    Returns
    -------
    ndarray
        Missing only where no bin at all has weight.

    Examples
    --------
    >>> fit_rising(np.array([[1.0, 4.0, 2.0]]), np.array([[10.0, 10.0, 10.0]])).round(2).tolist()
    [[0.1, 0.3, 0.3]]
    """
    bins = above.shape[-1]
    edge = [(0, 0)] * (above.ndim - 1) + [(1, 0)]
    a, b = (np.pad(np.cumsum(values, axis=-1), edge) for values in (above, below))
    # Mean of bins i to j; the fit is the largest over i of the smallest over j of those that hold the bin.
    mean = divide(
        a[..., None, 1:] - a[..., :-1, None],
        np.where(b[..., None, 1:] - b[..., :-1, None] > 1e-9, b[..., None, 1:] - b[..., :-1, None], 0.0),
    )
    backwards = np.tril(np.ones((bins, bins), dtype=np.bool_), -1)
    mean[..., backwards] = np.nan
    least = np.fmin.accumulate(mean[..., ::-1], axis=-1)[..., ::-1]
    least[..., backwards] = np.nan
    rising: Floats = np.fmax.reduce(least, axis=-2)
    return rising


def measure_falls(above: Floats, below: Floats) -> Floats:
    """Return the share of audits that would have to move for the rate never to fall with income.

    Parameters
    ----------
    above, below : ndarray, shape (draws, bands, bins)
        Weights taken, and of all.

    Returns
    -------
    ndarray, shape (draws,)
        Half the distance of the rates from the closest rising ones within each band, over all audits; 0 where
        they rise already.

    Examples
    --------
    >>> measure_falls(np.array([[[1.0, 4.0, 2.0]]]), np.full((1, 1, 3), 10.0)).round(3).tolist()
    [0.143]
    """
    fitted = np.nan_to_num(fit_rising(above, below)) * below
    moved: Floats = np.abs(above - fitted).sum(axis=(-2, -1)) / 2
    return divide(moved, above.sum(axis=(-2, -1)))


def measure_slope(above: Floats, below: Floats, middle: Floats) -> Floats:
    """Return by how much the rate rises from the lowest to the highest income, within bands.

    Parameters
    ----------
    above, below : ndarray, shape (draws, bands, bins)
        Weights taken, and of all.
    middle : ndarray
        Place of each bin by income, 0 to 1.

    Returns
    -------
    ndarray, shape (draws,)
        Slope of the least-squares line through the bins of all bands, each band with its own level.

    Examples
    --------
    >>> below = np.full((1, 1, 2), 10.0)
    >>> measure_slope(np.array([[[1.0, 2.0]]]), below, np.array([0.25, 0.75])).round(3).tolist()
    [0.2]
    """
    centre = divide((below * middle).sum(axis=-1, keepdims=True), below.sum(axis=-1, keepdims=True))
    away = middle - np.nan_to_num(centre)
    return divide((above * away).sum(axis=(-2, -1)), (below * away**2).sum(axis=(-2, -1)))


def draw_falls(above: Floats, below: Floats, cases: Integers, draws: int, seed: int) -> Floats:
    """Return the falls of rates that in truth are the same at every income of a band.

    Parameters
    ----------
    above, below : ndarray, shape (bands, bins)
        Weights taken, and of all.
    cases : ndarray of int, shape (bands, bins)
        How many cases each rests on.
    draws : int
    seed : int

    Returns
    -------
    ndarray, shape (draws,)

    Notes
    -----
    Of all rates that never fall, equal ones show most falls by chance: what lies above these draws is no
    chance.
    """
    rate = divide(above.sum(axis=-1, keepdims=True), below.sum(axis=-1, keepdims=True), empty=0.0)
    taken = np.random.default_rng([seed, 6]).binomial(
        cases, np.clip(rate, 0.0, 1.0), size=(draws, *cases.shape)
    )
    # Each bin keeps its weight, so that weighted and drawn falls are shares of the same.
    share = np.divide(below, cases, out=np.zeros(below.shape), where=cases > 0)
    return measure_falls(taken.astype(np.float64) * share, np.broadcast_to(below, taken.shape))


def draw_curve(curve: Curve, value: Floats, low: Floats, high: Floats, cases: Integers) -> pd.DataFrame:
    """Return the rows of one curve, ready to be drawn."""
    number = np.arange(len(curve.income))
    return pd.DataFrame(
        {
            "condition": curve.condition,
            "bin": number + 1,
            "percentile_from": 100 * curve.edges[:-1],
            "percentile_to": 100 * curve.edges[1:],
            "mean_income": curve.income,
            "value": value,
            "low": low,
            "high": high,
            "n": cases,
        }
    )


def _split_income(income: Floats, design: Floats, bins: int) -> tuple[Integers, Floats, Floats]:
    known = ~np.isnan(income)
    bin_of = np.full(len(income), -1, dtype=np.int64)
    bin_of[known] = split_bins(income[known], design[known], bins)
    weight = np.bincount(bin_of[known], design[known], minlength=bins)
    total = np.bincount(bin_of[known], (design * income)[known], minlength=bins)
    edges = np.append(0.0, np.cumsum(weight)) / max(float(weight.sum()), 1e-9)
    return bin_of, edges, divide(total.astype(np.float64), weight.astype(np.float64))
