"""Sentences: short, plain, complete in their numbers, and silent on who the taxpayer is."""

from __future__ import annotations

import math
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taxgap.peers import SIZE_BANDS, trade_groups
from taxgap.reasons import GROUP_STANDS_OUT, NOTHING_STANDS_OUT, write_sentence
from taxgap.reasons.lowering import lowering_sentences
from taxgap.reasons.sentences import write_numbers, write_sentences
from taxgap.regimes import Feature, ReasonCode, Regime, get_regime
from taxgap.regimes.declaration import LIMITS
from taxgap.schemas.codes import NATIONS, REGIONS

REGIMES = [get_regime(name) for name in ("self_assessment", "vat", "corporation_tax", "employer_paye")]
REGIME = REGIMES[0]
CASES = [(0.62, 0.24, 0.35), (-0.4, -0.05, 0.1), (2.0, 0.0, 0.0), (1.0, 0.999, 0.9999), (400.0, 3.0, 360.0)]
CHARGED = (
    "fraud",
    "evad",
    "evasion",
    "cheat",
    "conceal",
    "hid",
    "false",
    "suspect",
    "suspicious",
    "honest",
    "guilt",
    "fail",
    "wrong",
    "abus",
    "dodg",
    "claims to",
    "pretend",
)
PERSONAL = {"man", "men", "woman", "women", "age", "sex", "born", "married", "disabled", "religion", "race"}
# Words that name a trade group and mean something else here: property income, finance costs, other income.
ORDINARY = {"and", "property", "finance", "other", "professional", "online", "sales", "none", "projects"}

every_regime = pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.name)
every_feature = pytest.mark.parametrize(
    "feature",
    [
        pytest.param(feature, id=f"{regime.name}-{feature.name}")
        for regime in REGIMES
        for feature in regime.features
    ],
)
every_code = pytest.mark.parametrize(
    "code",
    [pytest.param(code, id=f"{regime.name}-{code.code}") for regime in REGIMES for code in regime.codes],
)


def sentences(feature: Feature) -> list[str]:
    """Write reasons and, after each, what would be said if the same lowered concern."""
    limited = [tuple(np.clip(case, -feature.limit, feature.limit).tolist()) for case in CASES]
    calm = limited
    if feature.unit == "yes_no":
        calm = [(0.0, 0.0, 0.0), (0.0, 1.0, 1.0)] if feature.otherwise else []
    calm = [str(text) for case in calm for text in lowering_sentences(feature, *np.array(case)[:, None])]
    texts = [text for whole in calm for text in re.split(r"(?<=\.) ", whole)]
    return [write_sentence(feature, *case) for case in limited] + texts


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
    text = write_sentence(feature, 0.351, 0.24, 0.349)
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
    for text in (feature.sentence, feature.otherwise):
        words = set(re.findall(r"[a-z]+", text.lower()))
        assert not words & ({word for name in trade_groups() for word in name.split("_")} - ORDINARY)
        assert not [place for place in (*REGIONS, *NATIONS) if place.lower() in text.lower()]
        assert not [band for band in SIZE_BANDS if band.replace("_", " ") in text]
        assert "£" not in text
        assert not words & PERSONAL


@every_regime
def test_the_text_reads_at_about_thirteen_years(regime: Regime) -> None:
    """As Flesch counted, a semicolon ends a sentence; where it does not, two more grades are allowed."""
    texts = [text for feature in regime.features for text in sentences(feature)]
    grades = {text: flesch_kincaid(text) for text in texts}
    assert np.mean(list(grades.values())) < 8  # the eighth grade is thirteen
    assert {text: grade for text, grade in grades.items() if grade > 12} == {}
    assert np.mean([flesch_kincaid(text, ends=".") for text in grades]) < 10


@every_regime
def test_what_to_ask_for_reads_at_about_thirteen_years(regime: Regime) -> None:
    grades = {code.evidence: flesch_kincaid(code.evidence) for code in regime.codes}
    assert np.mean(list(grades.values())) < 8
    assert {text: grade for text, grade in grades.items() if grade > 12.5} == {}


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("half", 1),
        ("turnover", 3),
        ("taxpayers", 3),
        ("are", 1),
        ("declared", 2),
        ("purchases", 3),
        ("62%", 1),
    ],
)
def test_the_measure_of_reading_age_counts_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def flesch_kincaid(text: str, ends: str = ".;") -> float:
    """Return the Flesch-Kincaid grade."""
    words = re.findall(r"[A-Za-z']+|-?\d[\d.%]*", text)
    clauses = len(re.findall(rf"[{ends}](?:\s|$)", text))
    return 0.39 * len(words) / clauses + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def syllables(word: str) -> int:
    """Count groups of vowels; a y before a vowel is none, and a last e, or that of -ed and -es, is silent."""
    plain = re.sub(r"(?<![aeiouydt])ed$|(?<![aeiouycgsxz])es$|(?<![aeiouyl])e$", "", word.lower())
    return max(1, len(re.findall(r"[aeiouy]+", re.sub(r"y(?=[aeiou])", " ", plain))))


@every_code
def test_what_to_ask_for_is_a_short_neutral_sentence(code: ReasonCode) -> None:
    assert code.evidence.endswith(".")
    assert code.evidence[:1].isupper()
    assert 3 <= len(code.evidence.split()) <= 30
    assert not [stem for stem in CHARGED if stem in code.evidence.lower()]
    assert not set(re.findall(r"[a-z]+", code.evidence.lower())) & PERSONAL


