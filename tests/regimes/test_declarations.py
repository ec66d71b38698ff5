"""How a regime is declared, and the rules that its declaration keeps."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.regimes import FAMILIES, Feature, ReasonCode, Regime, get_regime
from taxgap.regimes.declaration import read_declaration
from taxgap.regimes.rules import OUTCOMES, PROTECTED

CODE = ReasonCode("timing.late", "Late return", "The reason for the delay.")
FEATURE = Feature(
    name="days_late",
    code="timing.late",
    unit="days",
    needs=("obligations.due_on",),
    sentence="The return came {observed} late; half of similar returns came {peers} late.",
)
GROUPS = {"trade_group": ("taxpayers.sic2007",), "size_band": ("self_assessment.turnover",)}


def build(
    *features: Feature, codes: tuple[ReasonCode, ...] = (CODE,), groups: dict[str, tuple[str, ...]] = GROUPS
) -> Regime:
    return Regime("toy", features, codes, lambda *_: pd.DataFrame(), groups)


def test_a_sound_declaration_makes_a_regime() -> None:
    regime = build(FEATURE)
    assert regime.columns == ("trade_group", "size_band", "days_late")
    assert regime.feature["days_late"].side == 1
    assert regime.code["timing.late"].family == "timing"


def test_a_code_told_first_must_be_declared_and_goes_before_the_others() -> None:
    second = ReasonCode("timing.amended", "Amended return", "The reason for the change.")
    codes = (CODE, second)
    other = replace(FEATURE, name="amendments", code="timing.amended")
    regime = replace(build(FEATURE, other, codes=codes), told_first=("timing.amended",))
    assert build(FEATURE, other, codes=codes).precedence == (0, 1)
    assert regime.precedence == (1, 0)
    with pytest.raises(UsageError, match=r"code timing\.early told first is not declared"):
        replace(regime, told_first=("timing.early",))
    with pytest.raises(UsageError, match=r"timing\.late is declared twice"):
        replace(regime, told_first=("timing.late", "timing.late"))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"code": "timing.early"}, "unknown code timing.early"),
        ({"name": "size_band"}, "defines the peers"),
        ({"unit": "pounds"}, "unknown unit pounds"),
        ({"direction": 2}, "direction"),
        ({"side": 0}, "side"),
        ({"direction": -1}, "away from its direction"),
        ({"needs": ()}, "what it needs"),
        ({"needs": ("enquiries.tax_found",)}, "enquiries.tax_found, an outcome"),
        ({"needs": ("taxpayers.birth_year",)}, "taxpayers.birth_year, which is protected"),
        ({"needs": ("self_assessment.shoe_size",)}, "which no table has"),
        ({"needs": ("shoes.size",)}, "which no table has"),
        ({"sentence": "The return came late."}, "observed and peers"),
        ({"sentence": "It is {observed}, {peers}, {region}."}, "observed and peers"),
        ({"sentence": "It is {observed}; {peers}"}, "full stop"),
        ({"sentence": "It is {observed}; " + "very " * 30 + "{peers}."}, "a sentence of 40 words"),
        ({"unit": "yes_no"}, "no number"),
        ({"otherwise": "The return came in time."}, "observed and peers"),
        ({"otherwise": "It came {observed} late; half came {peers} late"}, "full stop"),
        ({"otherwise": "It is {observed}; " + "very " * 30 + "{peers}."}, "a sentence of 40 words"),
    ],
)
def test_a_breach_is_named(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(replace(FEATURE, **change))  # type: ignore[arg-type]
    assert "'toy'" in str(caught.value)
    assert complaint in str(caught.value)


def test_all_breaches_are_named_at_once() -> None:
    lonely = ReasonCode("gossip.heard", "", "")
    with pytest.raises(UsageError) as caught:
        build(FEATURE, FEATURE, codes=(CODE, CODE, lonely), groups={})
    for complaint in (
        "feature days_late is declared twice",
        "code timing.late is declared twice",
        "code gossip.heard has no feature",
        "gossip.heard belongs to no family",
        "gossip.heard lacks a title",
        "group trade_group does not say",
        "group size_band does not say",
    ):
        assert complaint in str(caught.value)


def test_needs_can_be_named_once_and_used_often() -> None:
    text = """
    needs.dates = ["obligations.due_on", "obligations.met_on"]
    [groups]
    trade_group = ["taxpayers.sic2007"]
    [[code]]
    code = "timing.late"
    title = "Late return"
    evidence = "The reason."
    [[code.feature]]
    name = "days_early"
    unit = "days"
    direction = -1
    needs = ["dates", "obligations.regime"]
    sentence = "It came {observed} early; half came {peers} early."
    """
    feature = read_declaration(text).features[0]
    assert feature.needs == ("obligations.due_on", "obligations.met_on", "obligations.regime")
    assert (feature.side, feature.code, feature.otherwise) == (-1, "timing.late", "")


def test_self_assessment_keeps_the_design() -> None:
    regime = get_regime("self_assessment")
    assert 20 <= len(regime.codes) <= 30
    assert {code.family for code in regime.codes} <= set(FAMILIES)
    read = {need.split(".")[0] for feature in regime.features for need in feature.needs}
    columns = {need.split(".")[1] for feature in regime.features for need in feature.needs}
    assert not read & set(OUTCOMES)
    assert not columns & set(PROTECTED)


@pytest.mark.parametrize(
    "name", ["expenses_to_turnover", "reported_to_income", "interest_unmatched", "repairs_to_rents"]
)
def test_more_of_these_is_known_to_mean_more_risk(name: str) -> None:
    assert get_regime("self_assessment").feature[name].direction == 1
