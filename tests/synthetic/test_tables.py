"""The tables: laid out by their schemas, true to their twins, the same in any partition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.schemas import OPTIONAL_TABLES, TABLES, TRUTH_TABLES
from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.schemas.table import column_names, known_later, row_key
from taxgap.synthetic.economy import Economy
from taxgap.synthetic.identifiers import taxpayer_ids
from taxgap.synthetic.register import Integers
from taxgap.synthetic.self_assessment.boxes import PRIMITIVE_BOXES
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.tables import Tables, make_tables

KEYS = ["taxpayer_id", "period"]
REGIMES = ("self_assessment", "vat", "corporation_tax", "employer_paye")
MakeEconomy = Callable[[Integers, Settings], Economy]
BOXES = [box for box in PRIMITIVE_BOXES if box != "losses_available"]
MADE = [name for name in TABLES if name not in ("aggregates", *OPTIONAL_TABLES)]  # which takes all partitions
every_table = pytest.mark.parametrize("name", MADE)
every_truth = pytest.mark.parametrize("name", TRUTH_TABLES)


@pytest.fixture(scope="module")
def latest(records: Tables) -> pd.DataFrame:
    """The last version of every return, by its keys."""
    returns = records["self_assessment"].sort_values([*KEYS, "version"])
    return returns.drop_duplicates(KEYS, keep="last").set_index(KEYS)


@pytest.fixture(scope="module")
def twins(truth: Tables) -> pd.DataFrame:
    return truth["self_assessment"].set_index(KEYS).sort_index()


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left.reset_index(drop=True), right.reset_index(drop=True))


@every_table
def test_records_are_valid(records: Tables, name: str) -> None:
    assert len(TABLES[name].validate(records[name], lazy=True)) == len(records[name])


@every_truth
def test_the_truth_is_valid(truth: Tables, name: str) -> None:
    assert len(TRUTH_TABLES[name].validate(truth[name], lazy=True)) == len(truth[name])


@every_table
def test_tables_have_the_columns_of_their_schema_and_are_sorted_by_key(
    whole: tuple[Tables, Tables], name: str
) -> None:
    table, key = whole[0][name], row_key(TABLES[name])
    assert len(table) > 0
    assert list(table.columns) == column_names(TABLES[name])
    in_order = table.sort_values(
        key, key=lambda column: column.astype("str") if column.dtype != "int64" else column
    )
    same(table, in_order)
    assert not table.duplicated(key).any()


@every_table
def test_nothing_is_known_after_the_as_of_date(records: Tables, settings: Settings, name: str) -> None:
    as_of = pd.Timestamp(settings.as_of)
    assert (records[name]["received_on"] <= as_of).all()
    for date, columns in known_later(TABLES[name]).items():
        table = records[name]
        assert not (table[date] > as_of).any()
        if date == "closed_on":
            assert table.loc[table[date].isna(), list(columns)].isna().all(axis=None)


@pytest.mark.parametrize("name", [name for name in MADE if name != "third_party_unmatched"])
def test_every_row_belongs_to_a_registered_taxpayer(records: Tables, name: str) -> None:
    assert set(records[name]["taxpayer_id"]) <= set(records["taxpayers"]["taxpayer_id"])


@pytest.mark.parametrize("name", [*MADE, *(f"truth {name}" for name in TRUTH_TABLES)])
def test_no_amount_is_a_negative_nothing(records: Tables, truth: Tables, name: str) -> None:
    table = truth[name.removeprefix("truth ")] if name.startswith("truth ") else records[name]
    for column in table.select_dtypes("float"):
        values = table[column].to_numpy()
        assert not np.signbit(values[values == 0]).any(), column


def test_everyone_is_on_the_register(records: Tables, settings: Settings) -> None:
    table = records["taxpayers"]
    assert sorted(table["taxpayer_id"]) == sorted(taxpayer_ids(settings.register.entities()))
    assert table["utr"].is_unique
    person = table["legal_form"] == "individual"
    assert (table["nino"].notna() == person).all()
    assert (table["birth_year"].notna() == person).all()
    assert table.loc[person, "nino"].is_unique
    company = table["legal_form"] == "company"
    assert (table["company_number"].notna() == company).all()
    assert table.loc[company, "company_number"].is_unique
    assert len(records["identities"]) == len(table)


def test_legal_forms_are_registered_for_the_taxes_that_they_can_owe(records: Tables) -> None:
    form = records["taxpayers"].set_index("taxpayer_id")["legal_form"].astype(str)
    table = records["registrations"]
    found = pd.crosstab(table["regime"].astype(str), form[table["taxpayer_id"].astype(str)].to_numpy())
    assert found.loc["self_assessment", ["company", "partnership"]].sum() == 0
    assert found.loc["corporation_tax", ["individual", "partnership"]].sum() == 0
    assert (found.loc["vat"] > 0).all()
    assert found.loc["employer_paye", "company"] > 0
    companies = (form == "company").sum()
    assert found.loc["corporation_tax", "company"] == companies


def test_reports_without_a_number_are_not_among_those_with_one(records: Tables) -> None:
    with_number, without = records["third_party"], records["third_party_unmatched"]
    assert not set(with_number["report_id"]) & set(without["report_id"])
    assert "taxpayer_id" not in without.columns
    assert 0.005 < len(without) / len(with_number) < 0.3


def test_traders_have_a_trade_and_others_none(records: Tables) -> None:
    trades = records["taxpayers"].set_index("taxpayer_id")["sic2007"].notna()
    turnover = records["self_assessment"].groupby("taxpayer_id")["turnover"].max() > 0
    assert (trades[turnover.index] == turnover).all()


def test_every_report_has_its_own_name(records: Tables) -> None:
    assert records["third_party"]["report_id"].is_unique


@pytest.mark.parametrize("source", ["reports", "twins"])
def test_the_boxes_of_every_return_add_up(latest: pd.DataFrame, twins: pd.DataFrame, source: str) -> None:
    form = latest if source == "reports" else twins
    assert (form["total_expenses"] == form[list(EXPENSE_BOXES)].sum(axis=1)).all()
    deducted = form["total_expenses"] + form["capital_allowances"] + form["trading_allowance"]
    assert (form["net_profit"] == form["turnover"] + form["other_business_income"] - deducted).all()
    taxable = (form["net_profit"] + form["basis_adjustment"]).clip(lower=0)
    assert (form["trading_profit"] == taxable - form["losses_brought_forward"]).all()


def test_every_version_of_a_return_adds_up(records: Tables) -> None:
    first = records["self_assessment"].query("version == 0")
    assert (first["total_expenses"] == first[list(EXPENSE_BOXES)].sum(axis=1)).all()


def test_amendments_follow_a_first_version(records: Tables) -> None:
    returns = records["self_assessment"]
    versions = returns.groupby(KEYS)["version"].agg(["min", "max", "size"])
    assert (versions["min"] == 0).all()
    assert (versions["max"] == versions["size"] - 1).all()
    assert 0.02 < (versions["max"] == 1).mean() < 0.08
    both = returns[returns.duplicated(KEYS, keep=False)].sort_values([*KEYS, "version"])
    dates = both["received_on"].to_numpy().reshape(-1, 2)
    assert (dates[:, 0] < dates[:, 1]).all()


def test_an_amendment_changes_something(records: Tables) -> None:
    returns = records["self_assessment"]
    both = returns[returns.duplicated(KEYS, keep=False)].sort_values([*KEYS, "version"])
    boxes = both[["turnover", "interest", "rents"]].to_numpy().reshape(-1, 2, 3)
    assert (boxes[:, 0] != boxes[:, 1]).any(axis=1).mean() > 0.5


def test_there_is_one_twin_a_return_on_file(latest: pd.DataFrame, twins: pd.DataFrame) -> None:
    assert latest.index.sort_values().equals(twins.index)
    assert (latest.sort_index()["version"] == twins["version"]).all()


def test_a_twin_differs_from_the_last_version_by_what_was_planted(
    latest: pd.DataFrame, twins: pd.DataFrame, truth: Tables
) -> None:
    planted = (
        truth["misreporting"]
        .query("regime == 'self_assessment'")
        .pivot_table(index=KEYS, columns="field", values="amount", aggfunc="sum")
    )
    planted = planted.reindex(index=twins.index, columns=BOXES).fillna(0.0)
    difference = twins[BOXES] - latest.sort_index()[BOXES]
    np.testing.assert_array_equal(difference.to_numpy(), planted.to_numpy())


def test_the_tax_lost_of_a_return_is_in_every_table_of_the_truth(
    latest: pd.DataFrame, twins: pd.DataFrame, truth: Tables
) -> None:
    lost = (twins["tax_charged"] - latest.sort_index()["tax_charged"]).round(2)
    potential, items = (
        truth[name].query("regime == 'self_assessment'") for name in ("enquiries", "misreporting")
    )
    potential = potential.set_index(KEYS)["tax_lost"].sort_index()
    summed = items.groupby(KEYS)["tax_lost"].sum().reindex(lost.index, fill_value=0.0)
    np.testing.assert_allclose(potential, lost, rtol=0, atol=0.006)
    np.testing.assert_allclose(summed, lost, rtol=0, atol=0.10)


def test_no_enquiry_was_opened_before_the_version_on_file(records: Tables, latest: pd.DataFrame) -> None:
    cases = records["enquiries"].query("regime == 'self_assessment'").set_index(KEYS)
    received = latest["received_on"].reindex(cases.index)
    assert (cases["opened_on"] > received).all()


def test_both_programmes_open_about_the_share_asked_for(records: Tables, truth: Tables) -> None:
    cases, all_returns = (
        table.query("regime == 'self_assessment'") for table in (records["enquiries"], truth["enquiries"])
    )
    shares = cases["programme"].value_counts() / len(all_returns)
    assert shares["random"] == pytest.approx(0.05, abs=0.008)
    assert shares["risk"] == pytest.approx(0.05, abs=0.015)


@pytest.fixture(scope="module")
def closed(small: Settings) -> Settings:
    """The small population where nobody is enquired into, and so nobody learns from it."""
    return replace(small, random_share=0.0, risk_share=0.0)


@pytest.mark.parametrize("years", [1, 2])
def test_a_taxpayers_rows_of_a_year_are_the_same_in_any_partition_order_and_number_of_years(
    make_economy: MakeEconomy, closed: Settings, years: int
) -> None:
    everyone, nobody = closed.register.entities(), np.arange(0)
    some = everyone[years::5][::-1]
    fewer, ids = replace(closed, years=years), taxpayer_ids(some)
    whole = make_tables(make_economy(everyone, closed), nobody)
    compared: set[str] = set()
    for mine, theirs in zip(make_tables(make_economy(some, fewer), nobody), whole, strict=True):
        for name in set(mine) - {"third_party_unmatched", "unregistered"}:
            table = theirs[name][theirs[name]["taxpayer_id"].isin(ids)]
            if "period_end" in table:  # an accounting period can end in a year and begin before it
                first = mine[name]["period_end"].min()
                table = table[table["period_end"] >= first] if len(mine[name]) else table.head(0)
            elif "period" in table:
                table = table[table["period"].isin(mine[name]["period"])]
            elif name == "registrations":  # those that ended before are of no use to later years
                both = [
                    table["taxpayer_id"].astype(str) + table["regime"].astype(str)
                    for table in (table, mine[name])
                ]
                table = table[both[0].isin(both[1])]
            same(mine[name], table)
            if len(table):
                compared.add(name)
    assert {*REGIMES, "taxpayers", "third_party", "misreporting"} <= compared


def test_an_early_date_leaves_nothing_but_what_was_known(make_economy: MakeEconomy, small: Settings) -> None:
    early = replace(small, as_of="2023-01-15")
    records, truth = make_tables(make_economy(early.register.entities(), early), np.arange(300))
    assert set(records["self_assessment"]["period"]) == {"2021-22"}
    returns = sum(len(truth[name]) for name in REGIMES)
    assert returns == len(truth["enquiries"])
    for name, table in records.items():
        TABLES[name].validate(table)
        for date in ("received_on", *known_later(TABLES[name])):
            assert not (table[date] > pd.Timestamp(early.as_of)).any()
    obligations = records["obligations"]
    waiting = obligations["met_on"].isna() & (obligations["due_on"] >= pd.Timestamp(early.as_of))
    assert waiting.any()
    assert obligations.loc[waiting, "status"].isna().all()


def test_in_an_honest_economy_nothing_is_found(
    make_economy: MakeEconomy, small: Settings, honest: dict[str, float]
) -> None:
    chosen = replace(small, rates=honest)
    records, truth = make_tables(make_economy(chosen.register.entities()[:250:2], chosen), np.arange(0))
    assert len(truth["misreporting"]) == 0
    assert len(records["adjustments"]) == 0
    assert len(records["enquiries"]) > 0
    assert (records["enquiries"]["tax_found"].dropna() == 0).all()
    for tables, models in ((records, TABLES), (truth, TRUTH_TABLES)):
        for name, table in tables.items():
            if len(table):
                models[name].validate(table)
