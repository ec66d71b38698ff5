"""Corporation Tax: the company tax return, from accounts that run from one year end to the next."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.corporation_tax.amounts import room_to_hide
from taxgap.synthetic.corporation_tax.boxes import CONTEXT, PRIMITIVE_BOXES, complete_return
from taxgap.synthetic.corporation_tax.mechanisms import MECHANISMS
from taxgap.synthetic.corporation_tax.older_rule import MEAN_WEIGHT, random_weight, risk_score
from taxgap.synthetic.corporation_tax.register import registrations
from taxgap.synthetic.corporation_tax.scene import draw_scene
from taxgap.synthetic.form import Form
from taxgap.synthetic.streams import Floats

__all__ = ["CORPORATION_TAX", "draw_scene", "registrations"]


def _payable(completed: pd.DataFrame) -> Floats:
    return np.asarray(completed["tax_charged"], dtype=np.float64)


CORPORATION_TAX = Form(
    regime="corporation_tax",
    boxes=PRIMITIVE_BOXES,
    context=CONTEXT,
    complete=complete_return,
    tax="tax_charged",
    mechanisms=MECHANISMS,
    risk_score=risk_score,
    payable=_payable,
    receipts=("turnover", "other_income"),
    above={},
    slips=("turnover", "other_costs"),
    room=room_to_hide,
    random_weight=random_weight,
    mean_weight=MEAN_WEIGHT,
    unpaid=0.09,  # (assumption)
    late=0.07,  # how many file late, never or again, and the hours of an enquiry, are assumptions
    never=0.02,
    amended=0.05,
    hours=24.0,
)
"""The form of Corporation Tax."""
