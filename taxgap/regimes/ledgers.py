"""What the other returns of a taxpayer, and the reports of others, say: amounts with the days they are of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from taxgap.regimes.amounts import Columns, Floats
from taxgap.regimes.base import Tables
from taxgap.regimes.law import VAT_RATE
from taxgap.regimes.register import latest_registration
from taxgap.regimes.returns import Returns
from taxgap.regimes.spans import Spans, sum_on_days

DAYS_A_MONTH = 365.25 / 12

BOUGHT = ("cost_of_sales", "premises_costs", "travel_costs", "other_costs", "entertaining")
"""The costs in a company's accounts that are bought from others, so that wages are left out."""


class Ledger(NamedTuple):
    """Amounts in pounds by name, one value a row, and the days of each row."""

    spans: Spans
    amounts: Columns

    def on_days(self, own: Spans) -> tuple[dict[str, Floats], Floats]:
        """Sum the amounts over the days of other rows, and tell which share of these days they cover."""
        return sum_on_days(own, self.spans, self.amounts)


def vat_ledger(returns: Returns, registrations: pd.DataFrame) -> Ledger:
    """Take sales and purchases from VAT returns.

    Parameters
    ----------
    returns : Returns
        Of VAT.
    registrations : DataFrame
        Tell who uses the flat rate scheme: for them box 6 includes VAT.

    Returns
    -------
    Ledger
        `net`, sales without VAT; `gross`, with VAT; `purchases`, without VAT; `output_tax`, `input_tax`;
        `flat`, 1 under the flat rate scheme. Sales under that scheme are taken to bear the standard rate,
        others the VAT declared, at most at that rate, as box 1 holds postponed VAT on imports too.
    """
    boxes = returns.boxes
    flat = latest_registration(returns.spans, returns.people, registrations, "vat")["flat"].to_numpy(bool)
    sales = boxes["sales"]
    return Ledger(
        returns.spans,
        {
            "net": np.where(flat, sales / (1 + VAT_RATE), sales),
            "gross": np.where(flat, sales, sales + np.minimum(boxes["output_tax"], VAT_RATE * sales)),
            **{name: boxes[name] for name in ("purchases", "output_tax", "input_tax")},
            "flat": flat.astype(np.float64),
        },
    )


def accounts_ledger(tables: Tables, people: pd.Index) -> Ledger:
    """Take the accounts of a trade from Corporation Tax and Self Assessment returns.

    Returns
    -------
    Ledger
        `turnover`; `costs`, what is bought from others; `staff` and `directors`, with the employer's
        contributions; `employees`, a count, and `loans` to directors, both missing in Self Assessment.
    """
    company, person = _company_accounts(tables, people), _own_accounts(tables, people)
    spans = Spans(
        np.append(company.spans.who, person.spans.who),
        np.append(company.spans.first, person.spans.first),
        np.append(company.spans.last, person.spans.last),
    )
    amounts = {name: np.append(company.amounts[name], person.amounts[name]) for name in company.amounts}
    return Ledger(spans, amounts)


def payroll_ledger(tables: Tables, people: pd.Index) -> Ledger:
    """Take pay from employers' years: `pay`, and `cost`, which holds the employer's contributions too."""
    years = Returns.of(tables["employer_paye"], people)
    boxes = years.boxes
    return Ledger(
        years.spans,
        {
            "pay": boxes["pay"],
            "cost": boxes["pay"] + boxes["employer_nics"],
        },
    )


def report_ledger(tables: Tables, people: pd.Index, source: str) -> Ledger:
    """Take what one kind of reporter says: `amount` and `tax`, in pounds."""
    reports = tables["third_party"]
    own = reports[(reports["source"] == source).to_numpy(bool)]
    return Ledger(
        Spans.of(own, people, "period_start", "period_end"),
        {
            "amount": own["amount"].to_numpy(dtype=np.float64),
            "tax": own["tax_deducted"].to_numpy(dtype=np.float64),
        },
    )


def _company_accounts(tables: Tables, people: pd.Index) -> Ledger:
    returns = Returns.of(tables["corporation_tax"], people)
    boxes = returns.boxes
    return Ledger(
        returns.spans,
        {
            "turnover": boxes["turnover"],
            "costs": _sum(boxes, *BOUGHT),
            "staff": boxes["staff_costs"],
            "directors": boxes["directors_pay"],
            "employees": boxes["employees"],
            "loans": boxes["loan_to_directors"],
        },
    )


def _own_accounts(tables: Tables, people: pd.Index) -> Ledger:
    returns = Returns.of(tables["self_assessment"], people)
    boxes, year = returns.boxes, returns.spans
    # Accounts of more or fewer than twelve months end with the tax year.
    days = np.round(boxes["accounts_months"] * DAYS_A_MONTH)
    bought = ("cost_of_goods", "subcontractor_costs", "travel_costs", "premises_costs", "office_costs")
    nothing = np.full(len(year.who), np.nan)
    whole = Ledger(
        Spans(
            year.who, np.where(boxes["accounts_months"] == 12, year.first, year.last - days + 1), year.last
        ),
        {
            "turnover": boxes["turnover"] + boxes["other_business_income"],
            "costs": _sum(boxes, *bought, "other_expenses"),
            "staff": boxes["staff_costs"],
            "directors": np.zeros(len(year.who)),
            "employees": nothing,
            "loans": nothing,
        },
    )
    trades = np.flatnonzero(whole.amounts["turnover"] > 0)
    return Ledger(whole.spans.take(trades), {name: v[trades] for name, v in whole.amounts.items()})


def _sum(boxes: Columns, *names: str) -> Floats:
    return np.asarray(np.sum([boxes[name] for name in names], axis=0))
