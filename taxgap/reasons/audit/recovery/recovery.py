"""Are the right reasons given: what was planted in flagged returns, and what their reasons name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from taxgap.reasons.audit.bands import FEWEST
from taxgap.reasons.audit.figures import Estimate, Figure, draw_figure, tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.planted import LEVELS, Planted
from taxgap.reasons.audit.recovery.baselines import BASELINES, rank_by_baselines
from taxgap.reasons.audit.recovery.case_groups import OF_CASES, groups_of_cases
from taxgap.reasons.audit.recovery.confusion import confuse
from taxgap.reasons.audit.recovery.metrics import (
    Target,
    expect_hits,
    expect_recall,
    find_hits,
    find_recall,
    measures_for,
    share_of_cases,
    target_of,
)
from taxgap.reasons.audit.recovery.ranked import Ranked, rank_contributions, rank_reasons
from taxgap.reasons.audit.recovery.specific import MOST_ALIKE, Specific, rank_most_alike
from taxgap.reasons.audit.recovery.split import split_tax
from taxgap.reasons.audit.rules import Rule
from taxgap.risk.arrays import Floats

NAME = "recovery"

RULES = (
    Rule(
        "recall",
        NAME,
        "Do the first reasons of a flagged return name what is wrong with it?",
        "at least",
        0.80,
        fails="Too often what was planted is not among the reasons. The figures by mechanism say which; the "
        "picture of mechanisms against first reasons says what is named instead.",
    ),
    Rule(
        "chance",
        NAME,
        "Is it hard to be right by chance?",
        "at most",
        0.30,
        fails="So many codes count as right that random reasons would often be. Name fewer in the map of "
        "evidence.",
    ),
    Rule(
        "lift_over_chance",
        NAME,
        "Are the reasons right more often than random ones?",
        "above",
        0.0,
        "low",
        fails="The reasons cannot be told from random ones.",
    ),
    Rule(
        "lift_over_baselines",
        NAME,
        "Are the reasons right more often than the best naive explanation's?",
        "above",
        0.0,
        "low",
        fails="One ranking for everyone, or the distance from the peers, explains as well. The reasons add "
        "nothing that is particular to a return.",
    ),
    Rule(
        "specificity_lead",
        NAME,
        "Do the reasons tell returns apart better than the best naive explanation?",
        "above",
        0.0,
        "low",
        fails="A naive explanation tells returns apart as well: where something was planted it names fitting "
        "codes more often than elsewhere, by as much. Show it beside the reasons, and see by mechanism which "
        "codes are named of nearly everyone.",
    ),
    Rule(
        "top_right",
        NAME,
        "Is the first reason right more often than the one code that serves most returns?",
        "above",
        0.0,
        "low",
        fails="Naming the same code of everyone would be right as often.",
    ),
)
"""The checks of this part, with their bounds."""

NO_TRUTH = "What is wrong with the returns is not known, so the reasons cannot be held against it."
NO_CASES = "No flagged return holds anything that was planted."
NO_KINDS = f"Nothing was planted in {FEWEST} flagged returns alike, so none can be told from the others."


@dataclass(frozen=True, eq=False)
class Ground:
    """What recovery is measured on: the flagged returns, and what was planted in them.

    Attributes
    ----------
    material : Material
    planted : Planted
    """

    material: Material
    planted: Planted

    @cached_property
    def cases(self) -> pd.DataFrame:
        """The cases of flagged returns that count; see `Planted.counted`."""
        return self.flagged_among(self.planted.counted)

    @cached_property
    def blind(self) -> pd.DataFrame:
        """Those of mechanisms that the library does not know: no reason was made with them in mind."""
        return self.flagged_among(self.planted.unforeseen)

    @cached_property
    def targets(self) -> dict[str, Target]:
        """What is to be found, by level."""
        return {level: target_of(self.planted, level, self.cases) for level in LEVELS}

    @property
    def most(self) -> int:
        """So many reasons are looked at."""
        return self.material.settings.reasons

    def flagged_among(self, cases: pd.DataFrame) -> pd.DataFrame:
        """Keep the cases of flagged returns that lose tax."""
        kept = self.material.flagged[cases["row"].to_numpy(dtype=np.int64)] & (cases["tax"] > 0).to_numpy()
        return cases[kept].reset_index(drop=True)

    def recall(self, ranked: Ranked) -> Floats:
        """Return recall by code of each return, as the checks have it."""
        return find_recall(ranked, self.targets["code"], self.most)


def measure_recovery(material: Material) -> Part:
    """Measure how often the reasons of flagged returns name what was planted in them.

    Parameters
    ----------
    material : Material

    Returns
    -------
    Part
        Figures for the reasons as given (method ``reasons``), for the contributions ranked without floors
        (``contributions``) and for naive explanations (``random``, ``global``, ``z_score``). Tables
        ``confusion`` of mechanisms and first codes, and ``split`` of all planted tax. The notes say which
        codes are named of everyone by explanations that say the same of all.

    Notes
    -----
    A return's recall is the mean over its mechanisms, each counted if it holds a tenth of the return's tax;
    figures of all are the mean over returns. Figures by mechanism and by behaviour are means over cases.
    """
    planted = material.planted
    if planted is None:
        return Part(NAME, tidy(()), left_out=NO_TRUTH)
    ground = Ground(material, planted)
    if ground.cases.empty:
        return Part(NAME, tidy(()), left_out=NO_CASES)
    ranked = rankings_of(material)
    confusion = confuse(material, ground.targets["code"], ground.cases, ranked["reasons"])
    split = split_tax(material, planted, ranked["reasons"])
    findings, best = _find(ground, ranked)
    alike = rank_most_alike(ground.targets["code"], material.weight, ground.most)
    specific = Specific(material.bootstrap, ground.targets["code"], ground.cases, planted, ground.most)
    shares = specific.measure({**ranked, MOST_ALIKE: alike})
    findings["specificity_lead"], most_specific = specific.lead(shares, BASELINES)
    figures = [
        *measure_methods(NAME, ground, ranked),
        *_measure_cases(ground, ranked),
        *_measure_blind(ground, ranked),
        *_measure_groups(ground, ranked),
        *_measure_alike(ground, alike),
        *specific.figures(NAME, shares),
        *_name_findings(ground, findings, best, most_specific),
        *confusion.figures(NAME),
        *split.figures(NAME),
    ]
    tables = {"confusion": confusion.table, "split": split.table}
    return Part(
        NAME,
        tidy(figures),
        tables,
        {**findings, "top_right": confusion.ahead},
        unasked={} if specific.names else {"specificity_lead": NO_KINDS},
        notes=_name_alike(ground, {"global": ranked["global"], MOST_ALIKE: alike}),
    )


def rankings_of(material: Material) -> dict[str, Ranked]:
    """Rank by the reasons as given, by the contributions behind them, and by every naive method."""
    own = (
        rank_reasons(material.regime, material.reasons),
        rank_contributions(material.regime, material.contributions.set_axis(material.index), "contributions"),
    )
    return {each.method: each for each in own} | rank_by_baselines(material)


def best_baseline(ground: Ground, ranked: Mapping[str, Ranked]) -> str:
    """Name the naive method with the highest recall by code on the same returns; the first of equal ones."""
    found = {name: ground.material.bootstrap.mean(ground.recall(ranked[name])).value for name in BASELINES}
    return max(found, key=lambda name: found[name])


def _find(ground: Ground, ranked: Mapping[str, Ranked]) -> tuple[dict[str, Estimate], str]:
    bootstrap, best = ground.material.bootstrap, best_baseline(ground, ranked)
    own, chance = ground.recall(ranked["reasons"]), expect_recall(ground.targets["code"], ground.most)
    findings = {
        "recall": bootstrap.mean(own),
        "chance": bootstrap.mean(chance),
        "lift_over_chance": bootstrap.difference(own, chance),
        "lift_over_baselines": bootstrap.difference(own, ground.recall(ranked[best])),
    }
    return findings, best


def _name_findings(
    ground: Ground, findings: Mapping[str, Estimate], best: str, most_specific: str
) -> Iterator[Figure]:
    for name, of, against in (
        ("lift_over_chance", "recall", "chance"),
        ("lift_over_baselines", "recall", best),
        ("specificity_lead", "specificity", most_specific),
    ):
        where = {"level": "code", "group_by": "against", "group": against}
        yield draw_figure(NAME, f"lift of {of}@{ground.most}", findings[name], **where)


_ALIKE = {
    "global": "One ranking for everyone, made without the truth, names of every return",
    MOST_ALIKE: "The codes for everyone that do best, chosen afterwards with the truth in hand, are",
}


def _name_alike(ground: Ground, ranked: Mapping[str, Ranked]) -> tuple[str, ...]:
    """Say which codes are named of everyone."""
    titles = [code.title for code in ground.material.regime.codes]
    first = {name: each.positions["code"][0, : ground.most] for name, each in ranked.items()}
    named = {name: "; ".join(titles[place] for place in places) for name, places in first.items()}
    return tuple(f"{_ALIKE[name]}: {codes}." for name, codes in named.items() if codes)


def measure_methods(part: str, ground: Ground, ranked: Mapping[str, Ranked]) -> Iterator[Figure]:
    """Yield every measure of every method at every level, as figures of a part."""
    bootstrap = ground.material.bootstrap
    for level, target in ground.targets.items():
        for measure, (find, expect) in measures_for(ground.most).items():
            chance = bootstrap.mean(expect(target)).value
            for method, each in ranked.items():
                found = bootstrap.mean(find(each, target))
                yield draw_figure(part, measure, found, level=level, method=method, chance=chance)


def _measure_cases(ground: Ground, ranked: Mapping[str, Ranked]) -> Iterator[Figure]:
    """Recall weighted by tax, and of everything that was planted, however small."""
    bootstrap, k = ground.material.bootstrap, ground.most
    every = target_of(ground.planted, "code", ground.flagged_among(ground.planted.cases))
    tax = ground.cases["tax"].to_numpy(dtype=np.float64)
    chance = bootstrap.mean(expect_recall(every, k)).value
    for level, target in ground.targets.items():
        by_tax = share_of_cases(bootstrap, target.row, expect_hits(target, k), tax).value
        for method, each in ranked.items():
            found = share_of_cases(bootstrap, target.row, find_hits(each, target, k), tax)
            yield draw_figure(NAME, f"recall@{k} by tax", found, level=level, method=method, chance=by_tax)
    for method, each in ranked.items():
        found = bootstrap.mean(find_recall(each, every, k))
        yield draw_figure(
            NAME, f"recall@{k} of all planted", found, level="code", method=method, chance=chance
        )


def _measure_blind(ground: Ground, ranked: Mapping[str, Ranked]) -> Iterator[Figure]:
    """Recall of mechanisms that nobody had in mind, together and one by one."""
    bootstrap, k = ground.material.bootstrap, ground.most
    for name in ("", *sorted(set(ground.blind["mechanism"]))):
        cases = ground.blind if not name else ground.blind[ground.blind["mechanism"] == name]
        if len(cases) < FEWEST:
            continue
        target = target_of(ground.planted, "code", cases)
        chance = bootstrap.mean(expect_recall(target, k)).value
        for method, each in ranked.items():
            found = share_of_cases(bootstrap, target.row, find_hits(each, target, k))
            where = {"group_by": "blind", "group": name, "level": "code", "method": method}
            yield draw_figure(NAME, f"recall@{k}", found, chance=chance, **where)


def _measure_alike(ground: Ground, alike: Ranked) -> Iterator[Figure]:
    """Recall of a few codes given to everybody, chosen with the truth."""
    found = ground.material.bootstrap.mean(ground.recall(alike))
    yield draw_figure(NAME, f"recall@{ground.most}", found, level="code", method=MOST_ALIKE)


def _measure_groups(ground: Ground, ranked: Mapping[str, Ranked]) -> Iterator[Figure]:
    """Recall by code over the cases of each group; by mechanism beside the naive methods."""
    bootstrap, target, k = ground.material.bootstrap, ground.targets["code"], ground.most
    hits = {method: find_hits(each, target, k) for method, each in ranked.items()}
    expected = expect_hits(target, k)
    alike = 1.0 / target.cases[target.row]  # a return counts once, however many mechanisms it has
    for by, group, inside, enough in groups_of_cases(ground.material, ground.cases):
        row, weight = target.row[inside], None if by in OF_CASES else alike[inside]
        where = {"level": "code", "group_by": by, "group": group}
        if not enough:
            few = Estimate(np.nan, np.nan, np.nan, len(np.unique(row)))
            yield draw_figure(NAME, f"recall@{k}", few, **where)
            continue
        chance = share_of_cases(bootstrap, row, expected[inside], weight).value
        for method in hits if by == "mechanism" else ("reasons",):
            found = share_of_cases(bootstrap, row, hits[method][inside], weight)
            yield draw_figure(NAME, f"recall@{k}", found, method=method, chance=chance, **where)
