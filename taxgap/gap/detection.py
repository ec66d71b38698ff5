"""How much of the tax lost enquiries find: an audit that only a synthetic population allows."""

from __future__ import annotations

import numpy as np

from taxgap.gap.intervals import ratio_interval
from taxgap.records import Truth


def implied_multiplier(truth: Truth) -> dict[str, float]:
    """Return the share of tax that officers find, and the non-detection multiplier it implies.

    Parameters
    ----------
    truth : Truth
        What every return's officer would have found had it been opened.

    Returns
    -------
    dict of str to float
        `detection`, `low`, `high` (95% interval of the share), `multiplier` (its inverse) and `missed_whole`
        (share of wrong returns on which nothing is found).

    Notes
    -----
    No published value of the multiplier could be read. The share is a setting of the generator, an
    assumption.
    """
    table = truth.table("enquiries", ["tax_lost", "tax_found"])
    wrong = table[table["tax_lost"] >= 1]
    share, low, high = ratio_interval(wrong["tax_found"], wrong["tax_lost"])
    return {
        "detection": share,
        "low": low,
        "high": high,
        "multiplier": 1 / share if share else float("nan"),
        "missed_whole": float(np.mean(wrong["tax_found"] == 0)),
    }
