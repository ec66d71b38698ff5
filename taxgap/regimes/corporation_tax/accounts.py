"""What a company's return says of its own period: margins, costs, directors, reliefs, the balance sheet."""

from __future__ import annotations

import numpy as np

from taxgap.regimes.amounts import Floats, ratio, round_share, shortfall
from taxgap.regimes.corporation_tax.panel import YEAR, Panel
from taxgap.regimes.law import LOAN_TAX_RATE, by_period, just_below, small_profits_limit, vat_threshold
from taxgap.schemas.corporation_tax import COST_LINES

FEWEST_BOXES = 3
"""Fewer cost lines than this say nothing about rounding."""


def measure_margins(panel: Panel) -> dict[str, Floats]:
    """Measure the families `margin` and `expenses`."""
    now, turnover = panel.now, panel.now["turnover"]
    return {
        "gross_margin": ratio(turnover - now["cost_of_sales"], turnover),
        "net_margin": ratio(now["profit_before_tax"], turnover),
        "taxable_to_turnover": ratio(now["taxable_profit"], turnover),
        "premises_to_turnover": ratio(now["premises_costs"], turnover),
        "travel_to_turnover": ratio(now["travel_costs"], turnover),
        "other_to_turnover": ratio(now["other_costs"], turnover),
        "staff_to_turnover": ratio(now["staff_costs"], turnover),
        "costs_to_turnover": ratio(now["costs"], turnover),
        "not_added_back": shortfall(now["entertaining"] + now["depreciation"], now["added_back"]),
    }


def measure_directors(panel: Panel) -> dict[str, Floats]:
    """Measure the family `directors`."""
    now, turnover = panel.now, panel.now["turnover"]
    paid = now["dividends_paid"]
    return {
        "directors_pay_to_turnover": ratio(now["directors_pay"], turnover),
        "loans_to_turnover": ratio(now["loan_to_directors"], turnover),
        "loans_untaxed": shortfall(LOAN_TAX_RATE * now["loan_to_directors"], now["tax_on_loans"]),
        "drawings_to_turnover": ratio(paid + now["directors_pay"], turnover),
        "dividends_uncovered": shortfall(paid, np.maximum(now["net_assets"] + paid, 0.0)),
    }


def measure_reliefs(panel: Panel) -> dict[str, Floats]:
    """Measure the family `reliefs`."""
    now, before = panel.now, panel.before
    research = ratio(now["rd_relief"], now["costs"])
    losses, loss = now["losses_brought_forward"], (now["profit_before_tax"] < 0).astype(np.float64)
    loss_before = np.nan_to_num(before["profit_before_tax"]) < 0
    return {
        "rd_to_costs": research,
        "rd_change": research - ratio(before["rd_relief"], before["costs"]),
        "capital_to_turnover": ratio(now["capital_allowances"], now["turnover"]),
        "capital_to_depreciation": ratio(now["capital_allowances"], now["depreciation"]),
        "losses_to_profit": ratio(losses, now["taxable_profit"] + losses),
        "losses_unseen": np.where(
            np.isnan(before["days"]), np.nan, shortfall(losses, np.maximum(-before["profit_before_tax"], 0.0))
        ),
        "loss_periods": np.where(np.isnan(now["profit_before_tax"]), np.nan, loss + loss_before),
    }


def measure_balance(panel: Panel) -> dict[str, Floats]:
    """Measure the families `balance`, `scheme` and `shape`."""
    now, before = panel.now, panel.before
    kept = now["profit_before_tax"] - now["tax_charged"] - now["dividends_paid"]
    threshold = by_period(panel.own.tax_years, vat_threshold)
    turnover, profit = (now[name] / panel.days * YEAR for name in ("turnover", "taxable_profit"))
    limit = by_period(panel.own.tax_years, small_profits_limit) / (1 + now["associated_companies"])
    lines = np.column_stack([now[name] for name in COST_LINES])
    return {
        "net_assets_to_turnover": ratio(now["net_assets"], now["turnover"]),
        "unexplained_growth": ratio(now["net_assets"] - before["net_assets"] - kept, now["turnover"]),
        "below_vat_threshold": just_below(turnover, threshold) * np.where(panel.vat_share > 0, 0.0, 1.0),
        "below_profits_limit": just_below(profit, limit, reached=True),
        "round_costs": round_share(lines, FEWEST_BOXES),
    }
