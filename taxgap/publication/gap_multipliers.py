"""What officers do not find: each multiplier with its limits, and how much of it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taxgap.publication.gap_words import name_tax, say_level
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import count, decimal, interval, listing, share

BAND = "Assumed band"
"""The mark of a multiplier in whose place a band stands."""

LEVEL = "Level assumed"
"""The mark of a multiplier of which the data tell the spread between officers alone."""


@dataclass(frozen=True)
class Multipliers:
    """What the page says of multipliers.

    Parameters
    ----------
    summary : str
        Every multiplier with its limits, in a sentence.
    sentences : tuple of str
        What is measured and what assumed, of those that were estimated.
    table : Table
    detection : Table or None
        Detection-controlled estimates; None where none was made.
    """

    summary: str
    sentences: tuple[str, ...]
    table: Table
    detection: Table | None


def describe_multipliers(made: Mapping[str, Any]) -> Multipliers | None:
    """Say each multiplier, its limits, and what it rests on.

    Parameters
    ----------
    made : mapping
        Of an estimate: ``multipliers``, and ``detection`` where any was estimated.

    Returns
    -------
    Multipliers or None
        None where no multiplier is known.
    """
    multipliers, detection = made.get("multipliers") or {}, made.get("detection") or {}
    if not multipliers:
        return None
    return Multipliers(
        _summarise(multipliers),
        (*_say_levels(detection), *_say_bands(detection)),
        _tabulate(multipliers, detection),
        _tabulate_detection(detection) if detection else None,
    )


def say_assumed(made: Mapping[str, Any]) -> str:
    """Say for which taxes an assumption stands behind an estimated multiplier; empty where for none.

    Parameters
    ----------
    made : mapping
        Of an estimate.
    """
    detection = made.get("detection") or {}
    bands, levels = (
        listing([name_tax(tax) for tax in _taxes(detection, told=told)]) for told in (False, True)
    )
    if bands and levels:
        return (
            f"What officers miss is largely assumed: the multiplier of {bands} is a band that is an "
            f"assumption, and that of {levels} rests on how much the best officers are taken to find."
        )
    if bands:
        return f"What officers miss is assumed: the multiplier of {bands} is a band that is an assumption."
    if levels:
        return (
            "What officers miss is partly assumed: the level of the multiplier of "
            f"{levels} rests on how much the best officers are taken to find."
        )
    return ""


def _taxes(detection: Mapping[str, Mapping[str, Any]], *, told: bool) -> list[str]:
    return [tax for tax, one in detection.items() if bool(one["identified"]) == told]


def _summarise(multipliers: Mapping[str, Mapping[str, Any]]) -> str:
    taxes: dict[str, list[str]] = {}
    for tax, one in multipliers.items():
        ends = interval(one["low"], one["high"], decimal) if one["low"] < one["high"] else "as certain"
        taxes.setdefault(f"{decimal(one['value'])} ({ends})", []).append(name_tax(tax))
    if len(taxes) == 1:
        return f"For what officers do not find, tax found is multiplied by {next(iter(taxes))}."
    each = [f"by {value} for {listing(names)}" for value, names in taxes.items()]
    return f"For what officers do not find, tax found is multiplied {'; '.join(each)}."


def _say_levels(detection: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Say of the identified what the cases tell and what they do not; taxes of like assumptions together."""
    alike: dict[tuple[float, ...], list[str]] = {}
    for tax in _taxes(detection, told=True):
        facts = detection[tax]["facts"]
        alike.setdefault((facts["best_finds"], *facts["best_range"]), []).append(tax)
    said = []
    for (best, low, high), taxes in alike.items():
        said.append(
            f"{listing([name_tax(tax) for tax in taxes])}: the spread between officers is identified, but "
            "the level rests on an assumption. On like cases officers find more or less than one another, by "
            "more than chance, and the cases tell by how much. What share of the tax the best of them find "
            f"(the 95th percentile), no case tells: it is assumed to be {decimal(best)}, and "
            f"{decimal(low)} to {decimal(high)} for the limits. {_say_sampling(detection, taxes)}"
        )
    return said


def _say_sampling(detection: Mapping[str, Mapping[str, Any]], taxes: Sequence[str]) -> str:
    ends = []
    for tax in taxes:
        low, high = detection[tax]["facts"]["sampling_limits"]
        ends.append(f"{interval(low, high, decimal)} for {name_tax(tax)}")
    return (
        f"If that share were certain, the limits would be {listing(ends)}. The rest of their width is the "
        "assumption."
    )


def _say_bands(detection: Mapping[str, Mapping[str, Any]]) -> list[str]:
    alike: dict[float, list[str]] = {}
    for tax in _taxes(detection, told=False):
        alike.setdefault(detection[tax]["facts"]["least_found"], []).append(name_tax(tax))
    return [
        f"{listing(taxes)}: how much officers miss is not identified. A band that is an assumption stands in "
        f"the place of an estimate: officers find all of the tax, or down to {share(least)} of it, and any "
        "multiplier between counts as likely."
        for least, taxes in alike.items()
    ]


def _tabulate(
    multipliers: Mapping[str, Mapping[str, Any]], detection: Mapping[str, Mapping[str, Any]]
) -> Table:
    rows = []
    for tax, one in multipliers.items():
        tag = "" if tax not in detection else LEVEL if detection[tax]["identified"] else BAND
        rows.append(
            (
                Cell(name_tax(tax), tag=tag),
                decimal(one["value"]),
                interval(one["low"], one["high"], decimal) if one["low"] < one["high"] else "none: certain",
                _say_between(one, tag),
                str(one["source"]).capitalize(),
            )
        )
    heads = ["Tax", "Multiplier", "Limits", "Between the limits", "Where it comes from"]
    caption = "Non-detection multipliers: tax there over tax found"
    return make_table("multipliers", caption, heads, rows, text=heads[3:])


def _say_between(one: Mapping[str, Any], tag: str) -> str:
    if one["distribution"] == "uniform":
        return "any value as likely"
    if tag == LEVEL:
        return f"{say_level(one['level'])} of sampling, and the range of the assumption"
    return f"{say_level(one['level'])} lie between"


def _tabulate_detection(detection: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = []
    for tax, one in detection.items():
        facts, told, ends = one["facts"], bool(one["identified"]), one["multiplier"]
        found = Cell("not identified")
        if told:
            found = Cell(share(one["share_found"]), note=interval(1 / ends["high"], 1 / ends["low"], share))
        rows.append(
            (
                Cell(name_tax(tax), tag=LEVEL if told else "Not identified"),
                count(facts["officers"]),
                count(facts["cases"]),
                found,
                f"the best officers find {share(facts['best_finds'])}"
                if told
                else f"officers find {share(facts['least_found'])} at least",
                "; ".join(map(str, one.get("problems") or ())) or "nothing",
            )
        )
    heads = ["Tax", "Officers", "Cases", "Share of the tax that officers find", "Assumed", "To keep in mind"]
    caption = "Detection-controlled estimates: what officers miss, from how they differ"
    return make_table("detection", caption, heads, rows, text=heads[4:])
