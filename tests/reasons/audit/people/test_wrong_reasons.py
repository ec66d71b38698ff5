"""Wrong reasons are true sentences of the return that name nothing that is wrong with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.peers import PeerGroups
from taxgap.reasons.audit.people.lines import lines_of_features, list_lines, with_totals
from taxgap.reasons.audit.people.wrong_reasons import count_reasons, find_wrong_reasons, keep_first
from taxgap.reasons.selection import MOST_OF_A_FAMILY
from taxgap.reasons.sentences import write_sentence
from taxgap.regimes import Regime
from taxgap.schemas import describe_schema
from taxgap.synthetic.mechanisms import FORMS, mechanisms


@pytest.fixture(scope="module")
def planted() -> list[str]:
    """A mechanism for each of the 600 returns, in turn."""
    names = [name for name, mechanism in mechanisms().items() if mechanism.regime == "self_assessment"]
    return [names[number % len(names)] for number in range(600)]


@pytest.fixture(scope="module")
def wrong(
    regime: Regime, observed: pd.DataFrame, peers: PeerGroups, table: pd.DataFrame, planted: list[str]
) -> pd.DataFrame:
    known = mechanisms()
    return find_wrong_reasons(
        regime,
        observed,
        peers,
        table,
        forbidden=[known[name].evidence for name in planted],
        planted=[with_totals(known[name].fields, regime.name) for name in planted],
    )


def _codes(frame: pd.DataFrame) -> list[list[str]]:
    columns = [name for name in frame.columns if name.endswith("_code")]
    return [
        [code for code in row if isinstance(code, str)] for row in frame[columns].astype(object).to_numpy()
    ]


def test_none_is_in_the_evidence_of_what_is_planted(wrong: pd.DataFrame, planted: list[str]) -> None:
    assert sum(map(len, _codes(wrong))) > 100
    for codes, name in zip(_codes(wrong), planted, strict=True):
        assert not set(codes) & set(mechanisms()[name].evidence)


def test_none_is_worked_out_from_a_line_that_is_wrong(
    wrong: pd.DataFrame, planted: list[str], regime: Regime
) -> None:
    for k in (1, 2, 3, 4):
        for feature, name in zip(wrong[f"reason_{k}_feature"], planted, strict=True):
            if isinstance(feature, str):
                needs = {need.partition(".")[2] for need in regime.feature[feature].needs}
                assert not needs & set(mechanisms()[name].fields)


def test_none_is_what_the_model_says(wrong: pd.DataFrame, table: pd.DataFrame) -> None:
    for theirs, own in zip(_codes(wrong), _codes(table), strict=True):
        assert not set(theirs) & set(own)
        assert len(theirs) <= len(own)
        assert len(set(theirs)) == len(theirs)
        families = [code.partition(".")[0] for code in theirs]
        assert all(families.count(family) <= MOST_OF_A_FAMILY for family in families)


def test_sentences_are_those_of_the_return(
    wrong: pd.DataFrame, observed: pd.DataFrame, regime: Regime
) -> None:
    rows = wrong[wrong["reason_1_code"].notna()].head(40)
    for key, row in rows.iterrows():
        feature = regime.feature[row["reason_1_feature"]]
        low, high = row["reason_1_peer_low"], row["reason_1_peer_high"]
        assert row["reason_1_observed"] == observed.loc[key, feature.name]
        assert row["reason_1_sentence"] == write_sentence(feature, row["reason_1_observed"], low, high)
        outside = row["reason_1_observed"] > high if feature.side > 0 else row["reason_1_observed"] < low
        assert outside, "within the middle half it would not read as a reason"


def test_effects_are_those_of_the_real_reasons(wrong: pd.DataFrame, table: pd.DataFrame) -> None:
    there = wrong["reason_1_code"].notna()
    same = wrong.loc[there, "reason_1_contribution"] == table.loc[there, "reason_1_contribution"]
    assert same.all()
    assert list(wrong.columns) == list(table.columns)


def test_only_the_first_are_kept(wrong: pd.DataFrame) -> None:
    counts = count_reasons(wrong).clip(upper=1)
    kept = keep_first(wrong, counts)
    pd.testing.assert_series_equal(count_reasons(kept), counts)


def test_other_returns_are_refused(
    regime: Regime, observed: pd.DataFrame, peers: PeerGroups, table: pd.DataFrame
) -> None:
    with pytest.raises(UsageError, match="same returns"):
        find_wrong_reasons(regime, observed.iloc[1:], peers, table, forbidden=[()] * 599, planted=[()] * 599)


def test_totals_follow_from_the_schema() -> None:
    columns = set(describe_schema("self_assessment")["column"])
    for name in ("turnover", "rents", "office_costs"):
        assert with_totals([name], "self_assessment") <= columns
    assert with_totals([], "vat") == set()
    assert "net_vat" in with_totals(["output_tax"], "vat")


@pytest.mark.parametrize("name", list(FORMS))
def test_every_line_that_can_be_wrong_has_a_code(name: str) -> None:
    lines = list_lines(name)
    fields = {field for m in mechanisms().values() if m.regime == name for field in m.fields}
    assert fields <= set(lines["column"])
    assert lines["line"].is_unique


def test_features_speak_of_lines(regime: Regime) -> None:
    lines = list_lines("self_assessment")
    titles = lines.set_index("line")["column"]
    found = lines_of_features(["gift_aid_to_income"], regime, lines)
    assert titles.loc[list(found)].tolist() == ["gift_aid"]
    assert np.isin(found, lines["line"]).all()
