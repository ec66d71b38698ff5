"""The tax gap: today the comparison of a population with the published figures."""

from __future__ import annotations

from taxgap.gap.comparison import compare_with_published
from taxgap.gap.detection import implied_multiplier

__all__ = ["compare_with_published", "implied_multiplier"]
