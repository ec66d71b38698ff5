"""The construction scheme: what firms pay to subcontractors and deduct, and what is deducted from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxgap.synthetic.published import trades
from taxgap.synthetic.streams import Floats
from taxgap.synthetic.timeline import ALL_YEARS, LOOKBACK
from taxgap.synthetic.trading import Trading
from taxgap.tax import tax_law

BUILDING = int(np.flatnonzero((trades()["name"] == "building").to_numpy())[0])
"""The trade whose firms are contractors and subcontractors."""

LABOUR = 0.70
"""Share of what a subcontractor is paid that is not for materials (assumption; the same as for people)."""

# Assumptions: no published division by rate could be read.
_OTHERS = 0.03  # firms of other trades that build enough for themselves to count as contractors
_OTHERS_SHARE = 0.35  # of what these pay to subcontractors
_UNMATCHED = 0.05  # of payments, to subcontractors who cannot be matched: the higher rate
_GROSS_MIDDLE, _GROSS_BY_SIZE = (
    -1.1,
    0.75,
)  # log-odds that the subcontractor is paid gross, per tenfold of size
_OWN_GROSS = -1.7  # log-odds that a company itself is paid gross, before its size


@dataclass(frozen=True)
class Construction:
    """Amounts of the scheme in GBP, shape (firms, years).

    Attributes
    ----------
    paid : ndarray of float64
        Paid to subcontractors.
    deducted : ndarray of float64
        Deducted from them.
    received : ndarray of float64
        Had from contractors.
    suffered : ndarray of float64
        Deducted from it by contractors; firms with gross payment status have nothing deducted.
    """

    paid: Floats
    deducted: Floats
    received: Floats
    suffered: Floats


def work_out_construction(trading: Trading) -> Construction:
    """Work out what each firm truly deducted and suffered under the construction scheme.

    Parameters
    ----------
    trading : Trading

    Returns
    -------
    Construction

    Notes
    -----
    Finance Act 2004 ss.57 to 62. The deduction leaves out materials. It is 20% for registered subcontractors,
    30% for those that cannot be matched and nothing for those with gross payment status; larger contractors
    use more of the latter, and larger companies have it themselves more often (assumption).
    """
    firms, streams = trading.firms, trading.streams
    builds = (firms["trade"] == BUILDING).to_numpy()
    size = np.clip(np.log10(firms["gross"].to_numpy() / 1e5), -1, 4)
    some = np.where(builds, 0.82 + 0.16 * streams.uniform("paye share to subcontractors"), _OTHERS_SHARE)
    contracts = builds | streams.happens(_OTHERS, "paye contractor")
    paid = (some * contracts)[:, None] * trading.annual["subcontractors"]
    odds = _GROSS_MIDDLE + _GROSS_BY_SIZE * size + 0.9 * streams.normal("paye pays gross")
    gross = 1 / (1 + np.exp(-odds))
    unmatched = _UNMATCHED * (1 - gross) * 2 * streams.uniform("paye unmatched")
    labour = np.clip(LABOUR * np.exp(0.12 * streams.normal("paye labour")), 0.4, 1.0)
    usual, higher = construction_rates(trading.columns)
    rate = (1 - gross - unmatched)[:, None] * usual + unmatched[:, None] * higher
    received = firms["contractor"].to_numpy()[:, None] * trading.annual["turnover"] * builds[:, None]
    suffers = ~streams.happens(1 / (1 + np.exp(-_OWN_GROSS - 1.1 * size)), "paye has gross status")
    paid, received = paid.round(), received.round()
    return Construction(
        paid=paid,
        deducted=(labour[:, None] * rate * paid).round(),
        received=received,
        suffered=(suffers[:, None] * usual * LABOUR * received).round(),
    )


def construction_rates(columns: int) -> tuple[Floats, Floats]:
    """Return the usual and the higher rate of deduction, by column of a year-by-year amount."""
    laws = [tax_law(ALL_YEARS[max(column - LOOKBACK, 0)]).construction for column in range(columns)]
    return np.array([law.registered_rate for law in laws]), np.array([law.unregistered_rate for law in laws])
