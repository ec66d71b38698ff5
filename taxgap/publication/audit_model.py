"""The sections that ask the model: are the numbers right, do the reasons matter to it, do they last."""

from __future__ import annotations

import pandas as pd

from taxgap.publication.audit_curves import CURVES, draw_curves
from taxgap.publication.audit_evidence import Evidence, Section, make_section, say_row, say_value, sentence
from taxgap.publication.audit_marks import Marks
from taxgap.publication.audit_pictures import picture_groups, picture_methods
from taxgap.publication.audit_words import name_code, name_method
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Table, make_table
from taxgap.publication.wording import count, share

_SWAPS = 8
_STABLE = Marks("Stable share", "main")


def describe_numbers(evidence: Evidence) -> Section | None:
    """Describe whether the contributions are what they claim to be."""
    exact = evidence.rows("numbers")
    exact = exact[exact["measure"].str.endswith("largest difference")]
    worst = exact.loc[exact["value"].idxmax()] if len(exact) else None
    found = [
        sentence(
            "The largest difference in any of {tests} exact tests is {worst} on the scale of the score, "
            "where 0.01 is about 1% of expected tax.",
            tests=count(len(exact)),
            worst="" if worst is None else say_value(float(worst["value"]), "log"),
        ),
        sentence(
            "The contributions add up to {share} of the differences between scores.",
            share=evidence.say("numbers", "completeness", method="contributions"),
        ),
        "These tests say that the sums are right. They do not say that the reasons are true or useful.",
    ]
    return make_section(
        evidence,
        "numbers",
        "Are the numbers right?",
        "Contributions claim to be Shapley values: fair shares of the score, held against similar taxpayers. "
        "We check the rules that such values must keep, and work them out again in other ways.",
        found=found,
    )


def describe_faithfulness(evidence: Evidence) -> Section | None:
    """Describe whether the score follows what the explanation says."""
    family = {"level": "family", "method": "reasons"}
    enough = f"sufficiency@{evidence.most}"
    necessary, by_chance = (
        evidence.say("faithfulness", "necessity@family", **where)
        for where in (family, {"level": "family", "method": "random"})
    )
    found = [
        sentence(
            "When the figures of the first reason's family are replaced by those of similar taxpayers, {own} "
            "of the flags go; with a family picked at random, {chance}.",
            own=necessary,
            chance=by_chance,
        ),
        sentence(
            "When only the families of the first {k} reasons are kept, {own} of the flags stay; with "
            "families named from shuffled contributions, {shuffled}.",
            k=str(evidence.most),
            own=evidence.say("faithfulness", enough, **family),
            shuffled=evidence.say("faithfulness", enough, level="family", method="shuffled"),
        ),
    ]
    return make_section(
        evidence,
        "faithfulness",
        "Do the reasons matter to the model?",
        "If a reason is why a return is flagged, changing what it names must move the score. We replace "
        "figures by those of similar taxpayers and look. Random and shuffled explanations stand beside it.",
        found=found,
        pictures=[*_picture_redrawn(evidence), picture_curves(evidence)],
    )


def _picture_redrawn(evidence: Evidence) -> list[Picture | None]:
    enough = f"sufficiency@{evidence.most}"
    needs = evidence.rows("faithfulness", "necessity@family", group_by="")
    stays = evidence.rows("faithfulness", enough, group_by="")
    reading = (
        f"Lines are {evidence.confidence} intervals. “The best any explanation could do” counts a flag if "
        "any choice would have done it."
    )
    return [
        picture_methods(
            "necessity",
            needs,
            title="The flag goes when the first family is replaced",
            across="Share of flags that go",
            reading=reading,
        ),
        picture_methods(
            "sufficiency",
            stays,
            title=f"The flag stays when only the first {evidence.most} families are kept",
            across="Share of flags that stay",
            reading=reading,
        ),
    ]


def picture_curves(evidence: Evidence) -> Picture | None:
    """Draw the deletion and insertion curves."""
    curves = evidence.table("faithfulness", "curves")
    if curves.empty or not curves["curve"].isin(CURVES).any():
        return None
    rows = [
        (
            CURVES.get(row.curve, row.curve),
            name_method(row.method),
            count(row.codes),
            say_value(row.value, "log"),
            f"{say_value(row.low, 'log')} to {say_value(row.high, 'log')}",
        )
        for row in curves.itertuples(index=False)
    ]
    heads = ["Curve", "Order", "Codes", "Change of the score", "Interval"]
    title = "How the score moves as codes are taken away and put back"
    return take_picture(
        "curves",
        lambda size: draw_curves(curves, size),
        title=title,
        alt=f"Two line charts. {_say_curves(curves)} The table has every point.",
        reading="The score is on a scale on which 0.1 is about 10% of expected tax. The further the full "
        "line lies from the broken one, the better the explanation knows what moves the score. Bands are "
        f"{evidence.confidence} intervals.",
        table=make_table("curves-table", title, heads, rows, text=["Order"]),
    )


def _say_curves(curves: pd.DataFrame) -> str:
    third = curves[curves["codes"] == 3]
    said = [
        f"{CURVES[row.curve]}, {name_method(row.method).lower()}: {say_value(row.value, 'log')} after three "
        "codes."
        for row in third.itertuples()
        if row.curve in CURVES
    ]
    return " ".join(said)


