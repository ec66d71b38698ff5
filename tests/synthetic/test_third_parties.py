"""Third parties: they report what they know, when they know it, and never what was declared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.schemas.codes import REPORT_SOURCES
from taxgap.synthetic.employment import open_positions
from taxgap.synthetic.form import Scene
from taxgap.synthetic.mechanisms import forms
from taxgap.synthetic.self_assessment import draw_scene
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.third_parties import VAT_RATE, report

CALENDAR = ["platform", "card_processor"]


@pytest.fixture(scope="module")
def of(reports: pd.DataFrame, scene: Scene) -> Callable[[str], pd.DataFrame]:
    """The reports of one source, beside the truth of their rows."""

    def pick(source: str) -> pd.DataFrame:
        mine = reports[reports["source"] == source].reset_index(drop=True)
        truth = scene.boxes.join(scene.activity.drop(columns=scene.boxes.columns, errors="ignore"))
        truth = truth.drop(columns="tax_deducted").assign(
            withheld=scene.boxes["tax_deducted"], year=scene.year, entity=scene.panel["entity"]
        )
        return mine.join(truth.iloc[mine["row"]].reset_index(drop=True))

    return pick


def test_every_kind_of_reporter_on_people_reports(reports: pd.DataFrame) -> None:
    takings = {"contractor", "platform", "card_processor"}
    assert set(reports["source"]) == {"employer", "bank", "overseas", "partnership", *takings}
    assert list(reports["source"].cat.categories) == REPORT_SOURCES


def test_a_source_reports_once_a_person_and_year(reports: pd.DataFrame) -> None:
    assert not reports.duplicated(["row", "source"]).any()


def test_amounts_are_whole_pounds_above_nothing(reports: pd.DataFrame) -> None:
    assert (reports["amount"] > 0).all()
    assert (reports["amount"] == reports["amount"].round()).all()
    assert (reports["tax_deducted"] >= 0).all()
    assert (reports["tax_deducted"] <= reports["amount"]).all()


def test_employers_report_all_pay_and_the_tax_taken_off(
    of: Callable[[str], pd.DataFrame], scene: Scene
) -> None:
    employers = of("employer")
    assert (employers["amount"] == employers["employment_pay"]).all()
    assert (employers["tax_deducted"] == employers["withheld"]).all()
    assert len(employers) == (scene.boxes["employment_pay"] > 0).sum()


def test_banks_report_all_interest(of: Callable[[str], pd.DataFrame], scene: Scene) -> None:
    banks = of("bank")
    assert len(banks) == (scene.boxes["interest"] > 0).sum()
    alone = banks["amount"] == banks["interest"]
    assert 0.6 < alone.mean() < 0.95


def test_joint_accounts_only_ever_over_state(of: Callable[[str], pd.DataFrame]) -> None:
    banks = of("bank")
    ratio = banks["amount"] / banks["interest"]
    assert (ratio >= 1).all()
    assert (banks["amount"] <= 2 * banks["interest"] + 1).all()


def test_a_joint_account_stays_joint(of: Callable[[str], pd.DataFrame]) -> None:
    banks = of("bank")
    banks = banks[banks["interest"] > 1_000]
    ratio = (banks["amount"] / banks["interest"]).groupby(banks["entity"])
    assert ((ratio.max() - ratio.min()) < 0.002).all()


def test_contractors_report_what_they_paid_and_took_off(of: Callable[[str], pd.DataFrame]) -> None:
    contractors = of("contractor")
    paid = (contractors["contractor"] * contractors["annual_turnover"]).round()
    assert (contractors["amount"] == paid).all()
    assert (contractors["tax_deducted"] == contractors["cis_deductions"]).all()
    assert (contractors["tax_deducted"] > 0).all()


def test_everyone_whose_deductions_are_on_a_return_was_reported(
    of: Callable[[str], pd.DataFrame], scene: Scene
) -> None:
    reported = scene.boxes["cis_deductions"].iloc[of("contractor")["row"]].sum()
    assert reported == pytest.approx(scene.boxes["cis_deductions"].sum(), rel=0.001)


@pytest.mark.parametrize(("source", "channel"), [("platform", "platform"), ("card_processor", "card")])
def test_a_calendar_year_mixes_two_tax_years(
    of: Callable[[str], pd.DataFrame], vat_registered: np.ndarray, source: str, channel: str
) -> None:
    mine = of(source)
    vat = np.where(vat_registered[mine["row"]], 1 + VAT_RATE, 1.0)  # buyers pay it as well
    mixed = mine[channel] * (0.75 * mine["annual_turnover"] + 0.25 * mine["turnover_before"]) * vat
    surprise = np.log(mine["amount"] / mixed)
    assert abs(surprise.mean()) < 4 * surprise.std() / np.sqrt(len(surprise))
    assert 0.02 < surprise.std() < 0.08


def test_takings_by_card_include_vat_for_the_registered_alone(
    of: Callable[[str], pd.DataFrame], vat_registered: np.ndarray
) -> None:
    cards = of("card_processor")
    known = cards[cards["year"] == 0]
    ratio = known["amount"] / (known["card"] * known["annual_turnover"])
    registered = vat_registered[known["row"]]
    assert registered.any()
    assert ratio[registered].median() == pytest.approx(1 + VAT_RATE, abs=0.01)
    assert ratio[~registered].median() == pytest.approx(1, abs=0.01)


def test_the_first_calendar_year_of_a_newcomer_holds_nine_months(
    of: Callable[[str], pd.DataFrame], scene: Scene, vat_registered: np.ndarray
) -> None:
    cards = of("card_processor")
    new = (scene.panel["first_year"] == scene.panel["year"]).to_numpy()[cards["row"]]
    new &= ~vat_registered[cards["row"]]
    ratio = cards["amount"] / (cards["card"] * cards["annual_turnover"])
    assert ratio[new].median() == pytest.approx(0.75, abs=0.02)


def test_platforms_must_report_only_from_2024_on(of: Callable[[str], pd.DataFrame], scene: Scene) -> None:
    takings = scene.activity["platform"] * scene.activity["annual_turnover"]
    sells = (takings > 3_000).to_numpy()
    reported = np.bincount(of("platform")["row"], minlength=len(scene.panel)) > 0
    before, after = (reported[sells & rows].mean() for rows in (scene.year < 3, scene.year == 3))
    assert 0.15 < before < 0.5
    assert after > 0.85


def test_those_with_few_sales_are_not_reported_by_platforms(of: Callable[[str], pd.DataFrame]) -> None:
    assert of("platform")["amount"].min() >= 1_700


def test_only_takings_come_with_a_number_of_transactions(reports: pd.DataFrame) -> None:
    counted = reports["transactions"].notna()
    assert (counted == reports["source"].isin(CALENDAR)).all()
    assert (reports.loc[counted, "transactions"] >= 1).all()


@pytest.mark.parametrize("source", ["employer", "bank", "contractor"])
def test_reports_of_a_tax_year_cover_it(of: Callable[[str], pd.DataFrame], source: str) -> None:
    mine = of(source)
    assert (mine["period_start"] == pd.to_datetime((mine["year"] + 2021).astype(str) + "-04-06")).all()
    assert (mine["period_end"] == pd.to_datetime((mine["year"] + 2022).astype(str) + "-04-05")).all()


@pytest.mark.parametrize("source", CALENDAR)
def test_reports_of_a_calendar_year_cover_it_and_come_by_the_end_of_january(
    of: Callable[[str], pd.DataFrame], source: str
) -> None:
    mine = of(source)
    assert (mine["period_start"] == pd.to_datetime((mine["year"] + 2021).astype(str) + "-01-01")).all()
    assert (mine["period_end"] == pd.to_datetime((mine["year"] + 2021).astype(str) + "-12-31")).all()
    january = pd.to_datetime((mine["year"] + 2022).astype(str) + "-01-31")
    assert (mine["received_on"] <= january).all()


def test_employers_and_contractors_report_within_weeks_and_banks_in_the_autumn(
    of: Callable[[str], pd.DataFrame],
) -> None:
    for source, first, last in (("employer", 0, 31), ("contractor", 0, 31), ("bank", 148, 240)):
        mine = of(source)
        assert (mine["received_on"] - mine["period_end"]).dt.days.between(first, last).all()


def test_others_see_a_part_of_what_traders_take(reports: pd.DataFrame, scene: Scene) -> None:
    takings = reports[reports["source"].isin([*CALENDAR, "contractor"])]
    known = np.bincount(takings["row"], takings["amount"], len(scene.panel))
    trades = (scene.panel["trade"] >= 0).to_numpy()
    assert 0.1 < known[trades].sum() / scene.activity.loc[trades, "annual_turnover"].sum() < 0.6
    assert (known[~trades] == 0).all()


def test_partnerships_state_the_shares_that_they_declare(
    of: Callable[[str], pd.DataFrame], scene: Scene
) -> None:
    mine = of("partnership")
    assert (mine["amount"] == mine["partnership_stated"]).all()
    assert len(mine) == (scene.activity["partnership_stated"] > 0).sum()
    number = scene.panel["partnership"].to_numpy()[mine["row"]]
    assert (mine["reporter_id"] == [f"P{n:08d}" for n in number]).all()


def test_the_employer_is_named_where_it_is_on_the_register(
    of: Callable[[str], pd.DataFrame], scene: Scene, settings: Settings
) -> None:
    mine = of("employer")
    own = scene.panel["company"].to_numpy()[mine["row"]]
    assert (mine.loc[own >= 0, "reporter_id"] == [f"C{n:08d}" for n in own[own >= 0]]).all()
    employer = open_positions(settings.register).employer_of(scene)[mine["row"]]
    assert mine.loc[(own < 0) & (employer < 0), "reporter_id"].isna().all()
    assert mine.loc[employer >= 0, "reporter_id"].notna().all()
    assert 0.3 < mine["reporter_id"].notna().mean() < 0.9


def test_foreign_authorities_report_most_accounts_in_the_autumn(
    of: Callable[[str], pd.DataFrame], scene: Scene
) -> None:
    mine = of("overseas")
    abroad = (scene.boxes["foreign_income"] > 200).to_numpy()
    reported = np.bincount(mine["row"], minlength=len(scene)) > 0
    assert reported[abroad].mean() == pytest.approx(0.60, abs=0.12)
    assert (mine["received_on"].dt.month == 10).all()
    assert (mine["received_on"].dt.year == mine["period_end"].dt.year + 1).all()


def test_no_report_depends_on_what_was_declared(
    reports: pd.DataFrame, scene: Scene, people: pd.DataFrame, settings: Settings, honest: dict[str, float]
) -> None:
    form = forms(replace(settings, rates=honest))["self_assessment"]
    few = draw_scene(people.head(300), form, settings)
    registered = np.asarray((few.panel["trade"] >= 0) & (few.panel["gross"] >= 85_000))
    told = report(few, registered, open_positions(settings.register).employer_of(few))
    known = reports[reports["row"] < len(few)]
    known = known.sort_values(["source", "row"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(told.sort_values(["source", "row"]).reset_index(drop=True), known)
