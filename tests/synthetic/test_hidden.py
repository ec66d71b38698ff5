"""The hidden economy: as many as the survey found, losing what is published, and seen by name only."""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np
import pandas as pd
import pytest

from taxgap.records.parquet import restore_types
from taxgap.records.partitions import partition_of
from taxgap.schemas import table_model
from taxgap.schemas.codes import REGIONS, REPORT_SOURCES
from taxgap.schemas.table import row_key
from taxgap.synthetic.hidden import (
    HIDDEN,
    Hidden,
    count_hidden,
    draw_hidden,
    person_ids,
    unmatched_of_registered,
)
from taxgap.synthetic.hidden.amounts import draw_amounts
from taxgap.synthetic.hidden.people import draw_hidden_people, figures
from taxgap.synthetic.hidden.reports import write_down
from taxgap.synthetic.identities import draw_identities
from taxgap.synthetic.people import draw_people
from taxgap.synthetic.published import published
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams

BASE = "2023-24"
SETTINGS = Settings(taxpayers=83_000, seed=11)
PEOPLE = SETTINGS.register.individuals


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return draw_hidden_people(np.arange(count_hidden(PEOPLE)), SETTINGS, PEOPLE)


@pytest.fixture(scope="module")
def hidden() -> Hidden:
    return draw_hidden(np.arange(count_hidden(PEOPLE)), SETTINGS, PEOPLE)


@pytest.fixture(scope="module")
def base(hidden: Hidden) -> pd.DataFrame:
    """The base year of the truth."""
    return hidden.unregistered[hidden.unregistered["period"] == BASE]


@pytest.fixture(scope="module")
def taxed(base: pd.DataFrame) -> pd.DataFrame:
    """One row a person who takes part in the base year."""
    return base[base["regime"] == "self_assessment"]


@pytest.fixture(scope="module")
def seen(people: pd.DataFrame) -> pd.DataFrame:
    """The reports of the base year and the person each concerns, by the account token where there is one."""
    reports = draw_hidden(np.arange(4_000), SETTINGS, PEOPLE).unmatched
    known = people.iloc[:4_000].drop_duplicates("account", keep=False).set_index("account")
    reports = reports[reports["account"].isin(known.index)]
    true = known[["name", "address", "postcode", "birth_date"]].add_suffix("_true")
    told = reports.join(true, on="account")
    return told.reset_index(drop=True)


def scale(taxed: pd.DataFrame) -> float:
    adults = figures()["adults"]["number"] * figures()["prevalence"]["after_allowances"]
    return float(adults / len(taxed))


@pytest.mark.parametrize("name", ["unregistered", "third_party_unmatched"])
@pytest.mark.parametrize("numbers", [range(3), range(900, 1_500), range(0)])
def test_the_tables_follow_their_schemas(name: str, numbers: range) -> None:
    drawn = draw_hidden(numbers, SETTINGS, PEOPLE)
    model = table_model(name, truth=name == "unregistered")
    table = drawn.unregistered if name == "unregistered" else drawn.unmatched
    table = restore_types(table.sort_values(row_key(model)).reset_index(drop=True), model)
    model.validate(table, lazy=True)
    assert list(table.columns) == list(model.to_schema().columns)


def test_the_same_numbers_give_the_same_people_in_every_partition() -> None:
    numbers = np.arange(900)
    whole = draw_hidden(numbers, SETTINGS, PEOPLE)
    home = partition_of(person_ids(numbers), 3)
    parts = [draw_hidden(numbers[home == part], SETTINGS, PEOPLE) for part in range(3)]
    for name, keys in (("unregistered", ["person_id", "regime", "period"]), ("unmatched", ["report_id"])):
        joined = pd.concat([getattr(part, name) for part in parts]).sort_values(keys, ignore_index=True)
        expected = getattr(whole, name).sort_values(keys, ignore_index=True)
        pd.testing.assert_frame_equal(joined, expected)
        assert not expected.duplicated(keys).any()


