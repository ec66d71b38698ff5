"""The sections that hold reasons against what was planted: what is named, and what is lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from taxgap.publication.audit_bars import PARTS, draw_split
from taxgap.publication.audit_evidence import (
    Evidence,
    Section,
    make_section,
    say_row,
    say_value,
    sentence,
)
from taxgap.publication.audit_heat import draw_heat
from taxgap.publication.audit_marks import Marks
from taxgap.publication.audit_pictures import OWN, picture_groups, picture_methods
from taxgap.publication.audit_words import name_code, name_group, name_mechanism, name_method
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Cell, make_table
from taxgap.publication.wording import money, share
from taxgap.reasons.audit.recovery.baselines import BASELINES

NO_CEILING = (
    "By way of understating this is no ceiling. Three places are shared by all that was planted in a return, "
    "and one omission moves many codes: where sales are left out, every cost is a larger share of turnover. "
    "An explanation that knows the truth names what moved the score most, which need not be a code that "
    "fits; the reasons may name the one that does."
)
"""Why reasons may name more of a mechanism than an explanation that knows the truth."""

_MOST_COLUMNS = 13
_WORTH_A_COLUMN = 0.04
_OTHER = "Other codes"


def describe_recovery(evidence: Evidence) -> Section | None:
    """Describe how often reasons name what was planted."""
    recall = f"recall@{evidence.most}"
    naive = best_naive(evidence)
    own = {"level": "code", "method": "reasons"}
    chance = evidence.one("recovery", recall, **own)
    found = [
        sentence(
            "In flagged returns, {own} of what was planted is named by the first {k} reasons (of each "
            "return, the share of the things planted in it that count). By chance it would be {chance}. The "
            "best naive explanation ({naive}) reaches {theirs}.",
            own=evidence.say("recovery", recall, **own),
            k=str(evidence.most),
            chance="" if chance is None else say_value(chance.chance, chance.unit),
            naive=_small(name_method(naive)),
            theirs=evidence.say("recovery", recall, level="code", method=naive),
        ),
        _say_split(evidence),
        sentence(
            "The first reason alone can reveal something that was planted on {right} of the flagged returns "
            "with anything planted. It names {one} of the things planted: a return may hold several, and one "
            "reason seldom names them all.",
            right=evidence.say("recovery", "first reason right"),
            one=evidence.say("recovery", "recall@1", **own),
        ),
        sentence(
            "Of what was planted in ways that the library does not know, {own} is named; by chance it would "
            "be {chance}. It is not in the figures above.",
            own=evidence.say("recovery", recall, level="code", method="reasons", group_by="blind", group=""),
            chance=_chance_of_blind(evidence, recall),
        ),
        *_say_specific(evidence),
    ]
    return make_section(
        evidence,
        "recovery",
        "Are the right reasons given?",
        "Mistakes and omissions were planted in made-up returns. For each way of understating, at most three "
        "reason codes were fixed beforehand that can reveal it. We ask how often one of them is among the "
        "first reasons of a flagged return.",
        found=found,
        pictures=[picture_mechanisms(evidence), picture_split(evidence), picture_confusion(evidence)],
    )


def _say_specific(evidence: Evidence) -> list[str]:
    """Say what recall alone is worth, and how particular the reasons are beside naive explanations."""
    specific = f"specificity@{evidence.most}"
    lead = evidence.rows("recovery", f"lift of {specific}", group_by="against")
    rival = "" if lead.empty else str(lead["group"].iloc[0])
    return [
        sentence(
            "Recall can be had by naming the same codes of everyone. The naive explanation above was made "
            "without the truth; {k} codes for all, chosen afterwards with the truth in hand, reach {alike}.",
            k=str(evidence.most),
            alike=evidence.say("recovery", f"recall@{evidence.most}", level="code", method="most_alike"),
        ),
        sentence(
            "So look at specificity beside it: how much more often fitting codes are named where something "
            "was planted than where it was not. It is {more} for the reasons, and {none} with the same codes "
            "for everyone.",
            more=evidence.say("recovery", specific, method="reasons"),
            none=evidence.say("recovery", specific, method="most_alike"),
        ),
        sentence(
            "The most particular naive explanation, “{naive}”, has {theirs}. The lead of the reasons over "
            "it, on the same returns, is {lead}; below zero it is ahead of them.",
            naive=name_method(rival) if rival else "",
            theirs=evidence.say("recovery", specific, method=rival),
            lead="".join(say_row(row) for row in lead.head(1).itertuples(index=False)),
        ),
    ]


def _chance_of_blind(evidence: Evidence, recall: str) -> str:
    row = evidence.one("recovery", recall, level="code", method="reasons", group_by="blind", group="")
    return "" if row is None else say_value(row.chance, row.unit)


def _say_split(evidence: Evidence) -> str:
    return sentence(
        "Of all planted tax, {right} is on flagged returns with a right reason, {wrong} on flagged returns "
        "without one, and {none} on returns that are not flagged.",
        right=evidence.say("recovery", "tax flagged, right reason"),
        wrong=evidence.say("recovery", "tax flagged, wrong reason"),
        none=evidence.say("recovery", "tax not flagged"),
    )


def describe_truthful(evidence: Evidence) -> Section | None:
    """Describe how much of what could be named is named."""
    found = [
        sentence(
            "An explanation that knows the truth would name {truth} of what was planted; the reasons name "
            "{own}. That is {attained} of what could be named.",
            truth=evidence.say("truthful", f"recall@{evidence.most}", method="truth"),
            own=evidence.say("truthful", f"recall@{evidence.most}", method="reasons"),
            attained=evidence.say("truthful", "attained"),
        ),
        sentence(
            "Of what raises the score, {mass} lies where the return is untrue. The contributions point the "
            "same way as the truth in {sign}.",
            mass=evidence.say("truthful", "mass on changed families"),
            sign=evidence.say("truthful", "right sign"),
        ),
        (
            "What even the truth cannot name is not the explanation's fault: the records hold too little "
            "trace of it, or the model does not look there."
        ),
        NO_CEILING,
    ]
    traces = evidence.rows("truthful", "no trace", group_by="mechanism")
    return make_section(
        evidence,
        "truthful",
        "How much could be named at all?",
        "Each made-up return has a truthful twin: the same return without what was planted. What the model "
        "adds for the difference is the true reason for the score. It shows how much any explanation of this "
        "model could name.",
        found=found,
        pictures=[
            picture_groups(
                evidence,
                "traces",
                [(Marks("No trace", "third"), traces)],
                title="How often the records hold no trace of what was planted",
                across="Share of cases without a trace",
                reading="Where no fitting code differs between the return and its truthful twin, nothing "
                f"could reveal it. Lines are {evidence.confidence} intervals.",
            )
        ],
    )


def describe_comparison(evidence: Evidence) -> Section | None:
    """Describe how other explanations of the same returns do."""
    recall = f"recall@{evidence.most}"
    rows = evidence.rows("comparison", recall, level="code", group_by="")
    best = rows.sort_values("value", ascending=False, kind="stable").head(1)
    found = [
        sentence(
            "The reasons as given name {own} of what was planted. The method that names most is “{best}”, "
            "with {most}.",
            own=evidence.say("comparison", recall, level="code", method="reasons"),
            best="" if best.empty else name_method(best["method"].iloc[0]),
            most="" if best.empty else share(float(best["value"].iloc[0])),
        ),
        (
            "The reasons as given leave out what is too small or cannot be told, so they can name less than "
            "the contributions behind them. Naming more is not all: see the specificity in the first part."
        ),
    ]
    picture = picture_methods(
        "methods",
        rows,
        title=f"What was planted is among the first {evidence.most} reasons, by method of explaining",
        across="Share of what was planted that is named",
        reading=f"Each dot is a way to explain the same flagged returns; lines are {evidence.confidence} "
        "intervals. A grey stroke is what random reasons would reach.",
    )
    return make_section(
        evidence,
        "comparison",
        "Would another explanation do better?",
        "Other ways of explaining were tried on the same flagged returns: exact ones with another point of "
        "comparison, and naive ones that look at no model.",
        found=found,
        pictures=[picture],
    )


def best_naive(evidence: Evidence) -> str:
    """Name the naive method that reaches the highest recall; the library's own choice where it is known."""
    lift = evidence.rows("recovery", f"lift of recall@{evidence.most}", group_by="against")
    named = [name for name in lift["group"] if name in BASELINES]
    if named:
        return str(named[0])
    rows = evidence.rows("recovery", f"recall@{evidence.most}", level="code", group_by="")
    rows = rows[rows["method"].isin(BASELINES)].sort_values("value", ascending=False, kind="stable")
    return str(rows["method"].iloc[0]) if len(rows) else BASELINES[0]


