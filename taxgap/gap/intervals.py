"""Intervals for a total whose few largest amounts decide: Hall's and Johnson's idea, with learned numbers.

The studentised error of a mean of skewed amounts has a long tail on one side, for a sample that happens to
lack the largest amounts has too small a mean and too small a standard error at once. Corrections from the
sample's own skewness (Johnson 1978; Hall 1992) fall short for the same reason: it is too small just when it
matters. Here the skewness is predicted instead from what such samples do show: how unequal the largest tenth
is, how few cases carry the spread, and how many cases there are. The prediction was fitted once, by
simulation, to a family of populations (`docs/explanation/estimates.md`), none of which is among those the
coverage is reported for.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from taxgap.risk.arrays import Floats

SKEWNESS_TERMS = (0.314, -0.553, -1.162, -1.345, -0.086, 0.465, -1.994, -1.654, 0.768, 0.024, -0.778)
"""Log of the skewness that corrects: constant, log s, t10, t5, log m, largest, spread, t10 log s, t10 log m,
log s log m, (log s)^2. Fitted by simulation; every digit is an estimate."""

WIDENING_TERMS = (1.004, 1.213, 1.668, 0.134, -3.759)
"""Log of the widening: constant, log s, t10, log m, largest. Fitted by simulation."""

_SMALLEST_SKEWNESS = 0.003
# Nowhere in the family did the prediction pass the upper bounds; beyond them it would be extrapolated.
_BOUNDS = (-8.0, 0.0)
_WIDENING_BOUNDS = (-8.0, -0.5)
_CENTRE = 1000.0
_FEWEST_EXCESSES = 8


@dataclass(frozen=True)
class Tail:
    """What the parts of estimates show of their tails, one value an estimate.

    Parameters
    ----------
    skewness : ndarray
        Third moment of the estimator, standardised: sum z^3 / (sum z^2)^1.5.
    unevenness, upper_unevenness : ndarray
        L-coefficient of variation of the excesses of the largest tenth and twentieth, 0 to 1: 0.5 for an
        exponential tail, 1 / (2 - xi) for a generalised Pareto tail of shape xi (Hosking and Wallis 1987).
    largest : ndarray
        The largest part over the standard error.
    spread : ndarray
        (sum abs z)^2 / (m sum z^2): 1 if all parts are equally far from the middle.
    cases : int
        Parts that vary, m.
    """

    skewness: Floats
    unevenness: Floats
    upper_unevenness: Floats
    largest: Floats
    spread: Floats
    cases: int


def describe_tail(parts: npt.ArrayLike) -> Tail:
    """Return what the parts of an estimate show of its tail.

    Parameters
    ----------
    parts : array-like of float
        Each case's part in the error of the estimate: their squares add up to its variance. At least 3, and
        not all zero. With more dimensions, the last one is that of the cases.

    Returns
    -------
    Tail
        Of the longer side.

    Examples
    --------
    >>> tail = describe_tail(np.r_[np.full(90, -1.0), np.arange(1.0, 11.0)])
    >>> round(float(tail.skewness), 2), round(float(tail.largest), 2)
    (0.28, 0.46)
    """
    z = np.asarray(parts, dtype=np.float64)
    z = z / np.sqrt((z * z).sum(axis=-1, keepdims=True))
    third = (z * z * z).sum(axis=-1, keepdims=True)
    ordered = np.sort(np.where(third < 0, -z, z), axis=-1)
    m = z.shape[-1]
    tenth = max(_FEWEST_EXCESSES, ceil(m / 10))
    return Tail(
        skewness=np.abs(third[..., 0]),
        unevenness=_measure_unevenness(ordered, tenth),
        upper_unevenness=_measure_unevenness(ordered, max(_FEWEST_EXCESSES, tenth // 2)),
        largest=ordered[..., -1],
        spread=np.abs(z).sum(axis=-1) ** 2 / m,
        cases=m,
    )


def find_limits(parts: npt.ArrayLike, level: float, lost: int = 1) -> tuple[Floats, Floats]:
    """Return how far the limits lie below and above an estimate, in the unit of the parts.

    Parameters
    ----------
    parts : array-like of float
        As for `describe_tail`.
    level : float
        Confidence, 0 to 1. The numbers were fitted to 0.90 to 0.99; lower levels cover more than they say.
    lost : int, default 1
        Degrees of freedom that were spent: strata, and weights of a score.

    Returns
    -------
    tuple of ndarray
        Below and above, neither negative.

    Notes
    -----
    With t the quantile of Student's t on m - lost degrees of freedom, k the predicted skewness, w the
    predicted widening, a = 2 k / 3 and S the standard error:

        above = S [ (exp(a t) - 1) / a (1 + w) + k / 6 ]
        below = S [ (1 - exp(-a t)) / a (1 + w) - k / 6 ]

    For small k and w this is Johnson's and Hall's expansion t + k (2 t^2 + 1) / 6; the exponential keeps it
    monotone in t, as Hall's own transformation does. k and w go to zero as m grows. Where the parts are
    skewed to the left the sides change places. Sources: Johnson, J. Am. Stat. Assoc. 73 (1978) 536; Hall, J.
    R. Stat. Soc. B 54 (1992) 221; what k and w are learned from is this library's own.

    Examples
    --------
    >>> y = np.random.default_rng(0).normal(size=400)
    >>> below, above = find_limits((y - y.mean()) / 400, 0.95)
    >>> round(float(below) * 20, 1), round(float(above) * 20, 1)
    (2.0, 2.0)
    """
    z = np.asarray(parts, dtype=np.float64)
    error = np.sqrt((z * z).sum(axis=-1))
    tail = describe_tail(z)
    skewness, widening = predict_correction(tail)
    t = float(stdtrit(max(1, tail.cases - lost), (1 + level) / 2))
    a = 2 * skewness / 3
    long = np.expm1(a * t) / a * (1 + widening) + skewness / 6
    # At low levels the shift would pass the estimate itself.
    short = np.maximum(0.0, -np.expm1(-a * t) / a * (1 + widening) - skewness / 6)
    right = (z * z * z).sum(axis=-1) >= 0
    return error * np.where(right, short, long), error * np.where(right, long, short)


def predict_correction(tail: Tail) -> tuple[Floats, Floats]:
    """Return the skewness that corrects, and the widening, for parts with such a tail.

    Parameters
    ----------
    tail : Tail
        From `describe_tail`.

    Returns
    -------
    tuple of ndarray
        Skewness, above 0; widening, above 0.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> light, heavy = describe_tail(rng.normal(size=900)), describe_tail(rng.lognormal(0, 2, 900))
    >>> bool(predict_correction(heavy)[0] > predict_correction(light)[0])
    True
    """
    s = np.log(np.maximum(tail.skewness, _SMALLEST_SKEWNESS))
    m = np.full_like(s, log(sqrt(_CENTRE / tail.cases)))
    one, t10, t5 = np.ones_like(s), tail.unevenness, tail.upper_unevenness
    base = [one, s, t10, t5, m, tail.largest, tail.spread, t10 * s, t10 * m, s * m, s * s]
    skewness = np.tensordot(SKEWNESS_TERMS, base, axes=1)
    widening = np.tensordot(WIDENING_TERMS, [one, s, t10, m, tail.largest], axes=1)
    return np.exp(np.clip(skewness, *_BOUNDS)), np.exp(np.clip(widening, *_WIDENING_BOUNDS))


def _measure_unevenness(ordered: Floats, count: int) -> Floats:
    count = min(count, ordered.shape[-1] - 1)
    if count < 2:
        return np.zeros(ordered.shape[:-1])
    excess = ordered[..., -count:] - ordered[..., -count - 1, None]
    mean = excess.mean(axis=-1)
    second = excess @ np.arange(count) / (count * (count - 1))
    return np.asarray(np.divide(2 * second - mean, mean, out=np.zeros_like(mean), where=mean > 0))
