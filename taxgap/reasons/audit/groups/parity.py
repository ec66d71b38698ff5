"""Are the explanations as good for one group of people as for another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from taxgap.reasons.audit.figures import Estimate, Figure, tidy
from taxgap.reasons.audit.groups.gaps import Gap, Levels, find_gap, level_groups, residual
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.recovery.metrics import find_recall, target_of
from taxgap.reasons.audit.recovery.ranked import rank_reasons
from taxgap.reasons.audit.rules import Rule
from taxgap.reasons.audit.stability.agreement import Agreement
from taxgap.reasons.audit.stability.naming import count_reasons, given_codes
from taxgap.risk.arrays import Floats

NAME = "parity"

_FAILS = (
    "For some people the explanations are worse, and that is more than chance. See the gap for which; where "
    "it vanishes like for like, these people understate in ways that are harder to name."
)

RULES = (
    Rule(
        "parity_recall",
        NAME,
        "Are the right reasons named as often of every group?",
        "at most",
        0.15,
        "low",
        fails=_FAILS,
    ),
    Rule(
        "parity_stable",
        NAME,
        "Are the first reasons as stable for every group?",
        "at most",
        0.15,
        "low",
        fails=_FAILS,
    ),
    Rule(
        "parity_reasons",
        NAME,
        "Is every group given as many reasons?",
        "at most",
        0.5,
        "low",
        "number",
        fails=_FAILS,
    ),
)
"""The checks of this part. The largest gap among many groups is large by chance too, so the lower end of its
interval, which allows for that, is held against the bound: a gap fails that is beyond doubt."""

RECALL, LIKE_FOR_LIKE, STABLE, REASONS = "recall", "recall like for like", "stable share", "reasons"

JUDGED = ("nation", "income decile", "size decile", "age band", "trade group")
"""The groups that the checks judge; the others are told."""

_FINDINGS = {RECALL: "parity_recall", STABLE: "parity_stable", REASONS: "parity_reasons"}

NOTHING = "The records know no groups of these returns."


def measure_parity(material: Material, agreement: Agreement | None = None) -> Part:
    """Measure recall, stability and the number of reasons by group.

    Parameters
    ----------
    material : Material
    agreement : Agreement, optional
        Of refits, from `taxgap.reasons.audit.stability.refitting.find_agreement`; without it, stability is
        not asked.

    Returns
    -------
    Part
        With a table of the ``gaps``, and one of groups ``left_out`` as too small to stand alone, by name and
        without their sizes. Recall is not asked without a truth.

    Notes
    -----
    Recall of a return is the share of its mechanisms that one of its first reasons can reveal, by the map of
    evidence. Like for like is recall less that of the return's largest mechanism among all flagged returns,
    plus the mean: what of a gap is left when groups understate in the same ways.
    """
    measured = _measure(material, agreement)
    figures: list[Figure] = []
    gaps, small, worst = [], [], dict[str, Estimate]()
    for by in material.groups.columns:
        for measure, values in measured.items():
            levels = level_groups(material.groups[by], values)
            figures += _say_groups(material, str(by), measure, values, levels)
            small += [(by, measure, name) for name in levels.left_out]
            gap = find_gap(material.bootstrap, values, levels)
            if gap is None:
                continue
            figures.append(_say_gap(str(by), measure, gap))
            gaps.append(_lay_out(str(by), measure, gap))
            name = _FINDINGS.get(measure)
            if name and by in JUDGED and (name not in worst or gap.found.low > worst[name].low):
                worst[name] = gap.found
    columns = ["group_by", "measure", "gap", "low", "high", "by_chance", "p", "highest", "lowest", "n"]
    tables = {
        "gaps": pd.DataFrame(gaps, columns=columns),
        "left_out": pd.DataFrame(small, columns=["group_by", "measure", "group"]),
    }
    few = "" if agreement is None else agreement.too_few
    unasked = {_FINDINGS[STABLE]: few} if few else {}
    return Part(NAME, tidy(figures), tables, worst, "" if gaps else NOTHING, unasked)


def _measure(material: Material, agreement: Agreement | None) -> Mapping[str, Floats]:
    codes, flagged = given_codes(material), material.flagged
    measured = {REASONS: np.where(flagged, count_reasons(codes), np.nan)}
    if agreement is not None:
        measured[STABLE] = agreement.lay_out(agreement.stable)
    if material.planted is not None:
        named = rank_reasons(material.regime, material.reasons)
        recall = find_recall(named, target_of(material.planted, "code"), material.settings.reasons)
        measured[RECALL] = np.where(flagged, recall, np.nan)
        largest = material.planted.counted.sort_values(["row", "tax"]).drop_duplicates("row", keep="last")
        kinds = largest.set_index("row")["mechanism"].reindex(range(len(material)))
        measured[LIKE_FOR_LIKE] = residual(recall, kinds, flagged)
    return measured


def _say_groups(
    material: Material, by: str, measure: str, values: Floats, levels: Levels
) -> Iterator[Figure]:
    share = measure in {RECALL, STABLE}
    for number, name in enumerate(levels.names):
        found = material.bootstrap.mean(np.where(levels.codes == number, values, np.nan), share=share)
        yield Figure(
            part=NAME,
            measure=measure,
            level="code",
            group_by=by,
            group=name,
            value=found.value,
            low=found.low,
            high=found.high,
            n=found.n,
            unit="number" if measure == REASONS else "share",
        )


def _say_gap(by: str, measure: str, gap: Gap) -> Figure:
    return Figure(
        part=NAME,
        measure=f"gap of {measure}",
        level="code",
        group_by=by,
        value=gap.found.value,
        low=gap.found.low,
        high=gap.found.high,
        chance=gap.chance,
        n=gap.found.n,
        unit="number" if measure == REASONS else "share",
    )


def _lay_out(by: str, measure: str, gap: Gap) -> tuple[object, ...]:
    found = gap.found
    ends = (gap.highest, gap.lowest, found.n)
    return by, measure, found.value, found.low, found.high, gap.chance, gap.p, *ends
