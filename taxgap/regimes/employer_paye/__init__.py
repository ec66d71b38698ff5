"""Employer PAYE: an employer's year, held against accounts, VAT returns, reports, peers and the past."""

from __future__ import annotations

from importlib.resources import files

from taxgap.regimes.base import Regime
from taxgap.regimes.declaration import read_declaration
from taxgap.regimes.employer_paye.history import measure_changes, measure_timing
from taxgap.regimes.employer_paye.panel import build_panel
from taxgap.regimes.employer_paye.pay import (
    measure_charges,
    measure_directors,
    measure_subcontractors,
    measure_wages,
)
from taxgap.regimes.families import measure_with

__all__ = ["EMPLOYER_PAYE"]

_FAMILIES = (
    measure_wages,
    measure_directors,
    measure_subcontractors,
    measure_charges,
    measure_changes,
    measure_timing,
)

EMPLOYER_PAYE = Regime.declared(
    "employer_paye",
    read_declaration(files(__name__).joinpath("features.toml").read_text("utf-8")),
    measure_with(build_panel, _FAMILIES),
    reach=(2, 1),
    evaluation_cases=150,
)
"""The regime of the employer's year."""
