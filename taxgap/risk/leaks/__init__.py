"""Features that give the label away: found before a model is trained on them."""

from __future__ import annotations

from taxgap.risk.leaks.screening import check_leaks

__all__ = ["check_leaks"]
