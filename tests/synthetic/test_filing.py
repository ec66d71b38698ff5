"""Filing: registered before, filed after, paid in the end, and nothing known before it happened."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic import filing, registrations
from taxgap.synthetic.casework import Casework
from taxgap.synthetic.published import published
from taxgap.synthetic.returns import Tables, tables_of
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import NOT_A_DAY

YEAR = pd.Timedelta(days=366)


@pytest.fixture(scope="module")
def records(done: Casework, people: pd.DataFrame) -> Tables:
    """The tables of Self Assessment alone, as they are before they are laid out."""
    streams = Streams(done.settings.seed, people["entity"])
    registered = registrations.self_assessment_registrations(people, streams)
    return tables_of(done)[0] | {"registrations": registered}


def days(later: np.ndarray, earlier: np.ndarray) -> pd.Series:
    return pd.Series(later - earlier).dt.days


def test_returns_come_after_the_end_of_the_year(done: Casework) -> None:
    came = ~np.isnat(done.filed)
    assert (done.filed[came] > done.scene.panel["period_end"][came]).all()


def test_as_many_returns_come_by_the_deadline_as_published(done: Casework) -> None:
    figures = published()["returns"]
    share = (done.filed <= done.scene.panel["due_on"].to_numpy()).mean()
    assert share == pytest.approx(figures["received_by_deadline"] / figures["expected"], abs=0.01)


def test_some_returns_come_late_and_a_few_never(done: Casework) -> None:
    late = (done.filed > done.scene.panel["due_on"].to_numpy()).mean()
    never = np.isnat(done.filed).mean()
    assert 0.01 < late < 0.06
    assert 0.002 < never < late


def test_returns_come_all_through_the_year(done: Casework) -> None:
    waited = days(done.filed, done.scene.panel["period_end"].to_numpy())
    assert waited.quantile(0.05) < 120
    assert waited.quantile(0.90) > 240


def test_when_a_person_files_is_a_habit_and_the_careless_file_later(done: Casework) -> None:
    table = done.scene.panel.assign(waited=days(done.filed, done.scene.panel["period_end"].to_numpy()))
    wide = table.pivot_table(index="entity", columns="year", values="waited").dropna()
    assert wide[0].corr(wide[1], method="spearman") > 0.4
    assert table["waited"].corr(table["disposition"], method="spearman") > 0.1


def test_amendments_come_after_the_return_and_within_a_year(done: Casework) -> None:
    amended = ~np.isnat(done.amended)
    waited = days(done.amended[amended], done.filed[amended])
    assert 0.02 < amended.mean() < 0.08
    assert waited.between(1, 365).all()


def test_every_person_and_year_on_the_register_has_an_obligation(done: Casework, records: Tables) -> None:
    assert len(records["obligations"]) == len(done.scene.panel)
    assert not records["obligations"].duplicated(["taxpayer_id", "period"]).any()


def test_an_obligation_is_met_on_the_day_the_first_return_came(records: Tables) -> None:
    first = records["self_assessment"].groupby(["taxpayer_id", "period"], as_index=False)["received_on"].min()
    met = records["obligations"].dropna(subset="met_on").reset_index(drop=True)
    both = met.merge(first, on=["taxpayer_id", "period"], suffixes=("", "_return"))
    assert len(both) == len(met) == len(first)
    assert (both["met_on"] == both["received_on_return"]).all()


def test_the_status_of_an_obligation_follows_from_its_dates(records: Tables) -> None:
    table = records["obligations"]
    status = table["status"].astype(str)
    assert (status[table["met_on"].isna()] == "missing").all()
    assert (status[table["met_on"] <= table["due_on"]] == "met").all()
    assert (status[table["met_on"] > table["due_on"]] == "late").all()


def test_returns_are_due_on_the_last_of_january(records: Tables) -> None:
    table = records["obligations"]
    assert (table["due_on"].dt.strftime("%m-%d") == "01-31").all()
    assert (table["due_on"].dt.year == table["period_end"].dt.year + 1).all()


def test_everyone_is_registered_for_self_assessment_once(records: Tables, people: pd.DataFrame) -> None:
    table = records["registrations"]
    assert (table["regime"] == "self_assessment").all()
    assert sorted(table["taxpayer_id"]) == sorted(people["taxpayer_id"])


def test_nobody_files_before_registering(records: Tables) -> None:
    table = records["registrations"]
    registered = table[table["regime"] == "self_assessment"].set_index("taxpayer_id")
    returns = records["self_assessment"].join(registered[["effective_from", "applied_on"]], on="taxpayer_id")
    assert (returns["effective_from"] <= returns["period_start"]).all()
    assert (returns["applied_on"] < returns["received_on"]).all()


def test_nobody_files_for_a_year_after_leaving(records: Tables) -> None:
    table = records["registrations"]
    gone = table[table["regime"] == "self_assessment"].set_index("taxpayer_id")["deregistered_on"].dropna()
    assert len(gone) > 0
    left = records["obligations"].join(gone, on="taxpayer_id", how="inner")
    assert (left["period_end"] < left["deregistered_on"]).all()


def test_the_careless_register_late_more_often(people: pd.DataFrame) -> None:
    careless = pd.concat([people[people["disposition"] > 1]] * 3, ignore_index=True)
    streams = Streams(1, np.arange(len(careless)))
    careful = careless.assign(disposition=-1.0)
    late, early = (registrations.registers_late(who, streams).mean() for who in (careless, careful))
    assert late > early > 0


def test_those_with_an_agent_have_a_number_of_theirs(records: Tables, people: pd.DataFrame) -> None:
    table = records["registrations"].drop_duplicates("taxpayer_id").set_index("taxpayer_id")
    agents = people.set_index("taxpayer_id")["agent"]
    assert (table["agent_id"].notna() == agents.reindex(table.index)).all()


def test_what_is_to_pay_is_the_tax_less_what_was_taken_off(records: Tables) -> None:
    last = records["self_assessment"].sort_values("version").groupby(["taxpayer_id", "period"]).tail(1)
    due = (last["tax_charged"] - last["tax_deducted"] - last["cis_deductions"]).round(2)
    expected = due.to_numpy()[due > 0].sum()
    assert (records["payments"]["liability"] > 0).all()
    assert records["payments"]["liability"].sum() == pytest.approx(expected)
    assert len(records["payments"]) == (due > 0).sum()


def test_what_is_paid_is_paid_in_full_and_not_before_it_is_due(records: Tables) -> None:
    paid = records["payments"].dropna(subset="paid_on")
    assert (paid["paid"] == paid["liability"]).all()
    assert (paid["paid_on"] >= paid["due_on"]).all()
    assert (paid["paid_on"] >= paid["received_on"]).all()
    assert records["payments"].loc[records["payments"]["paid_on"].isna(), "paid"].isna().all()


def test_what_is_written_off_was_never_paid(records: Tables) -> None:
    table = records["payments"]
    lost = table["written_off_on"].notna()
    assert 0 < lost.mean() < 0.09
    assert table.loc[lost, "paid_on"].isna().all()
    assert (table.loc[lost, "written_off"] == table.loc[lost, "liability"]).all()
    assert (table.loc[lost, "written_off_on"] - table.loc[lost, "due_on"] > YEAR).all()


def test_the_days_between_the_period_and_the_deadline_are_used_whatever_the_tax(done: Casework) -> None:
    # A month after the end of a quarter, as for VAT.
    panel = done.scene.panel
    due = (panel["period_end"] + pd.Timedelta(days=37)).to_numpy()
    filed = filing.filed_on(replace(done.scene, panel=panel.assign(due_on=due).drop(columns="registered_on")))
    in_time = filed <= due
    assert in_time.mean() > 0.9
    assert (filed[in_time] > panel["period_end"][in_time]).all()


def test_only_what_happened_by_the_as_of_date_is_known(done: Casework) -> None:
    early = np.datetime64("2024-03-31", "D")
    obligations = filing.obligations(done.scene, done.filed, early)
    payments = filing.payments(done.scene, done.planted, done.filed, early)
    assert not (obligations["met_on"] > early).any()
    waiting = obligations["met_on"].isna() & (obligations["due_on"] >= early)
    assert obligations.loc[waiting, "status"].isna().all()
    assert set(obligations.loc[~waiting, "status"]) == {"met", "late", "missing"}
    for column in ("received_on", "paid_on", "written_off_on"):
        assert not (payments[column] > early).any()


def test_nothing_is_paid_on_a_return_that_never_came(done: Casework) -> None:
    never = np.full(len(done.scene), NOT_A_DAY)
    assert len(filing.payments(done.scene, done.planted, never, done.as_of)) == 0


def test_whoever_registers_late_files_after_that_even_if_it_is_after_the_deadline(done: Casework) -> None:
    panel = done.scene.panel
    late = panel["due_on"] + pd.Timedelta(days=60)
    filed = filing.filed_on(replace(done.scene, panel=panel.assign(registered_on=late)))
    came = ~np.isnat(filed)
    assert came.mean() > 0.95
    assert (filed[came] > late[came]).all()
