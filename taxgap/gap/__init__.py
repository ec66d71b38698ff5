"""The tax gap: the population beside the published figures, built the same way."""

from __future__ import annotations

from taxgap.gap.comparison import Calibration, calibrate, compare_with_published
from taxgap.gap.detection import implied_multiplier

__all__ = ["Calibration", "calibrate", "compare_with_published", "implied_multiplier"]
