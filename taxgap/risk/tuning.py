"""Settings chosen on earlier years alone: each later year of the training window judges those before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import NotIdentifiedError, UsageError
from taxgap.risk.arrays import Floats
from taxgap.risk.boosting import TWEEDIE_POWER, Growth, grow, read_booster, score_raw
from taxgap.risk.fitting import cap_amounts
from taxgap.risk.frames import FrameSpec
from taxgap.risk.outcomes import MINIMUM_RANDOM, Outcomes

# A candidate replaces the default only if it is better by more than this many standard errors of the paired
# difference: with few random cases the best of many is mostly luck.
_ERRORS_BETTER = 1.0
_SPACE: Mapping[str, tuple[Any, ...]] = {
    "num_leaves": (7, 15, 31, 63),
    "path_smooth": (10.0, 30.0, 100.0, 300.0),
    "n_estimators": (100, 200, 400),
    "learning_rate": (0.02, 0.03, 0.06),
    "min_child_samples": (5, 20),
    "feature_fraction": (0.4, 0.7, 1.0),
}


@dataclass(frozen=True)
class Tuning:
    """What was tried, and what was chosen.

    Parameters
    ----------
    settings : dict
        The settings chosen, of `RiskModel`; empty where the default stays.
    trials : DataFrame
        ``trial, loss, gain, standard_error, chosen`` and one column a setting: the first trial is the
        default; ``gain`` is its loss less that of the trial, over the same cases.
    years : list of str
        The tax years that judged.
    """

    settings: dict[str, Any]
    trials: pd.DataFrame
    years: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for the card."""
        return {
            "settings": self.settings,
            "years": self.years,
            "trials": self.trials.to_dict("records"),
        }


def tune(
    X: pd.DataFrame,
    outcomes: Outcomes,
    years: pd.Series,
    *,
    growth: Growth,
    monotone: Mapping[str, int],
    budget: int,
    cap_quantile: float = 1.0,
) -> Tuning:
    """Try settings of the trees on earlier years, and judge them on later ones.

    Parameters
    ----------
    X : DataFrame
        Features of the cases that train.
    outcomes : Outcomes
        What was found in them; with amounts.
    years : Series of str
        The tax year of each case.
    growth : Growth
        The default settings, the first trial.
    monotone : mapping of str to int
        Directions known beforehand.
    budget : int
        How many trials, the default among them.
    cap_quantile : float
        As `RiskModel.amount_cap_quantile`.

    Returns
    -------
    Tuning

    Raises
    ------
    NotIdentifiedError
        If no two years of the window hold enough random cases to train and to judge.

    Notes
    -----
    Time-blocked: for every year but the first, trees grow on the years before it and are judged on its random
    cases. Nested: the year that evaluates the model takes no part. The loss is the Tweedie deviance of the
    tax found, after the level is made right, weighted by design. A trial wins only if it is better than the
    default by more than one standard error of the paired difference.
    """
    if budget < 1:
        raise UsageError(f"The budget must be at least 1 trial, not {budget}.", where="tune")
    amount = outcomes.amount
    if amount is None:
        raise UsageError("Tuning needs the tax found.", where="amount")
    blocks = list(_split(years, outcomes))
    if not blocks:
        raise NotIdentifiedError(
            "Tuning needs two tax years before the one that evaluates, with "
            f"{MINIMUM_RANDOM} random enquiries in the later.",
            where="tune",
            remedy="Give records of more years, or train without tuning.",
        )
    spec = FrameSpec.learn(X)
    matrix, directions = spec.encode(X), spec.check_directions(monotone)
    candidates = list(_draw(growth, budget))
    losses = []
    for candidate in candidates:
        parts = []
        for _, earlier, judged in blocks:
            text = grow(
                matrix[earlier],
                cap_amounts(amount[earlier], outcomes.weight[earlier], cap_quantile),
                outcomes.weight[earlier],
                objective="tweedie",
                spec=spec,
                directions=directions,
                growth=replace(growth, **candidate),
            )
            raw = score_raw(read_booster(text), matrix[judged], growth.n_threads)
            most = np.quantile(amount[earlier][amount[earlier] > 0], cap_quantile)
            parts.append(deviance(np.minimum(amount[judged], most), raw, outcomes.design[judged]))
        losses.append(np.concatenate(parts))
    return _choose(candidates, losses, growth, [year for year, _, _ in blocks])


def deviance(amount: Floats, raw: Floats, weight: Floats) -> Floats:
    """Return the weighted Tweedie deviance of each case, once the level of the scores is made right.

    Parameters
    ----------
    amount : ndarray
        What was found, in any unit.
    raw : ndarray
        Log scores.
    weight : ndarray
        Design weights.

    Returns
    -------
    ndarray
        They sum to the weighted mean deviance.

    Examples
    --------
    >>> amount = np.array([1.0, 4.0])
    >>> float(deviance(amount, np.log(amount), np.ones(2)).sum().round(9))
    0.0
    """
    p = TWEEDIE_POWER
    level = np.sum(weight * amount) / np.sum(weight * np.exp(raw))
    mean = level * np.exp(raw)
    each = 2 * (
        amount ** (2 - p) / ((1 - p) * (2 - p))
        - amount * mean ** (1 - p) / (1 - p)
        + mean ** (2 - p) / (2 - p)
    )
    found: Floats = weight * each / weight.sum()
    return found


def _split(years: pd.Series, outcomes: Outcomes) -> Iterator[tuple[str, Any, Any]]:
    labels = years.to_numpy()
    for year in sorted(set(labels))[1:]:
        earlier, judged = labels < year, (labels == year) & outcomes.carries
        trains = (earlier & outcomes.carries).sum()
        amount = outcomes.amount
        found = amount is not None and bool((amount[judged] > 0).any() and (amount[earlier] > 0).any())
        if judged.sum() >= MINIMUM_RANDOM and trains >= MINIMUM_RANDOM and found:
            yield str(year), earlier, judged


def _draw(growth: Growth, budget: int) -> Iterator[dict[str, Any]]:
    """Yield the default, then settings drawn at random without repeating."""
    rng = np.random.default_rng([growth.random_state, 6])
    default = {name: getattr(growth, name) for name in _SPACE}
    seen = [default]
    yield default
    combinations = int(np.prod([len(values) for values in _SPACE.values()]))
    while len(seen) < min(budget, combinations):
        drawn = {name: values[int(rng.integers(len(values)))] for name, values in _SPACE.items()}
        if drawn not in seen:
            seen.append(drawn)
            yield drawn


def _choose(
    candidates: list[dict[str, Any]], losses: list[Floats], growth: Growth, years: list[str]
) -> Tuning:
    gains = [losses[0] - loss for loss in losses]
    gain = np.array([float(g.sum()) for g in gains])
    # Each case is one draw: the standard error of a sum is that of a mean times the number.
    error = np.array([float(g.std() * np.sqrt(len(g))) for g in gains])
    worthy = gain > _ERRORS_BETTER * error
    best = int(np.argmax(np.where(worthy, gain, 0.0)))
    trials = pd.DataFrame(candidates).assign(
        loss=[float(loss.sum()) for loss in losses], gain=gain, standard_error=error
    )
    trials.insert(0, "trial", range(len(trials)))
    trials["chosen"] = trials["trial"] == best
    chosen = {name: v for name, v in candidates[best].items() if v != getattr(growth, name)}
    return Tuning(chosen, trials, years)
