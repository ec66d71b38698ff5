"""Sentences: short, plain, complete in their numbers, and silent on who the taxpayer is."""

from __future__ import annotations

import re

import numpy as np
import pytest

from taxgap.peers import SIZE_BANDS, trade_groups
from taxgap.reasons import GROUP_STANDS_OUT, NOTHING_STANDS_OUT, write_sentence
from taxgap.regimes import Feature, ReasonCode, get_regime
from taxgap.schemas.codes import NATIONS, REGIONS

REGIME = get_regime("self_assessment")
CASES = [(0.62, 0.24, 0.35), (-0.4, -0.05, 0.1), (2.0, 0.0, 0.0), (1.0, 0.999, 0.9999), (400.0, 3.0, 360.0)]
CHARGED = (
    "fraud",
    "evad",
    "evasion",
    "conceal",
    "hid",
    "false",
    "suspect",
    "honest",
    "guilt",
    "fail",
    "wrong",
)
PERSONAL = {"man", "men", "woman", "women", "age", "sex", "born", "married", "disabled", "religion", "race"}
# Words that name a trade group and mean something else here: property income, finance costs, other income.
ORDINARY = {"and", "property", "finance", "other", "professional", "online", "sales", "none", "projects"}

every_feature = pytest.mark.parametrize("feature", REGIME.features, ids=lambda feature: feature.name)


def sentences(feature: Feature) -> list[str]:
    limited = (tuple(np.clip(case, -feature.limit, feature.limit).tolist()) for case in CASES)
    return [write_sentence(feature, *case) for case in limited]


@pytest.mark.parametrize(
    ("feature", "numbers", "expected"),
    [
        ("expenses_to_turnover", (0.62, 0.24, 0.35), "Expenses are 62% of turnover; half of similar"),
        ("expenses_to_turnover", (0.351, 0.24, 0.349), "half of similar traders report 24.0% to 34.9%."),
        ("expenses_to_turnover", (5.0, 0.24, 0.35), "Expenses are 500% or more of turnover"),
        ("gross_margin", (-0.126, 0.4, 0.4), "is -13% of turnover; half of similar traders report 40%."),
        ("gross_margin", (-5.0, 0.4, 0.6), "Gross profit is -500% or less of turnover"),
        ("reported_to_income", (1.4, 0.2, 0.7), "report 1.4 times the business income declared"),
        ("reported_to_income", (1.4, 0.2, 0.7), "for half of similar traders it is 0.2 to 0.7."),
        ("margin_change", (-0.123, -0.02, 0.03), "moved by -12 percentage points"),
        ("margin_change", (-0.123, -0.002, 0.03), "it moved by 0 to 3."),
        ("days_late", (12.0, 0.0, 3.0), "came 12 days after it was due"),
        ("days_late", (12.0, 0.0, 3.0), "the delay was 0 to 3 days."),
        ("days_late", (1.0, 0.0, 0.0), "came 1 day after it was due"),
        ("days_late", (365.0, 0.0, 1.0), "came 365 days or more after it was due"),
        ("loss_years", (2.0, 0.0, 1.0), "in 2 of the last two years; for half of similar traders the"),
        ("no_agent", (1.0, 0.0, 0.0), "without an agent; at least half of similar taxpayers used one."),
    ],
)  # fmt: skip
def test_numbers_are_written_in_their_unit(
    feature: str, numbers: tuple[float, float, float], expected: str
) -> None:
    assert expected in write_sentence(REGIME.feature[feature], *numbers)


@every_feature
def test_the_observed_value_can_be_told_from_the_peers(feature: Feature) -> None:
    text = write_sentence(feature, 0.351, 0.24, 0.349).replace("two years", "")
    numbers = re.findall(r"\d+(?:\.\d+)?", text)
    assert len(numbers) == (0 if feature.unit == "yes_no" else 3)
    assert numbers[:1] not in [[number] for number in numbers[1:]]


@every_feature
def test_a_sentence_is_short_complete_and_neutral(feature: Feature) -> None:
    for text in [*sentences(feature), NOTHING_STANDS_OUT, GROUP_STANDS_OUT]:
        assert len(text.split()) <= 30
        assert text.endswith(".")
        assert not re.search(r"[{}]|\bnan\b|\binf\b|-0(?![.\d])", text)
        assert not [stem for stem in CHARGED if stem in text.lower()]


@every_feature
def test_a_sentence_names_neither_trade_nor_place_nor_size_nor_person(feature: Feature) -> None:
    words = set(re.findall(r"[a-z]+", feature.sentence.lower()))
    assert not words & ({word for name in trade_groups() for word in name.split("_")} - ORDINARY)
    assert not [place for place in (*REGIONS, *NATIONS) if place.lower() in feature.sentence.lower()]
    assert not [band for band in SIZE_BANDS if band.replace("_", " ") in feature.sentence]
    assert "£" not in feature.sentence
    assert not words & PERSONAL


def test_the_text_reads_at_about_thirteen_years() -> None:
    grades = {text: flesch_kincaid(text) for feature in REGIME.features for text in sentences(feature)}
    assert np.mean(list(grades.values())) < 8  # the eighth grade is thirteen
    assert {text for text, grade in grades.items() if grade > 12} == set()


def flesch_kincaid(text: str) -> float:
    """Return the Flesch-Kincaid grade; as Flesch counted, a semicolon ends a sentence."""
    words = re.findall(r"[A-Za-z']+|-?\d[\d.%]*", text)
    clauses = len(re.findall(r"[.;](?:\s|$)", text))
    syllables = sum(
        max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e?d?$", "", word.lower())))) for word in words
    )
    return 0.39 * len(words) / clauses + 11.8 * syllables / len(words) - 15.59


@pytest.mark.parametrize("code", REGIME.codes, ids=lambda code: code.code)
def test_what_to_ask_for_is_a_short_neutral_sentence(code: ReasonCode) -> None:
    assert code.evidence.endswith(".")
    assert len(code.evidence.split()) <= 30
    assert len(code.title.split()) <= 6
    assert not [stem for stem in CHARGED if stem in f"{code.evidence} {code.title}".lower()]
