"""How well a ranking finds tax: measures with intervals, beside naive rankings and the ceiling."""

from __future__ import annotations

from taxgap.risk.evaluation.baselines import Trained, rank_baselines, rank_by_peers, rank_naively
from taxgap.risk.evaluation.calibration_error import CalibrationError, measure_calibration
from taxgap.risk.evaluation.calibration_line import Estimate
from taxgap.risk.evaluation.ceilings import Ceiling, ceiling, rank_by_truth
from taxgap.risk.evaluation.comparison import compare_with_truth
from taxgap.risk.evaluation.logistic import fit_logistic
from taxgap.risk.evaluation.report import Evaluation, evaluate

__all__ = [
    "CalibrationError",
    "Ceiling",
    "Estimate",
    "Evaluation",
    "Trained",
    "ceiling",
    "compare_with_truth",
    "evaluate",
    "fit_logistic",
    "measure_calibration",
    "rank_baselines",
    "rank_by_peers",
    "rank_by_truth",
    "rank_naively",
]
