"""Mechanisms against first codes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.planted import planted_in
from taxgap.reasons.audit.recovery.confusion import confuse
from taxgap.reasons.audit.recovery.metrics import Target
from taxgap.reasons.audit.recovery.ranked import Ranked, rank_reasons
from taxgap.reasons.audit.recovery.recovery import Ground
from taxgap.regimes import Regime


@pytest.fixture(scope="module")
def ground(material: Material) -> Ground:
    assert material.planted is not None
    return Ground(material, material.planted)


def test_shares_of_a_mechanism_add_up(ground: Ground) -> None:
    material = ground.material
    found = confuse(
        material, ground.targets["code"], ground.cases, rank_reasons(material.regime, material.reasons)
    )
    np.testing.assert_allclose(found.table.groupby("mechanism")["share"].sum(), 1.0)
    flagged = (ground.targets["code"].cases > 0).sum()
    assert found.table.drop_duplicates("mechanism")["n"].sum() == flagged == found.right.n
    for estimate in (found.right, found.kappa):
        assert estimate.low <= estimate.value <= estimate.high


def test_perfect_reasons_agree_beyond_chance(ground: Ground) -> None:
    target = ground.targets["code"]
    first = np.where(target.union.any(axis=1), target.union.argmax(axis=1), -1)
    found = confuse(ground.material, target, ground.cases, Ranked("x", {"code": first[:, np.newaxis]}, {}))
    can = target.sizes[target.cases > 0] > 0
    assert found.right.value == pytest.approx(can.mean())
    assert found.ahead.low > 0
    assert found.kappa_of_most.value > 0.9


def test_one_code_for_all_agrees_as_by_chance(ground: Ground) -> None:
    target, codes = ground.targets["code"], list(ground.material.regime.code)
    served = (target.union * ground.material.weight[:, np.newaxis]).sum(axis=0)
    alike = np.full((target.rows, 1), int(served.argmax()))
    found = confuse(ground.material, target, ground.cases, Ranked("x", {"code": alike}, {}))
    assert found.serves_most == codes[int(served.argmax())]
    assert found.kappa.value == pytest.approx(0.0)
    assert (found.ahead.value, found.ahead.low, found.ahead.high) == (0.0, 0.0, 0.0)
    assert found.kappa_of_most.value == 0.0


def test_kappa_is_cohens_where_each_mechanism_has_one_code(regime: Regime, material: Material) -> None:
    random = np.random.default_rng(2)
    codes = list(regime.code)[:4]
    kind = random.integers(0, 4, len(material))
    named = np.where(random.random(len(material)) < 0.5, kind, random.integers(0, 4, len(material)))
    cases = pd.DataFrame(
        {
            "row": np.arange(len(material)),
            "mechanism": np.array(codes)[kind],
            "behaviour": "error",
            "tax": 1.0,
            "fields": [("turnover",)] * len(material),
        }
    )
    planted = planted_in(regime, cases, len(material), {code: (code,) for code in codes})
    target = Target("code", np.arange(len(material)), planted.relevant("code"), len(material))
    found = confuse(material, target, planted.cases, Ranked("x", {"code": named[:, np.newaxis]}, {}))
    expected = cohen_kappa_score(kind, named, sample_weight=material.weight)
    assert found.kappa.value == pytest.approx(expected)
    assert found.kappa.low < expected < found.kappa.high
