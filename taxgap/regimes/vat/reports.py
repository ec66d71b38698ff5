"""What others report, and what a trader's accounts and payroll say, against the sales of VAT returns."""

from __future__ import annotations

import numpy as np

from taxgap.regimes.amounts import Columns, Floats, ratio
from taxgap.regimes.comparison import Comparison
from taxgap.regimes.law import VAT_RATE
from taxgap.regimes.ledgers import Ledger, accounts_ledger, payroll_ledger, report_ledger
from taxgap.regimes.vat.panel import Panel

TAKINGS = {"card_processor": "gross", "platform": "gross", "contractor": "net"}
"""Whose reports are takings, and whether these hold VAT."""


def measure_reports(panel: Panel) -> dict[str, Floats]:
    """Measure the family `third_party`, and imports among the inputs.

    A report is held against all returns of its days; a return is given what was found for the twelve months
    that end with it. Contractors report without VAT, card processors and platforms with it.
    """
    shares, own = {}, {}
    for source, kind in TAKINGS.items():
        compared, amount = _compare(panel, report_ledger(panel.tables, panel.own.people, source))
        shares[source] = np.nan_to_num(compared.ratio(amount["amount"], panel.every.amounts[kind]))
        own[source] = ratio(np.nan_to_num(compared.daily(amount["amount"])), panel.now[kind])
    total = np.sum(list(shares.values()), axis=0)
    return {
        "takings_to_sales": total,
        "takings_uncovered": uncovered(total),
        "card_to_sales": shares["card_processor"],
        "takings_to_period_sales": np.sum(list(own.values()), axis=0),
        "platform_uncovered": uncovered(shares["platform"]),
        **_measure_imports(panel),
    }


def measure_accounts(panel: Panel) -> dict[str, Floats]:
    """Measure the families `accounts` and `wages`; missing where there are no accounts or no payroll."""
    declared = panel.every.amounts
    compared, accounts = _compare(panel, accounts_ledger(panel.tables, panel.own.people))
    turnover = compared.ratio(accounts["turnover"], declared["net"])
    costs = compared.ratio(accounts["costs"], declared["purchases"])
    compared, payroll = _compare(panel, payroll_ledger(panel.tables, panel.own.people))
    added = declared["net"] - declared["purchases"]
    one = np.ones(len(turnover))
    return {
        "sales_to_turnover": ratio(one, turnover),
        "turnover_uncovered": uncovered(turnover),
        "purchases_to_costs": ratio(one, costs),
        "wages_to_sales": compared.ratio(payroll["cost"], declared["net"]),
        "wages_to_value_added": panel.standard * compared.ratio(payroll["cost"], added),
    }


def uncovered(times: Floats) -> Floats:
    """Turn reported over declared into the share that is not covered.

    Examples
    --------
    >>> uncovered(np.array([0.0, 0.5, 4.0])).tolist()
    [0.0, 0.0, 0.75]
    """
    return np.asarray(1 - 1 / np.maximum(times, 1.0))


def _measure_imports(panel: Panel) -> dict[str, Floats]:
    compared, customs = _compare(panel, report_ledger(panel.tables, panel.own.people, "customs"))
    times = np.nan_to_num(compared.ratio(customs["amount"], panel.every.amounts["purchases"]))
    daily = np.nan_to_num(compared.daily(customs["amount"]))
    due = panel.yearly["output_tax"] - VAT_RATE * daily
    return {
        "imports_uncovered": uncovered(times),
        "output_rate_without_imports": panel.standard * ratio(due, panel.yearly["net"]),
        "import_vat_to_inputs": ratio(VAT_RATE * daily, panel.yearly["input_tax"]),
    }


def _compare(panel: Panel, ledger: Ledger) -> tuple[Comparison, Columns]:
    return Comparison(panel.year, ledger.spans, panel.every.spans), ledger.amounts
