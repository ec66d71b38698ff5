"""Reasons beside exact local truth: what the model adds to a return for differing from its truthful twin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.reasons.audit.figures import Estimate, Figure, draw_figure, spread, tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.recovery.case_groups import groups_of_cases
from taxgap.reasons.audit.recovery.metrics import find_hits, find_recall, share_of_cases
from taxgap.reasons.audit.recovery.ranked import Ranked, rank_contributions, rank_reasons
from taxgap.reasons.audit.recovery.recovery import Ground
from taxgap.reasons.audit.rules import Rule
from taxgap.reasons.audit.twins.twin_agreement import compare_with_twins
from taxgap.reasons.audit.twins.twins import changed_codes, measure_twins, see_twins, twin_contributions
from taxgap.records import Truth
from taxgap.risk.arrays import Bools
from taxgap.risk.model import RiskModel

NAME = "truthful"

RULES = (
    Rule(
        "attained",
        NAME,
        "How much of what could be named is named?",
        "at least",
        0.90,
        fails="An explanation that knows the truth would name more with the same model. Reasons are lost "
        "between the model and the list: see the floors, the peers and the features by mechanism.",
    ),
    Rule(
        "twin_mass",
        NAME,
        "How much of what raises the score lies where the return differs from the truth?",
        "at least",
        0.50,
        fails="Most of the score is explained by figures that are true.",
    ),
)
"""The checks of this part, with their bounds."""

_AGREEMENT = {
    "top_code": "same first code",
    "top_family": "same first family",
    "correlation": "correlation by feature",
    "family_correlation": "correlation by family",
    "sign": "right sign",
    "mass": "mass on changed families",
}
_SHARES = ("top_code", "top_family", "sign", "mass")


@dataclass(frozen=True, eq=False)
class Twins:
    """What the twins of the flagged returns with planted tax say.

    Attributes
    ----------
    rows : ndarray of bool
        Which returns these are, among those of the material.
    agreement : DataFrame
        From `compare_with_twins`.
    ranked : Ranked
        By what the model adds for the difference: an explanation that knows the truth.
    traced : DataFrame of bool
        By return and code, whether a feature of the code differs.
    """

    rows: Bools
    agreement: pd.DataFrame
    ranked: Ranked
    traced: pd.DataFrame


def measure_truthful(material: Material, truth: Truth) -> Part:
    """Hold reasons against those of an explanation that knows the truth.

    Parameters
    ----------
    material : Material
    truth : Truth
        With the truthful twins.

    Returns
    -------
    Part
        Agreement with the truth of the twins, and the recall of that truth: how often what was planted could
        be named, mechanism by mechanism (method ``truth``), beside the reasons as given.

    Notes
    -----
    A twin differs from its return in what was planted and in what is computed from it. What the model adds
    for the difference is taken apart exactly, with the twin as the only background row. Recall of this truth
    is no strict bound: several mechanisms share three places, and a code may be named for another reason.
    """
    planted, model = material.planted, material.subject.model
    if planted is None:
        return Part(NAME, tidy(()), left_out="What is wrong with the returns is not known.")
    if model is None:
        return Part(NAME, tidy(()), left_out="Only the library's own models can be held against twins.")
    ground = Ground(material, planted)
    if ground.cases.empty:
        return Part(NAME, tidy(()), left_out="No flagged return holds anything that was planted.")
    twins = _find_twins(material, truth, model, material.flagged & (ground.targets["code"].cases > 0))
    ranked = {
        "reasons": rank_reasons(material.regime, material.reasons),
        "contributions": rank_contributions(material.regime, material.contributions, "contributions"),
        "truth": twins.ranked,
    }
    findings = {"attained": _attain(ground, ranked), "twin_mass": _mean(material, twins, "mass")}
    figures = [
        *_agreements(material, twins),
        *_recalls(ground, ranked),
        *_traces(ground, twins),
        draw_figure(NAME, "attained", findings["attained"], level="code"),
    ]
    return Part(NAME, tidy(figures), findings=findings)


def _find_twins(material: Material, truth: Truth, model: RiskModel, rows: Bools) -> Twins:
    regime, peers = material.regime, material.subject.peers
    observed, seen = material.observed[rows], material.seen[rows]
    index: pd.MultiIndex = observed.index
    measured = measure_twins(material.records, truth, regime, index)
    # Held against the same peers: what differs is then the return alone.
    twin_seen = see_twins(regime, observed, measured, peers, same_peers=True)
    values = twin_contributions(model, seen, twin_seen)
    names = [name for name in values.columns if name in regime.feature]
    own = material.contributions[rows].set_axis(index)
    known = [name for name in own.columns if name in regime.feature]
    agreement = compare_with_twins(regime, own[known], values, seen, twin_seen)
    ranked = rank_contributions(regime, values[names], "truth")
    return Twins(rows, agreement, ranked.spread(rows), changed_codes(regime, seen, twin_seen))


def _mean(material: Material, twins: Twins, name: str) -> Estimate:
    values = spread(twins.agreement[name].to_numpy(dtype=np.float64), twins.rows, len(material))
    return material.bootstrap.mean(values, share=name in _SHARES)


def _agreements(material: Material, twins: Twins) -> Iterator[Figure]:
    for name, measure in _AGREEMENT.items():
        unit = "share" if name in _SHARES else "number"
        yield draw_figure(NAME, measure, _mean(material, twins, name), method="contributions", unit=unit)
    defined = spread(twins.agreement["defined"].to_numpy(dtype=np.float64), twins.rows, len(material))
    yield draw_figure(NAME, "scores higher than its twin", material.bootstrap.mean(defined))


def _attain(ground: Ground, ranked: Mapping[str, Ranked]) -> Estimate:
    own, truth = ground.recall(ranked["reasons"]), ground.recall(ranked["truth"])
    return ground.material.bootstrap.ratio(np.nan_to_num(own), np.nan_to_num(truth))


def _recalls(ground: Ground, ranked: Mapping[str, Ranked]) -> Iterator[Figure]:
    bootstrap, target, k = ground.material.bootstrap, ground.targets["code"], ground.most
    tax = ground.cases["tax"].to_numpy(dtype=np.float64)
    hits = {method: find_hits(each, target, k) for method, each in ranked.items()}
    for method, each in ranked.items():
        yield draw_figure(
            NAME, f"recall@{k}", bootstrap.mean(find_recall(each, target, k)), level="code", method=method
        )
        found = share_of_cases(bootstrap, target.row, hits[method], tax)
        yield draw_figure(NAME, f"recall@{k} by tax", found, level="code", method=method)
    for by, group, inside, enough in groups_of_cases(ground.material, ground.cases):
        if by != "mechanism" or not enough:
            continue
        for method, own in hits.items():
            found = share_of_cases(bootstrap, target.row[inside], own[inside])
            where = {"level": "code", "group_by": by, "group": group, "method": method}
            yield draw_figure(NAME, f"recall@{k}", found, **where)


def _traces(ground: Ground, twins: Twins) -> Iterator[Figure]:
    """How often no code that could reveal a mechanism differs: the records hold no trace of it there."""
    target = ground.targets["code"]
    every = np.zeros((len(ground.material), twins.traced.shape[1]), dtype=np.bool_)
    every[twins.rows] = twins.traced.to_numpy(dtype=np.bool_)
    bare: Bools = ~np.any(every[target.row] & target.relevant, axis=1)
    for by, group, inside, enough in groups_of_cases(ground.material, ground.cases):
        if by == "mechanism" and enough:
            found = share_of_cases(ground.material.bootstrap, target.row[inside], bare[inside])
            where = {"level": "code", "group_by": by, "group": group, "method": "truth"}
            yield draw_figure(NAME, "no trace", found, **where)
