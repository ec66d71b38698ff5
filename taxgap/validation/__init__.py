"""Whether records can be trusted: rules across columns, periods and tables, the report, the quarantine."""

from __future__ import annotations

from taxgap.validation.quality import QualityProfile
from taxgap.validation.registry import rules
from taxgap.validation.report import ValidationReport
from taxgap.validation.rule import Rule
from taxgap.validation.walk import validate

__all__ = ["QualityProfile", "Rule", "ValidationReport", "rules", "validate"]
