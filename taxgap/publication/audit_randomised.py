"""The section on spoilt models: do reasons depend on what the model learned."""

from __future__ import annotations

import pandas as pd

from taxgap.publication.audit_evidence import Evidence, Section, make_section, say_row, sentence
from taxgap.publication.audit_marks import Marks
from taxgap.publication.audit_pictures import picture_groups, picture_methods
from taxgap.publication.picture import Picture
from taxgap.publication.wording import share


def describe_randomised(evidence: Evidence) -> Section | None:
    """Describe whether explanations depend on what the model learned."""
    likeness = evidence.rows("randomised", "similarity", group_by="")
    blank = likeness[~likeness["method"].isin(["seeds", "labels"])]
    most = blank.loc[[blank["value"].idxmax()]] if len(blank) else blank
    found = [
        sentence(
            "Refits of the same kind of cases are explained much like the model: likeness {seeds}, where 1 "
            "is the same and 0 is chance.",
            seeds=evidence.say("randomised", "similarity", method="seeds"),
        ),
        sentence(
            "Once nothing that was learned is left, it is at most {most}.",
            most="".join(say_row(row) for row in most.itertuples(index=False)),
        ),
        "Explanations that stay the same whatever the model learned would show the figures, not the model.",
    ]
    found += _say_signs(evidence)
    return make_section(
        evidence,
        "randomised",
        "Do the reasons depend on what the model learned?",
        "We spoilt the model on purpose: outcomes exchanged, values of leaves exchanged, splits drawn anew. "
        "Its explanations must then fall apart.",
        found=found,
        pictures=_picture_models(evidence, likeness),
    )


def _picture_models(evidence: Evidence, likeness: pd.DataFrame) -> list[Picture | None]:
    recall = f"recall@{evidence.most}"
    reading = f"Lines are {evidence.confidence} intervals. A grey stroke is chance."
    return [
        picture_methods(
            "likeness",
            likeness,
            title="Likeness to the model's own explanations",
            across="Likeness (1 is the same)",
            reading=reading,
        ),
        picture_groups(
            evidence,
            "randomised-recall",
            [
                (Marks("The signs as they are", "main"), _by_model(evidence, recall)),
                (
                    Marks("The signs turned", "alert", "D", hollow=True),
                    _by_model(evidence, f"{recall} of opposite signs"),
                ),
            ],
            title=f"What was planted is among the first {evidence.most} codes, by spoilt model",
            across="Share of what was planted that is named",
            reading=f"{reading} A spoilt model still points to figures that are unusual, so it stays "
            "above chance. Where nothing was learned, the diamond should lie at the dot or beyond.",
            by_method=False,
        ),
    ]


def _by_model(evidence: Evidence, measure: str) -> pd.DataFrame:
    """Return figures of the model and of spoilt ones as those of groups."""
    rows = evidence.rows("randomised", measure, group_by="")
    return rows.assign(group_by="spoilt model", group=rows["method"])


def _say_signs(evidence: Evidence) -> list[str]:
    """Say in plain words why the right signs are what is looked at, and what they add."""
    recall = f"recall@{evidence.most}"
    opposite = f"{recall} of opposite signs"
    lost = evidence.rows("randomised", f"share of lead over opposite signs lost, {recall}")
    least = lost.loc[[lost["value"].idxmin()]] if len(lost) else lost
    blank = evidence.rows("randomised", recall, group_by="")
    blank = blank[blank["method"].isin(lost["method"])]
    with_signs, turned = (evidence.say("randomised", each, method="trained") for each in (recall, opposite))
    return [
        (
            "A model that learned nothing still gives large contributions, of either sign, to figures that "
            "lie far from those of similar taxpayers, and much of what was planted lies there. What learning "
            "adds is the sign: which of them raise the score. So we turn every sign, rank again, and see how "
            "much less is named."
        ),
        sentence(
            "With its own signs the model names {own} of what was planted, with all signs turned {turned}. "
            "Models that learned nothing name {low} to {high}, and with their signs turned {turned_low} to "
            "{turned_high}.",
            own=with_signs,
            turned=turned,
            **_say_range(blank, ("low", "high")),
            **_say_range(_like(evidence, opposite, blank), ("turned_low", "turned_high")),
        ),
        sentence(
            "Of what the right signs add in the model, the spoilt model that keeps most of it loses {least}. "
            "More than 100% means that the lead turned: it names more with its signs turned.",
            least="".join(say_row(row) for row in least.itertuples(index=False)),
        ),
        sentence(
            "The model's {own} here need not be the {other} of the first part: every code counts, not only "
            "those that raise the score enough to be told, and it is of other flagged returns, drawn at "
            "random and held against fewer peers.",
            own=with_signs.split(" ")[0],
            other=evidence.say("recovery", recall, level="code", method="reasons").split(" ")[0],
        ),
    ]


def _like(evidence: Evidence, measure: str, rows: pd.DataFrame) -> pd.DataFrame:
    found = evidence.rows("randomised", measure, group_by="")
    return found[found["method"].isin(rows["method"])]


def _say_range(rows: pd.DataFrame, names: tuple[str, str]) -> dict[str, str]:
    """Write the least and the largest of some shares; empty where there are none."""
    ends = (rows["value"].min(), rows["value"].max())
    return {name: "" if rows.empty else share(float(end)) for name, end in zip(names, ends, strict=True)}
