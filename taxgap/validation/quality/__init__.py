"""The quality of records over time and place: complete, valid, unique, timely, consistent; what got worse."""

from __future__ import annotations

from taxgap.validation.quality.profile import QualityProfile

__all__ = ["QualityProfile"]
