"""Employers: the year's sums of what came with each payday, and of the construction returns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.employer_paye.boxes import (
    PRIMITIVE_BOXES,
    complete,
    describe_activity,
    fill_in_truthfully,
)
from taxgap.synthetic.employer_paye.construction import work_out_construction
from taxgap.synthetic.employer_paye.mechanisms import MECHANISMS
from taxgap.synthetic.employer_paye.older_rule import MEAN_WEIGHT, risk_score
from taxgap.synthetic.employer_paye.payrolls import Employers, work_out_employers
from taxgap.synthetic.employer_paye.registrations import effective_from, registrations
from taxgap.synthetic.form import Form, Scene
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import LOOKBACK, PERIOD_END, PERIOD_START, year_label
from taxgap.synthetic.trading import Trading

__all__ = ["EMPLOYER_PAYE", "SMALL", "draw_scene", "registrations"]

SMALL = 20
"""Employees from which an employer is no longer small (found: the definition of the published gap)."""

_DUE_AFTER = np.timedelta64(14, "D")  # 19 April: the last submission for the year ended 5 April


def draw_scene(trading: Trading, form: Form, settings: Settings) -> Scene:
    """Draw the truthful returns of some employers: every firm with employees or paid directors in the year.

    Parameters
    ----------
    trading : Trading
    form : Form
        The employer's return, as the settings have it.
    settings : Settings

    Returns
    -------
    Scene
    """
    employers = work_out_employers(trading)
    firm, year = _who_files(trading, employers, settings)
    panel = _make_panel(firm, year, trading, employers)
    boxes = fill_in_truthfully(firm, year, trading, employers, work_out_construction(trading))
    activity = describe_activity(firm, year, trading, employers)
    return Scene(form, panel, activity, boxes, Streams(settings.seed, panel["entity"]))


def _who_files(trading: Trading, employers: Employers, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    asked = np.arange(trading.columns) >= trading.columns - settings.years
    firm, column = np.nonzero(employers.employs & asked)
    entity = trading.firms["entity"].to_numpy()[firm]
    order = np.lexsort((column, entity))
    return firm[order], column[order] - LOOKBACK


def _make_panel(firm: np.ndarray, year: np.ndarray, trading: Trading, employers: Employers) -> pd.DataFrame:
    who = ["entity", "taxpayer_id", "trade", "disposition", "agent", "gross"]
    panel = trading.firms[who].iloc[firm].reset_index(drop=True)
    return panel.assign(
        period=year_label(year),
        period_start=PERIOD_START[year],
        period_end=PERIOD_END[year],
        due_on=PERIOD_END[year] + _DUE_AFTER,
        year=year,
        counter=year,
        registered_on=effective_from(trading, employers.employs)[firm],
    )


def _payable(completed: pd.DataFrame) -> Floats:
    return np.asarray(completed["tax_charged"], dtype=np.float64)


def _random_weight(scene: Scene) -> Floats:
    # The random programme looks at small employers; others are looked at for risk (found).
    return np.where(scene.boxes["employees"].to_numpy() < SMALL, 1.0, 0.0)


EMPLOYER_PAYE = Form(
    regime="employer_paye",
    boxes=PRIMITIVE_BOXES,
    context=(),
    complete=complete,
    tax="tax_charged",
    mechanisms=MECHANISMS,
    risk_score=risk_score,
    payable=_payable,
    receipts=("pay", "cis_deducted"),
    above={"pay": "directors_pay", "employer_nics": "employment_allowance"},
    counts=("employees",),
    unpaid=0.012,  # (assumption)
    slips=("tax_deducted", "employee_nics"),
    random_weight=_random_weight,
    mean_weight=MEAN_WEIGHT,
    late=0.03,  # most submissions come with the payday; how the rest divides is an assumption
    never=0.004,
    amended=0.10,
    hours=8.0,
)
"""The form of the employer's return."""
