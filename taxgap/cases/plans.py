"""A design with its knob, and what it makes of scores: probabilities, strata and what to keep to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxgap.cases.balanced import Balance, balance
from taxgap.cases.probabilities import (
    BINS,
    DESIGNS,
    FLOOR,
    STEEPNESS,
    cut,
    level,
    list_best,
    smooth,
    solve_scale,
    spread_evenly,
)
from taxgap.errors import UsageError
from taxgap.risk.arrays import Floats, Integers

RANDOM_SHARE = 0.5
"""Share of the hours that the balanced design draws by chance (chosen by `simulate_programme`)."""

_BIN_CASES = 10


@dataclass(frozen=True)
class Plan:
    """A design and its knobs.

    Parameters
    ----------
    design : str
        One of `DESIGNS`.
    random_share : float, optional
        Share of the hours drawn by chance (balanced), or spread evenly over everyone (the others). By default
        0.5 for balanced, 0.25 for proportional, 0.1 for adaptive bins, 0 for the greedy list; random and
        stratified have none.
    steepness : float
        Of adaptive bins alone.
    """

    design: str
    random_share: float | None = None
    steepness: float = STEEPNESS

    def __post_init__(self) -> None:
        if self.design not in DESIGNS:
            raise UsageError(f"There is no design {self.design!r}.", where="design", available=DESIGNS)
        if self.random_share is not None and not 0 <= self.random_share <= 1:
            raise UsageError(
                f"The random share is {self.random_share}, not between 0 and 1.", where="random_share"
            )
        if self.design == "balanced" and self.random_share == 0:
            raise UsageError(
                "A balanced design draws some cases by chance.",
                where="random_share",
                remedy="Give a share above 0, or design='top_yield'.",
            )
        if self.random_share is not None and self.design in ("random", "stratified"):
            raise UsageError(
                f"The design {self.design} draws all cases by chance: a random share does nothing in it.",
                where="random_share",
                remedy="Leave it out, or choose another design.",
            )
        if not self.steepness >= 0:
            raise UsageError("The steepness is 0 or more.", where="steepness")
        if self.steepness != STEEPNESS and self.design != "adaptive_bins":
            raise UsageError(
                f"The design {self.design} has no steepness.",
                where="steepness",
                remedy="Leave it out, or give design='adaptive_bins'.",
            )

    @classmethod
    def parse(cls, text: str) -> Plan:
        """Return the plan that a text names.

        Examples
        --------
        >>> Plan.parse("balanced:0.25")
        Plan(design='balanced', random_share=0.25, steepness=2.0)
        """
        name, _, knob = text.partition(":")
        if not knob:
            return cls(name)
        try:
            number = float(knob)
        except ValueError as error:
            raise UsageError(f"{knob!r} is no number.", where=text) from error
        return cls(name, steepness=number) if name == "adaptive_bins" else cls(name, random_share=number)

    @property
    def number(self) -> int:
        """The place of the design in the list, for draws of its own."""
        return DESIGNS.index(self.design)

    @property
    def stratified(self) -> bool:
        """Whether probabilities are equal within strata."""
        return self.design in ("stratified", "adaptive_bins")

    @property
    def share(self) -> float:
        """The random share, given or by default."""
        defaults = {"balanced": RANDOM_SHARE, "proportional": FLOOR, "adaptive_bins": 0.1, "top_yield": 0.0}
        return defaults.get(self.design, 1.0) if self.random_share is None else self.random_share


@dataclass(frozen=True)
class Planned:
    """Everyone's probability, and how to draw.

    Parameters
    ----------
    probability : ndarray
        0 to 1; above 0 for everyone unless the design is the greedy list alone.
    stratum : ndarray of int or None
        Within which probabilities are equal.
    aim : Balance or None
        What the balanced design weighed.
    """

    probability: Floats
    stratum: Integers | None = None
    aim: Balance | None = None

    def kept(self, hours: Floats) -> Floats | None:
        """Return the sums that a draw shall keep: hours, or the cases of each stratum."""
        if self.stratum is not None:
            return np.asarray(self.stratum[:, None] == np.arange(self.stratum.max() + 1), dtype=np.float64)
        return None if np.ptp(hours) == 0 else np.column_stack([hours, np.ones(len(hours))])


def plan_cases(
    plan: Plan, value: Floats, hours: Floats, budget: float, *, spread: Floats | None = None
) -> Planned:
    """Return everyone's probability under a design that spends the budget in expectation.

    Parameters
    ----------
    plan : Plan
        The design.
    value : ndarray
        Tax expected of each case (GBP), 0 or more.
    hours : ndarray
        Hours each case would take, above 0.
    budget : float
        Hours to spend, fewer than all cases would take.
    spread : ndarray, optional
        Spread of the tax about the score, from earlier random cases (`predict_spread`). Without it the score
        is untested, and its error is taken to be as large for every return. Then expected tax decides who is
        certain in ``balanced`` and raises the probabilities of the others only a little, more so close to the
        certain ones; in ``stratified`` it makes the strata, and none is drawn more often for its tax.

    Notes
    -----
    random: one probability. stratified: Neyman's by 20 strata of the score, with a floor. proportional: to
    the score, with a floor. adaptive_bins: scores smoothed by a logistic curve, cut into 20 bins of equal
    sum, probabilities in proportion to a bin's mean, drawn evenly within (the idea of Adaptive Bin Sampling,
    Henderson and others, AAAI 2023, details from memory; the curve in logs and the bins are ours). balanced:
    `balance`. top_yield: the list of most value an hour, with ``random_share`` of the hours spread evenly.

    Examples
    --------
    >>> made = plan_cases(Plan("proportional", 0.0), np.array([3.0, 1.0]), np.ones(2), 1.0)
    >>> made.probability.round(3)
    array([0.75, 0.25])
    """
    value = np.maximum(value, 1e-9)
    even = spread_evenly(hours, budget)
    known = np.ones(len(value)) if spread is None else spread
    if plan.design == "random":
        return Planned(even)
    if plan.design == "balanced":
        chance, aim = balance(value, known, hours, budget, random_share=plan.share)
        return Planned(chance, None, aim)
    if plan.design == "top_yield":
        return Planned(_list(value, hours, budget, plan.share))
    if plan.design == "proportional":
        return Planned(_raise(value, hours, budget, plan.share * even))
    if plan.design == "stratified":
        bins = cut(known + 1e-9 * value, _fit_bins(budget, hours))
        return Planned(_raise(level(known / np.sqrt(hours), bins), hours, budget, FLOOR * even), bins)
    curve = smooth(value, hours, budget, plan.steepness)
    bins = cut(curve, _fit_bins(budget, hours))
    return Planned(_raise(level(curve, bins), hours, budget, plan.share * even), bins)


def _fit_bins(budget: float, hours: Floats) -> int:
    return int(np.clip(budget / float(hours.mean()) / (2 * _BIN_CASES), 1, BINS))


def _raise(size: Floats, hours: Floats, budget: float, least: Floats) -> Floats:
    return solve_scale(lambda scale: np.clip(scale * size, least, 1.0), hours, budget)


def _list(value: Floats, hours: Floats, budget: float, share: float) -> Floats:
    """Return the greedy list with everyone else's even chance; the list's own part of that is spent on."""
    chosen = list_best(value, hours, (1 - share) * budget) > 0
    left = budget - float(hours[chosen].sum())
    rest = float(hours[~chosen].sum())
    chance = left / rest if share and rest else 0.0
    return np.where(chosen, 1.0, min(1.0, chance))
