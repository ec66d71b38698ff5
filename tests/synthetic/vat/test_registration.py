"""Who is registered for VAT, who stays below the threshold, and what stands on file of both."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.schemas.identifiers import is_vrn
from taxgap.schemas.registrations import Registrations
from taxgap.schemas.table import column_names
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.threshold import THRESHOLD, hold_back
from taxgap.synthetic.timeline import LOOKBACK, MONTHS
from taxgap.synthetic.trading import Trading
from taxgap.synthetic.vat import (
    below_threshold,
    customs_reports,
    registered_months,
    registrations,
)
from taxgap.synthetic.vat.registration import spans
from taxgap.synthetic.vat.supplies import RATES, supplies
from taxgap.synthetic.vat.threshold import suppresses


def test_sales_divide_wholly_over_the_rates(firms: Trading) -> None:
    shares = supplies(firms)
    assert np.allclose(shares[list(RATES)].sum(axis=1), 1.0)
    assert shares.to_numpy().min() >= -1e-12
    assert shares.to_numpy().max() <= 1 + 1e-12


def test_whoever_is_well_above_the_threshold_is_registered(firms: Trading) -> None:
    taxable = firms.annual["turnover"] * supplies(firms)["taxable"].to_numpy()[:, None]
    large = (taxable > 2 * THRESHOLD).all(axis=1)
    assert large.sum() > 30
    assert registered_months(firms)[large].all()


def test_a_registration_is_one_unbroken_run_of_months(firms: Trading) -> None:
    months = registered_months(firms).astype(int)
    assert months.shape == (len(firms), MONTHS)
    begins = (np.diff(months, axis=1, prepend=0) == 1).sum(axis=1)
    assert begins.max() == 1


def test_firms_below_the_threshold_are_registered_if_they_volunteered(firms: Trading) -> None:
    small = firms.annual["turnover"].max(axis=1) < 0.7 * THRESHOLD.min()
    span = spans(firms)
    assert span.any[small].any()
    assert not span.compulsory[small & span.any].any()


def test_who_declares_less_than_the_threshold_is_above_it_and_never_registered(firms: Trading) -> None:
    below = below_threshold(firms)
    row, column = below["row"].to_numpy(), below["year"].to_numpy() + LOOKBACK
    assert len(below)
    assert (below["turnover"] > THRESHOLD[column]).all()
    assert (below["declared"] < THRESHOLD[column]).all()
    assert (below["tax_lost"] >= 0).all()
    assert suppresses(firms)[row, column].all()
    by_year = registered_months(firms).reshape(len(firms), -1, 12).any(axis=2)
    assert not by_year[row, column].any()


def test_some_hold_back_who_would_pass_the_threshold_by_little() -> None:
    streams = Streams(3, np.arange(4_000))
    turnover = np.linspace(70_000, 120_000, 4_000)
    held = hold_back(turnover, np.full(4_000, 2), streams)
    moved = held != turnover
    assert 0.005 < moved.mean() < 0.05
    assert (turnover[moved] > 85_000).all()
    assert (held[moved] < 85_000).all()


def test_the_register_of_traders_has_the_columns_of_its_table(firms: Trading, few: Settings) -> None:
    table = registrations(firms, few)
    assert set(table) == set(column_names(Registrations)) - {"received_on"}
    assert is_vrn(table["reference"]).all()
    assert table["reference"].is_unique
    assert ((table["scheme"] == "flat_rate") == table["flat_rate"].notna()).all()
    assert (table["late"] <= (table["applied_on"] > table["effective_from"])).all()
    ended = table["deregistered_on"].notna()
    assert ended.any()
    assert (table.loc[ended, "deregistered_on"] > table.loc[ended, "effective_from"]).all()


def test_customs_reports_imports_of_registered_traders_alone(firms: Trading, few: Settings) -> None:
    reports = customs_reports(firms, few)
    assert len(reports)
    assert (reports["amount"] > 0).all()
    known = set(firms.firms["entity"][spans(firms).any])
    assert set(reports["entity"]) <= known
    assert not reports.duplicated(["entity", "year"]).any()


@pytest.mark.parametrize("table", [registrations, customs_reports])
def test_what_is_on_file_does_not_depend_on_who_else_is_drawn(
    table: object, firms: Trading, few: Settings
) -> None:
    rows = np.arange(0, len(firms), 3)
    key = "taxpayer_id" if table is registrations else "entity"
    whole = table(firms, few)  # type: ignore[operator]
    mine = whole[whole[key].isin(firms.firms[key].iloc[rows])].reset_index(drop=True)
    part = table(firms.take(rows), few)  # type: ignore[operator]
    pd.testing.assert_frame_equal(part, mine)
