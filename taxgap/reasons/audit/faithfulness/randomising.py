"""Models that learned nothing, made from one that did, and their explanations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy

import lightgbm as lgb
import numpy as np

from taxgap.reasons.audit.faithfulness.model_texts import permute_leaves, randomise_splits
from taxgap.reasons.audit.material import Material
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.refits import Refits, refit
from taxgap.reasons.refitted import contributions_of_refits
from taxgap.reasons.spreading import HERE, Spread
from taxgap.risk.arrays import Floats, Integers
from taxgap.risk.cases import Part
from taxgap.risk.model import RiskModel

GROUPS = 20
"""The returns explained are of so many peer groups, larger ones likelier: tables are built by group."""


def randomise_texts(
    model: RiskModel, random: np.random.Generator, models: int
) -> dict[str, Sequence[lgb.Booster]]:
    """Exchange the leaves, or draw the splits anew, of the ensemble of expected tax.

    Parameters
    ----------
    model : RiskModel
    random : numpy.random.Generator
    models : int
        How many of each kind.

    Returns
    -------
    dict of str to sequence of Booster
        `leaves` and `splits`.
    """
    booster = model.booster("expected_tax")
    return {
        "leaves": [permute_leaves(booster, random) for _ in range(models)],
        "splits": [randomise_splits(booster, random) for _ in range(models)],
    }


def refit_randomised(
    model: RiskModel,
    training: Part,
    random: np.random.Generator,
    *,
    seed: int,
    models: int,
    refits: Refits | None = None,
    spread: Spread = HERE,
) -> dict[str, Sequence[lgb.Booster]]:
    """Refit the model on its own cases, and on cases whose outcomes belong to others.

    Parameters
    ----------
    model : RiskModel
    training : Part
        The cases that it was trained on.
    random : numpy.random.Generator
    seed, models : int
        Seed of the samples, and how many of each kind.
    refits : Refits, optional
        Those on its own cases, if they were made before.
    spread : Spread, optional

    Returns
    -------
    dict of str to sequence of Booster
        `seeds`, `labels` and ``labels, no directions``.

    Raises
    ------
    IncompatibleError
        The refits are of another model.
    """
    X, given, many = training.X, training.given, max(models, 2)
    free = copy(model)
    free.monotone = None
    if refits is not None:
        refits.check(model)
    again = refits or refit(model, X, given, refits=many, seed=seed, spread=spread)
    mixed = X.iloc[random.permutation(len(X))].set_index(X.index)
    led, unled = (
        refit(own, mixed, given, refits=many, seed=seed + 1, spread=spread) for own in (model, free)
    )
    return {
        "seeds": again.boosters[:models],
        "labels": led.boosters[:models],
        "labels, no directions": unled.boosters[:models],
    }


def draw_of_groups(
    material: Material, baseline: PeerBaseline, returns: int, random: np.random.Generator
) -> Integers:
    """Draw flagged returns of a few peer groups, of which larger ones are likelier; their places."""
    flagged = np.flatnonzero(material.flagged)
    numbers, which, count = np.unique(
        baseline.place(material.seen.iloc[flagged]), return_inverse=True, return_counts=True
    )
    chosen = random.choice(len(numbers), min(GROUPS, len(numbers)), replace=False, p=count / count.sum())
    inside = flagged[np.isin(which, chosen)]
    return np.sort(random.choice(inside, min(returns, len(inside)), replace=False))


def explain_by_code(
    material: Material,
    rows: Integers,
    kinds: Mapping[str, Sequence[lgb.Booster]],
    baseline: PeerBaseline,
    spread: Spread = HERE,
) -> dict[str, list[Floats]]:
    """Return the contributions of returns by code, by every model of each kind.

    Parameters
    ----------
    material : Material
        Of the model that the baseline was made with.
    rows : ndarray of int
    kinds : mapping of str to sequence of Booster
    baseline : PeerBaseline
    spread : Spread, optional

    Returns
    -------
    dict of str to list of ndarray, shape (returns, codes)
    """
    every = tuple(booster for own in kinds.values() for booster in own)
    seen = material.seen.iloc[rows]
    found = (
        material.sum_codes(values).to_numpy(dtype=np.float64)
        for values in contributions_of_refits(
            Refits(every, "", 0), baseline.model, seen, baseline=baseline, spread=spread
        )
    )
    return {kind: [next(found) for _ in own] for kind, own in kinds.items()}
