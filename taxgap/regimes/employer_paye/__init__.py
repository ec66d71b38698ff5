"""Employer PAYE: an employer's year, held against accounts, VAT returns, reports, peers and the past."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import pandas as pd

from taxgap.peers import size_band, trade_group_of
from taxgap.regimes.base import Regime, Tables
from taxgap.regimes.declaration import read_declaration
from taxgap.regimes.employer_paye.history import measure_changes, measure_timing
from taxgap.regimes.employer_paye.panel import build_panel
from taxgap.regimes.employer_paye.pay import (
    measure_charges,
    measure_directors,
    measure_subcontractors,
    measure_wages,
)
from taxgap.regimes.returns import trade_of

__all__ = ["EMPLOYER_PAYE", "measure_returns"]

_FAMILIES = (
    measure_wages,
    measure_directors,
    measure_subcontractors,
    measure_charges,
    measure_changes,
    measure_timing,
)


def measure_returns(tables: Tables, periods: Sequence[str]) -> pd.DataFrame:
    """Measure the latest version of each return.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The tables of `taxgap.schemas` that the features need, for the tax years of `periods`, the two before
        and the one after.
    periods : sequence of str
        The tax years, or months in which periods end, to measure.

    Returns
    -------
    DataFrame
        Indexed by (taxpayer_id, period), sorted: `trade_group`, `size_band` and one column a feature.
    """
    panel = build_panel(tables, periods)
    trade = trade_of(panel.own.table, tables["taxpayers"])
    columns: dict[str, object] = {
        "trade_group": trade_group_of(trade).array,
        "size_band": size_band(pd.Series(panel.size)).array,
    }
    for measure in _FAMILIES:
        columns.update(measure(panel))
    return pd.DataFrame(columns, index=panel.own.index)


EMPLOYER_PAYE = Regime.declared(
    "employer_paye",
    read_declaration(files(__name__).joinpath("features.toml").read_text("utf-8")),
    measure_returns,
    reach=(2, 1),
    evaluation_cases=150,
)
"""The regime of the employer's year."""