def picture_mechanisms(evidence: Evidence) -> Picture | None:
    """Draw recall by mechanism beside chance, the best naive explanation and the truth."""
    recall = f"recall@{evidence.most}"
    where = {"level": "code", "group_by": "mechanism"}
    naive = best_naive(evidence)
    own = evidence.rows("recovery", recall, method="reasons", **where)
    marks = [
        (OWN, own.sort_values("value", ascending=False, kind="stable")),
        (
            Marks(name_method(naive), "alert", "D", hollow=True, line=False),
            evidence.rows("recovery", recall, method=naive, **where),
        ),
        (
            Marks("An explanation that knows the truth", "second", "s", hollow=True, line=False),
            evidence.rows("truthful", recall, method="truth", **where),
        ),
    ]
    if own.empty:
        return None
    return picture_groups(
        evidence,
        "mechanisms",
        marks,
        title="How often what was planted is named, by way of understating",
        across=f"Named among the first {evidence.most} reasons",
        reading=f"Round dots are the reasons as given, with their {evidence.confidence} intervals. A diamond "
        "is the naive explanation that does best overall. A square is what an explanation that knows the "
        "truth would name with the same model; it is no ceiling, see the next part. A grey stroke is chance.",
    )


def picture_split(evidence: Evidence) -> Picture | None:
    """Draw where all planted tax goes, of all and by mechanism."""
    table = evidence.table("recovery", "split")
    if table.empty:
        return None
    known = table[table["group_by"].isin(["", "mechanism"]) & table["share"].notna()]
    wide = known.pivot_table("share", ["group_by", "group"], "part", sort=False)
    if wide.empty:
        return None
    wide = wide.reindex(columns=list(PARTS)).reset_index()
    wide = wide.sort_values(["group_by", "flagged, right reason"], ascending=[True, False], kind="stable")
    wide = wide.reset_index(drop=True)
    labels = [
        "All planted tax" if not row.group_by else name_mechanism(row.group) for row in wide.itertuples()
    ]
    title = "Where the planted tax goes"
    first = wide.iloc[0]
    says = ", ".join(f"{share(float(first[part]))} {name.lower()}" for part, (name, _) in PARTS.items())
    return take_picture(
        "split",
        lambda size: draw_split(labels, wide, size),
        title=title,
        alt=f"Bars, each split in three. {labels[0]}: {says}. The table has the others.",
        reading="Every planted pound falls into one of three: its return is not flagged; it is flagged, but "
        "no fitting reason is given; it is flagged and a fitting reason is given. Only the first can be "
        "mended by flagging more; only the second by explaining better.",
        table=make_table("split-table", title, _SPLIT_HEADS, _split_rows(known, labels, wide)),
    )


