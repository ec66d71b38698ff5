"""Registrations for Corporation Tax: every company, since it began to trade."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.corporation_tax.periods import began_on
from taxgap.synthetic.filing import agents
from taxgap.synthetic.register import FORMS
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import ALL_YEARS, DAY, NOT_A_DAY, PERIOD_END
from taxgap.synthetic.trading import Trading

_LIMIT = 90  # days after it began within which a company must say so: three months
_LATE = 0.05  # share of companies that say so later (assumption)


def registrations(trading: Trading, settings: Settings) -> pd.DataFrame:
    """Make the registration of each company.

    Parameters
    ----------
    trading : Trading
        Firms of all legal forms.
    settings : Settings

    Returns
    -------
    DataFrame
        The columns of `taxgap.schemas.registrations` that apply, without `received_on`.
    """
    companies = (trading.firms["legal_form"] == FORMS.index("company")).to_numpy()
    firms = trading.firms[companies]
    streams = Streams(settings.seed, firms["entity"])
    begins, last = began_on(firms, streams), firms["last_year"].to_numpy()
    late = streams.happens(_LATE, "corporation tax registers late")
    wait = np.floor(_LIMIT * streams.uniform("corporation tax registers")) + np.where(late, 100, 0)
    ended = PERIOD_END[np.clip(last, 0, len(ALL_YEARS) - 1)]
    return pd.DataFrame(
        {
            "taxpayer_id": firms["taxpayer_id"].array,
            "regime": "corporation_tax",
            "reference": None,
            "applied_on": begins + wait.astype(int) * DAY,
            "effective_from": begins,
            "basis": "compulsory",
            "scheme": None,
            "flat_rate": np.nan,
            "frequency": "annual",
            "late": late,
            "agent_id": agents(firms["agent"].to_numpy(), streams),
            "deregistered_on": np.where(last < len(ALL_YEARS), ended + 120 * DAY, NOT_A_DAY),
        }
    )
