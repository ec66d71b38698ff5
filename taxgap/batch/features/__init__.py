"""Features as files: what a model sees of every return, made once, partition by partition."""

from __future__ import annotations

from taxgap.batch.features.building import build_features
from taxgap.batch.features.files import read_features

__all__ = ["build_features", "read_features"]
