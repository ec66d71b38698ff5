"""The gap: totals of a population from the cases that were looked at, with intervals that cover."""

from __future__ import annotations

from taxgap.gap.cautions import EstimateWarning
from taxgap.gap.designs import Design, design_sample
from taxgap.gap.estimate import Estimate
from taxgap.gap.folds import combine_folds
from taxgap.gap.totals import estimate_total

__all__ = ["Design", "Estimate", "EstimateWarning", "combine_folds", "design_sample", "estimate_total"]
