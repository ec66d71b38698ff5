"""Tax gap and compliance analytics: records whose truth is known, risk models, reasons that can be checked.

``import taxgap as tg`` is the whole public face. It costs nothing: a name loads its room on first use.
"""

from __future__ import annotations

import logging
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

# A public name stands twice: here for type checkers, and below with the module it comes from.
if TYPE_CHECKING:
    from taxgap.batch import ScoreComparison as ScoreComparison
    from taxgap.batch import compare_scores as compare_scores
    from taxgap.batch import read_status as read_status
    from taxgap.batch import score as score
    from taxgap.batch.features import build_features as build_features
    from taxgap.batch.features import read_features as read_features
    from taxgap.cases import Caseload as Caseload
    from taxgap.cases import select_cases as select_cases
    from taxgap.errors import TaxGapError as TaxGapError
    from taxgap.gap.chain import GapEstimate as GapEstimate
    from taxgap.gap.chain import Multiplier as Multiplier
    from taxgap.gap.chain import estimate_gap as estimate_gap
    from taxgap.monitoring import monitor as monitor
    from taxgap.monitoring import record_outcomes as record_outcomes
    from taxgap.monitoring.models import ModelShelf as ModelShelf
    from taxgap.reasons.audit.auditing import audit_explanations as audit_explanations
    from taxgap.reasons.audit.result import ExplanationAudit as ExplanationAudit
    from taxgap.reasons.explaining import explain as explain
    from taxgap.reasons.explanation import Explanation as Explanation
    from taxgap.records import Records as Records
    from taxgap.records import Truth as Truth
    from taxgap.records.ingestion import IngestReport as IngestReport
    from taxgap.records.ingestion import ingest as ingest
    from taxgap.records.suggestion import Suggestion as Suggestion
    from taxgap.records.suggestion import suggest_mapping as suggest_mapping
    from taxgap.risk import RiskModel as RiskModel
    from taxgap.risk import train as train
    from taxgap.schemas import describe_schema as describe_schema
    from taxgap.synthetic import generate as generate
    from taxgap.tax import personal_tax as personal_tax
    from taxgap.validation import QualityProfile as QualityProfile
    from taxgap.validation import ValidationReport as ValidationReport
    from taxgap.validation import validate as validate

_HOMES = {
    "score": "taxgap.batch",
    "build_features": "taxgap.batch.features",
    "read_features": "taxgap.batch.features",
    "compare_scores": "taxgap.batch",
    "read_status": "taxgap.batch",
    "ScoreComparison": "taxgap.batch",
    "Caseload": "taxgap.cases",
    "select_cases": "taxgap.cases",
    "ModelShelf": "taxgap.monitoring.models",
    "TaxGapError": "taxgap.errors",
    "estimate_gap": "taxgap.gap.chain",
    "GapEstimate": "taxgap.gap.chain",
    "Multiplier": "taxgap.gap.chain",
    "monitor": "taxgap.monitoring",
    "record_outcomes": "taxgap.monitoring",
    "audit_explanations": "taxgap.reasons.audit.auditing",
    "ExplanationAudit": "taxgap.reasons.audit.result",
    "explain": "taxgap.reasons.explaining",
    "Explanation": "taxgap.reasons.explanation",
    "Records": "taxgap.records",
    "Truth": "taxgap.records",
    "IngestReport": "taxgap.records.ingestion",
    "ingest": "taxgap.records.ingestion",
    "Suggestion": "taxgap.records.suggestion",
    "suggest_mapping": "taxgap.records.suggestion",
    "RiskModel": "taxgap.risk",
    "train": "taxgap.risk",
    "describe_schema": "taxgap.schemas",
    "generate": "taxgap.synthetic",
    "personal_tax": "taxgap.tax",
    "QualityProfile": "taxgap.validation",
    "ValidationReport": "taxgap.validation",
    "validate": "taxgap.validation",
}

__version__ = "0.1.0"
__all__ = sorted(_HOMES)  # noqa: PLE0605

logging.getLogger(__name__).addHandler(logging.NullHandler())

if not TYPE_CHECKING:  # a type checker must see a misspelt name as missing

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(_unknown(name), name=name)
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


def _unknown(name: str) -> str:
    close = get_close_matches(name, _HOMES, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else f"Public names: {', '.join(__all__)}."
    return f"module {__name__!r} has no attribute {name!r}. {hint}"
