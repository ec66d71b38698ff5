"""A first draft of a mapping, from the names and the values of somebody's own tables."""

from __future__ import annotations

from taxgap.records.suggestion.suggestion import Suggestion, suggest_mapping

__all__ = ["Suggestion", "suggest_mapping"]
