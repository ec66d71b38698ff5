"""VAT: a trader's return, held against reports of others, accounts, payroll, peers and the past."""

from __future__ import annotations

from importlib.resources import files

from taxgap.regimes.base import Regime
from taxgap.regimes.declaration import read_declaration
from taxgap.regimes.families import measure_with
from taxgap.regimes.vat.boxes import measure_margins, measure_repayments, measure_scheme
from taxgap.regimes.vat.history import measure_changes, measure_network, measure_timing
from taxgap.regimes.vat.panel import build_panel
from taxgap.regimes.vat.reports import measure_accounts, measure_reports

__all__ = ["VAT"]

_FAMILIES = (
    measure_reports,
    measure_accounts,
    measure_margins,
    measure_repayments,
    measure_scheme,
    measure_changes,
    measure_timing,
    measure_network,
)

VAT = Regime.declared(
    "vat",
    read_declaration(files(__name__).joinpath("features.toml").read_text("utf-8")),
    measure_with(build_panel, _FAMILIES),
    reach=(2, 1),
)
"""The regime of the VAT return."""
