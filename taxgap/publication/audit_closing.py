"""The end of the audit's page: examples, what was left out, what is not proved, and what was audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taxgap.publication.audit_evidence import Evidence, say_row
from taxgap.publication.audit_words import name_code, name_mechanism
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.task_sheets import name_tax
from taxgap.publication.wording import count, day, listing, number_of, pounds, share
from taxgap.reasons.audit.planted import LEAST_SHARE
from taxgap.reasons.audit.result import say_flagged

REAL = "The records are of real people, so nobody's reasons are shown."
UNKNOWN_TRUTH = "What is wrong with the returns is not known, so no reason can be called right or wrong."
NOT_CHOSEN = "No return fits, or the part that holds reasons against what was planted was not asked for."

_BLIND = (
    "A model of Self Assessment was asked about three such ways, which neither it nor the map knew: reasons "
    "named 55%, and 65% of the others (benchmarks/blind_mechanisms.py)."
)

_WHY = {
    "right": "The first reason can reveal something that was planted.",
    "wrong": "No reason can reveal what was planted.",
    "unstable": "Fewer than half of the refits agree with the first reason.",
    "honest": "No tax is lost on this return, and yet it is flagged.",
}


@dataclass(frozen=True)
class ToldReason:
    """A reason of an example."""

    title: str
    sentence: str
    right: bool


@dataclass(frozen=True)
class ToldCase:
    """An example.

    Attributes
    ----------
    who : str
    reasons : tuple of ToldReason
    planted : tuple of str
        In a sentence each.
    """

    who: str
    reasons: tuple[ToldReason, ...]
    planted: tuple[str, ...]


@dataclass(frozen=True)
class ExampleKind:
    """Examples of one kind.

    Attributes
    ----------
    key, title, why : str
    cases : tuple of ToldCase
    """

    key: str
    title: str
    why: str
    cases: tuple[ToldCase, ...]


def describe_examples(evidence: Evidence) -> tuple[tuple[ExampleKind, ...], str]:
    """Describe the examples, and say why where there are none.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    kinds : tuple of ExampleKind
        None of real people, whatever the audit holds.
    why_none : str
        Empty where there are examples.
    """
    about, examples = evidence.audit.about, evidence.audit.examples
    if not about.get("synthetic"):
        return (), REAL
    if not examples:
        return (), NOT_CHOSEN if about.get("truth") else UNKNOWN_TRUTH
    kinds = dict.fromkeys(str(example["kind"]) for example in examples)
    return tuple(
        ExampleKind(
            key=f"example-{number}",
            title=str(next(each["title"] for each in examples if each["kind"] == kind)),
            why=_WHY.get(kind, ""),
            cases=tuple(_tell(each, evidence.regime) for each in examples if each["kind"] == kind),
        )
        for number, kind in enumerate(kinds, start=1)
    ), ""


def _tell(example: Mapping[str, Any], regime: str) -> ToldCase:
    planted = list(example.get("planted", ()))
    enough = LEAST_SHARE * sum(float(each["tax"]) for each in planted)
    counted = [each for each in planted if each["tax"] > 0 and each["tax"] >= enough]
    codes = {code for each in counted for code in each["evidence"]}
    reasons = tuple(
        ToldReason(name_code(each["code"], regime), each["sentence"], each["code"] in codes)
        for each in example.get("reasons", ())
    )
    return ToldCase(
        who=f"Made-up taxpayer {example['taxpayer_id']}, return for {example['period']}",
        reasons=reasons,
        planted=tuple(f"{each['title']}: {_say_tax(float(each['tax']))}." for each in planted),
    )


def _say_tax(tax: float) -> str:
    if round(tax) > 0:
        return f"{pounds(tax)} of tax lost"
    return "no tax lost" if round(tax) == 0 else f"{pounds(-tax)} of tax paid too much"


def list_limits(evidence: Evidence) -> list[str]:
    """Say what the audit does not prove."""
    about = evidence.audit.about
    missed = evidence.one("settled", "tax that random enquiries miss")
    missed = missed or evidence.one("settled", "tax that random enquiries miss", group_by="returns")
    how_much = "" if missed is None else f" In these records they miss {say_row(missed)} of the tax lost."
    return [
        "That reasons find what was planted in made-up returns does not prove that they find what is wrong "
        "with real ones. What was planted and the map of which reason reveals it were written by the same "
        f"people; real people may understate in ways that nobody planted. {_BLIND}"
        if about.get("truth")
        else "Without a planted truth nobody knows what is wrong with every return. What is said here rests "
        "on what enquiries settled and on changes that were planted in a copy.",
        f"Random enquiries miss tax. A reason that no officer looked into counts as wrong.{how_much}",
        _limit_recall(evidence),
        (
            "Refits understate how unstable reasons are: they share most of their cases with the model. Two "
            "models of different enquiries would differ more, by about 1.4 times."
        ),
        (
            "That a reason matters to the model does not make it true of the person. A reason is where to "
            "look, never a finding."
        ),
        (
            "A check that passed says that nothing was found by this test on these returns. Intervals say "
            "how much chance is in a figure, not whether the question was the right one."
        ),
        (
            "Bounds of checks are choices. Many are assumptions of what is bearable, and the evaluator can "
            "change them."
        ),
    ]


def _limit_recall(evidence: Evidence) -> str:
    """Say that recall is cheap, and whether specificity was measured beside it."""
    cheap = "Recall can be had by naming the same codes of everyone."
    alike = evidence.one("recovery", f"recall@{evidence.most}", level="code", method="most_alike")
    if alike is None:
        return f"{cheap} What would tell, specificity, needs a planted truth and is not on this page."
    return (
        f"{cheap} Here, those that do best, chosen with the truth in hand, would reach {say_row(alike)}. "
        "That is why specificity stands beside it."
    )


def say_left_out(evidence: Evidence, headings: Mapping[str, str]) -> list[tuple[str, str]]:
    """List the parts that could not be done, wholly or partly, and those not asked for, with the reason."""
    done = {part.name: part for part in evidence.audit.parts}
    said = [(headings.get(name, name), why) for name, why in evidence.audit.left_out.items()]
    skipped = [heading for name, heading in headings.items() if name not in done]
    unasked = [
        (headings.get(check.rule.part, check.rule.part), f"Not asked: {check.rule.question} {check.why}")
        for check in evidence.audit.checks
        if check.why
    ]
    return said + unasked + [(heading, "It was not asked for.") for heading in skipped]


def describe_about(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """List what was audited and how, as term and value."""
    about, settings = evidence.audit.about, evidence.audit.about.get("settings") or {}
    pairs = [
        ("Model", str(about.get("model_id", ""))),
        ("Tax", name_tax(evidence.regime)),
        ("Records as they stood on", day(str(about.get("as_of", "")))),
        ("Tax years", listing(list(about.get("periods") or ()))),
        ("Records", "made up by a computer" if about.get("synthetic") else "of real taxpayers"),
        ("What is wrong with them", "known: it was planted" if about.get("truth") else "not known"),
        (
            "Explanations",
            "the library's own" if about.get("own_explanations", True) else "given by the evaluator",
        ),
        ("Returns", _count(about, "returns")),
        ("Flagged", _count(about, "flagged")),
        ("Audited", _count(about, "audited")),
        ("Flagged among them", _count(about, "flagged_audited")),
        ("Least probability of a flagged return", _share(about, "cutoff")),
        ("Share of returns that is worked", _share(settings, "capacity_share")),
        ("Reasons that count", _count(settings, "reasons")),
        ("Refits", _count(settings, "refits")),
        ("Intervals", f"{evidence.confidence}, from {_count(settings, 'draws')} draws of taxpayers"),
        ("Seed", str(settings.get("seed", ""))),
    ]
    return tuple((term, value) for term, value in pairs if value)


def tabulate_evidence(evidence: Evidence) -> Table | None:
    """Tabulate the map of evidence: which reason codes can reveal what."""
    known = evidence.audit.about.get("evidence") or {}
    if not known:
        return None
    rows = [
        (
            Cell(name_mechanism(str(name))),
            "; ".join(name_code(str(code), evidence.regime) for code in codes) or "none",
        )
        for name, codes in known.items()
    ]
    heads = ["Way of understating", "Reasons that can reveal it"]
    return make_table("evidence", "Which reasons count as right", heads, rows, text=heads[1:])


def say_subject(evidence: Evidence) -> str:
    """Say in a sentence what was audited."""
    about = evidence.audit.about
    audited, returns = (float(about.get(name, 0)) for name in ("audited", "returns"))
    kind = "made-up" if about.get("synthetic") else "real"
    return (
        f"The explanations of a model of {name_tax(evidence.regime)}, on {count(audited)} of "
        f"{number_of(returns, f'{kind} return')} as the records stood on {day(str(about.get('as_of', '')))}."
    )


def say_who(evidence: Evidence) -> str:
    """Say which returns are flagged, how many are audited, and what they stand for; empty if not known."""
    about = evidence.audit.about
    if not {"cutoff", "settings", "returns", "flagged", "flagged_audited", "audited"} <= set(about):
        return ""
    return (
        f"{say_flagged(about)} Pounds and shares are scaled up by these weights, so that they are of all "
        "returns, or of all flagged ones."
    )


def _count(values: Mapping[str, Any], name: str) -> str:
    return count(float(values[name])) if values.get(name) is not None else ""


def _share(values: Mapping[str, Any], name: str) -> str:
    return share(float(values[name])) if values.get(name) is not None else ""