def describe_stability(evidence: Evidence) -> Section | None:
    """Describe whether first reasons survive a refit."""
    found = [
        sentence(
            "{stable} of flagged returns have a stable first reason: at least nine in ten of {refits} refits "
            "give the same one. With fewer refits that is harder to reach: of 5, all must agree.",
            stable=evidence.say("stability", "stable share", method="refits"),
            refits=count(evidence.refits) if evidence.refits else "",
        ),
        sentence(
            "One refit gives another first reason in {churn}; another seed alone does so in {seeds}.",
            churn=evidence.say("stability", "churn", level="code", method="refits"),
            seeds=evidence.say("stability", "churn", level="code", method="seeds"),
        ),
        sentence(
            "The first reason is still shown after a refit in {kept}.",
            kept=evidence.say("stability", "first kept", method="refits"),
        ),
        (
            "Reasons that lead by little change places easily. Where the lead is small, the first two are "
            "best shown as equals."
        ),
    ]
    return make_section(
        evidence,
        "stability",
        "Would the reasons be the same if the model were fitted again?",
        "The model was fitted again on cases drawn anew, and with other seeds. We ask whether the first "
        "reason of a flagged return stays the same.",
        found=found,
        pictures=_picture_survival(evidence),
        tables=[_tabulate_swaps(evidence)],
    )


def _picture_survival(evidence: Evidence) -> list[Picture | None]:
    lines = f"Lines are {evidence.confidence} intervals."
    stable = {
        by: evidence.rows("stability", "stable share", group_by=by)
        for by in ("lead of the first reason", "margin to the cut-off", "first code")
    }
    scale = "On this scale 0.1 is about 10% of expected tax."
    return [
        _picture_stable(
            evidence,
            "lead",
            stable["lead of the first reason"],
            "Stable share, by how far the first reason leads the second",
            f"The smaller the lead, the less the order of reasons means. {scale} {lines}",
        ),
        _picture_stable(
            evidence,
            "margin",
            stable["margin to the cut-off"],
            "Stable share, by how far the score lies above the cut-off",
            f"{scale} {lines}",
        ),
        _picture_stable(evidence, "first-code", stable["first code"], "Stable share, by first reason", lines),
    ]


def _picture_stable(
    evidence: Evidence, key: str, rows: pd.DataFrame, title: str, reading: str
) -> Picture | None:
    return picture_groups(
        evidence,
        key,
        [(_STABLE, rows)],
        title=title,
        across="Share with a stable first reason",
        reading=reading,
    )


def _tabulate_swaps(evidence: Evidence) -> Table | None:
    swaps = evidence.table("stability", "swaps").head(_SWAPS)
    if swaps.empty:
        return None
    heads = ["First reason", "Becomes", "Share of all changes", "Same family"]
    rows = [
        (
            name_code(str(row.first), evidence.regime),
            name_code(str(row.instead), evidence.regime),
            share(row.share_of_swaps),
            "yes" if row.same_family else "no",
        )
        for row in swaps.itertuples(index=False)
    ]
    return make_table(
        "swaps", "The most frequent changes of the first reason", heads, rows, text=["Becomes", "Same family"]
    )


def describe_backgrounds(evidence: Evidence) -> Section | None:
    """Describe whether other peers would give other reasons."""
    found = [
        sentence(
            "Two halves of the same peers give the same first reason in {same}.",
            same=evidence.say("backgrounds", "top-1 agreement", level="code"),
        ),
        "A half has fewer peers than the explanation uses, so this errs on the careful side.",
    ]
    rows = evidence.rows("backgrounds", "top-1 agreement", group_by="peers")
    return make_section(
        evidence,
        "backgrounds",
        "Would other peers give other reasons?",
        "A return is explained against a sample of similar taxpayers. We split each sample in two, and "
        "explain each flagged return against either half.",
        found=found,
        pictures=[
            picture_groups(
                evidence,
                "peers",
                [(Marks("Same first reason", "main"), rows)],
                title="Same first reason against either half, by number of peers",
                across="Share with the same first reason",
                reading=f"Lines are {evidence.confidence} intervals.",
            )
        ],
    )


def describe_reporting(evidence: Evidence) -> Section | None:
    """Describe whether small changes of pounds change the reasons."""
    measure = "first code changes, score does not"
    rows = evidence.rows("reporting", measure, group_by="change")
    worst = rows.loc[[rows["value"].idxmax()]] if len(rows) else rows
    found = [
        sentence(
            "In the worst case, {share} of flagged returns get another first reason though the score hardly "
            "moves.",
            share="".join(say_row(row) for row in worst.itertuples(index=False)),
        )
    ]
    return make_section(
        evidence,
        "reporting",
        "Do a few pounds change the reasons?",
        "Every amount on a return was changed a little, or rounded. Such changes should not give another "
        "first reason while the score stays as it was.",
        found=found,
        pictures=[
            picture_groups(
                evidence,
                "changes",
                [(Marks("Another first reason", "main"), rows)],
                title="Another first reason though the score hardly moves",
                across="Share of flagged returns",
                reading=f"Lines are {evidence.confidence} intervals. Less is better.",
            )
        ],
    )
