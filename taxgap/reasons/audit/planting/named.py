"""Manipulations planted in a copy of the records: are they named? No truth is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.reasons.audit.bands import FEWEST
from taxgap.reasons.audit.figures import Bootstrap, Figure, draw_figure, tidy
from taxgap.reasons.audit.material import Material, measure_some
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.planted import planted_in
from taxgap.reasons.audit.planting.manipulations import SELF_ASSESSMENT_MANIPULATIONS, Manipulation
from taxgap.reasons.audit.planting.planting import Planting, plant
from taxgap.reasons.audit.recovery.metrics import expect_hits, find_hits, share_of_cases, target_of
from taxgap.reasons.audit.recovery.ranked import rank_reasons
from taxgap.reasons.audit.rules import Rule
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

PLANTED = 4_000
"""So many taxpayers are drawn, or all there are. Every other one or so has a return that can be changed, and
a few in a hundred of these come to be flagged, which is what the check rests on."""

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
        By manipulation: the share that is flagged (``flagged``), and recall among these and among all. The
        check is not asked where fewer than 30 of the changed returns are flagged. The notes say how many show
        each manipulation, and name those that none shows.

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
            share=_share(material),
            seed=material.settings.seed,
            periods=material.settings.periods,
            leave_out=material.every_flagged,
        )
    except InvalidDataError as error:
        return Part(NAME, tidy(()), left_out=str(error))
    return _measure(material, planting, chosen)


def _measure(material: Material, planting: Planting, chosen: Sequence[Manipulation]) -> Part:
    subject, k = material.subject, material.settings.reasons
    observed = measure_some(planting.records, material.regime, planting.index)
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
    return Part(
        NAME,
        tidy(figures()),
        findings=findings,
        unasked=_find_unasked(flagged),
        notes=tuple(_say_shown(cases["mechanism"], flagged, chosen)),
    )


def _share(material: Material) -> float:
    """Return the share of the taxpayers that `PLANTED` is, were there a return of each in every period."""
    periods = material.index.get_level_values("period").nunique()
    return float(min(1.0, PLANTED * periods / material.counts["returns"]))


def _find_unasked(flagged: Bools) -> dict[str, str]:
    seen = int(np.count_nonzero(flagged))
    if seen >= FEWEST:
        return {}
    return {
        NAME: f"Only {seen:,} of {len(flagged):,} changed returns came to be flagged; {FEWEST} are needed."
    }


def _say_shown(mechanism: pd.Series, flagged: Bools, chosen: Sequence[Manipulation]) -> Iterator[str]:
    """Say how many flagged returns show each manipulation, and name those that none does."""
    planted, shown = mechanism.value_counts(), mechanism[flagged].value_counts()
    titles = {each.name: each.title or each.name for each in chosen}
    each = [f"{title}: {shown.get(name, 0):,} of {planted.get(name, 0):,}" for name, title in titles.items()]
    yield f"Changed returns that came to be flagged, on which the check rests. {'; '.join(each)}."
    unseen = [title for name, title in titles.items() if name not in shown.index]
    if unseen:
        yield f"No flagged return shows these, so the check says nothing of them: {'; '.join(unseen)}."


def _flag(material: Material, seen: pd.DataFrame) -> Bools:
    scored = material.subject.score(seen)
    cuts = material.cut_of(seen.index)
    flagged: Bools = (scored.score >= cuts) & (scored.probability >= material.subject.cutoff)
    return flagged
