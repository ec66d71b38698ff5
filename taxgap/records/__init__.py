"""The tables of one population: read, written and walked partition by partition."""

from __future__ import annotations

from taxgap.records.manifest import Manifest
from taxgap.records.tables import Records, Truth

__all__ = ["Manifest", "Records", "Truth"]