@every_code
def test_a_title_is_a_few_neutral_words(code: ReasonCode) -> None:
    words = set(re.findall(r"[a-z]+", code.title.lower()))
    assert 1 <= len(code.title.split()) <= 6
    assert code.title[:1].isupper()
    assert code.title[-1:] not in ".;:"
    assert not [stem for stem in CHARGED if stem in code.title.lower()]
    assert not words & PERSONAL
    assert not [place for place in (*REGIONS, *NATIONS) if place.lower() in code.title.lower()]


@every_regime
def test_nothing_is_said_twice(regime: Regime) -> None:
    texts = [text for f in regime.features for text in (f.sentence, f.otherwise) if text]
    for repeated in (texts, [code.title for code in regime.codes], [code.evidence for code in regime.codes]):
        assert [text for text, count in Counter(repeated).items() if count > 1] == []


@every_regime
def test_one_measure_makes_no_reason_on_both_sides(regime: Regime) -> None:
    """What two features say is the same but for a word; then they speak of the same side."""
    told: dict[str, set[int]] = {}
    for feature in regime.features:
        told.setdefault(feature.sentence.split(";")[0], set()).add(feature.side)
    assert {text: sides for text, sides in told.items() if len(sides) > 1} == {}
    for name in {name.removeprefix("yearly_") for name in regime.feature}:
        sides = {regime.feature[each].side for each in (name, f"yearly_{name}") if each in regime.feature}
        assert len(sides) == 1


@every_regime
def test_titles_that_name_a_change_speak_of_the_side_that_they_name(regime: Regime) -> None:
    for feature in regime.features:
        title = regime.code[feature.code].title
        if title.startswith(("Fall", "Rise")):
            assert feature.side == (-1 if title.startswith("Fall") else 1), feature.name


@every_feature
def test_the_other_sentence_has_the_same_places_and_no_peers_of_its_own(feature: Feature) -> None:
    if feature.otherwise and feature.unit != "yes_no":
        peers = [re.search(r"similar \w+", text) for text in (feature.sentence, feature.otherwise)]
        assert peers[0] is not None
        assert peers[1] is not None
        assert peers[0][0] == peers[1][0]
    # Without a sentence of its own, no answer of yes or no could lower concern in words.
    assert feature.otherwise or feature.unit != "yes_no"


def numbers_of(feature: Feature) -> st.SearchStrategy[float]:
    """Draw values as measured: at the limit, at the halves where rounding turns, near one another."""
    limit = feature.limit
    tenth = st.integers(-20_000, 20_000).map(lambda n: n / 20_000)
    return st.one_of(
        st.floats(-limit, limit),
        tenth.map(lambda share: share * limit),
        st.sampled_from([0.0, -0.0, limit, -limit, 0.35, 0.351, 0.3505, 0.285, 0.125, 0.0005, 1.0]).map(
            lambda value: float(np.clip(value, -limit, limit))
        ),
    )


@pytest.mark.parametrize("unit", list(LIMITS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_many_sentences_at_once_are_those_written_one_by_one(unit: str, data: st.DataObject) -> None:
    feature = next(feature for regime in REGIMES for feature in regime.features if feature.unit == unit)
    one = numbers_of(feature)
    peers = data.draw(st.lists(st.tuples(one, one).map(sorted), min_size=1, max_size=3))
    near = st.sampled_from(sorted({value for pair in peers for value in pair}))
    close = near.map(lambda value: math.nextafter(value, math.inf)) | near.map(lambda v: v * (1 - 1e-5))
    rows = data.draw(st.lists(st.tuples(one | near | close, st.sampled_from(peers)), max_size=12))
    observed = [value for value, _ in rows]
    low, high = [pair[0] for _, pair in rows], [pair[1] for _, pair in rows]
    expected = [write_sentence(feature, *row) for row in zip(observed, low, high, strict=True)]
    assert write_sentences(feature, observed, low, high).tolist() == expected


@settings(max_examples=200, deadline=None)
@given(value=st.integers(-50_000, 50_000), places=st.sampled_from([1, 2, 3, 4]))
@example(value=35, places=2)
@example(value=285, places=3)
@example(value=125, places=3)
@example(value=-500, places=4)
def test_halves_are_rounded_as_they_are_written(value: int, places: int) -> None:
    feature = REGIME.feature["reported_to_income"]
    number = float(np.clip(value / 10**places, -feature.limit, feature.limit))
    both = [number, math.nextafter(number, 0.0)]
    peers = [number + 0.1, number + 0.1]
    expected = [write_sentence(feature, one, two, two) for one, two in zip(both, peers, strict=True)]
    assert write_sentences(feature, both, peers, peers).tolist() == expected


def test_another_sentence_takes_the_same_numbers() -> None:
    feature = REGIME.feature["reports_uncovered"]
    found = write_sentences(feature, [0.0, 0.02], [0.0, 0.0], [0.05, 0.05], sentence=feature.otherwise)
    assert found[0].startswith("The income declared covers all but 0% of the takings that others report;")
    assert found[1].endswith("for half of similar taxpayers the gap is 0% to 5%.")
    assert write_sentences(feature, [], [], []).tolist() == []


def test_further_numbers_are_written_with_the_decimals_of_the_first() -> None:
    feature = REGIME.feature["expenses_to_turnover"]
    assert write_numbers(feature, (0.351, 0.24, 0.349), more=(0.3,)) == ["35.1%", "24.0%", "34.9%", "30.0%"]
