"""Corporation Tax: a company's return, held against reports, VAT returns, payroll, peers and the past."""

from __future__ import annotations

from importlib.resources import files

from taxgap.regimes.base import Regime
from taxgap.regimes.corporation_tax.accounts import (
    measure_balance,
    measure_directors,
    measure_margins,
    measure_reliefs,
)
from taxgap.regimes.corporation_tax.history import measure_changes, measure_timing
from taxgap.regimes.corporation_tax.panel import build_panel
from taxgap.regimes.corporation_tax.reports import measure_accounts, measure_reports
from taxgap.regimes.declaration import read_declaration
from taxgap.regimes.families import measure_with

__all__ = ["CORPORATION_TAX"]

_FAMILIES = (
    measure_reports,
    measure_accounts,
    measure_margins,
    measure_directors,
    measure_reliefs,
    measure_balance,
    measure_changes,
    measure_timing,
)

CORPORATION_TAX = Regime.declared(
    "corporation_tax",
    read_declaration(files(__name__).joinpath("features.toml").read_text("utf-8")),
    measure_with(build_panel, _FAMILIES),
    reach=(2, 1),
    evaluation_cases=150,
)
"""The regime of the company tax return."""
