"""What stands on file beside VAT returns: the register of traders, and what customs reports of imports."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.codes import FREQUENCIES
from taxgap.synthetic.filing import agents
from taxgap.synthetic.identifiers import vrns
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import (
    ALL_YEARS,
    DAY,
    LOOKBACK,
    NOT_A_DAY,
    Days,
    first_day,
    last_day,
)
from taxgap.synthetic.trading import Trading
from taxgap.synthetic.vat.boxes import imported
from taxgap.synthetic.vat.registration import Spans, registered_months, spans
from taxgap.synthetic.vat.schemes import draw_schemes
from taxgap.synthetic.vat.supplies import supplies

_OLDEST = 22.0  # years before the first month in which the oldest registrations began (assumption)
_CONSIGNMENT = 6_000.0  # value of an import declaration in GBP (assumption)
_LEAST = 500.0


def applied_on(span: Spans, streams: Streams) -> tuple[Days, Days]:
    """Return the day on which each firm applied for registration, and that from which it holds.

    Returns
    -------
    applied, effective : ndarray of datetime64[D]
        Whoever must register has 30 days from the end of the month in which he passed the threshold, and is
        registered from the first day of the second month after it. Who applies late is registered from the
        same day.
    """
    ago = (365 * _OLDEST * streams.uniform("vat registered ago") ** 1.4).astype(np.int64)
    old = span.first < 0
    effective = np.where(old, first_day(np.zeros_like(span.first)) - (30 + ago) * DAY, _first(span))
    rank = streams.uniform("vat applies")
    wait = np.where(span.late, 10 + 300 * rank, -1 - 29 * rank).astype(np.int64)
    return np.asarray(effective + wait * DAY, dtype="datetime64[D]"), effective


def registrations(trading: Trading, settings: Settings) -> pd.DataFrame:
    """Make the register of traders.

    Parameters
    ----------
    trading : Trading
    settings : Settings
        Registrations that ended before its years are left out.

    Returns
    -------
    DataFrame
        One row a firm that is registered for VAT, with the columns of `taxgap.schemas.Registrations` but
        `received_on`.
    """
    span = spans(trading)
    begins = 12 * (LOOKBACK + ALL_YEARS.index(settings.tax_years[0]))
    row = np.flatnonzero(span.any & (span.last >= begins))
    firms, streams = trading.take(row), trading.streams[row]
    mine = Spans(span.first[row], span.last[row], span.compulsory[row], span.late[row], span.months)
    applied, effective = applied_on(mine, streams)
    schemes = draw_schemes(firms, supplies(firms))
    flat = schemes["flat"].to_numpy()
    ended = mine.last < trading.months
    entity = firms.firms["entity"].to_numpy(dtype=np.int64)
    return pd.DataFrame(
        {
            "taxpayer_id": firms.firms["taxpayer_id"].array,
            "regime": "vat",
            "reference": vrns(entity, settings.seed),
            "applied_on": applied,
            "effective_from": effective,
            "basis": np.where(mine.compulsory, "compulsory", "voluntary"),
            "scheme": np.where(flat, "flat_rate", "standard"),
            "flat_rate": np.where(flat, _registered_rate(schemes, streams), np.nan),
            "frequency": np.array(FREQUENCIES, dtype=object)[schemes["frequency"]],
            "late": mine.late,
            "agent_id": agents(firms.firms["agent"].to_numpy(dtype=np.bool_), streams),
            "deregistered_on": np.where(ended, last_day(np.where(ended, mine.last, 0)), NOT_A_DAY),
        }
    )


def customs_reports(trading: Trading, settings: Settings) -> pd.DataFrame:
    """Make what customs reports of the imports of registered traders.

    Parameters
    ----------
    trading : Trading
    settings : Settings

    Returns
    -------
    DataFrame
        One row a firm and tax year: `entity`, `year` (position in `ALL_YEARS`), `source`, `amount` (value of
        imports in GBP), `tax_deducted` (none: the VAT is postponed), `transactions`.
    """
    row = np.flatnonzero(spans(trading).any)
    firms = trading.take(row)
    value = imported(firms, supplies(firms)) * registered_months(trading)[row]
    by_year = value.reshape(len(firms), firms.columns, 12).sum(axis=2)
    wanted = np.r_[np.zeros(LOOKBACK, bool), np.isin(settings.panel, settings.tax_years)]
    firm, column = np.nonzero((by_year > _LEAST) & wanted)
    streams = firms.streams[firm]
    # Customs values a consignment with freight, and on its own days.
    amount = by_year[firm, column] * np.exp(0.05 * streams.normal("vat customs value", column) + 0.02)
    size = _CONSIGNMENT * np.exp(0.8 * streams.normal("vat consignment"))
    return pd.DataFrame(
        {
            "entity": firms.firms["entity"].to_numpy()[firm],
            "year": column - LOOKBACK,
            "source": "customs",
            "amount": amount.round(),
            "tax_deducted": 0.0,
            "transactions": np.maximum(np.round(amount / size), 1.0),
        }
    )


def _registered_rate(schemes: pd.DataFrame, streams: Streams) -> Floats:
    # Half of the limited cost traders stand on the register with the rate of their sector.
    sector = streams.happens(0.5, "vat registered rate")
    return np.asarray(np.where(sector, schemes["sector_rate"], schemes["rate"]))


def _first(span: Spans) -> Days:
    return first_day(np.clip(span.first, 0, span.months))
