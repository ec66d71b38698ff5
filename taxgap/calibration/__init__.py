"""Calibration: the population beside the published figures, built the same way."""

from __future__ import annotations

from taxgap.calibration.comparison import Calibration, calibrate, compare_with_published

__all__ = ["Calibration", "calibrate", "compare_with_published"]
