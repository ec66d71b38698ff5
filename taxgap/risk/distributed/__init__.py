"""Training over a cluster: cases are measured where they lie, and their features stay there."""

from __future__ import annotations

from taxgap.risk.distributed.spreading import spread_cases

__all__ = ["spread_cases"]
