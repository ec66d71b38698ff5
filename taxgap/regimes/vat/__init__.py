"""VAT: a trader's return, held against reports of others, accounts, payroll, peers and the past."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import pandas as pd

from taxgap.peers import size_band, trade_group_of
from taxgap.regimes.base import Regime, Tables
from taxgap.regimes.declaration import read_declaration
from taxgap.regimes.returns import trade_of
from taxgap.regimes.vat.boxes import measure_margins, measure_repayments, measure_scheme
from taxgap.regimes.vat.history import measure_changes, measure_network, measure_timing
from taxgap.regimes.vat.panel import build_panel
from taxgap.regimes.vat.reports import measure_accounts, measure_reports

__all__ = ["VAT", "measure_returns"]

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


VAT = Regime.declared(
    "vat",
    read_declaration(files(__name__).joinpath("features.toml").read_text("utf-8")),
    measure_returns,
    reach=(2, 1),
)
"""The regime of the VAT return."""
