"""Would the reasons be the same had chance been another: refits on cases drawn anew, and other seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from taxgap.reasons.audit.bands import FEWEST, band
from taxgap.reasons.audit.figures import Estimate, Figure, draw_figure, tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.rules import Rule
from taxgap.reasons.audit.stability.agreement import Agreement, is_stable
from taxgap.reasons.audit.stability.refitting import find_agreement
from taxgap.reasons.refits import Refits
from taxgap.reasons.selection import NONE
from taxgap.reasons.spreading import HERE, Spread
from taxgap.risk.arrays import Bools, Floats

NAME = "stability"

RULES = (
    Rule(
        "stable_share",
        NAME,
        "Would refitting the model leave the first reason of a flagged return as it is?",
        "at least",
        0.80,
        fails="The first reason of too many returns hangs on which cases were enquired into. See by lead and "
        "by code which: show reasons of little lead as equals, or grow a smoother model.",
    ),
    Rule(
        "churn",
        NAME,
        "How often does one refit give another first reason?",
        "at most",
        0.15,
        fails="Two models of the same kind of data give officers other first reasons. See the swaps "
        "for which codes stand in for each other.",
    ),
    Rule(
        "first_kept",
        NAME,
        "Does the first reason stay among the reasons shown when the model is refitted?",
        "at least",
        0.90,
        fails="Reasons do not merely change places: what comes first today may not be shown at all tomorrow.",
    ),
    Rule(
        "seed_churn",
        NAME,
        "How often does another seed alone, on the same cases, give another first reason?",
        "at most",
        0.10,
        fails="The reasons are drawn by lot in part. More trees at a lower rate, or the mean of several "
        "models, mend this without any more data.",
    ),
)
"""The checks of this part; bounds other than the first are assumptions of what is bearable."""

NEAR = 0.1
"""A code is the near equal of the first if it adds at most so much less, in log units: about 10%."""

MARGINS = (0.1, 0.25, 0.5, 1.0)
"""Ends of the bands of the score above the cut-off, in log units: 0.1 is about 10% more expected tax."""

LEADS = (0.05, 0.1, 0.2, 0.4)
"""Ends of the bands by which the first reason leads the second, in log units."""

NO_MODEL = (
    "Only a model of the library's own can be refitted, and its own explanations be made of each refit."
)
NO_REFITS = "No refits were asked for."


def measure_stability(
    material: Material,
    refits: Refits | Agreement | None,
    *,
    seeds: Refits | Agreement | None = None,
    spread: Spread = HERE,
) -> Part:
    """Measure how far first reasons survive a refit of the model.

    Parameters
    ----------
    material : Material
    refits : Refits or Agreement or None
        On cases drawn anew, from `taxgap.reasons.audit.stability.refitting.fit_again`; or what
        `find_agreement` of the
        same module made of them, where it is needed again.
    seeds : Refits or Agreement, optional
        On the same cases with other seeds.
    spread : Spread, optional
        What explains; the figures do not depend on it.

    Returns
    -------
    Part
        Left out for another's model or explanations.

    Notes
    -----
    With fewer than ten refits the check of the stable share is not asked: nine in ten of them would be all.

    Churn is one less the mean agreement of the first code; a return is stable where at least nine in ten
    refits agree. Where no reason stands out, a refit agrees where none does either. Intervals are over
    returns: they say nothing of there being no more refits, whose extremes are given as ``churn of one
    refit``.

    A refit shares most of its cases with the model. Models of two independent sets of enquiries differ more:
    by the chance of both, so that contributions lie about 1.4 times as far apart.

    ``stable share among near equals`` forgives swaps for codes that the model itself puts within 0.1 log
    units of its first.
    """
    if refits is None:
        return Part(NAME, tidy(()), left_out=NO_REFITS)
    if material.subject.model is None or not material.subject.ours:
        return Part(NAME, tidy(()), left_out=NO_MODEL)
    found = refits if isinstance(refits, Agreement) else find_agreement(material, refits, spread=spread)
    again = find_agreement(material, seeds, spread=spread) if isinstance(seeds, Refits) else seeds
    return part_of(material, found, again)


def part_of(material: Material, found: Agreement, seeds: Agreement | None = None) -> Part:
    """Make the part of agreements that were found before."""
    figures = [*_say(material, found, "refits"), *_say_equals(material, found), *_say_groups(material, found)]
    findings = _find(material, found)
    if seeds is not None:
        figures += _say(material, seeds, "seeds")
        findings["seed_churn"] = _mean(material, seeds, 1 - seeds.same)
    unasked = {"stable_share": found.too_few} if found.too_few else {}
    return Part(NAME, tidy(figures), {"swaps": _count_swaps(material, found)}, findings, unasked=unasked)


def lead_of(material: Material) -> Floats:
    """Return by how much the first reason leads the second, in log units; where it is alone, all of it."""
    first, second = (material.reasons[f"reason_{k}_contribution"].to_numpy(dtype=np.float64) for k in (1, 2))
    lead: Floats = first - np.nan_to_num(second)
    return lead


def _mean(material: Material, found: Agreement, values: Floats | Bools) -> Estimate:
    return material.bootstrap.mean(found.lay_out(values))


def _find(material: Material, found: Agreement) -> dict[str, Estimate]:
    return {
        "stable_share": _mean(material, found, found.stable),
        "churn": _mean(material, found, 1 - found.same),
        "first_kept": _mean(material, found, found.kept),
    }


def _say(material: Material, found: Agreement, method: str) -> list[Figure]:
    most = material.settings.reasons
    shares: list[tuple[str, str, Floats | Bools, float]] = [
        ("stable share", "code", found.stable, found.chance_stable),
        ("churn", "code", 1 - found.same, 1 - found.chance),
        ("churn", "family", 1 - found.same_family, np.nan),
        ("first kept", "code", found.kept, np.nan),
        (f"in common@{most}", "code", found.in_common, np.nan),
        (f"same set@{most}", "code", found.same_set, np.nan),
    ]
    figures = [
        _figure(measure, _mean(material, found, values), method, level=level, chance=chance)
        for measure, level, values, chance in shares
    ]
    weight = material.weight[found.rows]
    of_each = np.average(found.others != found.own, axis=1, weights=weight)
    spread = Estimate(float(of_each.mean()), float(of_each.min()), float(of_each.max()), len(found.own))
    return [*figures, _figure("churn of one refit", spread, method)]


def _say_equals(material: Material, found: Agreement) -> Iterator[Figure]:
    """Say how much of the churn is between codes that the model itself holds for nearly equal."""
    sums = material.by_code.to_numpy(dtype=np.float64)[found.rows]
    places = np.arange(len(sums))
    named = found.own != NONE
    first = np.where(named, sums[places, found.own], np.nan)
    theirs = np.where(found.others != NONE, sums[places, found.others], np.nan)
    near = np.where(named, theirs >= first - NEAR, found.others == NONE) | (found.others == found.own)
    share = near.mean(axis=0)
    several = np.where(named, (sums >= (first - NEAR)[:, np.newaxis]).sum(axis=1), np.nan)
    yield _figure("stable share among near equals", _mean(material, found, is_stable(share)), "refits")
    yield _figure("churn beyond near equals", _mean(material, found, 1 - share), "refits")
    alone = np.where(np.isnan(several), np.nan, several == 1)
    yield _figure("first reason without near equals", _mean(material, found, alone), "refits")


def _say_groups(material: Material, found: Agreement) -> Iterator[Figure]:
    margin = np.where(material.flagged, material.score - material.cut, np.nan)
    groups = {
        "margin to the cut-off": band(margin, MARGINS),
        "lead of the first reason": band(lead_of(material), LEADS),
        "first code": pd.Categorical(material.reasons["reason_1_code"]),
    }
    for by, levels in groups.items():
        codes = np.asarray(levels.codes)
        for number, name in enumerate(levels.categories):
            inside = np.where(codes == number, 1.0, np.nan)
            if np.count_nonzero(found.rows & (codes == number)) < FEWEST:
                continue
            for measure, values in (("stable share", found.stable), ("churn", 1 - found.same)):
                estimate = material.bootstrap.mean(found.lay_out(values) * inside)
                yield replace(_figure(measure, estimate, "refits"), group_by=by, group=str(name))


def _count_swaps(material: Material, found: Agreement) -> pd.DataFrame:
    """Count which code takes the first place of which, over returns and refits; pairs of few are left out."""
    size = len(found.family)
    pair = (found.own % size) * size + found.others % size
    weight = np.broadcast_to(material.weight[found.rows], pair.shape)
    total = np.bincount(pair.ravel(), weight.ravel(), size * size)
    places = np.arange(pair.shape[1]) * size * size
    returns = np.bincount(np.unique(pair + places) % (size * size), minlength=size * size)
    first, instead = np.divmod(np.arange(size * size), size)
    apart = (first != instead) & (returns >= FEWEST)
    names = np.array([*material.regime.code, ""], dtype=object)
    table = pd.DataFrame(
        {
            "first": names[first],
            "instead": names[instead],
            "share_of_swaps": total / max(total[first != instead].sum(), 1e-12),
            "share_of_first": total / np.maximum(np.bincount(first, total, size)[first], 1e-12),
            "same_family": found.family[first] == found.family[instead],
        }
    )
    return table[apart].sort_values("share_of_swaps", ascending=False, kind="stable").reset_index(drop=True)


def _figure(measure: str, found: Estimate, method: str, **where: Any) -> Figure:
    return draw_figure(NAME, measure, found, method=method, **({"level": "code"} | where))
