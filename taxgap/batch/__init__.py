"""Scoring at scale: every return of the records ranked, flagged and explained."""

from __future__ import annotations

from taxgap.batch.comparison import ScoreComparison, compare_scores
from taxgap.batch.files import read_contributions, read_scores, write_scores
from taxgap.batch.scoring import score
from taxgap.batch.summary import ScoreSummary, summarise

__all__ = [
    "ScoreComparison",
    "ScoreSummary",
    "compare_scores",
    "read_contributions",
    "read_scores",
    "score",
    "summarise",
    "write_scores",
]
