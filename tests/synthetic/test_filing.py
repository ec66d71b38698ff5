"""Filing: registered before, filed after, paid in the end, and nothing known before it happened."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic import filing
from taxgap.synthetic.published import published
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.tables import Tables
from taxgap.synthetic.world import World

YEAR = pd.Timedelta(days=366)


def days(later: np.ndarray, earlier: np.ndarray) -> pd.Series:
    return pd.Series(later - earlier).dt.days


def test_returns_come_after_the_end_of_the_year(world: World) -> None:
    came = ~np.isnat(world.filed)
    assert (world.filed[came] > filing.PERIOD_END[world.scene.year[came]]).all()


def test_as_many_returns_come_by_the_deadline_as_published(world: World) -> None:
    figures = published()["returns"]
    share = (world.filed <= filing.DUE[world.scene.year]).mean()
    assert share == pytest.approx(figures["received_by_deadline"] / figures["expected"], abs=0.01)


def test_some_returns_come_late_and_a_few_never(world: World) -> None:
    late = (world.filed > filing.DUE[world.scene.year]).mean()
    never = np.isnat(world.filed).mean()
    assert 0.01 < late < 0.06
    assert 0.002 < never < late


def test_returns_come_all_through_the_year(world: World) -> None:
    waited = days(world.filed, filing.PERIOD_END[world.scene.year])
    assert waited.quantile(0.05) < 120
    assert waited.quantile(0.90) > 240


def test_when_a_person_files_is_a_habit_and_the_careless_file_later(world: World) -> None:
    table = world.panel.assign(waited=days(world.filed, filing.PERIOD_END[world.scene.year]))
    wide = table.pivot_table(index="entity", columns="year", values="waited").dropna()
    assert wide[0].corr(wide[1], method="spearman") > 0.4
    assert table["waited"].corr(table["disposition"], method="spearman") > 0.1


def test_amendments_come_after_the_return_and_within_a_year(world: World) -> None:
    amended = ~np.isnat(world.amended)
    waited = days(world.amended[amended], world.filed[amended])
    assert 0.02 < amended.mean() < 0.08
    assert waited.between(1, 365).all()


def test_every_person_and_year_on_the_register_has_an_obligation(world: World, records: Tables) -> None:
    assert len(records["obligations"]) == len(world.panel)
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


def test_everyone_is_registered_for_self_assessment_once(records: Tables) -> None:
    table = records["registrations"]
    mine = table[table["regime"] == "self_assessment"]
    assert sorted(mine["taxpayer_id"]) == sorted(records["taxpayers"]["taxpayer_id"])


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


def test_the_careless_register_late_more_often(world: World) -> None:
    people = world.people
    careless = pd.concat([people[people["disposition"] > 1]] * 3, ignore_index=True)
    streams = Streams(1, np.arange(len(careless)))
    careful = careless.assign(disposition=-1.0)
    none = np.full(len(careless), None)
    late, early = (
        filing.registrations(who, none, streams).query("regime == 'self_assessment'")["late"].mean()
        for who in (careless, careful)
    )
    assert late > early > 0


def test_those_with_an_agent_have_a_number_of_theirs(world: World, records: Tables) -> None:
    table = records["registrations"].drop_duplicates("taxpayer_id").set_index("taxpayer_id")
    agents = world.people.set_index("taxpayer_id")["agent"]
    assert (table["agent_id"].notna() == agents.reindex(table.index)).all()


def test_large_traders_are_registered_for_vat_and_few_others(world: World) -> None:
    registered = filing.vat_registered(world.people, Streams(world.settings.seed, world.people["entity"]))
    trades = (world.people["trade"] >= 0).to_numpy()
    large = (world.people["gross"] >= filing.VAT_REGISTRATION_LEVEL).to_numpy()
    assert registered[trades & large].all()
    assert not registered[~trades].any()
    assert 0 < registered[trades & ~large].mean() < 0.05


def test_vat_registrations_say_whether_they_were_compulsory(world: World, records: Tables) -> None:
    table = records["registrations"]
    vat = table[table["regime"] == "vat"].set_index("taxpayer_id")
    gross = world.people.set_index("taxpayer_id")["gross"].reindex(vat.index)
    assert ((vat["basis"] == "voluntary") == (gross < filing.VAT_REGISTRATION_LEVEL)).all()
    assert vat["reference"].is_unique
    assert vat["reference"].notna().all()
    assert table.loc[table["regime"] != "vat", "reference"].isna().all()


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
    assert 0 < lost.mean() < 0.02
    assert table.loc[lost, "paid_on"].isna().all()
    assert (table.loc[lost, "written_off"] == table.loc[lost, "liability"]).all()
    assert (table.loc[lost, "written_off_on"] - table.loc[lost, "due_on"] > YEAR).all()
