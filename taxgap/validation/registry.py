"""All rules across columns, periods and tables, in one place."""

from __future__ import annotations

from taxgap.validation import comparisons, dates, enquiries, references, return_boxes, tax_charge
from taxgap.validation.rule import Rule

rules: tuple[Rule, ...] = (
    *references.RULES,
    *dates.RULES,
    *return_boxes.RULES,
    *enquiries.RULES,
    *comparisons.RULES,
    *tax_charge.RULES,
)
"""The rules, beside what the schemas declare of single columns and rows. A code may serve several tables."""
