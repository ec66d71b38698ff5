"""The company return: accounts and computation that add up, and the tax of the law."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.records.parquet import restore_types
from taxgap.schemas.corporation_tax import COST_LINES, CorporationTax
from taxgap.schemas.table import column_names
from taxgap.synthetic.accounts import _from_owner
from taxgap.synthetic.corporation_tax.boxes import CONTEXT, PRIMITIVE_BOXES, complete_return
from taxgap.synthetic.form import Scene
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.trading import Trading
from taxgap.validation import company_accounts

_ABOUT = {"taxpayer_id", "period", "version", "by_agent", "received_on"}


@pytest.fixture(scope="module")
def completed(company_scene: Scene) -> pd.DataFrame:
    return complete_return(company_scene.boxes)


def one(**given: object) -> pd.Series:
    """A completed return of the year to March 2024 with nothing in it but what is given."""
    days = {"period_start": "2023-04-01", "period_end": "2024-03-31"}
    empty = dict.fromkeys((*PRIMITIVE_BOXES, *CONTEXT), 0.0)
    row = {**empty, **{name: np.datetime64(day) for name, day in days.items()}, **given}
    return complete_return(pd.DataFrame([row])).iloc[0]


def test_primitive_boxes_are_whole_pounds_and_not_negative(company_scene: Scene) -> None:
    boxes = company_scene.boxes[list(PRIMITIVE_BOXES)].to_numpy()
    assert (boxes >= 0).all()
    assert (boxes == np.round(boxes)).all()
    assert not np.signbit(boxes).any()


def test_the_accounts_add_up(completed: pd.DataFrame) -> None:
    receipts = completed["turnover"] + completed["other_income"]
    assert (completed["profit_before_tax"] == receipts - completed[list(COST_LINES)].sum(axis=1)).all()


def test_the_computation_adds_up_as_validation_has_it(completed: pd.DataFrame) -> None:
    assert (completed["added_back"] == company_accounts.added_back(completed)).all()
    assert (completed["taxable_profit"] == company_accounts.taxable_profit(completed)).all()
    charged = company_accounts.tax_charged(completed)
    np.testing.assert_allclose(completed["tax_charged"], charged, rtol=0, atol=0.005)
    used, most = completed["losses_brought_forward"], company_accounts.profit_before_losses(completed)
    assert (used <= most).all()


def test_a_completed_return_has_every_box_of_the_schema(completed: pd.DataFrame) -> None:
    assert set(column_names(CorporationTax)) - _ABOUT <= set(completed.columns)


def test_a_return_laid_out_keeps_to_the_schema(company_scene: Scene, completed: pd.DataFrame) -> None:
    table = completed.assign(
        taxpayer_id=company_scene.panel["taxpayer_id"].astype(str),
        period=company_scene.panel["period"].astype(str),
        version=0,
        by_agent=company_scene.panel["agent"],
        received_on=company_scene.panel["due_on"],
    )
    laid_out = restore_types(table[column_names(CorporationTax)], CorporationTax)
    assert len(CorporationTax.validate(laid_out)) == len(company_scene)


def test_completing_twice_is_completing_once(completed: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(complete_return(completed), completed)


def test_the_tax_of_the_return_depends_on_no_other_return(completed: pd.DataFrame) -> None:
    rows = [5, 2]
    some = completed[[*PRIMITIVE_BOXES, *CONTEXT]].iloc[rows]
    assert complete_return(some)["tax_charged"].tolist() == completed["tax_charged"].iloc[rows].tolist()


def test_a_profit_between_the_limits_has_marginal_relief() -> None:
    form = one(turnover=150_000.0, cost_of_sales=50_000.0)
    assert form["corporation_tax"] == 22_750.0
    assert form["marginal_relief"] == 2_250.0


def test_entertaining_and_depreciation_are_added_back_and_allowances_deducted() -> None:
    form = one(turnover=40_000.0, entertaining=1_000.0, depreciation=4_000.0, capital_allowances=6_000.0)
    assert form["profit_before_tax"] == 35_000.0
    assert form["taxable_profit"] == 34_000.0


def test_a_loan_to_a_director_is_taxed() -> None:
    form = one(loan_to_directors=10_000.0)
    assert form["tax_charged"] == form["tax_on_loans"] == 3_375.0


def test_losses_are_used_as_far_as_the_profit_goes() -> None:
    assert one(turnover=30_000.0, losses_available=50_000.0)["losses_brought_forward"] == 30_000.0
    assert one(turnover=30_000.0, losses_available=20_000.0)["taxable_profit"] == 10_000.0
    overclaimed = one(turnover=30_000.0, losses_available=20_000.0, losses_brought_forward=25_000.0)
    assert overclaimed["taxable_profit"] == 5_000.0


def test_losses_are_carried_from_period_to_period(company_scene: Scene, completed: pd.DataFrame) -> None:
    # What is available is what was, less what was used, more what the period lost.
    own = completed.assign(entity=company_scene.panel["entity"])
    profit = own["profit_before_tax"] + own["added_back"] - own["capital_allowances"] - own["rd_relief"]
    after = own["losses_available"] - own["losses_brought_forward"] + (-profit).clip(lower=0)
    same = (own["entity"] == own["entity"].shift()).to_numpy()
    assert (own["losses_available"] == after.shift())[same].all()
    assert (own["losses_brought_forward"] > 0).mean() > 0.02


def test_reliefs_and_loans_are_claimed_by_some(completed: pd.DataFrame) -> None:
    for box in ("rd_relief", "loan_to_directors", "dividends_paid", "other_income"):
        assert 0.005 < (completed[box] > 0).mean() < 1
    assert completed["employees"].min() >= 1


def test_who_pays_a_spouse_has_two_directors(
    companies: Trading, company_scene: Scene, company_settings: Settings
) -> None:
    firms, annual = companies.firms, companies.annual
    salary, _ = _from_owner(firms["owner"].to_numpy(), company_settings)
    known = (firms["owner"] >= 0).to_numpy() & (annual["employees"] == 0).all(axis=1)
    spouse = ((annual["directors_pay"] > salary) & (annual["turnover"] > 0)).any(axis=1)
    heads = company_scene.boxes["employees"].groupby(company_scene.panel["entity"].to_numpy()).max()
    heads = heads.reindex(firms["entity"]).to_numpy()
    assert (heads[known & spouse] == 2).sum() > 20
    assert not (heads[known & spouse] == 1).any()
    assert (heads[known & ~spouse] == 2).any()
