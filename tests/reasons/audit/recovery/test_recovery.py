"""The part on recovery as a whole: its checks can pass and can fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.material import Material, name_reasons
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.planted import Planted
from taxgap.reasons.audit.recovery.recovery import RULES, Ground, measure_recovery
from taxgap.reasons.audit.rules import judge


@pytest.fixture(scope="module")
def part(material: Material) -> Part:
    return measure_recovery(material)


@pytest.fixture(scope="module")
def telling(make_material: Callable[..., Material], material: Material) -> Material:
    """The same returns, explained by somebody who knows."""
    planted = material.planted
    assert planted is not None
    codes = list(material.regime.code)
    can = np.zeros((len(material), len(codes)), dtype=bool)
    rows = planted.cases["row"].to_numpy()
    places, columns = np.nonzero(planted.relevant("code", planted.cases))
    can[rows[places], columns] = True
    features = list(material.regime.feature)
    of = [codes.index(material.regime.feature[name].code) for name in features]
    values = pd.DataFrame(np.where(can[:, of], 1.0, -1.0), index=material.index, columns=features)
    reasons = name_reasons(material.subject, material.observed, values)
    return make_material(contributions=values, reasons=reasons)


def _passed(part: Part) -> Mapping[str, bool | None]:
    return {check.rule.name: check.passed for check in judge(RULES, part.findings)}


def test_every_rule_is_answered(part: Part) -> None:
    assert set(part.findings) == {rule.name for rule in RULES}
    assert None not in _passed(part).values()
    assert not part.left_out


def test_the_checks_can_fail(part: Part) -> None:
    assert not _passed(part)["recall"]  # this model was never shown what is planted
    assert not _passed(part)["lift_over_baselines"]


def test_the_checks_can_pass(telling: Material) -> None:
    found = measure_recovery(telling)
    contributions = found.figures.query("method == 'contributions' and level == 'code' and group_by == ''")
    values = contributions.set_index("measure")["value"]
    assert values["mass"] > 0.85  # what is too small to count is named too
    assert values["recall@3"] > 0.8
    # Reasons need the value to be unusual too, which here it seldom is.
    assert _passed(found)["lift_over_chance"]
    assert _passed(found)["chance"]


def test_the_headline_is_recall_by_hand(part: Part, material: Material, planted: Planted) -> None:
    codes = [
        set(row.dropna())
        for _, row in material.reasons[[f"reason_{k}_code" for k in (1, 2, 3)]].astype("object").iterrows()
    ]
    cases = planted.counted[material.flagged[planted.counted["row"]]]
    hit = [
        bool(codes[row] & set(planted.evidence[name]))
        for row, name in zip(cases["row"], cases["mechanism"], strict=True)
    ]
    by_return = pd.Series(hit, dtype=float).groupby(cases["row"].to_numpy()).mean()
    assert part.findings["recall"].value == pytest.approx(by_return.mean())
    assert part.findings["recall"].n == len(by_return)


def test_random_reasons_are_at_chance(part: Part) -> None:
    rows = part.figures.query("method == 'random' and group_by == '' and chance == chance")
    rows = rows[rows["measure"].isin({"recall@1", "recall@3", "recall@4", "mass", "reciprocal rank"})]
    assert len(rows) == 15
    assert ((rows["low"] - 0.03 <= rows["chance"]) & (rows["chance"] <= rows["high"] + 0.03)).all()


def test_figures_are_whole(part: Part) -> None:
    figures = part.figures
    keys = ["measure", "level", "group_by", "group", "method"]
    assert not figures.duplicated(keys).any()
    there = figures.dropna(subset=["value"])
    assert (there["low"] <= there["value"] + 1e-9).all()
    assert (there["value"] <= there["high"] + 1e-9).all()
    assert {"mechanism", "behaviour", "trade group", "income decile", "nation", "against"} <= set(
        figures["group_by"]
    )
    assert (figures.loc[figures["n"] < 30, "value"].isna()).all()


def test_all_planted_counts_what_is_small_too(part: Part, material: Material, planted: Planted) -> None:
    ground = Ground(material, planted)
    every = ground.flagged_among(planted.cases)
    assert len(every) > len(ground.cases)
    row = part.figures.query("measure == 'recall@3 of all planted' and method == 'reasons'").iloc[0]
    assert row["n"] == every["row"].nunique()


def test_without_a_truth_it_says_so(make_material: Callable[..., Material]) -> None:
    part = measure_recovery(make_material(planted=None))
    assert part.left_out
    assert part.figures.empty
    assert all(check.passed is None for check in judge(RULES, part.findings))


def test_nothing_planted_in_flagged_returns_is_said(
    make_material: Callable[..., Material], material: Material
) -> None:
    part = measure_recovery(make_material(scores=material.scores.assign(flagged=False)))
    assert "planted" in part.left_out
