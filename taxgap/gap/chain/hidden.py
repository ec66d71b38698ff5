"""The hidden economy in the chain: tax lost by people who file nothing, whom no random enquiry can find."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from taxgap.errors import UsageError
from taxgap.gap.chain.multiplier import Distribution, Multiplier, check_numbers
from taxgap.gap.streams import stream
from taxgap.risk.arrays import Floats

if TYPE_CHECKING:  # what stands beside the chain may call it
    from taxgap.gap.beside.recapture import HiddenEstimate

NAME = "hidden_economy"
_REMEDY = "Write an amount in GBP with its limits, such as HiddenEconomy(2.1e9, low=1.4e9, high=3.0e9)."


@dataclass(frozen=True)
class HiddenEconomy:
    """Tax lost in the hidden economy, with its uncertainty.

    Parameters
    ----------
    value : float
        GBP, above 0: of all taxes and years that are estimated together.
    low, high : float, optional
        Its limits, above 0; both, or neither for an amount that counts as certain.
    distribution : {"lognormal", "uniform"}, default "lognormal"
        ``lognormal``: the median is ``value`` and the limits are quantiles, each side with its own spread.
        ``uniform``: all between the limits is as likely.
    level : float, default 0.95
        Probability between the limits, for ``lognormal``.
    source : str, default "stated"
        Where it comes from, for the record.
    people, tax_each : mapping, optional
        What it was multiplied from: ``value, low, high`` of each.

    Raises
    ------
    UsageError
        If the numbers are not 0 < low <= value <= high.

    Notes
    -----
    The amount must leave out whoever files a return on which the hidden income should stand: that gap is in
    the returns already, and would count twice.

    Examples
    --------
    >>> hidden = HiddenEconomy(2.0e9, low=1.5e9, high=3.0e9)
    >>> [round(float(hidden.quantile(share)) / 1e9, 6) for share in (0.025, 0.5, 0.975)]
    [1.5, 2.0, 3.0]
    """

    value: float
    low: float | None = None
    high: float | None = None
    distribution: Distribution = "lognormal"
    level: float = 0.95
    source: str = "stated"
    people: dict[str, float] = field(default_factory=dict)
    tax_each: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_numbers((self.value, self.low, self.high), "hidden")
        if (self.low is None) != (self.high is None):
            raise UsageError(
                "Give both limits of the hidden economy, or none.", where="hidden", remedy=_REMEDY
            )
        low, high = self.limits
        if not 0 < low <= self.value <= high < float("inf"):
            raise UsageError(
                f"The hidden economy is {self.value} ({low} to {high}); it must be 0 < low <= value <= high.",
                where="hidden",
                remedy=_REMEDY,
            )
        if not 0 < self.level < 1:
            raise UsageError(f"The level is {self.level}, not between 0 and 1.", where="hidden")
        _ = self._spread  # refuses an unknown distribution

    @classmethod
    def from_people(
        cls,
        people: HiddenEstimate,
        tax_each: float,
        *,
        tax_each_error: float = 0.0,
        on_no_list: bool = False,
        level: float = 0.95,
    ) -> HiddenEconomy:
        """Multiply people with the mean tax that each does not pay.

        Parameters
        ----------
        people : HiddenEstimate
            From `recapture_two` or `recapture_lists`, with limits of the same level.
        tax_each : float
            Mean tax lost by one of them (GBP, above 0), over the same years as the gap.
        tax_each_error : float, default 0
            Its standard error.
        on_no_list : bool, default False
            Count only people on no list: where those on lists are made to pay.
        level : float, default 0.95
            Confidence of the limits.

        Returns
        -------
        HiddenEconomy

        Raises
        ------
        UsageError
            If a number is not above 0.

        Notes
        -----
        Both factors are log-normal and independent: logarithms of their limits are added in squares, on each
        side. People on a list may lose more tax each than those on none; then the product is too high.

        Examples
        --------
        >>> from taxgap.gap.beside import recapture_two
        >>> hidden = HiddenEconomy.from_people(recapture_two(200, 150, 30), 4_000.0, tax_each_error=500.0)
        >>> round(hidden.value)
        3912258
        """
        seen = people.seen if on_no_list else 0
        count = {name: getattr(people, name) - seen for name in ("value", "low", "high")}
        reach = float(ndtri((1 + level) / 2))
        if not (tax_each > 0 and count["low"] > 0 and 0 <= tax_each_error < float("inf")):
            raise UsageError("People and the mean tax of each must be above 0.", where="hidden")
        wide = reach * float(np.sqrt(np.log1p((tax_each_error / tax_each) ** 2)))
        each = {"value": tax_each, "low": tax_each * np.exp(-wide), "high": tax_each * np.exp(wide)}
        below, above = (
            float(np.hypot(np.log(count["value"] / count[end]), np.log(each["value"] / each[end])))
            for end in ("low", "high")
        )
        value = count["value"] * tax_each
        return cls(
            value,
            value * float(np.exp(-below)),
            value * float(np.exp(above)),
            level=level,
            source=f"people by capture and recapture ({people.model}) x mean tax",
            people=count,
            tax_each={name: float(amount) for name, amount in each.items()},
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
        return self.limits[0] ** 2 * self._spread.variance

    def quantile(self, share: float | Floats) -> Floats:
        """Return quantiles (GBP).

        Parameters
        ----------
        share : float or ndarray
            Probabilities, between 0 and 1.
        """
        return self.limits[0] * self._spread.quantile(share)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        low, high = self.limits
        told = {
            name: getattr(self, name) for name in ("distribution", "level", "source", "people", "tax_each")
        }
        return {"value": self.value, "low": low, "high": high, **told}

    @property
    def _spread(self) -> Multiplier:
        """The amount over its low limit: at least 1, and spread as a multiplier is."""
        low, high = self.limits
        return Multiplier(
            self.value / low, low=1.0, high=high / low, distribution=self.distribution, level=self.level
        )


def draw_hidden(hidden: HiddenEconomy | None, draws: int, seed: int) -> Floats:
    """Return draws of the hidden economy (GBP), each quantile once; zeros where there is none."""
    if hidden is None:
        return np.zeros(draws)
    rng = stream(seed, "hidden economy")
    return hidden.quantile((rng.permutation(draws) + 0.5) / draws)


def describe_hidden(hidden: HiddenEconomy, drawn: Floats, level: float) -> dict[str, Any]:
    """Return the row of the hidden economy in the table of taxes: all of it is due, and none was declared."""
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    ends = {"low": min(float(low), hidden.value), "high": max(float(high), hidden.value)}
    return {
        "regime": NAME,
        "year": "all years",
        "gross": hidden.value,
        **{f"gross_{end}": amount for end, amount in ends.items()},
        "net": hidden.value,
        **ends,
        "sampling_low": hidden.value,
        "sampling_high": hidden.value,
        **dict.fromkeys(("percent", "percent_low", "percent_high"), 100.0),
        "theoretical": hidden.value,
        "found": 0.0,
        "multiplier": float("nan"),
        "non_payment": 0.0,
        "compliance_yield": 0.0,
        "cases": 0,
        "open_cases": 0,
        "method": hidden.source,
        "scores": "none",
    }


def fill_behaviour(groups: pd.DataFrame, hidden: HiddenEconomy, level: float) -> pd.DataFrame:
    """Return the breakdowns with the hidden economy among the behaviours, and shares of the new whole."""
    mine = ((groups["dimension"] == "behaviour") & (groups["group"] == NAME)).to_numpy()
    low, high = hidden.quantile(np.array([(1 - level) / 2, (1 + level) / 2]))
    filled = groups.copy()
    for column, amount in {
        "amount": hidden.value,
        "low": min(float(low), hidden.value),
        "high": max(float(high), hidden.value),
        "under_declared": hidden.value,
        "non_payment": 0.0,
        "compliance_yield": 0.0,
    }.items():
        filled.loc[mine, column] = amount
    filled.loc[mine, "method"] = hidden.source
    behaviour = (filled["dimension"] == "behaviour").to_numpy()
    whole = float(filled.loc[behaviour, "amount"].sum())
    filled.loc[behaviour, "share"] = filled.loc[behaviour, "amount"] / whole
    return filled
