"""The audit, from records and a model to verdicts: each part in turn, and what it is held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import IncompatibleError, InvalidDataError, NotIdentifiedError, UsageError
from taxgap.peers import PeerGroups
from taxgap.reasons.audit.examples import Example, choose_examples
from taxgap.reasons.audit.faithfulness import asked, faithfulness, numbers, randomised
from taxgap.reasons.audit.figures import tidy
from taxgap.reasons.audit.groups import group_effect, honest, parity
from taxgap.reasons.audit.material import Material, gather_material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.planted import check_evidence, check_same_population
from taxgap.reasons.audit.planting import named, settled
from taxgap.reasons.audit.planting.manipulations import Manipulation
from taxgap.reasons.audit.planting.planting import check_manipulations
from taxgap.reasons.audit.recovery import comparison, recovery
from taxgap.reasons.audit.recovery.metrics import find_hits, target_of
from taxgap.reasons.audit.recovery.ranked import rank_reasons
from taxgap.reasons.audit.result import ExplanationAudit
from taxgap.reasons.audit.rules import change_rules, judge
from taxgap.reasons.audit.settings import AuditSettings
from taxgap.reasons.audit.stability import backgrounds, reporting, stability
from taxgap.reasons.audit.stability.agreement import Agreement
from taxgap.reasons.audit.stability.refitting import Refitted, find_agreement, fit_again
from taxgap.reasons.audit.subject import Attributions, Explain, Subject, subject_of
from taxgap.reasons.audit.twins import truthful
from taxgap.reasons.noise import noise_of
from taxgap.reasons.spreading import Spread, start_spread
from taxgap.records import Records, Truth
from taxgap.records.engines import Engine, check_engine
from taxgap.regimes import Regime, get_regime
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import check_records, peers_of, regime_of
from taxgap.synthetic.mechanisms import mechanisms

PARTS = {
    recovery.NAME: "Holding reasons against what was planted",
    truthful.NAME: "Holding reasons against truthful twins",
    comparison.NAME: "Comparing with other explanations",
    numbers.NAME: "Checking the numbers",
    asked.NAME: "Asking the model whether the reasons matter",
    stability.NAME: "Fitting the model again",
    backgrounds.NAME: "Drawing other peers",
    reporting.NAME: "Changing reported pounds a little",
    randomised.NAME: "Explaining randomised models",
    honest.NAME: "Looking at honest returns that are flagged",
    parity.NAME: "Comparing groups of taxpayers",
    group_effect.NAME: "Taking the group's part out of the scores",
    settled.NAME: "Holding reasons against what enquiries settled",
    named.NAME: "Planting manipulations in a copy",
}
"""The parts of an audit, in the order of the page, and what is said while they are done."""

RULES = tuple(
    rule
    for module in (
        recovery,
        truthful,
        numbers,
        faithfulness,
        stability,
        backgrounds,
        reporting,
        randomised,
        honest,
        parity,
        group_effect,
        settled,
        named,
    )
    for rule in module.RULES
)
"""Every check with its bound."""


def audit_explanations(
    records: Records,
    model: Any,
    truth: Truth | None = None,
    *,
    regime: str | None = None,
    peers: PeerGroups | None = None,
    attributions: Attributions | None = None,
    methods: Mapping[str, Explain] | None = None,
    manipulations: Sequence[Manipulation] | None = None,
    evidence: Mapping[str, Sequence[str]] | None = None,
    bounds: Mapping[str, float] | None = None,
    parts: Sequence[str] | None = None,
    cutoff: float | None = None,
    as_of: str | pd.Timestamp | None = None,
    periods: Sequence[str] | str | None = None,
    say: Callable[[str], None] = lambda _: None,
    workers: int | None = 1,
    engine: Engine = "local",
    scheduler: str | None = None,
    **settings: Any,
) -> ExplanationAudit:
    """Audit the explanations of a model, record by record.

    Parameters
    ----------
    records : Records
        Checked before. Those that the model was trained on, if it is to be fitted again.
    model : RiskModel or classifier
        The library's own; or anything with ``predict_proba``, with its `attributions`.
    truth : Truth, optional
        What was planted. Without it, reasons are held against what random enquiries settled, and against
        manipulations planted in a copy of the records.
    regime : str, optional
        The tax. A model that is not the library's needs it; of one that is, it is the model's own.
    peers : PeerGroups, optional
        Those that returns are held against; the model's own when absent, and without any, those of the
        records.
    attributions : DataFrame or callable, optional
        The explanations to audit, when they are not the library's own: contributions by feature, as a frame
        by (taxpayer_id, period), or a function of what the model sees.
    methods : mapping of str to callable, optional
        Other explanations to compare with, by name.
    manipulations : sequence of Manipulation, optional
        What is planted; see `taxgap.reasons.audit.planting.manipulations`.
    evidence : mapping of str to sequence of str, optional
        Mechanism to at most three reason codes that can reveal it, beside those of the generator or in their
        place. Mechanisms that the library does not know are blind: no feature or reason was made with them
        in mind. They stand beside the headline, and not in it.
    bounds : mapping of str to float, optional
        Other bounds, by the name of the check.
    parts : sequence of str, optional
        The parts to do, of `PARTS`; all when absent.
    cutoff : float, optional
        The least probability of a flagged return; the model's threshold when absent.
    as_of : str or Timestamp, optional
        Audit what was known on this date.
    periods : sequence of str, optional
        The tax years; all when absent.
    say : callable, optional
        Told what is being done.
    workers : int or None, default 1
        Processes that fit and explain refits, one thread each; 1 starts none, None starts one a processor.
        Where they are started, a script must guard its main part (``if __name__ == "__main__"``). No figure
        depends on it.
    engine : {"local", "dask"}, default "local"
        What spreads the refits: processes here, or a Dask cluster.
    scheduler : str, optional
        The address of a Dask scheduler; without it a cluster is started here.
    **settings : object
        As of `AuditSettings`: `returns` (20,000), `refits` (20), `reasons` (3), `capacity_share` (0.05),
        `draws` (400), `confidence` (0.95), `seed` (0).

    Returns
    -------
    ExplanationAudit

    Raises
    ------
    UsageError
        A setting, a part, a bound, the evidence or a manipulation is wrong, a bound would have no effect, or
        the model cannot be audited; or there is no such engine.
    InvalidDataError
        There are no returns, or none is flagged.
    IncompatibleError
        The model does not fit the records.

    Notes
    -----
    Definitions, and how to read an audit: docs/how-to/audit.md. Every figure has an interval, over draws of
    taxpayers, and where there is one its level by chance in closed form.
    """
    chosen = _check_parts(parts)
    check_engine(engine, scheduler)
    if truth is not None:
        check_same_population(records, truth)
    rules = change_rules(RULES, bounds or {}, chosen)
    own = AuditSettings(periods=_as_tuple(periods), **settings)
    tax = _find_tax(model, regime)
    told = evidence_of(tax.name) | {name: tuple(codes) for name, codes in (evidence or {}).items()}
    check_evidence(tax, told)
    check_manipulations(tax, manipulations or ())
    known = records.known_at(as_of)
    subject = _make_subject(known, model, tax, peers=peers, attributions=attributions, cutoff=cutoff)
    noise = noise_of(model) if isinstance(model, RiskModel) else None
    material = gather_material(known, subject, own, truth=truth, evidence=told, noise=noise, say=say)
    with start_spread(engine, workers, scheduler, own.refits) as spread:
        run = _Run(material, records, truth, methods or {}, manipulations, chosen, say, spread)
        found = tuple(run.measure(name) for name in PARTS if name in chosen)
    findings = {name: each for part in found for name, each in part.findings.items()}
    unasked = {name: why for part in found for name, why in part.unasked.items()}
    asked = [rule for rule in rules if rule.part in chosen]
    return ExplanationAudit(run.describe(model), found, judge(asked, findings, unasked), run.examples(found))


@dataclass(frozen=True, eq=False)
class _Run:
    """What the parts are done with; what several of them need is made once."""

    material: Material
    records: Records
    truth: Truth | None
    methods: Mapping[str, Explain]
    manipulations: Sequence[Manipulation] | None
    parts: Sequence[str]
    say: Callable[[str], None]
    spread: Spread

    def measure(self, name: str) -> Part:
        self.say(PARTS[name])
        return self._ways[name]()

    @cached_property
    def _ways(self) -> dict[str, Callable[[], Part]]:
        material = self.material
        return {
            recovery.NAME: lambda: recovery.measure_recovery(material),
            truthful.NAME: self._measure_truthful,
            comparison.NAME: lambda: comparison.compare_methods(material, self.methods),
            numbers.NAME: lambda: numbers.measure_numbers(material),
            asked.NAME: lambda: faithfulness.measure_faithfulness(material),
            stability.NAME: self._measure_stability,
            backgrounds.NAME: lambda: backgrounds.measure_backgrounds(material),
            reporting.NAME: lambda: reporting.measure_reporting(material),
            randomised.NAME: self._measure_randomised,
            honest.NAME: lambda: honest.measure_honest(material),
            parity.NAME: lambda: parity.measure_parity(material, self.agreement),
            group_effect.NAME: lambda: group_effect.measure_group_effect(material),
            settled.NAME: lambda: settled.measure_settled(material),
            named.NAME: lambda: named.measure_planting(material, self.manipulations),
        }

    @cached_property
    def refitted(self) -> Refitted | str:
        """The refits, or why there are none."""
        material, model = self.material, self.material.subject.model
        if model is None or not material.subject.ours:
            return "Only the library's own models, with its own explanations, can be fitted again."
        own = material.settings
        try:
            return fit_again(self.records, model, refits=own.refits, seed=own.seed, spread=self.spread)
        except (IncompatibleError, NotIdentifiedError) as error:
            return str(error)

    @cached_property
    def agreement(self) -> Agreement | None:
        """How far refits agree; nobody else asks for refits, but others use them where there are any."""
        if stability.NAME not in self.parts:
            return None
        fitted = self.refitted
        if isinstance(fitted, str):
            return None
        return find_agreement(self.material, fitted.refits, say=self.say, spread=self.spread)

    def _measure_truthful(self) -> Part:
        if self.truth is None:
            return Part(truthful.NAME, tidy(()), left_out="What is wrong with the returns is not known.")
        try:
            return truthful.measure_truthful(self.material, self.truth)
        except InvalidDataError as error:
            return Part(truthful.NAME, tidy(()), left_out=str(error))

    def _measure_stability(self) -> Part:
        fitted = self.refitted
        if isinstance(fitted, str):
            return Part(stability.NAME, tidy(()), left_out=fitted)
        return stability.measure_stability(
            self.material, self.agreement, seeds=fitted.seeds, spread=self.spread
        )

    def _measure_randomised(self) -> Part:
        fitted = self.refitted if stability.NAME in self.parts else ""
        if isinstance(fitted, str):
            return randomised.measure_randomised(self.material, spread=self.spread)
        return randomised.measure_randomised(
            self.material, training=fitted.cases, refits=fitted.refits, spread=self.spread
        )

    def examples(self, found: Sequence[Part]) -> tuple[Example, ...]:
        """Choose examples; what is unstable is known where stability was asked."""
        material, planted = self.material, self.material.planted
        if planted is None or not any(part.name == recovery.NAME for part in found):
            return ()
        target = target_of(planted, "code")
        ranked = rank_reasons(material.regime, material.reasons)
        hits = {
            name: np.bincount(target.row, find_hits(ranked, target, k), len(material)) > 0
            for name, k in (("first", 1), ("any", 4))
        }
        agreement = self.agreement
        unstable = None if agreement is None else agreement.lay_out(agreement.same) < 0.5
        return choose_examples(material, hits, unstable=unstable)

    def describe(self, model: Any) -> dict[str, Any]:
        material = self.material
        return {
            "model_id": str(getattr(model, "model_id", type(model).__name__)),
            "regime": material.regime.name,
            "as_of": str(material.records.as_of.date()),
            "periods": list(material.settings.periods or material.records.periods),
            "returns": material.counts["returns"],
            "flagged": material.counts["flagged"],
            "audited": len(material),
            "flagged_audited": int(material.flagged.sum()),
            "synthetic": material.records.manifest.synthetic,
            "truth": material.planted is not None,
            "own_explanations": material.subject.ours,
            "cutoff": material.subject.cutoff,
            "evidence": {} if material.planted is None else dict(material.planted.evidence),
            "settings": asdict(material.settings),
        }


def _check_parts(parts: Sequence[str] | None) -> tuple[str, ...]:
    chosen = tuple(PARTS) if parts is None else (parts,) if isinstance(parts, str) else tuple(parts)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown or not chosen:
        raise UsageError(
            f"There is no part named '{', '.join(unknown)}'.", where="parts", available=list(PARTS)
        )
    return chosen


def _as_tuple(periods: Sequence[str] | str | None) -> tuple[str, ...] | None:
    return None if periods is None else (periods,) if isinstance(periods, str) else tuple(periods)


def _find_tax(model: Any, regime: str | None) -> Regime:
    """Return the tax of a model: its own, or as named."""
    if not isinstance(model, RiskModel):
        if regime is None:
            raise UsageError(
                "The tax must be named of a model that is not the library's own.", where="regime"
            )
        return get_regime(regime)
    tax = regime_of(model)
    if regime not in (None, tax.name):
        raise UsageError(f"The model is of {tax.name}, not of {regime}.", where="regime")
    return tax


def _make_subject(
    records: Records,
    model: Any,
    tax: Regime,
    *,
    peers: PeerGroups | None,
    attributions: Attributions | None,
    cutoff: float | None,
) -> Subject:
    if isinstance(model, RiskModel):
        check_records(records, tax, model)
        against = peers or peers_of(model)
    else:
        against = peers or PeerGroups.fit(tax.measure(records))
    return subject_of(model, tax, against, attributions=attributions, cutoff=cutoff)


def evidence_of(regime: str) -> dict[str, tuple[str, ...]]:
    """Return the map of evidence of the library: each mechanism of a tax to the codes that can reveal it.

    Examples
    --------
    >>> evidence_of("self_assessment")["interest_omitted"]
    ('third_party.interest',)
    """
    return {name: each.evidence for name, each in mechanisms().items() if each.regime == regime}
