"""Links: each is written at both of its ends, with the same day and share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.schemas.codes import LINK_KINDS
from taxgap.synthetic.links import link_firms, link_neighbours, link_people
from taxgap.synthetic.register import Register
from taxgap.synthetic.tables import Tables

REGISTER = Register.of(9_000, 3)
OTHER_END = {
    "director_of": "directed_by",
    "directed_by": "director_of",
    "partner_in": "has_partner",
    "has_partner": "partner_in",
    "shares_address": "shares_address",
    "shares_account": "shares_account",
    "sells_to": "buys_from",
    "buys_from": "sells_to",
}
KEY = ["taxpayer_id", "kind", "other_id"]


@pytest.fixture(scope="module")
def links() -> pd.DataFrame:
    """The links between people and firms, and between firms, of a whole population."""
    person, company, partnership = (
        np.arange(count) for count in (REGISTER.individuals, REGISTER.companies, REGISTER.partnerships)
    )
    return pd.concat(
        [
            link_people(person, REGISTER),
            link_firms(company, partnership, REGISTER),
            link_neighbours(company, "company", REGISTER),
            link_neighbours(partnership, "partnership", REGISTER),
        ],
        ignore_index=True,
    )


def turn(links: pd.DataFrame) -> pd.DataFrame:
    """The links as their other ends would write them."""
    return links.assign(
        taxpayer_id=links["other_id"],
        other_id=links["taxpayer_id"],
        kind=links["kind"].astype(str).map(OTHER_END),
    )


def in_order(links: pd.DataFrame) -> pd.DataFrame:
    text = links.astype(dict.fromkeys(KEY, "str"))
    return text.sort_values(KEY).reset_index(drop=True)[[*KEY, "share", "since", "until", "received_on"]]


def test_every_kind_has_its_other_end() -> None:
    assert set(OTHER_END) == set(LINK_KINDS)


def test_each_link_is_written_at_both_of_its_ends_alike(links: pd.DataFrame) -> None:
    assert set(links["kind"]) == set(LINK_KINDS) - {"sells_to", "buys_from"}
    pd.testing.assert_frame_equal(in_order(turn(links)), in_order(links))


def test_no_link_is_written_twice_or_leads_back_to_itself(links: pd.DataFrame) -> None:
    assert not links.duplicated(KEY).any()
    assert (links["taxpayer_id"] != links["other_id"]).all()


def test_links_lead_between_the_legal_forms_that_they_name(links: pd.DataFrame) -> None:
    ends = links["taxpayer_id"].str[0] + links["other_id"].str[0]
    expected = {"director_of": {"TC"}, "partner_in": {"TP"}, "shares_address": {"CC", "PP"}}
    for kind, forms in expected.items():
        assert set(ends[links["kind"] == kind]) <= forms


def test_there_is_a_director_for_each_company_with_an_owner_and_two_partners(links: pd.DataFrame) -> None:
    owned = REGISTER.is_owner_managed(np.arange(REGISTER.companies)).sum()
    assert (links["kind"] == "directed_by").sum() == owned
    partners = links[links["kind"] == "has_partner"].groupby("taxpayer_id").size()
    assert (partners == 2).all()
    assert len(partners) == REGISTER.partnerships


def test_who_shares_an_account_shares_the_address(links: pd.DataFrame) -> None:
    address, account = (
        set(map(tuple, links.loc[links["kind"] == kind, ["taxpayer_id", "other_id"]].to_numpy()))
        for kind in ("shares_address", "shares_account")
    )
    assert account
    assert account < address


def test_firms_at_the_address_of_a_neighbour_share_it_with_all_who_are_there(links: pd.DataFrame) -> None:
    pairs = links.loc[links["kind"] == "shares_address", ["taxpayer_id", "other_id"]]
    around = pairs.merge(pairs, left_on="other_id", right_on="taxpayer_id", suffixes=("", "_next"))
    beyond = around.loc[around["taxpayer_id"] != around["other_id_next"], ["taxpayer_id", "other_id_next"]]
    assert set(map(tuple, beyond.to_numpy())) <= set(map(tuple, pairs.to_numpy()))


def test_all_links_begin_before_the_panel_and_are_known_soon(links: pd.DataFrame) -> None:
    assert (links["since"] < pd.Timestamp("2021-04-06")).all()
    assert ((links["received_on"] - links["since"]).dt.days == 14).all()
    assert links["until"].isna().all()


def test_a_link_does_not_depend_on_who_else_is_asked_for(links: pd.DataFrame) -> None:
    some = np.arange(0, REGISTER.companies, 11)
    alone = pd.concat(
        [
            link_firms(some, np.arange(0), REGISTER),
            link_neighbours(some, "company", REGISTER),
        ],
        ignore_index=True,
    )
    mine = links[links["taxpayer_id"].isin([f"C{n:08d}" for n in some])]
    pd.testing.assert_frame_equal(in_order(alone), in_order(mine))


def test_the_links_of_a_whole_population_are_symmetric(records: Tables) -> None:
    table = records["links"]
    assert set(table["kind"]) >= {"director_of", "partner_in", "sells_to"}
    pd.testing.assert_frame_equal(in_order(turn(table)), in_order(table))
    assert set(table["other_id"]) <= set(records["taxpayers"]["taxpayer_id"])
