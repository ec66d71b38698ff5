"""How much of the tax lost enquiries find: an audit that only a synthetic population allows."""

from __future__ import annotations

from taxgap.gap.cells import MISREPORTED_AT
from taxgap.gap.intervals import ratio_of_sums
from taxgap.gap.sums import Sums, add, cross_moments, sum_up
from taxgap.records import Truth


def implied_multiplier(truth: Truth, regime: str = "self_assessment") -> dict[str, float]:
    """Return the share of tax that officers find, and the non-detection multiplier it implies.

    Parameters
    ----------
    truth : Truth
        What every return's officer would have found had it been opened.
    regime : str, default "self_assessment"
        The tax; officers of one tax find more than those of another.

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
    sums: Sums = {}
    for partition in truth.partitions:
        table = truth.read("enquiries", ["regime", "tax_lost", "tax_found"], partition=partition)
        wrong = table[(table["regime"] == regime) & (table["tax_lost"] >= MISREPORTED_AT)]
        values = cross_moments(wrong["tax_found"], wrong["tax_lost"])
        missed = {"missed": (wrong["tax_found"] == 0).to_numpy()}
        sums = add(sums, {"all": sum_up({"all": [0] * len(wrong)}, values | missed)})
    if not len(sums["all"]):
        return dict.fromkeys(("detection", "low", "high", "multiplier", "missed_whole"), float("nan"))
    row = sums["all"].iloc[0]
    share, low, high = ratio_of_sums(row)
    return {
        "detection": share,
        "low": low,
        "high": high,
        "multiplier": 1 / share if share else float("nan"),
        "missed_whole": float(row["missed"] / row["n"]),
    }
