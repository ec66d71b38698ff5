"""A VAT return against those before it, when it came, and whom the trader is linked with."""

from __future__ import annotations

import numpy as np

from taxgap.regimes.amounts import Columns, Floats, ratio
from taxgap.regimes.register import count_links, count_new_links, count_two_way_links
from taxgap.regimes.returns import days_late
from taxgap.regimes.vat.panel import Panel

TRADING = ("sells_to", "buys_from")
SHARING = ("shares_address", "shares_account")


def measure_changes(panel: Panel) -> dict[str, Floats]:
    """Measure the family `change`: amounts a day against a year before, or the last return."""
    now, then, last = panel.now, panel.year_ago, panel.previous
    rates = [_output_rate(side) for side in (now, then)]
    return {
        "sales_change": ratio(now["net"], then["net"]),
        "sales_to_previous": ratio(now["net"], last["net"]),
        "purchases_change": ratio(now["purchases"], then["purchases"]),
        "output_rate_change": rates[0] - rates[1],
    }


def measure_timing(panel: Panel) -> dict[str, Floats]:
    """Measure the family `timing`."""
    late = days_late(panel.own.table, panel.tables["obligations"], "vat")
    return {
        "days_late": np.maximum(late, 0.0),
        "amendments": panel.own.boxes["version"],
        "registered_late": panel.registration["late"].to_numpy(np.float64),
    }


def measure_network(panel: Panel) -> dict[str, Floats]:
    """Measure the family `network`: the links that stand when the period ends."""
    spans, people, links = panel.own.spans, panel.own.people, panel.tables["links"]
    partners = count_links(spans, people, links, TRADING)
    return {
        "new_partners": ratio(count_new_links(spans, people, links, TRADING), partners),
        "two_way_partners": count_two_way_links(spans, people, links, *TRADING),
        "shared_places": count_links(spans, people, links, SHARING),
    }


def _output_rate(amounts: Columns) -> Floats:
    return ratio(amounts["output_tax"], np.where(amounts["flat"] > 0, np.nan, amounts["net"]))
