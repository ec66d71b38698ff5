"""How well a ranking finds tax: measures with intervals, beside naive rankings and the ceiling."""

from __future__ import annotations

from taxgap.risk.evaluation.ceilings import ceiling
from taxgap.risk.evaluation.report import Evaluation, evaluate

__all__ = ["Evaluation", "ceiling", "evaluate"]
