"""Telling reasons: every part in words, with the numbers of the sentence, and nothing twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.peers import PeerGroups
from taxgap.reasons import Contributions, write_sentence
from taxgap.reasons.lowering import list_lowering
from taxgap.reasons.telling import (
    ReasonText,
    describe_lowering,
    describe_reasons,
    tell_refits,
    tell_share,
    tell_stability,
)
from taxgap.regimes import Regime, get_regime


def row_of(regime: Regime, *reasons: tuple[str, float, tuple[float, float, float, float]]) -> pd.Series:
    """Lay out reasons as a row: feature, contribution, and observed, low, median, high."""
    row: dict[str, object] = {"reason_4_code": np.nan}
    for k, (name, part, numbers) in enumerate(reasons, start=1):
        observed, low, median, high = numbers
        feature = regime.feature[name]
        row |= {
            f"reason_{k}_code": feature.code,
            f"reason_{k}_feature": name,
            f"reason_{k}_contribution": part,
            f"reason_{k}_observed": observed,
            f"reason_{k}_peer_low": low,
            f"reason_{k}_peer_median": median,
            f"reason_{k}_peer_high": high,
            f"reason_{k}_sentence": write_sentence(feature, observed, low, high),
        }
    return pd.Series(row)


def tell(
    name: str, numbers: tuple[float, float, float, float], regime: str = "self_assessment"
) -> ReasonText:
    known = get_regime(regime)
    return describe_reasons(known, row_of(known, (name, 0.5, numbers)), 1_000.0)[0]


def test_all_reasons_of_a_row_are_told_in_their_order(regime: Regime, table: pd.DataFrame) -> None:
    row = table[table["reason_2_code"].notna()].iloc[0]
    told = describe_reasons(regime, row, 900.0)
    assert [reason.code for reason in told] == [
        row[f"reason_{k}_code"] for k in range(1, 5) if isinstance(row[f"reason_{k}_code"], str)
    ]
    first = told[0]
    assert first.title == regime.code[first.code].title
    assert first.evidence == regime.code[first.code].evidence
    assert first.sentence == row["reason_1_sentence"]
    assert first.factor == pytest.approx(np.exp(row["reason_1_contribution"]))
    assert first.pounds == pytest.approx(900 - 900 / first.factor)


def test_the_numbers_are_those_of_the_sentence(regime: Regime, table: pd.DataFrame) -> None:
    for _, row in table[table["reason_1_code"].notna()].head(40).iterrows():
        for reason in describe_reasons(regime, row, 1.0):
            if regime.feature[reason.feature].unit not in {"yes_no", "times", "points"}:
                assert reason.observed in reason.sentence
                assert reason.middle_half in reason.sentence
            assert reason.median


@pytest.mark.parametrize(
    ("feature", "numbers", "expected"),
    [
        ("expenses_to_turnover", (0.62, 0.24, 0.29, 0.35), ("62%", "29%", "24% to 35%")),
        ("expenses_to_turnover", (0.351, 0.24, 0.3, 0.349), ("35.1%", "30.0%", "24.0% to 34.9%")),
        ("expenses_to_turnover", (5.0, 0.3, 0.3, 0.3), ("500% or more", "30%", "30%")),
        ("reported_to_income", (1.4, 0.2, 0.5, 0.7), ("1.4 times", "0.5 times", "0.2 to 0.7 times")),
        ("margin_change", (-0.12, -0.02, 0.01, 0.03), ("-12 percentage points", "1 percentage points", None)),
        ("days_late", (12.0, 0.0, 1.0, 3.0), ("12 days", "1 day", "0 to 3 days")),
        ("loss_years", (2.0, 0.0, 0.0, 1.0), ("2", "0", "0 to 1")),
        ("no_agent", (1.0, 0.0, 0.0, 0.0), ("yes", "no", "no")),
    ],
)  # fmt: skip
def test_numbers_have_their_units(
    feature: str, numbers: tuple[float, float, float, float], expected: tuple[str, str, str | None]
) -> None:
    told = tell(feature, numbers)
    assert (told.observed, told.median) == expected[:2]
    assert expected[2] in {told.middle_half, None}


def test_what_to_ask_for_is_said_once(regime: Regime) -> None:
    reasons = [("travel_to_turnover", 0.5, (0.4, 0.1, 0.2, 0.3)), ("days_late", 0.2, (9.0, 0.0, 1.0, 3.0))]
    told = describe_reasons(regime, row_of(regime, *reasons), 1_000.0)
    assert all(reason.evidence for reason in told)
    codes = tuple(replace(code, evidence="The records.") for code in regime.codes)
    alike = describe_reasons(replace(regime, codes=codes), row_of(regime, *reasons), 1_000.0)
    assert [reason.evidence for reason in alike] == ["The records.", ""]


def test_where_no_reason_stands_out_nothing_is_told(regime: Regime) -> None:
    row = {
        "reason_1_code": None,
        "reason_1_sentence": "No single reason stands out.",
        "reason_2_code": np.nan,
    }
    assert describe_reasons(regime, row, 1_000.0) == ()
    assert describe_reasons(regime, {}, 1_000.0) == ()


def test_a_row_of_another_regime_is_refused(regime: Regime) -> None:
    row = row_of(regime, ("reports_uncovered", 0.5, (0.4, 0.0, 0.1, 0.2)))
    with pytest.raises(UsageError, match=r"third_party\.takings.*employer_paye"):
        describe_reasons(get_regime("employer_paye"), row, 1_000.0)


def test_a_mark_of_stability_is_said_with_its_numbers() -> None:
    for stability, said in ((0.9, "it is stable."), (0.89, "it is not stable, and a hint at most.")):
        told = tell_stability(stability, 100, reasons=True)
        assert f"In {round(100 * stability)} of 100 refits the first reason is the same: {said}" in told
    none = tell_stability(0.95, 20, reasons=False)
    assert none.endswith("In 19 of 20 refits no single reason stands out either: this answer is stable.")
    for told in (none, tell_stability(0.5, 20, reasons=False), tell_stability(0.5, 20, reasons=True)):
        assert all(len(sentence.split()) <= 30 for sentence in told.split(". "))
    assert tell_refits(3, 0.15, 20) == "In 3 of 20 refits it is among the first four"


def test_what_lowers_concern_is_told_without_evidence(
    regime: Regime, found: Contributions, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    listed = list_lowering(regime, found, observed, peers)
    own = listed.loc[[listed.index[0]]]
    told = describe_lowering(regime, own, 1_000.0)
    assert [item.sentence for item in told] == own["sentence"].tolist()
    assert all(item.factor < 1 and item.pounds < 0 and not item.evidence for item in told)
    assert describe_lowering(regime, own.head(0), 1_000.0) == ()


def test_how_much_the_reasons_explain_is_said() -> None:
    one = tell_share([np.log(1.3)], np.log(2.9))
    assert one == "This reason explains times 1.3 of the times 2.9 that is this taxpayer's own."
    assert tell_share([0.5, 0.2], 0.7).startswith("These reasons explain all of the times 2.0 ")
    assert "with all else, what is this taxpayer's own multiplies by 0.90." in tell_share([0.5], np.log(0.9))
    assert tell_share([], 0.02) == tell_share([], -1.0) == ""
    assert tell_share([], 1.0).endswith("multiplies by 2.7, and no reason explains it.")
