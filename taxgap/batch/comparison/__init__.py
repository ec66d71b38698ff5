"""Two nights of scores beside each other."""

from __future__ import annotations

from taxgap.batch.comparison.comparing import compare_scores
from taxgap.batch.comparison.result import ScoreComparison

__all__ = ["ScoreComparison", "compare_scores"]
