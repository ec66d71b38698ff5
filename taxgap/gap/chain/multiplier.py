"""The non-detection multiplier: what tax found is multiplied with to reach the tax there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
from scipy.special import ndtr, ndtri

from taxgap.errors import UsageError
from taxgap.risk.arrays import Floats

Distribution = Literal["lognormal", "uniform"]


def check_numbers(numbers: Iterable[object], where: str) -> None:
    """Refuse what is no number, None apart."""
    for number in numbers:
        if number is not None and not isinstance(number, Real):
            raise UsageError(f"{number!r} is no number.", where=where, remedy="Write it without quotes.")


@dataclass(frozen=True)
class Multiplier:
    """Tax there over tax found, with its uncertainty.

    Parameters
    ----------
    value : float
        What amounts are multiplied with; at least 1.
    low, high : float, optional
        Its limits; both, or neither for a value that counts as certain. At least 1.
    distribution : {"lognormal", "uniform"}, default "lognormal"
        ``lognormal``: the median is ``value`` and the limits are quantiles; where they do not lie alike to
        both sides in logs, each side has its own spread. ``uniform``: all between the limits is as likely.
    level : float, default 0.95
        Probability between the limits, for ``lognormal``.
    source : str, default "stated"
        Where it comes from, for the record.

    Raises
    ------
    UsageError
        If the numbers are not 1 <= low <= value <= high.

    Notes
    -----
    The values that published chains use could not be read: whatever is given here is an assumption, and is
    shown as one. A value below 1 would say that officers find more than there is.

    Examples
    --------
    >>> multiplier = Multiplier(1.9, low=1.5, high=2.3)
    >>> [round(float(multiplier.quantile(share)), 6) for share in (0.025, 0.5, 0.975)]
    [1.5, 1.9, 2.3]
    """

    value: float
    low: float | None = None
    high: float | None = None
    distribution: Distribution = "lognormal"
    level: float = 0.95
    source: str = "stated"

    def __post_init__(self) -> None:
        check_numbers((self.value, self.low, self.high), "non_detection")
        if (self.low is None) != (self.high is None):
            raise UsageError("Give both limits of the multiplier, or none.", where="non_detection")
        least, most = self.limits
        if not (1 <= least <= self.value <= most < float("inf")):
            raise UsageError(
                f"The multiplier is {self.value} ({least} to {most}); it must be 1 <= low <= value <= high.",
                where="non_detection",
                remedy="Write tax there over tax found, such as Multiplier(1.9, low=1.5, high=2.3).",
            )
        if not 0 < self.level < 1:
            raise UsageError(f"The level is {self.level}, not between 0 and 1.", where="level")
        if self.distribution not in ("lognormal", "uniform"):
            raise UsageError(
                f"There is no distribution {self.distribution!r}.", available=["lognormal", "uniform"]
            )

    @property
    def limits(self) -> tuple[float, float]:
        """The limits; the value itself where none are given."""
        return (
            self.value if self.low is None else self.low,
            self.value if self.high is None else self.high,
        )

    @property
    def variance(self) -> float:
        """The variance of the distribution."""
        low, high = self.limits
        if self.distribution == "uniform":
            return (high - low) ** 2 / 12
        first, second = (self._moment(power) for power in (1, 2))
        return max(second - first**2, 0.0)

    def quantile(self, share: float | Floats) -> Floats:
        """Return quantiles.

        Parameters
        ----------
        share : float or ndarray
            Probabilities, between 0 and 1.
        """
        low, high = self.limits
        if self.distribution == "uniform":
            return np.asarray(low + (high - low) * np.asarray(share), dtype=np.float64)
        z = ndtri(np.asarray(share, dtype=np.float64))
        below, above = self._spreads
        return np.asarray(self.value * np.exp(np.where(z < 0, below, above) * z), dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        low, high = self.limits
        return {
            "value": self.value,
            "low": low,
            "high": high,
            "distribution": self.distribution,
            "level": self.level,
            "source": self.source,
        }

    @property
    def _spreads(self) -> tuple[float, float]:
        z = float(ndtri((1 + self.level) / 2))
        low, high = self.limits
        return float(np.log(self.value / low)) / z, float(np.log(high / self.value)) / z

    def _moment(self, power: int) -> float:
        below, above = (power * spread for spread in self._spreads)
        lower = np.exp(below**2 / 2) * ndtr(-below)
        return float(self.value**power * (lower + np.exp(above**2 / 2) * ndtr(above)))