def test_fewer_years_give_the_same_rows_of_these_years() -> None:
    four = draw_hidden(range(300), SETTINGS, PEOPLE)
    one = draw_hidden(range(300), replace(SETTINGS, years=1), PEOPLE)
    for name in ("unregistered", "unmatched"):
        table = getattr(four, name)
        last = table[table["period"] == "2024-25"].reset_index(drop=True)
        pd.testing.assert_frame_equal(getattr(one, name).reset_index(drop=True), last, check_dtype=False)


def test_another_seed_gives_another_hidden_economy() -> None:
    other = draw_hidden(range(300), replace(SETTINGS, seed=12), PEOPLE)
    mine = draw_hidden(range(300), SETTINGS, PEOPLE)
    assert not set(other.unmatched["report_id"]) & set(mine.unmatched["report_id"])


def test_as_many_take_part_as_the_survey_found(taxed: pd.DataFrame) -> None:
    people = draw_people(Streams(11, np.arange(20_000)), SETTINGS.register)
    filing = (people["first_year"].le(2) & people["last_year"].ge(2)).mean() * PEOPLE
    adults = figures()["adults"]["number"] * PEOPLE / published()["returns"]["expected"]
    prevalence = len(taxed) / (adults * filing / PEOPLE)
    assert prevalence == pytest.approx(0.066, abs=0.0025)
    assert count_hidden(0) == 0


def test_the_kinds_have_their_published_shares(base: pd.DataFrame, taxed: pd.DataFrame) -> None:
    share = taxed["kind"].astype(str).value_counts(normalize=True)
    assert share["ghost"] == pytest.approx(0.35, abs=0.015)
    assert share["moonlighter"] + share["undeclared_landlord"] == pytest.approx(0.65, abs=0.015)
    traders = base[base["regime"] == "vat"]
    assert len(traders) / len(taxed) == pytest.approx(0.04, abs=0.006)
    assert (traders["kind"].astype(str) == "unregistered_trader").all()


def test_the_young_take_part_more(taxed: pd.DataFrame) -> None:
    age = 2023 - taxed["birth_date"].dt.year
    assert age.between(18, 24).mean() == pytest.approx(0.20, abs=0.02)
    assert age.between(18, 81).all()


def test_half_have_an_income_above_the_personal_allowance(taxed: pd.DataFrame, people: pd.DataFrame) -> None:
    pay = people.set_index("person_id")["pay"].loc[taxed["person_id"]].to_numpy()
    assert np.mean(pay + taxed["income"] > 12_570) == pytest.approx(0.54, abs=0.02)


@pytest.mark.parametrize(
    ("kinds", "figure"),
    [
        (["ghost"], "ghosts"),
        (["moonlighter", "undeclared_landlord"], "moonlighters"),
        (["undeclared_landlord"], "lettings"),
    ],
)
def test_the_tax_lost_comes_near_the_published_amounts(
    taxed: pd.DataFrame, kinds: list[str], figure: str
) -> None:
    lost = taxed.loc[taxed["kind"].isin(kinds), "tax_lost"].sum() * scale(taxed)
    assert lost == pytest.approx(figures()["tax_lost"][figure], rel=0.12)


