"""What others report of companies and partnerships: takings, sales, construction work and interest."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.codes import REPORT_SOURCES
from taxgap.synthetic.employer_paye.construction import work_out_construction
from taxgap.synthetic.form import Bools
from taxgap.synthetic.published import trades
from taxgap.synthetic.register import FORMS
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.shocks import coverage
from taxgap.synthetic.streams import Floats
from taxgap.synthetic.timeline import ALL_YEARS, DAY, FIRST, LOOKBACK, PERIOD_END, PERIOD_START
from taxgap.synthetic.trading import Trading
from taxgap.tax import vat_law

_JANUARY = 9  # months from the start of a year to the January that follows
_NOISE = 0.04  # refunds and settlement days, as for people (assumption)

# Platforms have had to report from the calendar year 2024 on (found); before, only some answered notices, and
# not all report after (assumption).
_PLATFORMS_MUST = 2024
_PLATFORM_BEFORE, _PLATFORM_SINCE = 0.30, 0.95

_LEAST = {"card_processor": 250.0, "platform": 1_700.0, "contractor": 100.0, "bank": 1.0}
_BASKET = {"card_processor": 28.0, "platform": 35.0}
_CHANNEL = {"card_processor": "card", "platform": "platform"}
_DELAY = {"contractor": 14, "bank": 209}  # days after the tax year: with the returns, and in the autumn


def report_firms(trading: Trading, registered_months: Bools, settings: Settings) -> pd.DataFrame:
    """Make the third-party reports of companies and partnerships.

    Parameters
    ----------
    trading : Trading
        Firms of any legal form; those of people are left out: see `taxgap.synthetic.third_parties`.
    registered_months : ndarray of bool, shape (firms, months)
        In which months each firm is registered for VAT: takings then include VAT on what is standard-rated.
    settings : Settings
        Gives the tax years, and shocks of the kind ``reporting``: the share of reports of a source that comes
        in from a tax year on.

    Returns
    -------
    DataFrame
        `entity`, `year` (position in `ALL_YEARS` of the tax year that holds most of the days), `source`,
        `period_start`, `period_end`, `amount`, `tax_deducted` (GBP), `transactions`, `received_on`, sorted by
        entity, year and source.

    Notes
    -----
    Third parties know what was truly taken and nothing of what was declared. Contractors and banks report the
    tax year; card processors and platforms the calendar year, by the end of the January after.
    """
    rows = np.flatnonzero(trading.firms["legal_form"].to_numpy() != FORMS.index("individual"))
    firms, registered = trading.take(rows), registered_months[rows]
    takings = _calendar_takings(firms, registered)
    work = work_out_construction(firms)
    interest = firms.annual["other_income"][:, LOOKBACK:].round()
    none = np.zeros_like(interest)
    parts = [
        _lay_out(firms, "bank", interest, none, settings),
        _lay_out(firms, "contractor", work.received[:, LOOKBACK:], work.suffered[:, LOOKBACK:], settings),
        *(_lay_out(firms, source, _taken(firms, takings, source), none, settings) for source in _CHANNEL),
    ]
    reports = pd.concat(parts, ignore_index=True)
    reports["source"] = pd.Categorical(reports["source"], categories=REPORT_SOURCES)
    return reports.sort_values(["entity", "year", "source"], kind="stable", ignore_index=True)


def _comes_in(trading: Trading, source: str, settings: Settings) -> Bools:
    """Decide whether the report of a source on a firm and tax year comes in, shape (firms, tax years)."""
    usual = np.ones(len(ALL_YEARS))
    if source == "platform":
        must = FIRST + np.arange(len(ALL_YEARS)) >= _PLATFORMS_MUST
        usual = np.where(must, _PLATFORM_SINCE, _PLATFORM_BEFORE)
    changed = coverage(settings.shocks, source, usual)
    years = trading.columns - LOOKBACK
    share = (usual if changed is None else changed)[:years]
    if source == "platform":
        return np.asarray(trading.streams.uniform("platform answers?")[:, None] < share)
    drawn = [trading.streams.uniform(f"reports {source}", year) for year in range(years)]
    return np.asarray(np.column_stack(drawn) < share)


def _calendar_takings(trading: Trading, registered: Bools) -> Floats:
    """Sum turnover with VAT over the calendar year that begins in each tax year, shape (firms, tax years)."""
    standard = trades()["standard"].to_numpy(dtype=np.float64)[trading.firms["trade"].to_numpy()]
    rate = vat_law(str(PERIOD_START[0])).standard_rate  # the same in every year held
    gross = trading.monthly("turnover") * (1 + rate * standard[:, None] * registered)
    first = 12 * (LOOKBACK - 1) + _JANUARY
    years = gross[:, first : trading.months - 12 + _JANUARY].reshape(
        len(trading), trading.columns - LOOKBACK, 12
    )
    return np.asarray(years.sum(axis=2))


def _taken(trading: Trading, takings: Floats, source: str) -> Floats:
    channel = _CHANNEL[source]
    noise = [trading.streams.normal(f"{channel} calendar", year) for year in range(takings.shape[1])]
    share = trading.firms[channel].to_numpy()[:, None]
    return np.asarray((takings * share * np.exp(_NOISE * np.column_stack(noise))).round())


def _lay_out(
    trading: Trading, source: str, amount: Floats, deducted: Floats, settings: Settings
) -> pd.DataFrame:
    """Make a row of each report of a source that comes in."""
    comes = _comes_in(trading, source, settings)
    asked = np.isin(settings.panel, settings.tax_years)
    firm, year = np.nonzero((amount >= _LEAST[source]) & comes & asked)
    first, last, received = _calendar(source, year)
    return pd.DataFrame(
        {
            "entity": trading.firms["entity"].to_numpy()[firm],
            "year": year,
            "source": source,
            "period_start": first,
            "period_end": last,
            "amount": amount[firm, year],
            "tax_deducted": deducted[firm, year],
            "transactions": _transactions(trading, source, firm, amount[firm, year]),
            "received_on": received,
        }
    )


def _calendar(source: str, year: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if source in _DELAY:
        return PERIOD_START[year], PERIOD_END[year], PERIOD_END[year] + _DELAY[source] * DAY
    january = (FIRST - 1970 + year).astype("datetime64[Y]").astype("datetime64[D]")
    last = (FIRST - 1969 + year).astype("datetime64[Y]").astype("datetime64[D]") - DAY
    return january, last, last + 31 * DAY


def _transactions(trading: Trading, source: str, firm: np.ndarray, amount: Floats) -> Floats:
    if source not in _BASKET:
        return np.full(len(firm), np.nan)
    size = _BASKET[source] * np.exp(0.5 * trading.streams[firm].normal(f"{source} basket"))
    return np.maximum(1.0, np.round(amount / size))
