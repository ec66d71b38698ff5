"""An employer's year against the one before, when it came, and whom the employer shares a place with."""

from __future__ import annotations

import numpy as np

from taxgap.regimes.amounts import Floats, ratio
from taxgap.regimes.employer_paye.panel import Panel
from taxgap.regimes.register import count_links
from taxgap.regimes.returns import days_late

SHARING = ("shares_address", "shares_account")


def measure_changes(panel: Panel) -> dict[str, Floats]:
    """Measure the family `change`."""
    now, before = panel.now, panel.before
    heads = [ratio(year["pay"], year["employees"]) for year in (now, before)]
    return {
        "pay_change": ratio(now["pay"], before["pay"]),
        "pay_per_head_change": ratio(*heads),
        "employees_change": ratio(now["employees"], before["employees"]),
    }


def measure_timing(panel: Panel) -> dict[str, Floats]:
    """Measure the families `timing` and `network`."""
    late = days_late(panel.own.table, panel.tables["obligations"], "employer_paye")
    shared = count_links(panel.own.spans, panel.own.people, panel.tables["links"], SHARING)
    claimed = np.where(panel.now["employment_allowance"] > 0, 1.0, 0.0)
    return {
        "days_late": np.maximum(late, 0.0),
        "amendments": panel.own.boxes["version"],
        "shared_places": shared,
        "allowance_shared": claimed * shared,
    }
