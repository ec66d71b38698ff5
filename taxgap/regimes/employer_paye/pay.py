"""What an employer's year says of pay, directors, subcontractors, and the tax and contributions on them."""

from __future__ import annotations

import numpy as np

from taxgap.regimes.amounts import Floats, ratio, round_share, shortfall
from taxgap.regimes.employer_paye.panel import Panel
from taxgap.regimes.law import by_period, full_time_pay

FEWEST_BOXES = 3
"""Fewer boxes than this say nothing about rounding."""

ROUND_BOXES = ("pay", "tax_deducted", "employee_nics", "employer_nics", "paid_to_subcontractors")


def measure_wages(panel: Panel) -> dict[str, Floats]:
    """Measure the families `wages`, `margin` and `third_party`.

    Accounts and returns of other days than the tax year count in proportion to the days that they share
    with it. Staff costs of accounts hold the employer's contributions, so these are added to pay.
    """
    now, accounts = panel.now, panel.accounts
    cost = now["pay"] + now["employer_nics"]
    staff = accounts["staff"] + accounts["directors"]
    wage = by_period(panel.own.tax_years, full_time_pay)
    return {
        "pay_per_head": ratio(now["pay"], now["employees"] * wage),
        "pay_to_turnover": ratio(cost, panel.sales),
        "pay_to_staff_costs": ratio(cost, staff),
        "staff_costs_uncovered": np.where(np.isnan(staff), np.nan, shortfall(staff, cost)),
        "heads_uncovered": np.where(
            np.isnan(accounts["employees"]), np.nan, shortfall(accounts["employees"], now["employees"])
        ),
        "labour_to_value_added": ratio(cost, panel.value_added),
        "takings_to_pay": ratio(panel.takings, cost),
    }


def measure_directors(panel: Panel) -> dict[str, Floats]:
    """Measure the family `directors`; what needs the accounts of a company is missing without them."""
    now, accounts = panel.now, panel.accounts
    paid = accounts["directors"]
    return {
        "directors_share": ratio(now["directors_pay"], now["pay"]),
        "directors_to_turnover": ratio(now["directors_pay"], panel.sales),
        "directors_uncovered": np.where(np.isnan(paid), np.nan, shortfall(paid, now["directors_pay"])),
        "loans_to_pay": ratio(accounts["loans"], now["pay"]),
    }


def measure_subcontractors(panel: Panel) -> dict[str, Floats]:
    """Measure the families `subcontractors` and `cis`."""
    now, before = panel.now, panel.before
    share, share_before = (
        ratio(year["paid_to_subcontractors"], year["paid_to_subcontractors"] + year["pay"])
        for year in (now, before)
    )
    taken = np.nan_to_num(panel.contractors["tax"])
    due = now["tax_deducted"] + now["employee_nics"] + now["employer_nics"] + now["cis_deducted"]
    return {
        "subcontractors_share": share,
        "deduction_rate": ratio(now["cis_deducted"], now["paid_to_subcontractors"]),
        "subcontractors_change": share - share_before,
        "suffered_uncovered": shortfall(now["cis_suffered"], taken),
        "suffered_to_due": ratio(now["cis_suffered"], due),
    }


def measure_charges(panel: Panel) -> dict[str, Floats]:
    """Measure the families `tax`, `nics`, `allowance` and `shape`."""
    now = panel.now
    lone = np.where(np.isnan(now["employees"]), np.nan, now["employees"] <= 1)
    claimed = np.where(now["employment_allowance"] > 0, 1.0, 0.0)
    boxes = np.column_stack([now[name] for name in ROUND_BOXES])
    return {
        "allowance_to_nics": ratio(now["employment_allowance"], now["employer_nics"]),
        "allowance_alone": claimed * lone,
        "tax_rate": ratio(now["tax_deducted"], now["pay"]),
        "employee_nics_rate": ratio(now["employee_nics"], now["pay"]),
        "employer_nics_rate": ratio(now["employer_nics"], now["pay"]),
        "round_boxes": round_share(boxes, FEWEST_BOXES),
    }