def test_most_lose_little_and_a_few_lose_most(taxed: pd.DataFrame) -> None:
    lost = taxed["tax_lost"].sort_values(ascending=False)
    assert lost.median() < 0.5 * lost.mean()
    assert lost.iloc[: len(lost) // 20].sum() > 0.35 * lost.sum()


def test_vat_is_lost_above_the_threshold_alone_and_never_more_than_a_sixth(hidden: Hidden) -> None:
    vat = hidden.unregistered[hidden.unregistered["regime"] == "vat"]
    threshold = np.where(vat["period"] == "2024-25", 90_000, 85_000)
    assert (vat["income"] > threshold).all()
    assert (vat["tax_lost"] < vat["income"] / 6).all()
    assert (vat["tax_lost"] > 0).all()


def test_all_take_more_than_the_allowance_and_only_the_large_reach_the_threshold(
    people: pd.DataFrame,
) -> None:
    amounts = draw_amounts(people, SETTINGS.seed)
    assert (amounts.takings[amounts.active] > 1_000).all()
    small = ~people["large"].to_numpy()
    assert (amounts.takings[small].max(axis=0) < [85_000, 85_000, 85_000, 90_000, 90_000]).all()
    assert (amounts.costs < np.maximum(amounts.takings, 1)).all()


def test_they_stay_for_years_and_some_come_and_go(hidden: Hidden) -> None:
    years = hidden.unregistered.drop_duplicates(["person_id", "period"]).groupby("person_id").size()
    assert 0.6 < (years == 4).mean() < 0.85
    assert (years < 4).any()


def test_some_moonlighters_are_on_the_register_and_keep_what_they_are_there(people: pd.DataFrame) -> None:
    on = people[people["taxpayer_id"].notna()]
    assert set(on["kind"].astype(str)) == {"moonlighter"}
    assert 0.05 < len(on) / (people["kind"] == "moonlighter").sum() < 0.15
    assert on["taxpayer_id"].is_unique
    entity = on["taxpayer_id"].str[1:].astype(int).to_numpy()
    person = draw_people(Streams(SETTINGS.seed, entity), SETTINGS.register)
    known = draw_identities(
        entity,
        seed=SETTINGS.seed,
        is_firm=False,
        region=person["region"],
        birth_year=person["birth_year"],
    )
    pd.testing.assert_frame_equal(on[known.columns].reset_index(drop=True), known)
    assert (on["region"].astype(str).to_numpy() == person["region"].astype(str)).all()


def test_hidden_people_are_nobody_of_the_register(people: pd.DataFrame) -> None:
    assert (people["entity"] == HIDDEN + np.arange(len(people))).all()
    assert people["person_id"].str.fullmatch(r"H[0-9]{8}").all()
    assert people["postcode"].str.startswith("Q").all()


def test_platforms_must_report_only_from_2024_on(hidden: Hidden) -> None:
    platforms = hidden.unmatched[hidden.unmatched["source"].astype(str) == "platform"]
    counts = platforms["period"].value_counts()
    assert counts["2024-25"] > 2 * counts[BASE]
    assert (platforms["period_start"].dt.year == platforms["period"].str[:4].astype(int)).all()


def test_reports_come_after_their_period_and_say_who_only_by_name(hidden: Hidden) -> None:
    reports = hidden.unmatched
    assert (reports["received_on"] > reports["period_end"]).all()
    assert reports["report_id"].str.fullmatch(r"U[0-9a-f]{16}").all()
    assert reports["report_id"].is_unique
    assert set(reports["source"]) <= set(REPORT_SOURCES)
    assert (reports["amount"] >= 1).all()
    counted = reports["source"].isin(["platform", "card_processor"])
    assert (reports["transactions"].notna() == counted).all()


def test_nobody_some_or_several_see_a_person_and_lists_depend_on_each_other(people: pd.DataFrame) -> None:
    few = people[:8_000]
    reports = draw_hidden(np.arange(8_000), SETTINGS, PEOPLE).unmatched
    reports = reports[(reports["period"] == BASE) & reports["account"].notna()]
    sources = reports.groupby("account")["source"].nunique().reindex(few["account"], fill_value=0)
    assert (sources == 0).mean() > 0.5
    assert (sources == 1).sum() > (sources >= 2).sum() > 50
    # Of those with a trade that takes cards, who is on the bank's list is more often on the processor's.
    trader = few["trade"].ge(0) & few["first_year"].le(2) & few["last_year"].ge(2)
    bank, card = (
        few["account"].isin(reports.loc[reports["source"].astype(str) == name, "account"])[trader]
        for name in ("bank", "card_processor")
    )
    assert card[bank].mean() > 1.15 * card[~bank].mean()


def test_names_as_written_are_mostly_right_or_near(seen: pd.DataFrame) -> None:
    same = (seen["name"] == seen["name_true"]).mean()
    assert 0.75 < same < 0.97
    wrong = seen[seen["name"] != seen["name_true"]]
    near = [
        SequenceMatcher(None, a.lower(), b.lower()).ratio() > 0.7
        for a, b in zip(wrong["name"], wrong["name_true"], strict=True)
    ]
    assert np.mean(near) > 0.7
    stated = seen["address"].notna()
    assert 0.8 < (seen["address"] == seen["address_true"])[stated].mean() < 0.99
    born = seen["birth_date"].notna()
    assert 0.9 < (seen["birth_date"] == seen["birth_date_true"])[born].mean() < 1


def registered() -> tuple[pd.DataFrame, pd.DataFrame, Streams]:
    n = 9_000
    entity = np.where(np.arange(n) % 5 == 0, 400_000_000, 0) + np.arange(n)
    identities = draw_identities(
        entity,
        seed=3,
        is_firm=entity >= 400_000_000,
        region=np.resize(REGIONS, n),
        birth_year=np.full(n, 1970),
    )
    who = np.repeat(np.arange(n), 2)[::-1]
    reports = pd.DataFrame(
        {
            "identity": who,
            "report_id": [f"R{number}" for number in range(2 * n)],
            "source": np.resize(["bank", "platform", "contractor"], 2 * n),
            "period": BASE,
            "period_start": pd.Timestamp("2023-04-06"),
            "period_end": pd.Timestamp("2024-04-05"),
            "amount": 100.0 + np.arange(2 * n),
            "transactions": np.nan,
            "received_on": pd.Timestamp("2024-10-31"),
        },
        index=np.arange(2 * n) + 50,
    )
    reports["source"] = pd.Categorical(reports["source"], categories=REPORT_SOURCES)
    return identities, reports, Streams(3, entity[who])


def test_some_reports_of_registered_people_lose_their_identifier() -> None:
    identities, reports, streams = registered()
    moved = unmatched_of_registered(identities, reports, streams)
    assert len(moved) / len(reports) == pytest.approx(0.03, abs=0.006)
    kept = reports.loc[moved.index]
    assert (moved["amount"] == kept["amount"]).all()
    assert not set(moved["report_id"]) & set(reports["report_id"])
    true = identities["name"].to_numpy()[kept["identity"]]
    assert 0.6 < (moved["name"] == true).mean() < 0.95
    model = table_model("third_party_unmatched")
    model.validate(restore_types(moved.reset_index(drop=True), model), lazy=True)


def test_which_reports_lose_it_depends_on_the_report_alone() -> None:
    identities, reports, streams = registered()
    whole = unmatched_of_registered(identities, reports, streams, share=0.2)
    half = np.arange(len(reports)) % 2 == 0
    part = unmatched_of_registered(identities, reports[half], streams[half], share=0.2)
    pd.testing.assert_frame_equal(part, whole[whole.index.isin(reports.index[half])])
    none = unmatched_of_registered(identities, reports[half], streams[half], share=0.0)
    assert none.empty
    assert list(none.columns) == list(whole.columns)


def test_a_reporter_writes_only_what_he_knows() -> None:
    identities, _, _ = registered()
    streams = Streams(3, np.arange(len(identities)))
    customs = write_down(identities, streams, "customs")
    assert customs[["birth_date", "account"]].isna().all(axis=None)
    bank = write_down(identities, streams, "bank")
    assert (bank["account"] == identities["account"]).all()
    assert (bank["address"].isna() == bank["postcode"].isna()).all()


@pytest.mark.parametrize("name", list(figures()))
def test_every_figure_says_where_it_comes_from(name: str) -> None:
    table = figures()[name]
    assert table["source"]
    assert table["unit"]
    assert table["basis"] in {"found", "memory", "derived", "assumption"}
