"""What others report, and what the company's VAT returns and payroll say, against its accounts."""

from __future__ import annotations

import numpy as np

from taxgap.regimes.amounts import Floats, ratio, shortfall
from taxgap.regimes.corporation_tax.panel import Panel
from taxgap.regimes.law import VAT_RATE
from taxgap.regimes.ledgers import BOUGHT, Ledger, payroll_ledger, report_ledger, vat_ledger
from taxgap.regimes.returns import Returns
from taxgap.regimes.spans import bring_to_days


def measure_reports(panel: Panel) -> dict[str, Floats]:
    """Measure the family `third_party`.

    Reports of other days than the accounting period count in proportion to the days that they share with it.
    What card processors and platforms report of a company registered for VAT holds VAT, at the rate that its
    VAT returns show on the whole, or at the standard rate where there are none.
    """
    turnover = panel.now["turnover"]
    with_vat = 1 + _rate_of_vat(panel) * panel.vat_share
    card, platform = (_a_period(panel, source) / with_vat for source in ("card_processor", "platform"))
    takings = card + platform + _a_period(panel, "contractor")
    return {
        "takings_to_turnover": ratio(takings, turnover),
        "takings_uncovered": shortfall(takings, turnover),
        "card_to_turnover": ratio(card, turnover),
        "interest_uncovered": shortfall(_a_period(panel, "bank"), panel.now["other_income"]),
    }


def measure_accounts(panel: Panel) -> dict[str, Floats]:
    """Measure the family `accounts`: VAT returns and payroll of the same days, against the accounts."""
    now = panel.now
    sums, share = _vat(panel).on_days(panel.own.spans)
    turnover = bring_to_days(now["turnover"], share)
    costs = bring_to_days(np.asarray(np.sum([now[name] for name in BOUGHT], axis=0)), share)
    pay, known = payroll_ledger(panel.tables, panel.own.people).on_days(panel.own.spans)
    staff = now["staff_costs"] + now["directors_pay"]
    return {
        "vat_sales_to_turnover": ratio(sums["net"], turnover),
        "turnover_uncovered": np.where(np.isnan(turnover), np.nan, shortfall(sums["net"], turnover)),
        "costs_to_vat_purchases": np.where(sums["flat"] > 0, np.nan, ratio(costs, sums["purchases"])),
        "staff_to_payroll": ratio(bring_to_days(staff, known), pay["cost"]),
        "staff_without_payroll": shortfall(staff, pay["cost"] / np.where(known > 0, known, 1.0)),
    }


def _a_period(panel: Panel, source: str) -> Floats:
    """Bring what is reported of some days of a period to all of them."""
    sums, share = report_ledger(panel.tables, panel.own.people, source).on_days(panel.own.spans)
    return np.nan_to_num(sums["amount"] / bring_to_days(np.ones(len(share)), share))


def _vat(panel: Panel) -> Ledger:
    return vat_ledger(Returns.of(panel.tables["vat"], panel.own.people), panel.tables["registrations"])


def _rate_of_vat(panel: Panel) -> Floats:
    sums, _ = _vat(panel).on_days(panel.own.spans)
    shown = ratio(np.maximum(sums["gross"] - sums["net"], 0.0), sums["net"])
    return np.where(np.isnan(shown), VAT_RATE, shown)
