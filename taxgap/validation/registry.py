"""All rules across columns, periods and tables, in one place."""

from __future__ import annotations

from taxgap.validation import (
    aggregates,
    agreement,
    company_accounts,
    comparisons,
    dates,
    employer_returns,
    enquiries,
    identifiers,
    jumps,
    links,
    payments,
    periods,
    references,
    register,
    registrations,
    return_boxes,
    tax_charge,
    third_parties,
    turnovers,
    vat_boxes,
    versions,
)
from taxgap.validation.rule import Rule

rules: tuple[Rule, ...] = (
    *references.RULES,
    *register.RULES,
    *identifiers.RULES,
    *registrations.RULES,
    *periods.RULES,
    *dates.RULES,
    *return_boxes.RULES,
    *vat_boxes.RULES,
    *company_accounts.RULES,
    *employer_returns.RULES,
    *links.RULES,
    *third_parties.RULES,
    *enquiries.RULES,
    *payments.RULES,
    *aggregates.RULES,
    *agreement.RULES,
    *versions.RULES,
    *comparisons.RULES,
    *jumps.RULES,
    *turnovers.RULES,
    *tax_charge.RULES,
)
"""The rules, beside what the schemas declare of single columns and rows. A code may serve several tables."""
