"""The catalogue: tables by name, their description, and code lists that never change order."""

from __future__ import annotations

import pytest

from taxgap.errors import UsageError
from taxgap.schemas import RETURN_TABLES, TABLES, TRUTH_TABLES, codes, describe_schema, table_model
from taxgap.schemas.corporation_tax import COST_LINES
from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.schemas.table import code_levels, column_names, known_later, row_key

FROZEN = {
    "NATIONS": ["England", "Wales", "Scotland", "Northern Ireland"],
    "REGIONS": [
        "North East",
        "North West",
        "Yorkshire and The Humber",
        "East Midlands",
        "West Midlands",
        "East of England",
        "London",
        "South East",
        "South West",
        "Wales",
        "Scotland",
        "Northern Ireland",
    ],
    "LEGAL_FORMS": ["individual", "partnership", "company", "trust", "non_profit"],
    "REGIMES": ["self_assessment", "vat", "corporation_tax", "employer_paye"],
    "REGISTRATION_BASES": ["compulsory", "voluntary"],
    "OBLIGATION_STATUSES": ["met", "late", "missing"],
    "REPORT_SOURCES": [
        "employer",
        "bank",
        "platform",
        "card_processor",
        "contractor",
        "overseas",
        "customs",
    ],
    "VAT_SCHEMES": ["standard", "flat_rate"],
    "FREQUENCIES": ["monthly", "quarterly", "annual"],
    "LINK_KINDS": [
        "director_of",
        "directed_by",
        "partner_in",
        "has_partner",
        "shares_address",
        "shares_account",
        "sells_to",
        "buys_from",
    ],
    "UNREGISTERED_KINDS": ["ghost", "moonlighter", "unregistered_trader", "undeclared_landlord"],
    "PROGRAMMES": ["random", "risk"],
    "ANSWERS": ["yes", "no"],
    "BEHAVIOURS": [
        "failure_to_take_reasonable_care",
        "error",
        "evasion",
        "legal_interpretation",
        "avoidance",
        "criminal_attacks",
        "hidden_economy",
        "non_payment",
    ],
}


UNITS = {
    "text",
    "identifier",
    "GBP",
    "fraction",
    "count",
    "months",
    "hours",
    "minutes",
    "year",
    "date",
    "code",
    "yes/no",
}


@pytest.mark.parametrize("name", FROZEN)
def test_levels_are_frozen_and_new_ones_are_appended(name: str) -> None:
    # Saved files hold codes by position and models by level: a level is never renamed, moved or removed.
    assert getattr(codes, name)[: len(FROZEN[name])] == FROZEN[name]


def test_every_region_lies_in_a_nation() -> None:
    assert list(codes.REGION_NATION) == codes.REGIONS
    assert set(codes.REGION_NATION.values()) == set(codes.NATIONS)


def test_codes_of_the_tables_are_those_of_the_lists() -> None:
    assert code_levels(TABLES["enquiries"]) == {
        "regime": codes.REGIMES,
        "programme": codes.PROGRAMMES,
        "behaviour": codes.BEHAVIOURS,
    }


@pytest.mark.parametrize(
    ("name", "truth"), [*((n, False) for n in TABLES), *((n, True) for n in TRUTH_TABLES)]
)
def test_every_column_is_described_for_people(name: str, truth: bool) -> None:
    described = describe_schema(name, truth=truth)
    assert described["column"].tolist() == column_names(table_model(name, truth=truth))
    assert (described["title"].str.len() > 0).all()
    assert described["unit"].isin(UNITS).all()
    assert set(described["type"]) <= {"text", "number", "whole number", "yes/no", "date", "code"}
    assert (described.loc[described["type"] == "code", "levels"].str.len() > 1).all()
    assert described.loc[described["key"], "column"].tolist() == [
        column for column in described["column"] if column in row_key(table_model(name, truth=truth))
    ]
    assert not described.loc[described["key"], "empty"].any()


def test_a_description_in_full() -> None:
    described = describe_schema("enquiries").set_index("column")
    assert described.loc["inclusion_probability"].to_dict() == {
        "type": "number",
        "unit": "fraction",
        "box": "",
        "title": "Probability of being drawn by this programme",
        "rule": "at least 0; at most 1",
        "levels": [],
        "empty": False,
        "key": False,
    }
    assert described.loc["closed_on", "type"] == "date"
    assert bool(described.loc["closed_on", "empty"])
    assert describe_schema("self_assessment").set_index("column").loc["turnover", "box"] == "SA103F 15"
    assert (
        describe_schema("taxpayers").set_index("column").loc["utr", "rule"]
        == "ten digits, the first the check digit"
    )


def test_an_unknown_table_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no table named 'customs'.*Available: taxpayers, registrations"):
        table_model("customs")
    with pytest.raises(UsageError, match="Available: self_assessment, vat"):
        describe_schema("taxpayers", truth=True)


def test_what_a_row_refers_to_is_read_before_it() -> None:
    order = list(TABLES)
    assert order[0] == "taxpayers"
    assert order.index("registrations") < min(map(order.index, RETURN_TABLES))
    assert max(map(order.index, RETURN_TABLES)) < order.index("enquiries") < order.index("adjustments")


@pytest.mark.parametrize("name", TABLES)
def test_every_row_says_when_it_became_known(name: str) -> None:
    names = column_names(TABLES[name])
    assert names[-1] == "received_on" or name in RETURN_TABLES
    assert "received_on" in names
    for date, columns in known_later(TABLES[name]).items():
        nullable = describe_schema(name).set_index("column")["empty"]
        assert date in columns
        assert all(nullable[column] for column in columns)


def test_returns_hold_the_boxes_that_add_up() -> None:
    for name in RETURN_TABLES:
        assert {"taxpayer_id", "period", "period_start", "period_end", "version"} <= set(
            column_names(TABLES[name])
        )
        assert "received_on" in column_names(TABLES[name])
    assert set(EXPENSE_BOXES) <= set(column_names(TABLES["self_assessment"]))
    assert set(COST_LINES) <= set(column_names(TABLES["corporation_tax"]))


@pytest.mark.parametrize("name", RETURN_TABLES)
def test_an_amount_has_the_box_or_page_it_comes_from(name: str) -> None:
    described = describe_schema(name)
    assert (described.loc[described["unit"] == "GBP", "box"] != "").all()


def test_names_and_addresses_stand_in_two_tables_alone() -> None:
    # No feature is made of them: whoever reads another table cannot come upon them.
    personal = {"name", "address", "postcode", "account", "birth_date"}
    assert {name for name in TABLES if personal & set(column_names(TABLES[name]))} == {
        "identities",
        "third_party_unmatched",
    }


def test_each_end_of_a_link_has_a_name_of_its_own() -> None:
    ends = ["director_of", "partner_in", "sells_to"], ["directed_by", "has_partner", "buys_from"]
    both = {"shares_address", "shares_account"}
    assert {*ends[0], *ends[1], *both} == set(codes.LINK_KINDS)


def test_a_truthful_twin_has_the_schema_of_its_return() -> None:
    assert all(TRUTH_TABLES[name] is TABLES[name] for name in RETURN_TABLES)
