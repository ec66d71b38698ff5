"""Self Assessment: a person's return, held against reports of others, peers and the year before."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import pandas as pd

from taxgap.peers import size_band, trade_group_of
from taxgap.regimes.base import Regime, Tables
from taxgap.regimes.declaration import read_declaration
from taxgap.regimes.self_assessment.accounts import measure_expenses, measure_property, measure_reliefs
from taxgap.regimes.self_assessment.history import measure_changes, measure_timing
from taxgap.regimes.self_assessment.panel import build_panel
from taxgap.regimes.self_assessment.third_party import measure_reports

__all__ = ["SELF_ASSESSMENT", "measure_returns"]


def measure_returns(tables: Tables, periods: Sequence[str]) -> pd.DataFrame:
    """Measure the latest version of each return.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The tables of `taxgap.schemas` that the features need, for `periods` and the year before each.
    periods : sequence of str
        The tax years to measure.

    Returns
    -------
    DataFrame
        Indexed by (taxpayer_id, period), sorted: `trade_group`, `size_band` and one column a feature.
    """
    panel = build_panel(tables, periods)
    families = (
        measure_reports,
        measure_expenses,
        measure_reliefs,
        measure_property,
        measure_changes,
        measure_timing,
    )
    columns: dict[str, object] = {
        "trade_group": trade_group_of(panel.sic2007).array,
        "size_band": size_band(pd.Series(panel.size)).array,
    }
    for measure in families:
        columns.update(measure(panel))
    return pd.DataFrame(columns, index=panel.index)


SELF_ASSESSMENT = Regime.declared(
    "self_assessment",
    read_declaration(files(__name__).joinpath("features.toml").read_text("utf-8")),
    measure_returns,
)
"""The regime of the Self Assessment return."""
