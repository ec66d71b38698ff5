"""The employer's year as a return: its boxes, what stands behind them and what follows from them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.employer_paye.construction import BUILDING, Construction
from taxgap.synthetic.employer_paye.payrolls import DUE, Employers
from taxgap.synthetic.register import FORMS
from taxgap.synthetic.timeline import LOOKBACK
from taxgap.synthetic.trading import CHANNELS, Trading

PRIMITIVE_BOXES = (
    "employees",
    "pay",
    "directors_pay",
    *DUE,
    "employment_allowance",
    "paid_to_subcontractors",
    "cis_deducted",
    "cis_suffered",
)
"""The boxes an employer fills in; only what is due follows from them."""


def fill_in_truthfully(
    firm: np.ndarray, year: np.ndarray, trading: Trading, employers: Employers, construction: Construction
) -> pd.DataFrame:
    """Turn true payrolls into the boxes of truthful returns.

    Parameters
    ----------
    firm, year : ndarray of int64
        Row of `trading.firms` and position in `ALL_YEARS` of each return.
    trading : Trading
    employers : Employers
    construction : Construction

    Returns
    -------
    DataFrame
        `PRIMITIVE_BOXES` in whole pounds. Directors count as employees. Only companies set off what was
        deducted from them; people and partners claim it on their own returns.
    """
    company = (trading.firms["legal_form"] == FORMS.index("company")).to_numpy()[:, None]
    amounts = {
        "employees": employers.employees + employers.directors,
        "pay": employers.wages + employers.directors_pay,
        "directors_pay": employers.directors_pay,
        **{name: employers.on_wages[name] + employers.on_directors_pay[name] for name in DUE},
        "employment_allowance": employers.allowance,
        "paid_to_subcontractors": construction.paid,
        "cis_deducted": construction.deducted,
        "cis_suffered": construction.suffered * company,
    }
    return pd.DataFrame({box: amounts[box][firm, year + LOOKBACK].round() for box in PRIMITIVE_BOXES})


def describe_activity(
    firm: np.ndarray, year: np.ndarray, trading: Trading, employers: Employers
) -> pd.DataFrame:
    """Lay out what mechanisms look at: one row a return.

    Parameters
    ----------
    firm, year : ndarray of int64
        Row of `trading.firms` and position in `ALL_YEARS` of each return.
    trading : Trading
    employers : Employers

    Returns
    -------
    DataFrame
        `turnover` (GBP), the shares of it by channel, `staff` (employees who are no directors), `wages` and
        `wages_` with each of `DUE` (GBP), `claimable` (allowance that could be claimed, GBP), `company`,
        `builds`, `umbrella`.
    """
    at = firm, year + LOOKBACK
    columns = {"turnover": trading.annual["turnover"][at], "staff": employers.employees[at]}
    columns |= {channel: trading.firms[channel].to_numpy()[firm] for channel in CHANNELS}
    columns |= {"wages": employers.wages[at], "claimable": employers.claimable[at]}
    columns |= {f"wages_{name}": employers.on_wages[name][at] for name in DUE}
    form, trade = trading.firms["legal_form"].to_numpy()[firm], trading.firms["trade"].to_numpy()[firm]
    return pd.DataFrame(columns).assign(
        company=form == FORMS.index("company"), builds=trade == BUILDING, umbrella=employers.umbrella[firm]
    )


def complete(boxes: pd.DataFrame) -> pd.DataFrame:
    """Work out what is due for the year, or to be repaid.

    Parameters
    ----------
    boxes : DataFrame
        `PRIMITIVE_BOXES`.

    Returns
    -------
    DataFrame
        `boxes` with `tax_charged` added, in GBP.

    Examples
    --------
    >>> year = dict.fromkeys(PRIMITIVE_BOXES, 0.0) | {"tax_deducted": 900.0, "cis_suffered": 1_000.0}
    >>> complete(pd.DataFrame([year]))["tax_charged"].tolist()
    [-100.0]
    """
    due = sum(boxes[box].to_numpy() for box in (*DUE, "cis_deducted"))
    return boxes.assign(
        tax_charged=due - boxes["employment_allowance"].to_numpy() - boxes["cis_suffered"].to_numpy()
    )
