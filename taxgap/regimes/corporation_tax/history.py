"""A company's return against the one before it, when it came, and whom the company shares a place with."""

from __future__ import annotations

import numpy as np

from taxgap.regimes.amounts import Floats, ratio
from taxgap.regimes.corporation_tax.panel import Panel
from taxgap.regimes.register import count_links
from taxgap.regimes.returns import days_late

SHARING = ("shares_address", "shares_account")


def measure_changes(panel: Panel) -> dict[str, Floats]:
    """Measure the family `change`: amounts a day, so that periods of any length compare."""
    now, before = panel.now, panel.before
    margins = [ratio(side["profit_before_tax"], side["turnover"]) for side in (now, before)]
    return {
        "turnover_change": ratio(now["turnover"] / panel.days, before["turnover"] / panel.days_before),
        "costs_change": ratio(now["costs"] / panel.days, before["costs"] / panel.days_before),
        "margin_change": margins[0] - margins[1],
    }


def measure_timing(panel: Panel) -> dict[str, Floats]:
    """Measure the families `timing` and `network`."""
    late = days_late(panel.own.table, panel.tables["obligations"], "corporation_tax")
    shared = count_links(panel.own.spans, panel.own.people, panel.tables["links"], SHARING)
    return {
        "days_late": np.maximum(late, 0.0),
        "amendments": panel.own.boxes["version"],
        "shared_places": shared,
    }
