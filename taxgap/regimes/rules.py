"""The rules that every regime keeps: what a feature may read, and how codes and sentences hang together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from string import Formatter

from taxgap.peers import GROUPS
from taxgap.regimes.declaration import FAMILIES, LIMITS, Feature, ReasonCode
from taxgap.schemas import TABLES
from taxgap.schemas.table import column_names

OUTCOMES = ("enquiries", "adjustments", "payments")
"""Tables that hold what became of a return: a feature read from them would give the label away."""

PROTECTED = ("region", "nation", "combined_authority", "birth_year", "nino", "utr")
"""Columns of the register that are, or stand for, protected characteristics or a person's identity."""

LONGEST_SENTENCE = 30
"""Words of a sentence, its numbers included."""

# How many words fill each place: 2, 0 to 2; or 500% or more, 24% to 500% or more.
_WORDS = {"count": {"observed": 1, "peers": 3}, "": {"observed": 3, "peers": 5}}


def find_problems(
    features: Sequence[Feature],
    codes: Sequence[ReasonCode],
    groups: Mapping[str, Sequence[str]],
    told_first: Sequence[str] = (),
) -> list[str]:
    """List every rule that the features, codes and groups of a regime break.

    Parameters
    ----------
    features : sequence of Feature
    codes : sequence of ReasonCode
    groups : mapping of str to sequence of str
        What `trade_group` and `size_band` are computed from.
    told_first : sequence of str, optional
        Codes that come first among near equals.

    Returns
    -------
    list of str
        One clause a breach; empty when all is well.
    """
    return [
        *_repeated("feature", [feature.name for feature in features]),
        *_repeated("code", [code.code for code in codes]),
        *_repeated("code told first", list(told_first)),
        *(
            f"code {name} told first is not declared"
            for name in told_first
            if name not in {code.code for code in codes}
        ),
        *_loose_ends(features, codes),
        *(problem for feature in features for problem in _feature_problems(feature)),
        *(problem for code in codes for problem in _code_problems(code)),
        *(
            f"group {group} {problem}"
            for group in GROUPS
            for problem in _needs_problems(groups.get(group, ()))
        ),
    ]


def _repeated(kind: str, names: Sequence[str]) -> Iterator[str]:
    yield from (f"{kind} {name} is declared twice" for name, count in Counter(names).items() if count > 1)


def _loose_ends(features: Sequence[Feature], codes: Sequence[ReasonCode]) -> Iterator[str]:
    known, used = {code.code for code in codes}, {feature.code for feature in features}
    yield from (f"feature {f.name} has the unknown code {f.code}" for f in features if f.code not in known)
    yield from (f"code {code} has no feature" for code in sorted(known - used))


def _feature_problems(feature: Feature) -> Iterator[str]:
    name = f"feature {feature.name}"
    if feature.name in GROUPS:
        yield f"{name} has the name of a column that defines the peers"
    if feature.unit not in LIMITS:
        yield f"{name} has the unknown unit {feature.unit}"
    if feature.direction not in {-1, 0, 1} or feature.side not in {-1, 1}:
        yield f"{name} has a direction other than -1, 0, 1 or a side other than -1, 1"
    if feature.direction and feature.direction != feature.side:
        yield f"{name} makes a reason on the side away from its direction"
    yield from (f"{name} {problem}" for problem in _needs_problems(feature.needs))
    for sentence in (feature.sentence, *filter(None, [feature.otherwise])):
        yield from (f"{name} {problem}" for problem in _sentence_problems(feature.unit, sentence))


def _needs_problems(needs: Sequence[str]) -> Iterator[str]:
    if not needs:
        yield "does not say what it needs"
    for need in needs:
        table, _, column = need.partition(".")
        if table in OUTCOMES:
            yield f"reads {need}, an outcome"
        elif column in PROTECTED:
            yield f"reads {need}, which is protected"
        elif table not in TABLES or column not in column_names(TABLES[table]):
            yield f"needs {need}, which no table has"


def _sentence_problems(unit: str, sentence: str) -> Iterator[str]:
    places = [place for _, place, _, _ in Formatter().parse(sentence) if place is not None]
    wanted = [] if unit == "yes_no" else ["observed", "peers"]
    if sorted(places) != wanted:
        yield f"must name {' and '.join(wanted) or 'no number'} in its sentence, once"
    lengths = _WORDS.get(unit, _WORDS[""])
    words = len(sentence.split()) + sum(lengths.get(place, 1) - 1 for place in places)
    if words > LONGEST_SENTENCE:
        yield f"has a sentence of {words} words; {LONGEST_SENTENCE} are allowed"
    if not sentence.endswith("."):
        yield "has a sentence without a full stop"


def _code_problems(code: ReasonCode) -> Iterator[str]:
    if code.family not in FAMILIES:
        yield f"code {code.code} belongs to no family; they are {', '.join(FAMILIES)}"
    if not code.title or not code.evidence:
        yield f"code {code.code} lacks a title or what to ask for"
