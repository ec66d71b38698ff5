"""Detection-controlled estimation: how much officers miss, from how they differ."""

from __future__ import annotations

from taxgap.gap.detection.estimating import ControlledEstimate, control_detection

__all__ = ["ControlledEstimate", "control_detection"]
