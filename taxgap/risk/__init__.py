"""The risk room: labels from enquiries, a model that ranks returns by expected tax, and how good it is."""

from __future__ import annotations

from taxgap.risk.evaluation import Evaluation, ceiling, evaluate
from taxgap.risk.labels import build_labels
from taxgap.risk.leaks import check_leaks
from taxgap.risk.model import RiskModel
from taxgap.risk.training import train

__all__ = ["Evaluation", "RiskModel", "build_labels", "ceiling", "check_leaks", "evaluate", "train"]
