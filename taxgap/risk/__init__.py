"""The risk room: labels from enquiries, a model that ranks returns by expected tax, and how good it is."""

from __future__ import annotations

from taxgap.risk.evaluation import Evaluation, ceiling, compare_with_truth, evaluate, measure_calibration
from taxgap.risk.fairness import FairnessPack, measure_fairness
from taxgap.risk.labels import build_labels
from taxgap.risk.leaks import check_leaks
from taxgap.risk.model import RiskModel
from taxgap.risk.scorers import share_of_gap_scorer
from taxgap.risk.selection import check_labels
from taxgap.risk.training import train

__all__ = [
    "Evaluation",
    "FairnessPack",
    "RiskModel",
    "build_labels",
    "ceiling",
    "check_labels",
    "check_leaks",
    "compare_with_truth",
    "evaluate",
    "measure_calibration",
    "measure_fairness",
    "share_of_gap_scorer",
    "train",
]
