"""Scores delivered: as one CSV file, on standard output, or into a table of a database."""

from __future__ import annotations

from taxgap.batch.delivery.delivering import Delivery, check_target, deliver_scores

__all__ = ["Delivery", "check_target", "deliver_scores"]
