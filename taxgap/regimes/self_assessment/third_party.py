"""What others report, against what the return declares."""

from __future__ import annotations

import numpy as np

from taxgap.regimes.amounts import Floats, ratio, shortfall
from taxgap.regimes.law import VAT_RATE
from taxgap.regimes.self_assessment.amounts import within_a_year
from taxgap.regimes.self_assessment.panel import Panel
from taxgap.regimes.self_assessment.yearly import trading_allowance


def measure_reports(panel: Panel) -> dict[str, Floats]:
    """Measure the family `third_party`.

    Reports and return differ for honest reasons too: platforms report a calendar year before their fees,
    banks report a joint account in full to each holder, and some sales of a VAT-registered trader bear no
    VAT. Reports of sales up to the trading allowance need not be declared at all.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    dict of str to ndarray
        One entry a feature.
    """
    return {**_measure_takings(panel), **_measure_other_income(panel)}


def _measure_takings(panel: Panel) -> dict[str, Floats]:
    returns, reports = panel.returns, panel.reports
    income = returns["turnover"] + returns["other_business_income"]
    income = within_a_year(income, returns["accounts_months"])
    with_vat = 1 + VAT_RATE * returns["vat_share"]
    card, platform = reports["card_processor"] / with_vat, reports["platform"] / with_vat
    takings = card + platform + reports["contractor"]
    # Sales may stand on the pages for property or other income: what these could hold counts as declared.
    covering = income + returns["rents"] + returns["other_income"]
    allowance = trading_allowance(panel.periods)
    return {
        "reported_to_income": ratio(takings, income),
        "reports_uncovered": shortfall(takings, covering, ignore=allowance),
        "card_to_income": ratio(card, income),
        "income_unreported": np.maximum(1 - ratio(takings, income), 0.0),
        "platform_uncovered": shortfall(platform, covering, ignore=allowance),
        "contractor_uncovered": shortfall(reports["contractor"], income),
        "deductions_unmatched": shortfall(returns["cis_deductions"], panel.taxed["contractor"]),
    }


def _measure_other_income(panel: Panel) -> dict[str, Floats]:
    returns, reports = panel.returns, panel.reports
    more_interest = np.maximum(reports["bank"] - returns["interest"], 0.0)
    more_to_income = ratio(more_interest, returns["total_income"] + more_interest)
    tax_credit = shortfall(returns["tax_deducted"], panel.taxed["employer"])
    return {
        "pay_unmatched": shortfall(reports["employer"], returns["employment_pay"]),
        # The box holds tax taken off pensions as well, which employers do not report.
        "tax_credit_unmatched": np.where(returns["pension"] == 0, tax_credit, np.nan),
        "interest_unmatched": shortfall(reports["bank"], returns["interest"]),
        "interest_unmatched_to_income": np.where(more_interest == 0, 0.0, more_to_income),
        "overseas_unmatched": shortfall(reports["overseas"], returns["foreign_income"]),
        "partnership_uncovered": shortfall(reports["partnership"], returns["partnership_profit"]),
    }
