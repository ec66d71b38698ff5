"""The employer's return: boxes that add up, law that holds, and accounts from the same amounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.records.parquet import restore_types
from taxgap.schemas import EmployerPaye
from taxgap.schemas.table import column_names
from taxgap.synthetic.casework import work
from taxgap.synthetic.employer_paye import EMPLOYER_PAYE, draw_scene, registrations
from taxgap.synthetic.employer_paye.boxes import PRIMITIVE_BOXES, complete
from taxgap.synthetic.form import PANEL, Scene
from taxgap.synthetic.misreporting import Planted
from taxgap.synthetic.returns import tables_of
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.timeline import DAY, TAX_YEARS
from taxgap.synthetic.trading import Trading
from taxgap.tax import employment_allowance, payroll_tax

BOXES = list(PRIMITIVE_BOXES)
KEYS = {"taxpayer_id", "period", "period_start", "period_end", "version", "by_agent", "received_on"}


def test_the_completed_return_has_every_column_of_its_schema(filed: Planted) -> None:
    assert set(column_names(EmployerPaye)) - KEYS == set(filed.reported.columns)


def test_the_panel_is_sorted_and_has_a_row_for_each_employer_and_year(
    employers: Scene, trading: Trading
) -> None:
    panel = employers.panel
    assert set(PANEL) <= set(panel)
    assert not panel.duplicated(["entity", "year"]).any()
    pd.testing.assert_frame_equal(panel, panel.sort_values(["entity", "year"]))
    pays = (trading.annual["wages"] + trading.annual["directors_pay"])[:, 1:] > 0
    assert len(panel) == pays.sum()
    assert (panel["due_on"] - panel["period_end"]).eq(14 * DAY).all()


def test_every_legal_form_employs(employers: Scene) -> None:
    assert set(employers.panel["taxpayer_id"].str.slice(0, 1)) == {"T", "C", "P"}


def test_what_is_due_adds_up(filed: Planted) -> None:
    for year in (filed.reported, filed.twin):
        due = year[["tax_deducted", "employee_nics", "employer_nics", "cis_deducted"]].sum(axis=1)
        due -= year["employment_allowance"] + year["cis_suffered"]
        np.testing.assert_allclose(year["tax_charged"], due, atol=0.001)


def test_boxes_are_whole_pounds_and_never_negative(filed: Planted) -> None:
    for year in (filed.reported[BOXES], filed.twin[BOXES]):
        assert (year >= 0).all(axis=None)
        assert (year == year.round()).all(axis=None)


def test_no_return_contradicts_itself(filed: Planted) -> None:
    for year in (filed.reported, filed.twin):
        assert (year["directors_pay"] <= year["pay"]).all()
        assert (year["employment_allowance"] <= year["employer_nics"]).all()
        assert (year["cis_deducted"] <= 0.30 * year["paid_to_subcontractors"] + 1).all()
        assert (year.loc[year["pay"] > 0, "employees"] > 0).all()


def test_nobody_has_more_than_the_allowance_of_the_year(filed: Planted, employers: Scene) -> None:
    most = np.array([employment_allowance(year) for year in TAX_YEARS])[employers.year]
    assert (filed.reported["employment_allowance"] <= most).all()
    assert (filed.twin["employment_allowance"] > 0).mean() > 0.2


def test_a_company_whose_only_employee_is_its_director_truly_has_no_allowance(employers: Scene) -> None:
    alone = (employers.boxes["employees"] <= 1) & (employers.boxes["directors_pay"] > 0)
    assert alone.sum() > 50
    assert (employers.boxes.loc[alone, "employment_allowance"] == 0).all()


def test_a_lone_owner_bears_what_the_law_charges_on_his_salary(
    employers: Scene, trading: Trading, firm: np.ndarray
) -> None:
    boxes = employers.boxes
    owned = (trading.firms["owner"].to_numpy()[firm] >= 0) & (boxes["employees"] == 1).to_numpy()
    owned &= (boxes["directors_pay"] > 0).to_numpy()
    for year, label in enumerate(TAX_YEARS):
        mine = boxes[owned & (employers.year == year)]
        law = payroll_tax(mine["pay"].to_numpy(), label)
        np.testing.assert_allclose(mine["tax_deducted"], law["income_tax"], atol=0.51)
        np.testing.assert_allclose(mine["employer_nics"], law["employer_nics"], atol=0.51)


def test_pay_comes_from_what_the_accounts_are_made_of(
    employers: Scene, trading: Trading, firm: np.ndarray, column: np.ndarray
) -> None:
    wages, directors = (trading.annual[name][firm, column] for name in ("wages", "directors_pay"))
    boxes, owned = employers.boxes, trading.firms["owner"].to_numpy()[firm] >= 0
    np.testing.assert_array_equal(boxes["directors_pay"][owned], directors[owned])
    paid = (boxes["pay"] - boxes["directors_pay"]).to_numpy()
    np.testing.assert_array_equal(paid > 0, wages > 0)
    ratio = paid[wages > 0] / wages[wages > 0]
    assert 0.7 < np.median(ratio) < 1.0  # the accounts have pensions and agency staff among the wages
    assert ((ratio > 0.3) & (ratio < 1.7)).all()


def test_pay_is_no_less_than_what_employees_have_on_their_own_returns(
    employers: Scene, trading: Trading, few: Settings
) -> None:
    filers = 0.98 * trading.annual["wages"]
    known = Trading(trading.firms, trading.annual | {"filers_pay": filers}, trading.streams)
    boxes = draw_scene(known, EMPLOYER_PAYE, few).boxes
    at = pd.Index(trading.firms["entity"]).get_indexer(employers.panel["entity"]), employers.year + 1
    assert (boxes["pay"] - boxes["directors_pay"] >= filers[at] - 1).all()
    assert boxes["tax_deducted"].sum() > employers.boxes["tax_deducted"].sum()


def test_only_companies_in_construction_set_off_what_was_deducted_from_them(employers: Scene) -> None:
    suffers = (employers.boxes["cis_suffered"] > 0).to_numpy()
    assert suffers.any()
    assert employers.activity.loc[suffers, ["company", "builds"]].all(axis=None)


def test_mostly_builders_pay_subcontractors_under_the_scheme(employers: Scene) -> None:
    paid, builds = employers.boxes["paid_to_subcontractors"], employers.activity["builds"].to_numpy()
    assert (paid[builds] > 0).mean() > 0.5
    assert (paid[~builds] > 0).mean() < 0.15


def test_a_return_does_not_depend_on_who_else_is_drawn_nor_on_the_years_asked_for(
    employers: Scene, trading: Trading, few: Settings
) -> None:
    rows = np.arange(0, len(trading), 3)
    later = Settings(taxpayers=few.taxpayers, seed=few.seed, years=2)
    some = draw_scene(trading.take(rows), EMPLOYER_PAYE, later)
    keys = ["entity", "year"]
    known = pd.concat([employers.panel[keys], employers.boxes], axis=1).set_index(keys)
    again = pd.concat([some.panel[keys], some.boxes], axis=1).set_index(keys)
    assert len(again) > 50
    pd.testing.assert_frame_equal(known.loc[again.index], again)


def test_completing_leaves_its_argument_alone(employers: Scene) -> None:
    before = employers.boxes.copy()
    complete(employers.boxes)
    pd.testing.assert_frame_equal(employers.boxes, before)


def test_the_random_programme_looks_at_small_employers_only(employers: Scene) -> None:
    weight = EMPLOYER_PAYE.random_weight(employers)
    np.testing.assert_array_equal(weight == 1, employers.boxes["employees"] < 20)
    assert set(np.unique(weight)) == {0.0, 1.0}


def test_every_employer_is_registered_once_by_its_first_year(
    employers: Scene, trading: Trading, few: Settings
) -> None:
    table = registrations(trading, few).set_index("taxpayer_id")
    assert table.index.is_unique
    assert set(table.index) == set(employers.panel["taxpayer_id"])
    span = table.loc[employers.panel["taxpayer_id"]]
    assert (span["effective_from"].to_numpy() <= employers.panel["period_end"].to_numpy()).all()
    ended = span["deregistered_on"].to_numpy()
    assert (np.isnat(ended) | (ended >= employers.panel["period_end"].to_numpy())).all()
    assert ((table["applied_on"] > table["effective_from"]) == table["late"]).all()
    assert (table["reference"] == "999/" + table.index.astype(str)).all()


@pytest.mark.parametrize("name", ["pay", "tax_deducted"])
def test_the_older_rule_looks_only_at_what_was_filed(employers: Scene, filed: Planted, name: str) -> None:
    none = pd.DataFrame({"row": np.zeros(0, int), "source": np.zeros(0, object), "amount": np.zeros(0)})
    late = np.zeros(len(employers), bool)
    score = EMPLOYER_PAYE.risk_score(employers, filed.reported, none, late)
    assert np.isfinite(score).all()
    hidden = Scene(
        employers.form, employers.panel, employers.activity * 0, employers.boxes * 0, employers.streams
    )
    np.testing.assert_array_equal(EMPLOYER_PAYE.risk_score(hidden, filed.reported, none, late), score)
    changed = filed.reported.assign(**{name: filed.reported[name] * 3})
    differs = EMPLOYER_PAYE.risk_score(employers, changed, none, late) != score
    assert differs.any() == (name == "pay")


def test_the_tables_of_this_tax_hold_to_their_schemas(employers: Scene, few: Settings) -> None:
    none = pd.DataFrame(
        {
            "row": np.zeros(0, int),
            "source": np.zeros(0, object),
            "amount": np.zeros(0),
            "received_on": np.zeros(0, "datetime64[D]"),
        }
    )
    records, truth = tables_of(work(employers, none, few))
    for codes in (records["employer_paye"], truth["employer_paye"]):
        table = codes.astype({"taxpayer_id": "str", "period": "str"})
        EmployerPaye.validate(restore_types(table[column_names(EmployerPaye)], EmployerPaye))
    assert records["employer_paye"]["version"].isin([0, 1]).all()
    assert (records["enquiries"]["tax_found"].dropna() >= 0).all()
