"""Small areas: estimates where samples are thin, drawn to what is expected of them, and adding up."""

from __future__ import annotations

from taxgap.gap.areas.shrinking import Shrunk, shrink_areas

__all__ = ["Shrunk", "shrink_areas"]
