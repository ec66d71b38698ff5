"""Why labels are not a sample of all returns, and what can be said all the same."""

from __future__ import annotations

from taxgap.risk.selection.bounds import Bounds, bound_hidden_choice, bound_outcomes
from taxgap.risk.selection.detection import Detection, estimate_detection
from taxgap.risk.selection.estimators import SelectedEstimates, estimate_selected
from taxgap.risk.selection.label_report import LabelReport
from taxgap.risk.selection.outcome_models import predict_outcomes
from taxgap.risk.selection.overlap import Overlap, diagnose_overlap
from taxgap.risk.selection.propensity import Propensities, estimate_opening
from taxgap.risk.selection.proxies import check_labels
from taxgap.risk.selection.weighting import LabelWeights, make_pseudo_outcomes, rake_weights, weigh_labels

__all__ = [
    "Bounds",
    "Detection",
    "LabelReport",
    "LabelWeights",
    "Overlap",
    "Propensities",
    "SelectedEstimates",
    "bound_hidden_choice",
    "bound_outcomes",
    "check_labels",
    "diagnose_overlap",
    "estimate_detection",
    "estimate_opening",
    "estimate_selected",
    "make_pseudo_outcomes",
    "predict_outcomes",
    "rake_weights",
    "weigh_labels",
]
