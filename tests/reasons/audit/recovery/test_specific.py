"""Reasons that are named where a mechanism is, and not where it is not."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.figures import tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.recovery.metrics import Target, find_recall
from taxgap.reasons.audit.recovery.ranked import Ranked, rank_scores
from taxgap.reasons.audit.recovery.recovery import Ground, rankings_of
from taxgap.reasons.audit.recovery.specific import Specific, name_codes, rank_most_alike


@pytest.fixture(scope="module")
def specific(material: Material) -> Specific:
    assert material.planted is not None
    ground = Ground(material, material.planted)
    return Specific(material.bootstrap, ground.targets["code"], ground.cases, material.planted, 3)


def test_the_lead_is_over_the_most_specific_and_paired(specific: Specific, material: Material) -> None:
    shares = specific.measure(rankings_of(material))
    found, best = specific.lead(shares, ["random", "z_score"])
    own = {name: tidy(specific.figures("recovery", {name: each})) for name, each in shares.items()}
    value = {
        name: table[(table["measure"] == "specificity@3") & (table["group"] == "")]["value"].item()
        for name, table in own.items()
    }
    assert best == max(("random", "z_score"), key=value.__getitem__)
    assert found.value == pytest.approx(value["reasons"] - value[best])
    assert found.low <= found.value <= found.high
    itself, _ = specific.lead(shares, ["reasons"])
    assert (itself.value, itself.low, itself.high) == (0, 0, 0)


def _figures(specific: Specific, ranked: Ranked) -> pd.DataFrame:
    found = tidy(specific.figures("recovery", specific.measure({ranked.method: ranked})))
    return found[found["group_by"] == ""].set_index("measure")


def test_a_constant_explanation_tells_nothing_apart(specific: Specific) -> None:
    alike = rank_most_alike(specific.target, specific.bootstrap.weight, 3)
    found = _figures(specific, alike).loc["specificity@3"]
    assert (found["value"], found["low"], found["high"]) == (0.0, 0.0, 0.0)


def test_random_reasons_tell_nothing_apart_and_planted_ones_do(
    specific: Specific, material: Material
) -> None:
    drawn = np.random.default_rng(0).random(specific.target.union.shape)
    values = []
    for scores in (drawn, drawn + specific.target.union):
        ranked = rank_scores(material.regime, material.index, {"code": scores}, "trial")
        values.append(_figures(specific, ranked).loc["specificity@3"])
    assert values[0]["low"] < 0 < values[0]["high"]
    assert values[1]["low"] > 0.3


def test_figures_are_plain_shares(specific: Specific, material: Material) -> None:
    drawn = np.random.default_rng(3).random(specific.target.union.shape)
    ranked = rank_scores(material.regime, material.index, {"code": drawn}, "trial")
    named = name_codes(ranked.positions["code"][:, :3], drawn.shape[1])
    rows, weight = specific.target.cases > 0, material.weight
    there, elsewhere = [], []
    for name, codes in zip(specific.names, specific.evidence, strict=True):
        has = np.isin(np.arange(len(rows)), specific.cases["row"][specific.cases["mechanism"] == name])
        could = named[:, codes].any(axis=1)
        there.append(np.average(could[rows & has], weights=weight[rows & has]))
        elsewhere.append(np.average(could[rows & ~has], weights=weight[rows & ~has]))
    found = _figures(specific, ranked)["value"]
    assert found["recall@3 over mechanisms"] == pytest.approx(np.mean(there))
    assert found["named elsewhere@3"] == pytest.approx(np.mean(elsewhere))
    assert "traceless" not in specific.names


def test_no_constant_beats_the_most_alike(specific: Specific) -> None:
    target: Target = specific.target
    alike = rank_most_alike(target, specific.bootstrap.weight, 3)
    rows, weight = target.cases > 0, specific.bootstrap.weight

    def recall(ranked: Ranked) -> np.ndarray:
        return find_recall(ranked, target, 3)

    best = np.average(recall(alike)[rows], weights=weight[rows])
    of_any = np.flatnonzero(target.union.any(axis=0))
    others = [
        Ranked("x", {"code": np.tile(np.array(places), (target.rows, 1))}, {})
        for places in combinations(of_any, 3)
    ]
    found = [np.average(values[rows], weights=weight[rows]) for values in map(recall, others)]
    assert max(found) == pytest.approx(best)
