"""Monitoring: what officers answer, and whether a model still fits what comes in."""

from __future__ import annotations

from taxgap.monitoring.receipt import OutcomesReport
from taxgap.monitoring.recording import record_outcomes
from taxgap.monitoring.report import MonitoringReport
from taxgap.monitoring.watching import monitor

__all__ = ["MonitoringReport", "OutcomesReport", "monitor", "record_outcomes"]
