"""VAT from above: what the national accounts say is due, less what came in."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.calibration.intervals import Z95
from taxgap.calibration.partition import Part, find_rows
from taxgap.calibration.row import Group, Row
from taxgap.calibration.sums import Sums, sum_up
from taxgap.synthetic.published import published

_MEASURE = "vat_theoretical_liability"


def tally_receipts(part: Part) -> Sums:
    """Sum by tax year the VAT that came in, and the estimates of what was due.

    Returns
    -------
    dict of DataFrame
        `receipts` by tax year in GBP of the whole population: `paid`, `repaid`, `yield` (what closed
        enquiries found)`. `theoretical` by tax year: `amount` and `variance` of the estimate.
    """
    returns = part.returns("vat")
    payments = part.payments
    payments = payments[payments["regime"] == "vat"]
    cases = part.cases
    cases = cases[cases["regime"] == "vat"]
    paid = _by_return(returns, payments, "paid")
    found = _by_return(returns, cases, "tax_found")
    repaid = np.minimum(returns["net_vat"].to_numpy(dtype=float), 0.0)
    weight = returns["weight"].to_numpy(dtype=float)
    values = {"paid": weight * paid, "repaid": weight * repaid, "yield": weight * found}
    sums = {"receipts": sum_up({"year": returns["year"]}, values)}
    table = part.read("aggregates", ["measure", "period", "industry", "amount", "standard_error"])
    mine = table[(table["measure"] == _MEASURE) & (table["industry"] == "all")]
    if len(mine):
        amounts = {"amount": mine["amount"], "variance": mine["standard_error"] ** 2}
        sums["theoretical"] = sum_up({"year": mine["period"]}, amounts)
    return sums


def compare_top_down(sums: Sums, taxpayers: float) -> list[Row]:
    """Compare the VAT gap from above with the published one, which is built so.

    Parameters
    ----------
    sums : dict of DataFrame
        From `tally_receipts`, added up.
    taxpayers : float

    Returns
    -------
    list of Row
        No target: the estimate of what is due is drawn with an error about as large as the gap.

    Notes
    -----
    Gap = theoretical liability less receipts; receipts = paid - repaid + found by enquiries.
    All tax years are taken together.
    """
    if "theoretical" not in sums or "receipts" not in sums:
        return []
    table = sums["theoretical"].join(sums["receipts"], how="inner")
    due, receipts = float(table["amount"].sum()), float(table[["paid", "repaid", "yield"]].sum().sum())
    if due <= 0:
        return []
    share = (due - receipts) / due
    half = Z95 * float(table["variance"].sum()) ** 0.5 * receipts / due**2
    group = Group("VAT from above", published()["gap_by_tax"], taxpayers)
    group.add(
        "VAT gap, from above",
        published()["gap_by_tax"]["share"][0],
        (share, share - half, share + half),
        is_target=False,
    )
    return group.rows


def _by_return(returns: pd.DataFrame, table: pd.DataFrame, column: str) -> NDArray[np.float64]:
    row = find_rows(table["key"], returns)
    amount = table[column].astype(float).fillna(0.0).to_numpy()
    return np.asarray(np.bincount(row[row >= 0], amount[row >= 0], len(returns)), dtype=np.float64)
