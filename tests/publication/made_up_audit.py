"""A small audit made by hand, with something in nearly every part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from taxgap.reasons.audit.faithfulness import randomised
from taxgap.reasons.audit.figures import Estimate, Figure, tidy
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.recovery import comparison
from taxgap.reasons.audit.result import ExplanationAudit
from taxgap.reasons.audit.rules import Check, Rule

PERSON = "T00000042"
CODES = ("third_party.takings", "third_party.interest", "expenses.total")
KINDS = ("cash_sales_omitted", "interest_omitted", "expenses_inflated")

ABOUT: dict[str, Any] = {
    "model_id": "abc",
    "regime": "self_assessment",
    "as_of": "2026-09-30",
    "periods": ["2023-24", "2024-25"],
    "returns": 1_000,
    "flagged": 60,
    "audited": 500,
    "flagged_audited": 60,
    "synthetic": True,
    "truth": True,
    "own_explanations": True,
    "cutoff": 0.5,
    "evidence": {"interest_omitted": ("third_party.interest",)},
    "settings": {
        "refits": 4,
        "reasons": 3,
        "draws": 20,
        "confidence": 0.95,
        "seed": 0,
        "capacity_share": 0.05,
    },
}


def figure(part: str, measure: str, value: float, **where: Any) -> Figure:
    ends = {"low": value - 0.04, "high": value + 0.05, "n": 120}
    return Figure(part=part, measure=measure, value=value, **(ends | where))


def grouped(part: str, measure: str, by: str, groups: tuple[str, ...], **where: Any) -> list[Figure]:
    return [
        figure(part, measure, 0.3 + 0.1 * place, group_by=by, group=group, **where)
        for place, group in enumerate(groups)
    ]


def build_recovery() -> Part:
    recall, own = "recall@3", {"level": "code", "chance": 0.25}
    figures = [
        figure("recovery", recall, 0.67, **own),
        figure("recovery", recall, 0.41, method="global", **own),
        figure("recovery", recall, 0.55, method="most_alike", level="code"),
        figure("recovery", "specificity@3", 0.33, level="code"),
        figure("recovery", "specificity@3", 0.0, level="code", method="most_alike"),
        figure("recovery", "specificity@3", 0.35, level="code", method="z_score"),
        figure("recovery", "lift of specificity@3", -0.02, level="code", group_by="against", group="z_score"),
        figure("recovery", "first reason right", 0.56, level="code"),
        figure("recovery", "recall@1", 0.39, level="code"),
        figure("recovery", "lift of recall@3", 0.26, level="code", group_by="against", group="global"),
        *grouped("recovery", recall, "mechanism", KINDS, **own),
        *grouped("recovery", recall, "mechanism", KINDS, method="global", **own),
    ]
    confusion = pd.DataFrame(
        [
            (kind, code, 0.6 if i == j else 0.2, i == j, 40)
            for i, kind in enumerate(KINDS)
            for j, code in enumerate(CODES)
        ],
        columns=["mechanism", "code", "share", "right", "n"],
    )
    split = pd.DataFrame(
        [
            (by, group, part, 1e6, share, share - 0.05, share + 0.05, 90)
            for by, group in (("", ""), *(("mechanism", kind) for kind in KINDS))
            for part, share in (
                ("not flagged", 0.6),
                ("flagged, wrong reason", 0.1),
                ("flagged, right reason", 0.3),
            )
        ],
        columns=["group_by", "group", "part", "pounds", "share", "low", "high", "n"],
    )
    return Part("recovery", tidy(figures), {"confusion": confusion, "split": split})


def build_others() -> Iterator[Part]:
    yield Part(
        "truthful",
        tidy(
            [
                figure("truthful", "recall@3", 0.8, level="code", method="truth"),
                figure("truthful", "recall@3", 0.67, level="code"),
                figure("truthful", "attained", 0.84, level="code"),
                *grouped("truthful", "recall@3", "mechanism", KINDS, level="code", method="truth"),
                *grouped("truthful", "no trace", "mechanism", KINDS, level="code", method="truth"),
            ]
        ),
    )
    methods = [
        figure("comparison", "recall@3", 0.2 + 0.1 * place, level="code", method=name, chance=0.25)
        for place, name in enumerate((*comparison.METHODS, "mine"))
    ]
    yield Part("comparison", tidy(methods))
    exact = figure("numbers", "additivity, largest difference", 4e-15, low=np.nan, high=np.nan, unit="log")
    yield Part("numbers", tidy([exact, figure("numbers", "completeness", 1.0, method="contributions")]))
    curves = pd.DataFrame(
        [
            (curve, method, codes, -0.1 * codes, -0.1 * codes - 0.02, -0.1 * codes + 0.02, 50)
            for curve in ("deletion", "insertion")
            for method in ("contributions", "random")
            for codes in (0, 1, 3, 30)
        ],
        columns=["curve", "method", "codes", "value", "low", "high", "n"],
    )
    needs = [
        figure("faithfulness", measure, 0.5, level="family", method=method)
        for measure in ("necessity@family", "sufficiency@3")
        for method in ("reasons", "random", "shuffled", "best")
    ]
    yield Part("faithfulness", tidy(needs), {"curves": curves})
    leads = grouped(
        "stability",
        "stable share",
        "lead of the first reason",
        ("under 0.05", "0.05 to 0.1"),
        method="refits",
    )
    swaps = pd.DataFrame(
        [(CODES[0], "", 0.1, 0.2, False)],
        columns=["first", "instead", "share_of_swaps", "share_of_first", "same_family"],
    )
    stable = figure("stability", "stable share", 0.44, level="code", method="refits")
    yield Part("stability", tidy([stable, *leads]), {"swaps": swaps})
    yield Part(
        "backgrounds", tidy(grouped("backgrounds", "top-1 agreement", "peers", ("under 100",), level="code"))
    )
    changed = "first code changes, score does not"
    yield Part(
        "reporting", tidy(grouped("reporting", changed, "change", ("1% up", "rounded to £10"), level="code"))
    )
    yield Part(
        "randomised",
        tidy(
            [
                *(
                    figure("randomised", "similarity", 0.2, method=name, unit="number")
                    for name in randomised.KINDS
                ),
                *(
                    figure("randomised", measure, value, method=name, level="code", chance=0.2)
                    for measure, own in (("recall@3", 0.7), ("recall@3 of opposite signs", 0.4))
                    for name, value in (("trained", own), ("leaves", 0.48), ("splits", 0.51))
                ),
                figure(
                    "randomised",
                    "share of lead over opposite signs lost, recall@3",
                    0.98,
                    method="leaves",
                    level="code",
                ),
            ]
        ),
    )
    yield Part("honest", tidy([]), left_out="Fewer than 30 flagged returns are honest.")
    gaps = pd.DataFrame(
        [("nation", "recall", 0.1, 0.02, 0.2, 0.05, 0.001, "Wales", "England", 120)],
        columns=["group_by", "measure", "gap", "low", "high", "by_chance", "p", "highest", "lowest", "n"],
    )
    nations = ("England", "Wales")
    small = pd.DataFrame(
        [("trade group", "recall", "wholesale", 12)], columns=["group_by", "measure", "group", "n"]
    )
    yield Part(
        "parity", tidy(grouped("parity", "recall", "nation", nations)), {"gaps": gaps, "left_out": small}
    )
    trades = ("building_trades", "none")
    yield Part("group_effect", tidy(grouped("group_effect", "rests on the group", "trade group", trades)))
    words = pd.DataFrame({"text": ["What officers found is not what was wrong."]})
    settled = figure("settled", "recall@3", 0.58, level="field", group_by="returns", group="all", chance=0.29)
    yield Part("settled", tidy([settled]), {"words": words})
    yield Part(
        "planting",
        tidy(
            grouped(
                "planting", "recall@3", "manipulation", ("rent_left_out", "my_own"), level="code", chance=0.2
            )
        ),
        notes=("The check says nothing of what no flagged return shows: My own (0 of 9 flagged).",),
    )


def build_audit() -> ExplanationAudit:
    checks = (
        Check(
            Rule("recall", "recovery", "Is it named?", "at least", 0.8, fails="Look by mechanism."),
            Estimate(0.796, 0.77, 0.82, 90),
        ),
        Check(
            Rule("stable_share", "stability", "Is it stable?", "at least", 0.4),
            Estimate(0.44, 0.42, 0.46, 90),
        ),
        Check(Rule("honest_no_reason", "honest", "Is there one?", "at most", 0.1), None),
        Check(
            Rule("planting", "planting", "Are they named?", "at least", 0.8),
            Estimate(1.0, 0.7, 1.0, 4),
            why="Only 4 returns came to be flagged.",
        ),
    )
    examples = (
        {
            "kind": "wrong",
            "title": "No reason is right",
            "taxpayer_id": PERSON,
            "period": "2024-25",
            "reasons": [{"code": CODES[0], "sentence": "Takings are high."}],
            "planted": [
                {"title": "Bank interest is left out", "tax": 900.0, "evidence": [CODES[1]]},
                {"title": "Sales for cash are left out", "tax": 9.0, "evidence": [CODES[0]]},
            ],
        },
    )
    return ExplanationAudit(ABOUT, (build_recovery(), *build_others()), checks, examples)
