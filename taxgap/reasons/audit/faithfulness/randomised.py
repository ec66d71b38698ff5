"""Randomisation tests for trees: explanations of models that learned nothing must fall to chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import lightgbm as lgb
import numpy as np
from scipy.stats import rankdata

from taxgap.errors import IncompatibleError
from taxgap.reasons.audit.faithfulness.randomising import (
    draw_of_groups,
    explain_by_code,
    randomise_texts,
    refit_randomised,
)
from taxgap.reasons.audit.figures import Estimate, Figure, draw_figure, spread, tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.recovery.metrics import Target, expect_recall, hits_of, target_of
from taxgap.reasons.audit.recovery.recovery import NO_TRUTH
from taxgap.reasons.audit.rules import Rule
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.refits import Refits, gather_training
from taxgap.reasons.selection import NONE
from taxgap.reasons.spreading import HERE, Spread
from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.cases import Part as Cases

NAME = "randomised"

RETURNS = 600
"""So many flagged returns are explained by every model."""

PEERS = 60
"""So many peers a group: every model is held against the same, and fewer take less time."""

MODELS = 2
"""So many models of each kind."""

KINDS = {
    "seeds": "refits on other samples of the same cases",
    "labels": "refits on cases whose outcomes were exchanged, with the directions that the model was given",
    "labels, no directions": "refits on cases whose outcomes were exchanged, without any direction",
    "leaves": "the values of each tree's leaves exchanged",
    "splits": "the features and the sides of splits drawn anew",
}

LED = ("seeds", "labels")
"""What still knows something: the cases, or the directions that were given with them."""

RULES: tuple[Rule, ...] = (
    Rule(
        "randomisation_gap",
        NAME,
        "Are explanations of refits more alike than those of a model that learned from exchanged outcomes?",
        "above",
        0.0,
        of="low",
        unit="number",
        fails="Explanations do not depend on what was learned: they show the features, not the model.",
    ),
    Rule(
        "randomised_likeness",
        NAME,
        "Are explanations unlike those of the model once nothing that was learned is left?",
        "at most",
        0.3,
        of="high",
        unit="number",
        fails="Explanations hardly depend on what the trees say: they would show the same for any model.",
    ),
    Rule(
        "randomised_recall",
        NAME,
        "Do models that learned nothing lose what the right signs add in naming what was planted?",
        "at least",
        0.75,
        fails="What was not learned names what was planted nearly as well: its contributions have the right "
        "signs as often.",
    ),
)


NO_LEAD = "The model's own signs do not lead, so there is no lead to lose."


def measure_randomised(
    material: Material,
    *,
    training: Cases | None = None,
    refits: Refits | None = None,
    returns: int = RETURNS,
    models: int = MODELS,
    spread: Spread = HERE,
) -> Part:
    """Explain models that were randomised, and compare.

    Parameters
    ----------
    material : Material
    training : Part, optional
        The cases that the model was trained on, from `taxgap.reasons.refits.gather_training`; looked up in
        the records when absent.
    refits : Refits, optional
        Those made for the stability of reasons; the first `models` are used. Made anew when absent.
    returns : int, default 600
        The most flagged returns that are explained, drawn at random.
    models : int, default 2
        How many of each kind.
    spread : Spread, optional
        What grows and explains them; the figures do not depend on it.

    Returns
    -------
    Part
        ``similarity`` (the mean Spearman correlation of contributions by code with those of the model
        audited), ``top agreement`` and, with a truth, ``recall@k`` by code; by `KINDS` as the method.
        ``lift of similarity`` is how much more similar refits are. By chance the correlation is 0, the
        agreement one in as many codes as the model has, and recall the hypergeometric.

    Notes
    -----
    All are explained by the library's kernel, held against the same `PEERS` peers a group; explanations that
    the evaluator brings cannot be randomised. Without the training cases only the text of the model can be,
    and `left_out` says so. Directions that the model was given hold in refits on exchanged outcomes too, so
    that some likeness remains; two rules look only at models of which nothing that was learned is left.

    Recall counts every code, whichever way it moves the score, so that its level by chance is exact for
    rankings at random. A model that learned nothing does not rank at random: it gives large contributions, of
    either sign, to features that lie far from their peers, as planted ones do, and its recall stays above
    that level. What learning adds is the sign: which of these features raise the score. So recall is held
    against that of the same contributions with opposite signs (``recall@k of opposite signs``). Of the lead,
    in the model itself, ``randomised_recall`` asks how much is lost; more than all of it where a spoilt
    model's opposite signs name more.
    """
    model = material.subject.model
    if model is None or not material.subject.ours:
        why = (
            "Only the library's own explanations of its own models can be made again for a randomised model."
        )
        return Part(NAME, tidy([]), left_out=why)
    random = np.random.default_rng([material.settings.seed, 26])
    kinds: dict[str, Sequence[lgb.Booster]] = {"trained": [model.booster("expected_tax")]}
    why = ""
    try:
        known = training or gather_training(material.records, model)
        kinds |= refit_randomised(
            model,
            known,
            random,
            seed=material.settings.seed,
            models=models,
            refits=refits,
            spread=spread,
        )
    except IncompatibleError as error:
        why = f"Refits, and refits on exchanged outcomes, were not made. {error}"
    kinds |= randomise_texts(model, random, models)
    baseline = PeerBaseline(model, material.regime, material.subject.peers, most=PEERS)
    rows = draw_of_groups(material, baseline, returns, random)
    return _compare(material, rows, explain_by_code(material, rows, kinds, baseline, spread), why)


@dataclass(frozen=True, eq=False)
class _Told:
    """What each kind of model has in common with the trained one, by return; the mean over its models."""

    material: Material
    rows: Integers
    values: Mapping[str, list[Floats]]

    @cached_property
    def live(self) -> Bools:
        """The codes that the trained model has."""
        live: Bools = (self.values["trained"][0] != 0).any(axis=0)
        return live

    def similarity(self, kind: str) -> Floats:
        own = _ranks(self.values["trained"][0][:, self.live])
        return self._mean([(own * _ranks(each[:, self.live])).sum(axis=1) for each in self.values[kind]])

    def agreement(self, kind: str) -> Floats:
        first = self.values["trained"][0].argmax(axis=1)
        return self._mean([(each.argmax(axis=1) == first).astype(np.float64) for each in self.values[kind]])

    def recall(self, kind: str, target: Target, k: int, sign: float = 1.0) -> Floats:
        parts = []
        for each in self.values[kind]:
            named = np.full((len(self.material), k), NONE, dtype=np.int64)
            named[self.rows] = np.argsort(-sign * each, axis=1, kind="stable")[:, :k]
            parts.append(target.by_return(hits_of(named, target)))
        return self._among(np.mean(parts, axis=0))

    def chance(self, target: Target, k: int) -> Floats:
        return self._among(expect_recall(target, k))

    def _among(self, values: Floats) -> Floats:
        return spread(values[self.rows], self.rows, len(self.material))

    def _mean(self, parts: list[Floats]) -> Floats:
        return spread(np.mean(parts, axis=0), self.rows, len(self.material))


def _compare(material: Material, rows: Integers, values: Mapping[str, list[Floats]], why: str) -> Part:
    told, boot = _Told(material, rows, values), material.bootstrap
    kinds = [kind for kind in values if kind != "trained"]
    similar = {kind: told.similarity(kind) for kind in kinds}
    agree = {kind: told.agreement(kind) for kind in kinds}
    figures = [
        *(
            _figure("similarity", kind, boot.mean(own, share=False), 0.0, "number")
            for kind, own in similar.items()
        ),
        *(
            _figure("top agreement", kind, boot.mean(own), 1 / max(int(told.live.sum()), 1))
            for kind, own in agree.items()
        ),
    ]
    blank = [kind for kind in kinds if kind not in LED]
    least = max(blank, key=lambda kind: float(np.nanmean(similar[kind])))
    findings = {"randomised_likeness": boot.mean(similar[least], share=False)}
    if "seeds" in values:
        for kind in kinds[1:]:
            gap = boot.difference(similar["seeds"], similar[kind])
            figures.append(_figure("lift of similarity", kind, gap, 0.0, "number"))
            findings |= {"randomisation_gap": gap} if kind == "labels" else {}
    unasked = {"randomised_recall": NO_TRUTH}
    if material.planted is not None:
        more, fallen = _measure_recall(told, target_of(material.planted, "code"), list(values))
        figures += more
        findings |= {} if fallen is None else {"randomised_recall": fallen}
        unasked = {"randomised_recall": NO_LEAD} if fallen is None else {}
    return Part(NAME, tidy(figures), findings=findings, left_out=why, unasked=unasked)


def _measure_recall(told: _Told, target: Target, kinds: list[str]) -> tuple[list[Figure], Estimate | None]:
    boot, k = told.material.bootstrap, told.material.settings.reasons
    chance = told.chance(target, k)
    recall = {kind: told.recall(kind, target, k) for kind in kinds}
    by_lot = boot.mean(chance)
    level = by_lot.value
    figures = [_figure(f"recall@{k}", kind, boot.mean(own), level) for kind, own in recall.items()]
    opposite = {kind: told.recall(kind, target, k, sign=-1.0) for kind in kinds}
    lead, fallen = {kind: recall[kind] - opposite[kind] for kind in kinds}, {}
    for kind in kinds:
        figures.append(_figure(f"recall@{k} of opposite signs", kind, boot.mean(opposite[kind]), level))
        found = boot.mean(lead[kind], share=False)
        figures.append(_figure(f"recall@{k} less that of opposite signs", kind, found, 0.0))
    blank = [kind for kind in kinds if kind != "trained" and kind not in LED]
    for kind in blank:
        by_chance = boot.ratio(_known(recall["trained"] - recall[kind]), _known(recall["trained"] - chance))
        lost = boot.ratio(_known(lead["trained"] - lead[kind]), _known(lead["trained"]))
        fallen[kind] = replace(lost, n=by_lot.n)
        figures += [
            _figure(f"share of lead over chance lost, recall@{k}", kind, by_chance, 1.0),
            _figure(f"share of lead over opposite signs lost, recall@{k}", kind, fallen[kind], 1.0),
        ]
    if boot.mean(lead["trained"], share=False).low <= 0:
        return figures, None
    return figures, min(fallen.values(), key=lambda each: each.value)


def _figure(measure: str, kind: str, found: Estimate, chance: float, unit: str = "share") -> Figure:
    return draw_figure(NAME, measure, found, level="code", method=kind, chance=chance, unit=unit)


def _ranks(values: Floats) -> Floats:
    """Return the ranks of each row, centred and of length 1: their products add up to Spearman's."""
    ranks = rankdata(values, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((ranks**2).sum(axis=1, keepdims=True))
    scaled: Floats = ranks / np.where(length > 0, length, 1.0)
    return scaled


def _known(values: Floats) -> Floats:
    return np.nan_to_num(values)
