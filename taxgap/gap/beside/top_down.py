"""VAT from above: what should have come in by the national accounts, less what did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from taxgap.errors import InvalidDataError
from taxgap.gap.cautions import warn_of
from taxgap.gap.chain.reading import NET_BOXES
from taxgap.gap.checks import check_level, check_positive
from taxgap.records import Records
from taxgap.records.periods import tax_year_of
from taxgap.regimes.returns import KEY, latest_versions
from taxgap.risk.card import to_plain

MEASURE = "vat_theoretical_liability"
"""The row of the table ``aggregates`` with theoretical liability."""

_LEAST_COVERED = 0.3


@dataclass(frozen=True)
class TopDown:
    """A gap from above.

    Parameters
    ----------
    theoretical, receipts : float
        What should have come in, and what did, in one unit.
    gap, low, high : float
        Their difference, with its interval; the value itself where no error is known.
    percent, percent_low, percent_high : float
        The gap over theoretical liability.
    """

    theoretical: float
    receipts: float
    gap: float
    low: float
    high: float
    percent: float
    percent_low: float
    percent_high: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        plain: dict[str, Any] = to_plain(vars(self))
        return plain


def estimate_from_above(
    theoretical: float, receipts: float, *, standard_error: float = 0.0, level: float = 0.95
) -> TopDown:
    """Return theoretical liability less receipts.

    Parameters
    ----------
    theoretical : float
        Net theoretical liability, above 0.
    receipts : float
        Net receipts of the same year, in the same unit.
    standard_error : float, default 0
        Of the theoretical liability; receipts are counted.
    level : float, default 0.95
        Confidence.

    Returns
    -------
    TopDown

    Raises
    ------
    UsageError
        If the level is not between 0 and 1.
    InvalidDataError
        If theoretical liability is not above 0, or a number is missing, or the error is so large that
        theoretical liability may be 0: a gap in percent of it has no limit then.

    Warns
    -----
    EstimateWarning
        If receipts are above what should have come in: the gap is negative.

    Examples
    --------
    VAT of 2022-23 as published in the second estimate (GBP billion):

    >>> found = estimate_from_above(166.7, 158.1)
    >>> round(found.gap, 1), round(found.percent, 1)
    (8.6, 5.2)
    """
    check_level(level)
    if not (np.isfinite([theoretical, receipts, standard_error]).all() and theoretical > 0 <= standard_error):
        raise InvalidDataError(
            "Theoretical liability must be above 0, its error not below, and no number missing.",
            where="theoretical",
        )
    reach = float(ndtri((1 + level) / 2)) * standard_error
    if reach >= theoretical:
        raise InvalidDataError(
            f"At {level:.0%} theoretical liability reaches down to 0: a percentage of it has no limit.",
            where="standard_error",
            remedy="Check its unit: it is an amount, as theoretical liability is, not a percentage.",
        )
    gap = theoretical - receipts
    if gap < 0:
        warn_of(
            ["Receipts are above theoretical liability, so that the gap is negative: check which is which."]
        )
    percents = [100 * (1 - receipts / due) for due in (theoretical, theoretical - reach, theoretical + reach)]
    return TopDown(theoretical, receipts, gap, gap - reach, gap + reach, *percents)


def read_top_down(records: Records, *, scale: float = 1.0, level: float = 0.95) -> pd.DataFrame:
    """Return the VAT gap from above, one row a tax year.

    Parameters
    ----------
    records : Records
        With ``aggregates`` (measure ``vat_theoretical_liability``), ``vat``, ``payments``, ``enquiries``.
    scale : float, default 1
        What theoretical liability is multiplied with: the share of the real population that the records hold.
    level : float, default 0.95

    Returns
    -------
    DataFrame
        ``period`` and the fields of `TopDown` (GBP). Receipts: VAT paid less VAT repaid plus VAT found by
        closed enquiries.

    Raises
    ------
    UsageError
        If the scale is not above 0, or the level not between 0 and 1.
    InvalidDataError
        If a table or the measure is missing, or a year is as `estimate_from_above` refuses it.

    Warns
    -----
    EstimateWarning
        If receipts are less than 30% of theoretical liability: ``scale`` is then likely to be wrong.
    """
    check_level(level)
    check_positive(scale, "scale")
    missing = [name for name in ("aggregates", "vat", "payments", "enquiries") if name not in records.tables]
    if missing:
        raise InvalidDataError(f"The tables {', '.join(missing)} are missing.", available=records.tables)
    table = records.read("aggregates")
    due = table[(table["measure"] == MEASURE) & (table["industry"] == "all")].set_index("period")
    if due.empty:
        raise InvalidDataError(
            f"The aggregates have no measure {MEASURE}.",
            where="aggregates",
            available=sorted(map(str, table["measure"].unique())),
            remedy="Add what the national accounts say should come in, by tax year.",
        )
    box = NET_BOXES["vat"]
    returns = latest_versions(records.read("vat", [*KEY, "version", "received_on", box]))
    repaid = _by_year(returns["period"], returns[box].clip(upper=0))
    payments, cases = (
        records.read(n, ["regime", "period", c])
        for n, c in (("payments", "paid"), ("enquiries", "tax_found"))
    )
    sums = [repaid]
    for frame, column in ((payments, "paid"), (cases, "tax_found")):
        mine = frame[(frame["regime"] == "vat").to_numpy()]
        sums.append(_by_year(mine["period"], mine[column].fillna(0.0)))
    receipts = pd.concat(sums, axis=1).fillna(0.0).sum(axis=1)
    years = sorted(set(due.index) & set(receipts.index))
    covered = float(receipts[years].sum()) / max(scale * float(due.loc[years, "amount"].sum()), 1e-300)
    if years and covered < _LEAST_COVERED:
        caution = (
            f"Receipts are {covered:.1%} of theoretical liability: the records seem to hold a part of the "
            "population that the aggregates speak of. Give that part as scale."
        )
        warn_of([caution])
    rows = [
        {"period": year}
        | estimate_from_above(
            scale * float(due.loc[year, "amount"]),
            float(receipts[year]),
            standard_error=scale * float(due.loc[year, "standard_error"]),
            level=level,
        ).to_dict()
        for year in years
    ]
    return pd.DataFrame(rows)


def _by_year(period: pd.Series, amount: pd.Series) -> pd.Series:
    return amount.astype(np.float64).groupby(tax_year_of(period.astype(object)).to_numpy()).sum()
