"""What the demonstration's page says, gathered from the records, the model, the scores and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import pandas as pd

from taxgap.calibration import Calibration, calibrate
from taxgap.publication.assessment import assess, assess_burden
from taxgap.publication.content import PageContent
from taxgap.publication.examples import choose_examples, describe_example
from taxgap.publication.taxes import compare_taxes
from taxgap.reasons import PeerBaseline
from taxgap.records import Records, Truth
from taxgap.risk import RiskModel
from taxgap.risk.suitability import peers_of, regime_of
from taxgap.validation import ValidationReport

_LIBRARIES = ("taxgap", "lightgbm", "numpy", "pandas", "scikit-learn")

LIMITS = tuple(
    """
Everyone on this page is synthetic. What holds in a world made by assumptions may not hold in another.
Incomes by trade, the ways customers pay, the mechanisms of misreporting and how officers work are \
assumptions: no published table gives them.
The audits that the population is calibrated to are of returns of 1999 to 2009. Their pounds are taken at \
face value: bringing them to today's prices would ask for larger amounts still.
Even so, in Self Assessment the tax lost here is a larger share of liability than the published gap: under \
the assumed detection the old audits and the recent gap do not agree with each other.
How much officers miss is a setting. No published value of the non-detection multiplier could be read.
The real random programme opens about 3,800 of 12 million returns (worked out from 53,000 audits of 1999 to \
2012); here it opens enough to learn from.
Reasons compare a return with at most 500 of its peers, or with a wider group where there are few: they say \
what sets it apart from these, not what caused it.
Cases, reasons and who is looked at are shown for Self Assessment alone.
""".strip().splitlines()
)


def gather_content(
    records: Records,
    truth: Truth,
    report: ValidationReport,
    model: RiskModel,
    scores: pd.DataFrame,
    *,
    others: Sequence[RiskModel] = (),
    commands: tuple[str, ...] = (),
) -> PageContent:
    """Gather what the page of the demonstration says.

    Parameters
    ----------
    records : Records
        The synthetic population, after validation.
    truth : Truth
    report : ValidationReport
        Of the records as generated.
    model : RiskModel
        From `taxgap.risk.train`.
    scores : DataFrame
        From `taxgap.batch.score`.
    others : sequence of RiskModel
        The models of the other taxes.
    commands : tuple of str
        The commands that make the page again.

    Returns
    -------
    PageContent
    """
    assessment = assess(records, truth, model)
    assessments = {model.card_["regime"]: (model, assessment)}
    assessments |= {other.card_["regime"]: (other, assess(records, truth, other)) for other in others}
    period = model.card_["training"]["evaluation_period"]
    ranked = scores.assign(ranked=scores.groupby("period")["score"].transform("size"))
    examples = choose_examples(ranked, period)
    baseline = PeerBaseline(model, regime_of(model), peers_of(model))
    calibration = calibrate(records, truth)
    return PageContent(
        title="Self Assessment: from records to explained flags",
        made=_made(records, truth, model, len(scores), calibration),
        comparison=calibration.figures,
        validation=report.findings,
        rows=report.rows,
        evaluation=assessment.evaluation,
        gain=assessment.gain,
        ceiling=assessment.ceiling,
        calibration=assessment.calibration,
        taxes=compare_taxes(assessments),
        burden=assess_burden(records, truth, model),
        cases=[describe_example(row, records, truth, baseline) for _, row in examples.iterrows()],
        limits=LIMITS,
        commands=commands,
    )


def _made(
    records: Records, truth: Truth, model: RiskModel, returns: int, calibration: Calibration
) -> dict[str, Any]:
    settings = truth.manifest.made_by["settings"]
    found = calibration.gaps.multipliers["self_assessment"]
    return {
        "taxpayers": settings["taxpayers"],
        "returns": returns,
        "tax_years": records.periods,
        "as_of": str(records.as_of.date()),
        "seed": settings["seed"],
        "versions": {name: version(name) for name in _LIBRARIES},
        "random_share": settings["random_share"],
        "risk_share": settings["risk_share"],
        "detection": found["detection"],
        "multiplier": found["multiplier"],
        "material": model.material,
    }
