"""The sections on people: the honest who are flagged, groups, enquiries, and planted manipulations."""

from __future__ import annotations

import math

import pandas as pd

from taxgap.publication.audit_evidence import Evidence, Section, make_section, say_value, sentence
from taxgap.publication.audit_marks import Marks
from taxgap.publication.audit_pictures import picture_groups
from taxgap.publication.audit_words import name_code, name_group, name_grouping, name_measure
from taxgap.publication.picture import Picture
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import count, decimal, share
from taxgap.reasons.audit.groups.parity import JUDGED

_LEAST_GROUPS = 2
_MOST_CODES = 8


def describe_honest(evidence: Evidence) -> Section | None:
    """Describe what is said of flagged returns in which nothing was planted."""
    honest = {"group_by": "kind", "group": "honest"}
    found = [
        sentence(
            "{share} of the flagged returns hold nothing that was planted. Of these, {none} are given no "
            "reason.",
            share=evidence.say("honest", "share of flags", **honest),
            none=evidence.say("honest", "no reason", **honest),
        ),
        (
            "These people are asked to explain what is lawful. If one reason comes first for most of them, "
            "one figure misleads the model."
        ),
    ]
    return make_section(
        evidence,
        "honest",
        "What is said of honest people who are flagged?",
        "Some returns are flagged though no tax is lost on them. We look at the reasons they are given.",
        found=found,
        tables=[_tabulate_codes(evidence)],
    )


def _tabulate_codes(evidence: Evidence) -> Table | None:
    codes = evidence.table("honest", "codes").head(_MOST_CODES)
    if codes.empty:
        return None
    heads = ["First reason", "Of honest returns", "Of returns with tax lost", "Tax lost where it comes first"]
    rows: list[list[str | Cell]] = [
        [
            name_code(str(row["code"]), evidence.regime),
            *(_with_interval(row, name) for name in ("honest", "true", "true_given_code")),
        ]
        for row in codes.to_dict("records")
    ]
    return make_table("honest-codes", "First reasons of honest people who are flagged", heads, rows)


def _with_interval(row: dict[str, float], name: str) -> Cell:
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    note = "" if low is None or high is None or math.isnan(low) else f"{share(low)} to {share(high)}"
    return Cell(share(row[name]), note=note)


def describe_parity(evidence: Evidence) -> Section | None:
    """Describe whether explanations are as good for every group."""
    gaps = evidence.table("parity", "gaps")
    judged = gaps[gaps["group_by"].isin(JUDGED)] if len(gaps) else gaps
    found = [_say_gap(evidence, judged, "recall"), _say_gap(evidence, judged, "stable share")]
    found.append(
        "The largest of many gaps is large by chance too; intervals allow for that. Like for like means: "
        "held against returns that understate in the same way."
        if len(gaps)
        else ""
    )
    return make_section(
        evidence,
        "parity",
        "Are the explanations as good for every group?",
        "For groups of taxpayers we compare how often the right reason is given, how stable it is, and how "
        "many reasons there are.",
        found=found,
        pictures=[_picture_group(evidence, by) for by in JUDGED],
        folded=[_tabulate_gaps(evidence, gaps), _tabulate_left_out(evidence)],
    )


def _say_gap(evidence: Evidence, gaps: pd.DataFrame, measure: str) -> str:
    own = gaps[gaps["measure"] == measure] if len(gaps) else gaps
    if own.empty:
        return ""
    row = own.loc[own["low"].idxmax()] if own["low"].notna().any() else own.iloc[0]
    names = [name_group(row["group_by"], str(row[end]), evidence.regime) for end in ("highest", "lowest")]
    return (
        f"{name_measure(measure)}: the gap that is surest is by {name_grouping(row['group_by']).lower()}, "
        f"{share(row['gap'])} ({share(row['low'])} to {share(row['high'])}), from “{names[0]}” down to "
        f"“{names[1]}”. Groups drawn by lot would differ by about {share(row['by_chance'])}."
    )


def _picture_group(evidence: Evidence, by: str) -> Picture | None:
    recall, stable = (evidence.rows("parity", measure, group_by=by) for measure in ("recall", "stable share"))
    if max(recall["group"].nunique(), stable["group"].nunique()) < _LEAST_GROUPS:
        return None
    marks = [
        (Marks("Right reason", "main"), recall),
        (Marks("Stable first reason", "alert", "D", hollow=True), stable),
    ]
    return picture_groups(
        evidence,
        f"parity-{by.replace(' ', '-')}",
        [(own, rows.assign(chance=float("nan"))) for own, rows in marks],
        title=f"Right and stable reasons, by {_grouping(by)}",
        across="Share of flagged returns",
        reading=f"Lines are {evidence.confidence} intervals. Where they overlap widely, the groups cannot be "
        "told apart.",
        by_method=False,
    )


def _grouping(by: str) -> str:
    return {"income decile": "tenth of income", "size decile": "tenth of size"}.get(by, by)


def _tabulate_gaps(evidence: Evidence, gaps: pd.DataFrame) -> Table | None:
    if gaps.empty:
        return None
    heads = ["Groups", "What", "Largest gap", "By chance", "Chance of so large a gap", "Highest", "Lowest"]
    rows: list[list[str | Cell]] = [
        [
            name_grouping(row["group_by"]),
            name_measure(row["measure"]),
            _gap_cell(row),
            _gap_value(row["measure"], row["by_chance"]),
            "under 0.01" if row["p"] < 0.01 else decimal(row["p"]),
            name_group(row["group_by"], str(row["highest"]), evidence.regime),
            name_group(row["group_by"], str(row["lowest"]), evidence.regime),
        ]
        for row in gaps.to_dict("records")
    ]
    return make_table(
        "gaps", "The largest gaps between groups", heads, rows, text=["What", "Highest", "Lowest"]
    )