_SPLIT_HEADS = ["Planted tax", *(name for name, _ in PARTS.values())]


def _split_rows(known: pd.DataFrame, labels: Sequence[str], wide: pd.DataFrame) -> list[list[str | Cell]]:
    cells = {(row.group_by, row.group, row.part): row for row in known.itertuples()}
    body: list[list[str | Cell]] = []
    for label, line in zip(labels, wide.itertuples(), strict=True):
        own: list[str | Cell] = [label]
        for part in PARTS:
            row = cells.get((line.group_by, line.group, part))
            if row is None:
                own.append("")
            else:
                note = f"{share(row.low)} to {share(row.high)}; {money(row.pounds)}"
                own.append(Cell(share(row.share), note=note))
        body.append(own)
    return body


def picture_confusion(evidence: Evidence) -> Picture | None:
    """Draw mechanisms against the reason named first."""
    table = evidence.table("recovery", "confusion")
    if table.empty:
        return None
    wide = table.pivot_table("share", "mechanism", "code", aggfunc="sum", sort=False).fillna(0.0)
    right = table.pivot_table("right", "mechanism", "code", aggfunc="any", sort=False)
    right = right.reindex_like(wide).fillna(False).astype(bool)
    columns = _choose_columns(wide)
    shares = wide[columns].assign(**{_OTHER: wide.drop(columns=columns).sum(axis=1)})
    frames = right[columns].assign(**{_OTHER: False})
    if not len(wide.columns.difference(columns)):
        shares, frames = shares[columns], frames[columns]
    labels = [name_group("mechanism", name, evidence.regime) for name in wide.index]
    names = [code if code == _OTHER else name_code(code, evidence.regime) for code in shares.columns]
    values, framed = shares.to_numpy(np.float64), frames.to_numpy(np.bool_)
    title = "What was planted, and what is named first"
    heads = ["Planted", "Returns", *names]
    returns = table.drop_duplicates("mechanism").set_index("mechanism")["n"]
    body: list[list[str | Cell]] = [
        [
            label,
            f"{returns[mechanism]:,}",
            *(_confusion_cell(*cell) for cell in zip(own, right_ones, strict=True)),
        ]
        for label, mechanism, own, right_ones in zip(labels, wide.index, values, framed, strict=True)
    ]
    return take_picture(
        "confusion",
        lambda size: draw_heat(labels, names, values, framed, size),
        title=title,
        alt=f"Heat map. {' '.join(_say_most(labels, names, values, framed))}",
        reading="A row is a way of understating, under the largest one of each flagged return; a column is "
        "the first reason. Numbers are per cent of the row. A framed cell is a right reason. Dark cells "
        "outside a frame show what is named instead. “Other codes” may hold right ones.",
        table=make_table("confusion-table", title, heads, body),
    )


def _choose_columns(wide: pd.DataFrame) -> list[str]:
    """Keep the codes that are ever named often, in their usual order; the others share a column."""
    most = wide.max().sort_values(ascending=False, kind="stable")
    kept = set(most[most >= _WORTH_A_COLUMN].index[:_MOST_COLUMNS])
    by_total = wide.sum().sort_values(ascending=False, kind="stable").index
    return [str(code) for code in by_total if code in kept]


def _confusion_cell(own: float, right: bool) -> Cell:
    return Cell(share(own) if own > 0 else "0%", note="right" if right else "")


def _say_most(labels: list[str], names: list[str], values: np.ndarray, framed: np.ndarray) -> list[str]:
    return [
        f"{label}: most often {names[int(own.argmax())].lower()} ({share(float(own.max()))}, "
        f"{'right' if ok[int(own.argmax())] else 'wrong'})."
        for label, own, ok in zip(labels, values, framed, strict=True)
    ]


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
