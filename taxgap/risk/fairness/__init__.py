"""Who bears the burden of enquiries when a ranking chooses them."""

from __future__ import annotations

from taxgap.risk.fairness.groups import declared_income, groups_of
from taxgap.risk.fairness.pack import FairnessPack, measure_fairness

__all__ = ["FairnessPack", "declared_income", "groups_of", "measure_fairness"]
