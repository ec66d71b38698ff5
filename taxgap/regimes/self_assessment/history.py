"""A return against the year before, and when it came."""

from __future__ import annotations

import numpy as np

from taxgap.regimes.amounts import Floats, ratio
from taxgap.regimes.self_assessment.panel import Panel


def measure_changes(panel: Panel) -> dict[str, Floats]:
    """Measure the family `change`, and what counts only when it repeats itself.

    Turnover and expenses are those of twelve months, so that the year of transition to tax-year basis, whose
    accounts may cover up to 23 months, changes nothing by itself.
    """
    now, before = panel.now, panel.before
    years = {name: now[name] + np.nan_to_num(before[name]) for name in now}
    return {
        "turnover_change": ratio(now["turnover"], before["turnover"]),
        "expenses_change": ratio(now["expenses"], before["expenses"]),
        "margin_change": now["margin"] - before["margin"],
        "rents_change": ratio(now["rents"], before["rents"]),
        "interest_change": ratio(now["interest"], before["interest"]),
        "dividends_change": ratio(now["dividends"], before["dividends"]),
        "partnership_change": ratio(now["partnership_profit"], before["partnership_profit"]),
        "loss_years": years["loss"],
        "vat_threshold_years": years["below_vat_threshold"],
        "trading_allowance_years": years["within_trading_allowance"],
        "property_allowance_years": years["within_property_allowance"],
    }


def measure_timing(panel: Panel) -> dict[str, Floats]:
    """Measure the family `timing`."""
    return {
        "days_late": np.maximum(panel.delay, 0.0),
        "amendments": panel.returns["version"],
        "no_agent": 1 - panel.returns["by_agent"],
    }
