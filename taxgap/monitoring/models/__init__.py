"""A shelf of models: champion and challengers, how they compare, and a log of who decided what."""

from __future__ import annotations

from taxgap.monitoring.models.agreement import Agreement
from taxgap.monitoring.models.comparison import compare_models
from taxgap.monitoring.models.entries import Entry
from taxgap.monitoring.models.resolving import resolve_model
from taxgap.monitoring.models.shelf import ModelShelf
from taxgap.monitoring.models.standing import Standing
from taxgap.monitoring.models.verdict import ModelComparison

__all__ = [
    "Agreement",
    "Entry",
    "ModelComparison",
    "ModelShelf",
    "Standing",
    "compare_models",
    "resolve_model",
]
