"""Scoring at scale: every return of the records ranked, flagged and explained."""

from __future__ import annotations

from taxgap.batch.accounts import Accounts, read_accounts
from taxgap.batch.comparison import ScoreComparison, compare_scores
from taxgap.batch.deadline import Deadline
from taxgap.batch.files import read_contributions, read_scores
from taxgap.batch.forecast import Forecast, forecast_run
from taxgap.batch.metrics import RunMetrics, read_metrics
from taxgap.batch.progress import Progress
from taxgap.batch.running import plan_scores, write_scores
from taxgap.batch.scoring import score
from taxgap.batch.status import RunStatus, read_status
from taxgap.batch.summary import ScoreSummary, summarise

__all__ = [
    "Accounts",
    "Deadline",
    "Forecast",
    "Progress",
    "RunMetrics",
    "RunStatus",
    "ScoreComparison",
    "ScoreSummary",
    "compare_scores",
    "forecast_run",
    "plan_scores",
    "read_accounts",
    "read_contributions",
    "read_metrics",
    "read_scores",
    "read_status",
    "score",
    "summarise",
    "write_scores",
]
