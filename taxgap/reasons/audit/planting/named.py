"""Manipulations planted in a copy of the records: are they named? No truth is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.reasons.audit.figures import Bootstrap, Figure, draw_figure, tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.planted import planted_in
from taxgap.reasons.audit.planting.manipulations import SELF_ASSESSMENT_MANIPULATIONS, Manipulation
from taxgap.reasons.audit.planting.planting import Planting, plant
from taxgap.reasons.audit.recovery.metrics import expect_hits, find_hits, share_of_cases, target_of
from taxgap.reasons.audit.recovery.ranked import rank_reasons
from taxgap.reasons.audit.rules import Rule
from taxgap.records.partitions import partition_of
from taxgap.regimes.returns import KEY
from taxgap.risk.arrays import Bools

NAME = "planting"

RULES = (
    Rule(
        "planting",
        NAME,
        "Are manipulations that the evaluator planted named?",
        "at least",
        0.80,
        fails="Known manipulations are flagged for another reason. See which, and how small they are.",
    ),
)
"""The check of this part, with its bound."""

SHARE = 0.03
"""The share of the taxpayers whose return is changed."""

FRAME = "The explanations were given as a frame, so there are none of returns that are changed."
NO_MANIPULATIONS = "No manipulation is known for this tax; give your own."


def measure_planting(material: Material, manipulations: Sequence[Manipulation] | None = None) -> Part:
    """Plant manipulations in returns that are not flagged, and see whether their reasons name them.

    Parameters
    ----------
    material : Material
    manipulations : sequence of Manipulation, optional
        The evaluator's own; those of the library for Self Assessment when absent.

    Returns
    -------
    Part
        By manipulation: the share that is flagged (``flagged``), and recall among these and among all.

    Notes
    -----
    A planted return is flagged if it scores as high as the least of the flagged returns of its tax year, and
    its probability reaches the cut-off.
    """
    known = SELF_ASSESSMENT_MANIPULATIONS if material.regime.name == "self_assessment" else ()
    chosen = tuple(known if manipulations is None else manipulations)
    if not chosen:
        return Part(NAME, tidy(()), left_out=NO_MANIPULATIONS)
    if not material.subject.follows:
        return Part(NAME, tidy(()), left_out=FRAME)
    try:
        planting = plant(
            material.records,
            material.regime,
            chosen,
            share=SHARE,
            seed=material.settings.seed,
            periods=material.settings.periods,
            leave_out=material.every_flagged,
        )
    except InvalidDataError as error:
        return Part(NAME, tidy(()), left_out=str(error))
    return _measure(material, planting, chosen)


def _measure(material: Material, planting: Planting, chosen: Sequence[Manipulation]) -> Part:
    subject, k = material.subject, material.settings.reasons
    observed = _observe(material, planting)
    seen = subject.regime.compare(observed, subject.peers)
    reasons = material.name_reasons(observed, subject.explain(seen))
    lines = planting.planted.set_index(KEY).loc[observed.index]
    cases = pd.DataFrame(
        {
            "row": np.arange(len(observed)),
            "mechanism": lines["mechanism"].astype("str").to_numpy(),
            "behaviour": "",
            "tax": 1.0,
            "fields": [()] * len(observed),
        }
    )
    evidence = {each.name: each.evidence for each in chosen}
    target = target_of(planted_in(subject.regime, cases, len(observed), evidence), "code", cases)
    hits = find_hits(rank_reasons(subject.regime, reasons), target, k)
    own = material.settings
    bootstrap = Bootstrap(observed.index, np.ones(len(observed)), own.draws, own.seed, own.confidence)
    flagged = _flag(material, seen)
    expected = expect_hits(target, k)

    def figures() -> Iterator[Figure]:
        names = cases["mechanism"].to_numpy()
        for name in ("", *evidence):
            those: Bools = names == name if name else np.ones(len(names), np.bool_)
            if not those.any():
                continue
            where = {"level": "code", "group_by": "manipulation" if name else "", "group": name}
            share = bootstrap.mean(np.where(those, flagged, np.nan))
            yield draw_figure(NAME, "flagged", share, **where)
            for measure, inside in ((f"recall@{k}", those & flagged), (f"recall@{k} of all", those)):
                if inside.any():
                    chance = float(expected[inside].mean())
                    found = share_of_cases(bootstrap, target.row[inside], hits[inside])
                    yield draw_figure(NAME, measure, found, chance=chance, **where)

    findings = (
        {"planting": share_of_cases(bootstrap, target.row[flagged], hits[flagged])} if flagged.any() else {}
    )
    return Part(NAME, tidy(figures()), findings=findings)


def _observe(material: Material, planting: Planting) -> pd.DataFrame:
    wanted, regime, records = planting.index, material.regime, planting.records
    periods = list(wanted.get_level_values("period").unique())
    home = partition_of(wanted.get_level_values("taxpayer_id"), len(records.partitions))
    parts = []
    for partition in np.unique(home).tolist():
        held = records.hold(
            regime.tables, partition, wanted.get_level_values("taxpayer_id")[home == partition]
        )
        measured = regime.measure(held, periods)
        parts.append(measured[measured.index.isin(wanted)])
    return pd.concat(parts)


def _flag(material: Material, seen: pd.DataFrame) -> Bools:
    scored = material.subject.score(seen)
    cuts = material.cut_of(seen.index)
    flagged: Bools = (scored.score >= cuts) & (scored.probability >= material.subject.cutoff)
    return flagged
