"""How many participants and cases a claim takes: before a study by assumption, after it from its answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import pandas as pd
from scipy.stats import norm

from taxgap.errors import UsageError
from taxgap.reasons.audit.people.design import ARMS
from taxgap.reasons.audit.people.intervals import Variance

POWER = 0.8
LEVEL = 0.05

SIZES = ("measure", "difference", "cases", "design_effect", "participants", "basis")
"""`participants` is missing where no number of them is enough with so many cases."""

FROM_ANSWERS, ASSUMED = "from the answers", "assumed: independent answers, half of them yes"
"""What the variance of a size comes from."""


def participants_needed(
    difference: float, cases: int, variance: Variance, *, power: float = POWER, level: float = LEVEL
) -> float:
    """Say how many participants a difference between two arms takes, from the parts of its variance.

    Parameters
    ----------
    difference : float
    cases : int
        How many cases everyone sees, of those that the measure is about.
    variance : Variance
        Of the difference, as a study found it.
    power : float, default 0.8
        The chance to show the difference if it is there.
    level : float, default 0.05
        The chance to see one, in either direction, that is not there.

    Returns
    -------
    float
        A multiple of three; missing if no number is enough, since more participants do not make up for cases
        that are too few.

    Notes
    -----
    With P participants and C cases the variance is a / P + b / C + c / (P C). It must not be more than
    difference² / (z(1 - level / 2) + z(power))².

    Examples
    --------
    >>> participants_needed(0.2, 24, plan_variance(0.5, 12, 24))
    15.0
    """
    people, given = variance.n_participants, variance.n_cases
    by_person, by_case = variance.participants * people, variance.cases * given
    by_answer = variance.answers * people * given
    room = difference**2 / _worth(power, level) - by_case / cases
    if not room > 0:
        return float("nan")
    least = (by_person + by_answer / cases) / room
    return float(max(math.ceil(least / len(ARMS) - 1e-9), 1) * len(ARMS))


def plan_variance(share: float, participants: int, cases: int, *, design_effect: float = 1.0) -> Variance:
    """Assume the variance of a difference between two arms before there are answers.

    Parameters
    ----------
    share : float
        The proportion in both arms.
    participants, cases : int
    design_effect : float, default 1
        What it exceeds 1 by is put down to participants and cases in equal parts.

    Returns
    -------
    Variance
    """
    answers = 2 * share * (1 - share) / (participants * cases / len(ARMS))
    more = answers * (design_effect - 1) / 2
    return Variance(answers, more, more, participants, cases)


def least_difference(variance: Variance, *, power: float = POWER, level: float = LEVEL) -> float:
    """Say how large a difference must be to be shown with the variance given.

    Examples
    --------
    >>> round(least_difference(plan_variance(0.5, 12, 24)), 3)
    0.202
    """
    return math.sqrt(_worth(power, level) * variance.total)


def tabulate_sizes(
    variances: Mapping[str, Variance],
    *,
    differences: Iterable[float] = (0.05, 0.1, 0.15, 0.2),
    times: Iterable[int] = (1, 2, 4),
    basis: str = FROM_ANSWERS,
) -> pd.DataFrame:
    """Tabulate participants needed by measure, difference and number of cases.

    Parameters
    ----------
    variances : mapping of str to Variance
        Measure to the variance of its difference between arms.
    differences : iterable of float
    times : iterable of int
        How many times as many cases as there were.
    basis : str
        What the variances come from.

    Returns
    -------
    DataFrame
        `SIZES`; power 0.8 at level 0.05.
    """
    rows = [
        (
            measure,
            difference,
            cases,
            variance.design_effect,
            participants_needed(difference, cases, variance),
            basis,
        )
        for measure, variance in variances.items()
        for difference in differences
        for cases in (variance.n_cases * factor for factor in times)
    ]
    return pd.DataFrame(rows, columns=list(SIZES))


def _worth(power: float, level: float) -> float:
    if not (0 < power < 1 and 0 < level < 1):
        raise UsageError("Power and level lie between 0 and 1.", where="power")
    return float((norm.ppf(1 - level / 2) + norm.ppf(power)) ** 2)
