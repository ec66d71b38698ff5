"""What others say of companies and partnerships: sums of the same months, on the reporters' calendars."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic.economy import Economy
from taxgap.synthetic.employer_paye.construction import work_out_construction
from taxgap.synthetic.firm_reports import report_firms
from taxgap.synthetic.published import trades
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.shocks import Shock
from taxgap.synthetic.timeline import LOOKBACK, MONTHS
from taxgap.synthetic.trading import Trading

CALENDAR = ("card_processor", "platform")
KEYS = ["entity", "year", "source"]


@pytest.fixture(scope="module")
def few() -> Settings:
    return Settings(taxpayers=1_500, seed=11)


@pytest.fixture(scope="module")
def trading(make_economy: Callable[..., Economy], few: Settings) -> Trading:
    return make_economy(few.register.entities(), few).trading


@pytest.fixture(scope="module")
def unregistered(trading: Trading) -> np.ndarray:
    return np.zeros((len(trading), MONTHS), dtype=bool)


@pytest.fixture(scope="module")
def told(trading: Trading, unregistered: np.ndarray, few: Settings) -> pd.DataFrame:
    return report_firms(trading, unregistered, few)


def rows_of(trading: Trading, reports: pd.DataFrame) -> np.ndarray:
    return pd.Index(trading.firms["entity"]).get_indexer(reports["entity"])


def test_people_are_left_to_others(told: pd.DataFrame, trading: Trading) -> None:
    forms = trading.firms["legal_form"].to_numpy()[rows_of(trading, told)]
    assert set(forms) == {1, 2}
    assert not told.duplicated(KEYS).any()
    assert set(told["source"]) == {"bank", "contractor", *CALENDAR}


@pytest.mark.parametrize("source", CALENDAR)
def test_takings_are_those_of_the_calendar_year(told: pd.DataFrame, trading: Trading, source: str) -> None:
    mine = told[told["source"] == source]
    firm, year = rows_of(trading, mine), mine["year"].to_numpy()
    first = 12 * LOOKBACK - 3 + 12 * year  # January
    truth = trading.over("turnover", firm, first, first + 11)
    share = trading.firms[{"card_processor": "card"}.get(source, source)].to_numpy()[firm]
    ratio = mine["amount"] / (truth * share)
    assert ratio.between(0.8, 1.25).all()
    assert ratio.median() == pytest.approx(1, abs=0.01)
    assert (mine["period_start"].dt.strftime("%m-%d") == "01-01").all()
    assert (mine["period_end"].dt.strftime("%m-%d") == "12-31").all()
    assert (mine["period_end"].dt.year == 2021 + mine["year"]).all()
    assert (mine["received_on"].dt.year == 2022 + mine["year"]).all()


def test_takings_of_the_registered_include_vat_on_what_is_standard_rated(
    told: pd.DataFrame, trading: Trading, few: Settings
) -> None:
    everyone = np.ones((len(trading), MONTHS), dtype=bool)
    with_vat = report_firms(trading, everyone, few).set_index(KEYS)["amount"]
    without = told[told["source"] == "card_processor"].set_index(KEYS)["amount"]
    trade = trading.firms["trade"].to_numpy()[rows_of(trading, without.reset_index())]
    expected = without * (1 + 0.20 * trades()["standard"].to_numpy()[trade])
    np.testing.assert_allclose(with_vat.loc[without.index], expected, atol=1.5)


def test_contractors_report_what_was_truly_deducted(told: pd.DataFrame, trading: Trading) -> None:
    mine = told[told["source"] == "contractor"]
    at = rows_of(trading, mine), mine["year"].to_numpy() + LOOKBACK
    truth = work_out_construction(trading)
    np.testing.assert_array_equal(mine["amount"], truth.received[at])
    np.testing.assert_array_equal(mine["tax_deducted"], truth.suffered[at])
    assert (mine["tax_deducted"] > 0).any()
    assert ((mine["received_on"] - mine["period_end"]).dt.days == 14).all()


def test_banks_report_the_interest_of_the_tax_year(told: pd.DataFrame, trading: Trading) -> None:
    mine = told[told["source"] == "bank"]
    at = rows_of(trading, mine), mine["year"].to_numpy() + LOOKBACK
    np.testing.assert_array_equal(mine["amount"], trading.annual["other_income"][at].round())


def test_platforms_mostly_report_from_2024_on(told: pd.DataFrame) -> None:
    count = told[told["source"] == "platform"].groupby("year").size()
    assert count[3] > 1.8 * count[2]


def test_a_shock_keeps_reports_from_coming_in_from_its_year_on(
    told: pd.DataFrame, trading: Trading, unregistered: np.ndarray, few: Settings
) -> None:
    shock = Shock("reporting", "card_processor", "2023-24", 0.25)
    fewer = report_firms(
        trading, unregistered, Settings(taxpayers=few.taxpayers, seed=few.seed, shocks=(shock,))
    )
    before, after = (
        one[one["source"] == "card_processor"].groupby("year").size().to_numpy() for one in (told, fewer)
    )
    np.testing.assert_array_equal(after[:2], before[:2])
    np.testing.assert_allclose(after[2:] / before[2:], 0.25, atol=0.12)
    others = [one[one["source"] != "card_processor"].reset_index(drop=True) for one in (told, fewer)]
    pd.testing.assert_frame_equal(*others)


def test_reports_do_not_depend_on_who_else_is_drawn_nor_on_the_years_asked_for(
    told: pd.DataFrame, trading: Trading, unregistered: np.ndarray, few: Settings
) -> None:
    rows = np.arange(0, len(trading), 3)
    later = Settings(taxpayers=few.taxpayers, seed=few.seed, years=2)
    some = report_firms(trading.take(rows), unregistered[rows], later).set_index(KEYS)
    pd.testing.assert_frame_equal(told.set_index(KEYS).loc[some.index], some)
