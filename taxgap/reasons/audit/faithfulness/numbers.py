"""Correctness of the numbers: properties that define Shapley values, and other code that works them out."""

from __future__ import annotations

import numpy as np

from taxgap.peers import GROUPS
from taxgap.reasons.audit.faithfulness.oracles import check_given_dummies, check_kernel
from taxgap.reasons.audit.figures import Estimate, Figure, tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.rules import Rule
from taxgap.risk.arrays import Floats, Integers

NAME = "numbers"

TOLERANCE = 1e-6
"""How far exact values may be apart, in log units: rounding, and nothing else."""

RULES: tuple[Rule, ...] = (
    *(
        Rule(name, NAME, question, "at most", TOLERANCE, unit="log", fails=fails)
        for name, question, fails in (
            (
                "additivity",
                "Do the contributions of every return add up to its score less the mean of its peers?",
                "Contributions leave out part of the score, or are of another model or baseline.",
            ),
            (
                "dummy",
                "Does a feature that no tree asks about get nothing?",
                "A feature is blamed that the model never looks at.",
            ),
            (
                "symmetry",
                "Do two features that the model treats alike get the same?",
                "Credit depends on the order of the columns.",
            ),
            (
                "path",
                "Does the kernel agree with LightGBM's own pred_contrib, in the game that both know?",
                "The kernel and LightGBM read the trees differently.",
            ),
            (
                "brute_families",
                "Do the families' values agree with every coalition tried by LightGBM's own predict?",
                "The kernel's values are not Shapley values against peers.",
            ),
            (
                "brute_features",
                "Do the features' values of single trees agree with every coalition tried?",
                "The kernel's values are not Shapley values.",
            ),
            (
                "pairs",
                "Do the contributions agree with a second algorithm, peer by peer?",
                "Contributions are not those of the score against the return's own peers.",
            ),
        )
    ),
    Rule(
        "completeness",
        NAME,
        "How much of the differences between scores do the contributions add up to?",
        "at least",
        0.95,
        fails="Something moves the score that the explanation does not show. Ask what it is.",
    ),
)


def measure_numbers(material: Material) -> Part:
    """Check the numbers themselves: that contributions are what they claim to be.

    Parameters
    ----------
    material : Material

    Returns
    -------
    Part
        Largest differences in log units; they are exact and have no interval. Its findings are named as the
        rules. Of explanations that are not the library's own only `completeness` can be told, and whether
        features that the model does not use get nothing; `left_out` says so.

    Notes
    -----
    ``additivity`` asks LightGBM's predict for the score of every return and the mean of its peers.
    ``dummy`` looks at the model and at its first trees alone, which use fewer features. ``symmetry`` is asked
    of the same trees taken twice, with two features in each other's place. ``brute_families`` tries every
    coalition of families, and ``brute_features`` every coalition of the features of a tree, by LightGBM's
    predict. ``pairs`` holds contributions against the mean over peers of values worked out pair by pair.

    ``completeness`` is the share of the variance of the score (or of the probability, where that is higher)
    that is left when the sums of contributions are taken off, counted from 1. Contributions are added up over
    all columns that the explanation has, within peer groups or over all returns, whichever is higher. By
    chance, with the explanations of other returns, it is below 0.
    """
    whole, complete = _measure_completeness(material)
    model = material.subject.model
    if model is None:
        why = "The model is not the library's own, so only completeness could be checked."
        return Part(NAME, tidy(whole), findings={"completeness": complete}, left_out=why)
    found = {"dummy": check_given_dummies(material, model)}
    if material.subject.ours:
        found |= check_kernel(material, model)
    figures = [
        Figure(
            part=NAME,
            measure=f"{name}, largest difference",
            value=each.value,
            n=each.n,
            method="contributions",
            unit="log",
        )
        for name, each in found.items()
    ]
    why = (
        ""
        if material.subject.ours
        else "The explanations are not the library's own: exact checks need them to be."
    )
    return Part(NAME, tidy([*figures, *whole]), findings={**found, "completeness": complete}, left_out=why)


def _measure_completeness(material: Material) -> tuple[list[Figure], Estimate]:
    total = np.nan_to_num(material.contributions.to_numpy(dtype=np.float64)).sum(axis=1)
    groups = material.seen.groupby(list(GROUPS), observed=True, dropna=False).ngroup().to_numpy()
    everyone = np.zeros(len(total), dtype=np.int64)
    score, likely = material.score, material.scores["probability"].to_numpy(dtype=np.float64)
    tried = [
        (_share_left(material, of, total, by), of, by) for of in (score, likely) for by in (groups, everyone)
    ]
    found, of, by = max(tried, key=lambda each: np.nan_to_num(each[0].value, nan=-np.inf))
    random = np.random.default_rng([material.settings.seed, 25]).permutation(len(total))
    chance = _share_left(material, of, total[random], by)
    figures = [
        Figure(
            part=NAME,
            measure="completeness",
            value=each.value,
            low=each.low,
            high=each.high,
            n=each.n,
            method=method,
            chance=chance.value,
        )
        for method, each in (("contributions", found), ("random", chance))
    ]
    return figures, found


def _share_left(material: Material, of: Floats, total: Floats, by: Integers) -> Estimate:
    """Return 1 less the share of the variance of a score that is left without the sums."""
    away, all_ = (_centre(values, by, material.weight) ** 2 for values in (of - total, of))
    found = material.bootstrap.ratio(away, all_)
    return Estimate(1 - found.value, 1 - found.high, 1 - found.low, found.n)


def _centre(values: Floats, by: Integers, weight: Floats) -> Floats:
    size = np.bincount(by, weight)
    centred: Floats = values - (np.bincount(by, values * weight) / np.where(size > 0, size, 1.0))[by]
    return centred
