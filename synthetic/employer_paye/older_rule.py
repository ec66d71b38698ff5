"""The older risk rule for employers: what officers looked at before there was a model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.employer_paye.construction import LABOUR
from taxgap.synthetic.form import Bools, Scene
from taxgap.synthetic.payroll import usual_pay
from taxgap.synthetic.selection import sum_reports
from taxgap.synthetic.streams import Floats

MEAN_WEIGHT = 1.54
"""The mean of exp(score) over all returns, so that the rule opens the share that is asked for."""

_RATE = 0.20


def risk_score(scene: Scene, form: pd.DataFrame, reports: pd.DataFrame, late: Bools) -> Floats:
    """Return the older rule's score: low pay a head, subcontractors, what is set off, lateness and size."""
    pay, heads = form["pay"].to_numpy(), np.maximum(form["employees"].to_numpy(), 1.0)
    usual = usual_pay(scene.panel["trade"].to_numpy())
    low = np.clip(1 - pay / heads / usual, 0, 0.6) * (heads > 1)
    paid = form["paid_to_subcontractors"].to_numpy()
    subcontracts = paid / (paid + pay + 1.0)
    deducted = form["cis_deducted"].to_numpy()
    little = np.clip(1 - deducted / (_RATE * LABOUR * paid + 1.0), 0, 1) * (paid > 0)
    contractors = reports[reports["source"] == "contractor"]
    known = _RATE * LABOUR * sum_reports(contractors, ["contractor"], len(form))
    suffered = form["cis_suffered"].to_numpy()
    beyond = np.clip((suffered - 1.1 * known) / (suffered + 1_000.0), 0, 1)
    alone = (heads <= 1) & (form["employment_allowance"] > 0).to_numpy()
    size = np.clip(0.35 * np.log(np.maximum(pay, 5_000.0) / 40_000.0), -0.6, 1.2)
    return np.asarray(
        1.2 * low + 0.6 * subcontracts + 0.3 * little + 0.9 * beyond + 0.8 * alone + 0.4 * late + size
    )
