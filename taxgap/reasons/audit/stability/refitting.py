"""The refits of an audit: on cases drawn anew, and on the same cases with other seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.stability.agreement import Agreement, agree
from taxgap.reasons.audit.stability.naming import Naming
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.refits import Refits, gather_training, refit
from taxgap.reasons.refitted import contributions_of_refits
from taxgap.reasons.selection import NONE, Positions
from taxgap.reasons.spreading import HERE, Growing, Spread, grow_job
from taxgap.records import Records
from taxgap.risk.arrays import Bools
from taxgap.risk.boosting import read_booster
from taxgap.risk.cases import Part
from taxgap.risk.fitting import Plan
from taxgap.risk.model import RiskModel
from taxgap.risk.outcomes import Given, Rules, check_outcomes

MOST = 6_000
"""At most so many flagged returns are explained again, drawn at random."""

SEEDS = 5
"""So many seeds where nothing else is asked."""


@dataclass(frozen=True, eq=False)
class Refitted:
    """A model fitted again in two ways.

    Attributes
    ----------
    refits : Refits
        On taxpayers drawn anew, with seeds of their own.
    seeds : Refits
        On the very cases of the model, with other seeds.
    cases : Part
        The cases that the model was trained on.
    """

    refits: Refits
    seeds: Refits
    cases: Part


def fit_again(
    records: Records,
    model: RiskModel,
    *,
    refits: int = 20,
    seeds: int = SEEDS,
    seed: int = 0,
    spread: Spread = HERE,
) -> Refitted:
    """Fit a model again in both ways; the cases are gathered once.

    Parameters
    ----------
    records : Records
        Those that the model was trained on.
    model : RiskModel
        From `taxgap.train`.
    refits, seeds : int
        How many of each, at least 2.
    seed : int, default 0
        Seed of the draws.
    spread : Spread, optional
        What grows them; the refits do not depend on it.

    Returns
    -------
    Refitted

    Raises
    ------
    UsageError, IncompatibleError, NotIdentifiedError
        As `taxgap.reasons.refits.fit_refits`.
    """
    part = gather_training(records, model)
    bootstrap = refit(model, part.X, part.given, refits=refits, seed=seed, spread=spread)
    others = fit_seeds(model, part.X, part.given, bootstrap, seeds=seeds, spread=spread)
    return Refitted(bootstrap, others, part)


def fit_seeds(
    model: RiskModel,
    X: pd.DataFrame,
    given: Given,
    refits: Refits,
    *,
    seeds: int = SEEDS,
    spread: Spread = HERE,
) -> Refits:
    """Fit a model again on the cases that it was fitted on, with other seeds.

    Parameters
    ----------
    model : RiskModel
    X : DataFrame
        The features of these cases.
    given : Given
        What stood beside them.
    refits : Refits
        Of the model; their seed is that of the draws here too.
    seeds : int, default 5
    spread : Spread, optional
        As for `fit_again`.

    Returns
    -------
    Refits

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"mismatch": rng.exponential(size=300)})
    >>> given = Given(amount=np.where(rng.random(300) < 0.4, 5_000 * X["mismatch"], 0.0))
    >>> model = RiskModel(n_estimators=5, folds=2).fit(X, amount=given.amount)
    >>> len(fit_seeds(model, X, given, refit(model, X, given, refits=2), seeds=3))
    3
    """
    refits.check(model)
    settings = model.get_params(deep=False)
    outcomes = check_outcomes(X.index, given, Rules.of(settings))
    plan, matrix = Plan.of(settings, model.frame_), model.encode(X)

    def draw() -> Iterator[Growing]:
        for each in range(seeds):
            random = np.random.default_rng([refits.seed, 9, each])
            growth = replace(plan.growth, random_state=int(random.integers(2**31 - 1)))
            own = Growing(model.frame_, matrix, outcomes, replace(plan, growth=growth))
            yield own.alone(spread.threads)

    return replace(refits, boosters=tuple(map(read_booster, spread.run(grow_job, draw()))))


def find_agreement(
    material: Material,
    refits: Refits,
    *,
    most: int = MOST,
    say: Callable[[str], None] = lambda _: None,
    spread: Spread = HERE,
) -> Agreement:
    """Explain flagged returns by each refit, against the same peers.

    Parameters
    ----------
    material : Material
        Of a model of the library's own, with its own explanations.
    refits : Refits
        Of that model.
    most : int, default 6000
        The most returns; more are drawn from.
    say : callable, optional
        Told what is being done.
    spread : Spread, optional
        What explains; the agreement does not depend on it.

    Returns
    -------
    Agreement
        With the reasons as given.

    Raises
    ------
    IncompatibleError
        The refits are of another model.
    """
    subject, model = material.subject, material.subject.model
    assert model is not None  # noqa: S101 - for the type checker: asked before
    refits.check(model)
    naming = Naming.of(material, draw_flagged(material, most))
    baseline = PeerBaseline(model, subject.regime, subject.peers)
    seen = material.seen[naming.rows]

    def explain() -> Iterator[Positions]:
        found = contributions_of_refits(refits, model, seen, baseline=baseline, spread=spread)
        for number, values in enumerate(found, 1):
            say(f"Explaining {len(seen):,} returns by refit {number} of {len(refits)}")
            yield naming.choose(values)

    return agree(
        naming.rows,
        naming.given,
        explain(),
        family=family_numbers(material),
        most=material.settings.reasons,
    )


def draw_flagged(material: Material, most: int) -> Bools:
    """Draw at most so many of the flagged returns, at random by the seed of the audit."""
    places = np.flatnonzero(material.flagged)
    if len(places) > most:
        random = np.random.default_rng([material.settings.seed, 13])
        places = random.choice(places, most, replace=False)
    drawn = np.zeros(len(material), dtype=np.bool_)
    drawn[places] = True
    return drawn


def family_numbers(material: Material) -> Positions:
    """Give each code of the regime the number of its family; the last, of no code, is -1."""
    families = pd.factorize(np.array([code.family for code in material.regime.codes], dtype=object))[0]
    return np.append(families, NONE).astype(np.int64)
