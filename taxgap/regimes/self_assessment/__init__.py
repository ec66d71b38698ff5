"""Self Assessment: a person's return, held against reports of others, peers and the year before."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import pandas as pd

from taxgap.regimes.base import Regime, Tables
from taxgap.regimes.declaration import read_declaration
from taxgap.regimes.families import assemble
from taxgap.regimes.self_assessment.accounts import measure_expenses, measure_property, measure_reliefs
from taxgap.regimes.self_assessment.history import measure_changes, measure_timing
from taxgap.regimes.self_assessment.panel import build_panel
from taxgap.regimes.self_assessment.third_party import measure_reports

__all__ = ["SELF_ASSESSMENT"]

_FAMILIES = (
    measure_reports,
    measure_expenses,
    measure_reliefs,
    measure_property,
    measure_changes,
    measure_timing,
)


def _measure_returns(tables: Tables, periods: Sequence[str]) -> pd.DataFrame:
    panel = build_panel(tables, periods)
    return assemble(panel, _FAMILIES, index=panel.index, trade=panel.sic2007, size=panel.size)


SELF_ASSESSMENT = Regime.declared(
    "self_assessment",
    read_declaration(files(__name__).joinpath("features.toml").read_text("utf-8")),
    _measure_returns,
)
"""The regime of the Self Assessment return."""
