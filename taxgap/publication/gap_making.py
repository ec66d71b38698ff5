"""How a tax gap estimate was made, what to keep in mind, and what it does not show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taxgap.gap.chain import GapEstimate
from taxgap.gap.chain.groups import THIN
from taxgap.publication.gap_notes import gather_notes
from taxgap.publication.gap_words import (
    HIDDEN,
    has_hidden_economy,
    name_tax,
    rows_of_taxes,
    say_level,
    say_taxes,
    years_of,
)
from taxgap.publication.wording import MINUS, count, day, interval, listing, money, number_of

METHODS = {
    "expansion": "the number of returns times the mean of their random cases",
    "greg": "a regression estimator; each case counts by its probability of being drawn",
    "prediction_powered": "a difference estimator; how much the score counts is tuned",
    "difference": "a difference estimator with the score",
    "stratified": "means of strata, each times the number of its returns",
}
"""What each estimator of the tax found is called in plain words."""

SCORES = {
    "none": "no model was used",
    "model": "scores of a model that saw none of the cases",
    "cross-fitted": "scores of models that were fitted again without the cases they score",
}
"""Where the scores of an estimate come from."""

_HIDDEN = (
    "The hidden economy: people and businesses that are not registered, and returns that were never filed."
)
_NOT_SHOWN = tuple(
    """
What no enquiry could ever find. The multiplier stands for it, and a random programme cannot tell how large \
it is: this is the largest assumption on the page.
Whether findings are paid. They are taken to be paid as declared tax that fell due is.
Anybody's own gap. The figures are of groups, and say nothing of a single taxpayer.
""".strip().splitlines()
)
_NOT_SHOWN_BY_CHAIN = (
    "Changes in how long enquiries take. Open ones are taken to close, and to find, as earlier ones did.",
    "Causes. A breakdown says where the gap lies, not why.",
)
_FEW = (
    "Where a group's own random cases tell little, because they are few or because amounts differ widely, "
    "the group is drawn to what is expected of one of its size and make-up. Its interval allows for both. "
    f"Such groups are marked, and so are those with fewer than {THIN} cases. Read them as what is usual for "
    "such a group, not as a finding about it. Groups that are half and half stand between: their own cases "
    "and what is expected count about alike."
)
_CONTROL = (
    "No number is hidden or rounded to protect anybody: the smallest group on this page has {cases}. {rule}"
)
_RULE = {
    True: "These records are made up, so nobody could be recognised. Tables of an administration's own "
    "records need the checks of publication first.",
    False: "These are records of an administration. Before this page leaves the house, it needs the checks "
    "of publication (disclosure control) that the house requires.",
}


@dataclass(frozen=True)
class Making:
    """How an estimate was made.

    Parameters
    ----------
    about : tuple of tuple of str
        Term and value.
    notes : tuple of str
        Notes and cautions of the estimate, those that say the same of several taxes and years in one line.
    few : tuple of str
        How groups with few cases are treated, and what must be done before publication.
    not_shown : tuple of str
    """

    about: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    few: tuple[str, ...]
    not_shown: tuple[str, ...]


def describe_making(estimate: GapEstimate, *, synthetic: bool) -> Making:
    """Say how an estimate was made, and what it does not show.

    Parameters
    ----------
    estimate : GapEstimate
    synthetic : bool
        Whether the records are made up.

    Returns
    -------
    Making
    """
    return Making(
        about=tuple((term, value) for term, value in _about(estimate, synthetic=synthetic) if value),
        notes=gather_notes(estimate),
        few=_say_few(estimate, synthetic=synthetic),
        not_shown=_list_limits(estimate),
    )


def _list_limits(estimate: GapEstimate) -> tuple[str, ...]:
    hidden = () if has_hidden_economy(estimate) else (_HIDDEN,)
    return (*hidden, *_NOT_SHOWN, *(() if estimate.bounds else _NOT_SHOWN_BY_CHAIN))


def _about(estimate: GapEstimate, *, synthetic: bool) -> list[tuple[str, str]]:
    made = estimate.made
    pairs = [
        ("Formula", "" if estimate.bounds else _typeset(str(made.get("formula", "")))),
        ("Taxes", say_taxes(estimate)),
        ("Tax years", listing(years_of(made))),
        (
            "Years taken together",
            "yes, one estimate for all years of a tax" if made.get("pool_years") else "",
        ),
        ("Records as they stood on", day(str(made.get("as_of", "")))),
        ("Records", "made up by a computer" if synthetic else "of real taxpayers"),
    ]
    if not estimate.bounds:
        pairs += [
            ("Tax found", _say_each(estimate, "method", METHODS)),
            ("Hidden economy", _say_hidden(made.get("hidden") or {})),
            ("Model", _say_each(estimate, "scores", SCORES)),
        ]
    level = say_level(made["level"]) if "level" in made else ""
    pairs += [
        ("Level of the sampling error" if estimate.bounds else "Level of intervals", level),
        ("Draws of the chain", count(made["draws"]) if "draws" in made else ""),
        ("Seed", str(made.get("seed", ""))),
    ]
    return pairs


def _say_hidden(hidden: Mapping[str, Any]) -> str:
    if not hidden:
        return ""
    ends = interval(hidden["low"], hidden["high"], money) if hidden["low"] < hidden["high"] else "as certain"
    return f"{money(hidden['value'])} ({ends}), {hidden['source']}"


def _typeset(formula: str) -> str:
    return formula.replace(" x ", " \N{MULTIPLICATION SIGN} ").replace(" - ", f" {MINUS} ")


def _say_each(estimate: GapEstimate, column: str, words: Mapping[str, str]) -> str:
    """Say what was used, and for which taxes where they differ."""
    used: dict[str, list[str]] = {}
    for _, row in rows_of_taxes(estimate).iterrows():
        for name in str(row[column]).split(", "):
            taxes = used.setdefault(name, [])
            if name_tax(str(row["regime"])) not in taxes:
                taxes.append(name_tax(str(row["regime"])))
    if len(used) == 1:
        return words.get(next(iter(used))) or next(iter(used))
    return "; ".join(f"{listing(taxes)}: {words.get(name) or name}" for name, taxes in used.items())


def _say_few(estimate: GapEstimate, *, synthetic: bool) -> tuple[str, ...]:
    counts = rows_of_taxes(estimate)["cases"].dropna()
    if len(estimate.groups):
        sampled = ~estimate.groups["group"].isin(["non_payment", HIDDEN])
        counted = estimate.groups.loc[sampled, "cases"].dropna()
        counts = [*counts, *counted]
    fewest = min(counts, default=0.0)
    cases = number_of(fewest, "closed case" if estimate.bounds else "case")
    control = _CONTROL.format(cases=cases, rule=_RULE[synthetic])
    return (_FEW, control) if len(estimate.groups) else (control,)