def _gap_cell(row: dict[str, float | str]) -> Cell:
    low, high = (_gap_value(str(row["measure"]), float(row[end])) for end in ("low", "high"))
    return Cell(_gap_value(str(row["measure"]), float(row["gap"])), note=f"{low} to {high}")


def _gap_value(measure: str, value: float) -> str:
    return say_value(value, "number" if measure == "reasons" else "share")


def _tabulate_left_out(evidence: Evidence) -> Table | None:
    small = evidence.table("parity", "left_out")
    if small.empty:
        return None
    small = small.drop_duplicates(["group_by", "group"])
    heads = ["Groups", "Too small to stand alone"]
    rows = [
        (
            name_grouping(str(row.group_by)),
            name_group(str(row.group_by), str(row.group), evidence.regime),
        )
        for row in small.itertuples(index=False)
    ]
    return make_table("too-small", "Groups that are too small to stand alone", heads, rows, text=heads[1:2])


def describe_group_effect(evidence: Evidence) -> Section | None:
    """Describe how many flags rest on the group rather than on the return."""
    found = [
        sentence(
            "{group} of the flags would not stand if every group began at the mean of the population; "
            "{trade} would not stand if every trade began at the mean of its size.",
            group=evidence.say("group_effect", "rests on the group"),
            trade=evidence.say("group_effect", "rests on the trade"),
        ),
        (
            "The score is expected tax, so size counts: more is at stake with larger businesses. Reasons do "
            "not mention what similar taxpayers share, so whoever is asked about a flag should hear of it."
        ),
    ]
    pictures = []
    for by in ("trade group", "nation", "income decile", "size decile"):
        marks = [
            (Marks("Without the group's part", "main"), _rests(evidence, "group", by)),
            (Marks("Without the trade's part", "alert", "D", hollow=True), _rests(evidence, "trade", by)),
        ]
        pictures.append(
            picture_groups(
                evidence,
                f"effect-{by.replace(' ', '-')}",
                marks,
                title=f"Flags that would not stand, by {_grouping(by)}",
                across="Share of flags that would not stand",
                reading=f"Lines are {evidence.confidence} intervals.",
                by_method=False,
            )
        )
    return make_section(
        evidence,
        "group_effect",
        "Who is flagged for the group they are in?",
        "A score has two parts: what the group of similar taxpayers has in common, and what is particular to "
        "the return. Reasons speak of the second only. We take the first away and see which flags are left.",
        found=found,
        pictures=pictures,
    )


def _rests(evidence: Evidence, on: str, by: str) -> pd.DataFrame:
    return evidence.rows("group_effect", f"rests on the {on}", group_by=by)


def describe_settled(evidence: Evidence) -> Section | None:
    """Describe whether reasons name what random enquiries changed."""
    where = {"group_by": "returns"}
    recall = f"recall@{evidence.most}"
    groups = [
        name
        for name in ("flagged", "all")
        if evidence.one("settled", recall, group=name, **where) is not None
    ]
    own = {"level": "field", "group": groups[0] if groups else "", **where}
    row = evidence.one("settled", recall, **own)
    found = [
        sentence(
            "Among {which}, the first {k} reasons name {own} of the boxes that a random enquiry changed; "
            "random reasons would name {chance}.",
            which={"flagged": "flagged returns", "all": "all returns"}.get(own["group"], ""),
            k=str(evidence.most),
            own=evidence.say("settled", recall, **own),
            chance="" if row is None else say_value(row.chance, row.unit),
        ),
        sentence(
            "Here the truth is known: random enquiries miss {missed} of the tax lost.",
            missed=evidence.say("settled", "tax that random enquiries miss", **where),
        ),
        *(str(text) for text in evidence.table("settled", "words").get("text", [])),
    ]
    return make_section(
        evidence,
        "settled",
        "Do reasons name what random enquiries changed?",
        "Real records hold no truth, but random enquiries were settled in them. We ask whether reasons name "
        "the boxes that an officer changed.",
        found=found,
    )


def _count_returns(evidence: Evidence, measure: str) -> str:
    row = evidence.one("planting", measure)
    return "" if row is None else count(row.n)


def describe_planting(evidence: Evidence) -> Section | None:
    """Describe whether manipulations planted in a copy are named."""
    recall = f"recall@{evidence.most}"
    found = [
        sentence(
            "Of {all} changed returns, {flagged} come to be flagged. Of these {n}, {named} have the "
            "manipulation among their first {k} reasons.",
            all=_count_returns(evidence, "flagged"),
            flagged=evidence.say("planting", "flagged"),
            n=_count_returns(evidence, recall),
            named=evidence.say("planting", recall),
            k=str(evidence.most),
        ),
        (
            "Few changed returns are flagged where the sums are small; intervals are wide there. This needs "
            "no truth, so it can be done on real records."
        ),
    ]
    where = {"group_by": "manipulation"}
    marks = [
        (Marks("Named, where flagged", "main"), evidence.rows("planting", recall, **where)),
        (
            Marks("Named, flagged or not", "alert", "D", hollow=True),
            evidence.rows("planting", f"{recall} of all", **where),
        ),
    ]
    return make_section(
        evidence,
        "planting",
        "Are manipulations that we plant ourselves named?",
        "Known changes were put into a copy of the records, in returns that are not flagged. Their reasons "
        "must name them.",
        found=found,
        pictures=[
            picture_groups(
                evidence,
                "manipulations",
                marks,
                title="How often a planted manipulation is named",
                across=f"Named among the first {evidence.most} reasons",
                reading=f"Lines are {evidence.confidence} intervals. A grey stroke is chance.",
                by_method=False,
            )
        ],
    )
