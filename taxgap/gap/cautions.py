"""What a reader of an estimate should be warned of: few cases, few amounts, one case that dominates."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

FEW_CASES = 30
"""Cases below which no interval for a heavy-tailed total is worth its name (a choice of ours)."""

FEW_AMOUNTS = 10
"""Cases with an amount below which a sample says little of how large amounts can be (a choice of ours)."""

DOMINANT = 0.5
"""Share of the variance in one case from which that case is named (a choice of ours)."""


FITTED_LEVELS = (0.90, 0.99)
"""Levels that the numbers of the tail interval were fitted to, from the lowest to the highest."""


class EstimateWarning(UserWarning):
    """An estimate that stands, with something its reader should know."""


def warn_of(cautions: Sequence[str], stacklevel: int = 3) -> None:
    """Warn of each caution.

    Parameters
    ----------
    cautions : sequence of str
        Sentences.
    stacklevel : int, default 3
        How far up the caller is.
    """
    for caution in cautions:
        warnings.warn(caution, EstimateWarning, stacklevel=stacklevel)


def list_cautions(*, cases: int, amounts: int, largest: float) -> list[str]:
    """Return what a sample should be read with.

    Parameters
    ----------
    cases, amounts : int
        Cases in the sample, and those with an amount other than zero.
    largest : float
        Share of the variance in one case.

    Examples
    --------
    >>> list_cautions(cases=500, amounts=100, largest=0.7)
    ['One case makes 70% of the variance. Check it, or take such cases with certainty.']
    """
    found = []
    if cases < FEW_CASES:
        found.append(
            f"There are {cases} cases: below {FEW_CASES} the interval covers less often than it says. "
            "(With 100 it was measured to cover 92% on average, and 71% at the worst.) Pool years or groups."
        )
    if 0 < amounts < FEW_AMOUNTS:
        found.append(
            f"Only {amounts} cases have an amount: below {FEW_AMOUNTS} the interval covers less often than "
            "it says. Pool years or groups."
        )
    if largest > DOMINANT:
        found.append(
            f"One case makes {largest:.0%} of the variance. Check it, or take such cases with certainty."
        )
    return found


def caution_level(level: float) -> list[str]:
    """Return what a tail interval should be read with, if its level was not fitted.

    Parameters
    ----------
    level : float
        Confidence, 0 to 1.

    Examples
    --------
    >>> caution_level(0.95)
    []
    """
    lowest, highest = FITTED_LEVELS
    if lowest <= level <= highest:
        return []
    measured = "99.9% covered 99.8 to 99.9%"
    if level < lowest:
        measured = "50, 68 and 80% covered 50 to 56, 72 to 75 and 83 to 86%"
    sentence = (
        f"The interval was fitted to levels of {lowest:.0%} to {highest:.0%}, this one has {100 * level:g}%. "
        f"In samples of 1,000 from four populations, intervals of {measured}."
    )
    return [sentence]
