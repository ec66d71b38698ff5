"""Identities: none of them real, the same from either end, and shared now and then."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.schemas.codes import REGIONS
from taxgap.synthetic.identities import BLOCK, _words, draw_homes, draw_identities, opaque
from taxgap.synthetic.streams import Streams

N = 16_000
FIRMS = 400_000_000


def traits(entity: np.ndarray) -> dict[str, object]:
    region = Streams(3, entity).choice(np.ones(len(REGIONS)), "region")
    return {
        "seed": 3,
        "is_firm": entity >= FIRMS,
        "region": pd.Categorical.from_codes(region, categories=REGIONS),
        "birth_year": np.where(entity >= FIRMS, np.nan, 1940 + entity % 60),
    }


def draw(entity: np.ndarray) -> pd.DataFrame:
    return draw_identities(entity, **traits(entity))


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return draw(np.arange(N))


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    return draw(FIRMS + np.arange(N))


def test_an_identity_depends_on_nobody_else(people: pd.DataFrame, firms: pd.DataFrame) -> None:
    some = np.array([5, FIRMS + 2, 4_001, 77])
    expected = pd.concat([people.iloc[[5]], firms.iloc[[2]], people.iloc[[4_001, 77]]], ignore_index=True)
    pd.testing.assert_frame_equal(draw(some), expected)


def test_another_seed_gives_other_people(people: pd.DataFrame) -> None:
    other = draw_identities(np.arange(N), **(traits(np.arange(N)) | {"seed": 4}))
    assert (other["name"] == people["name"]).mean() < 0.01
    assert not (other["account"] == people["account"]).any()


def test_no_postcode_can_be_real(people: pd.DataFrame, firms: pd.DataFrame) -> None:
    postcodes = pd.concat([people["postcode"], firms["postcode"]])
    # No area of the Post Office begins with Q, V or X.
    assert postcodes.str.fullmatch(r"Q[A-Z](?:[1-9]|1[0-9]|20) [0-9][ABDEFGHJLNP-UW-Z]{2}").all()


def test_the_postcode_area_follows_the_region(people: pd.DataFrame) -> None:
    region = traits(np.arange(N))["region"]
    areas = people["postcode"].str[:2].groupby(np.asarray(region)).unique()
    assert areas.map(len).eq(1).all()
    assert areas.explode().nunique() == len(REGIONS)


def test_accounts_are_opaque_tokens(people: pd.DataFrame, firms: pd.DataFrame) -> None:
    accounts = pd.concat([people["account"], firms["account"]])
    assert accounts.str.fullmatch(r"ACC-[0-9a-f]{10}").all()


def test_tokens_are_as_long_as_asked_for_and_as_good_as_random() -> None:
    streams = Streams(1, np.arange(N))
    tokens = opaque(streams, "x", digits=24)
    assert len(set(tokens)) == N
    letters = pd.Series(list("".join(tokens))).value_counts(normalize=True)
    assert letters.between(1 / 16 - 0.003, 1 / 16 + 0.003).all()
    assert len(letters) == 16
    assert (pd.Series(opaque(streams, "x", digits=7)) == pd.Series(tokens).str[:7]).all()


def test_people_are_born_in_their_year_and_firms_never(people: pd.DataFrame, firms: pd.DataFrame) -> None:
    assert (people["birth_date"].dt.year == traits(np.arange(N))["birth_year"]).all()
    assert people["birth_date"].dt.day_of_year.nunique() > 360
    assert firms["birth_date"].isna().all()


def test_names_are_those_of_people_or_of_firms(people: pd.DataFrame, firms: pd.DataFrame) -> None:
    words = _words()
    assert people["name"].str.split().str[0].isin(words["first"]).all()
    assert people["name"].str.split().str[-1].isin(words["last"]).all()
    assert 0.3 < people["name"].str.count(" ").eq(2).mean() < 0.4
    assert firms["name"].str.endswith(tuple(words["firm_form"])).all()


@pytest.mark.parametrize(
    ("kind", "least"), [("first", 200), ("last", 400), ("street", 150), ("firm_trade", 40)]
)
def test_there_are_words_enough_and_none_twice(kind: str, least: int) -> None:
    words = _words()[kind]
    assert len(words) >= least
    assert len(set(words)) == len(words)


def test_names_are_tied_to_no_other_column(people: pd.DataFrame) -> None:
    traded = pd.crosstab(people["name"].str[0], traits(np.arange(N))["birth_year"] < 1970)
    share = traded[True] / traded.sum(axis=1)
    expected = traded[True].sum() / N
    spread = np.sqrt(expected * (1 - expected) / traded.sum(axis=1))
    assert ((share - expected).abs() < 4.5 * spread).all()


def test_a_few_share_an_address_and_fewer_an_account(people: pd.DataFrame, firms: pd.DataFrame) -> None:
    for table, least, most in ((people, 0.03, 0.10), (firms, 0.06, 0.18)):
        assert least < table.duplicated(["address", "postcode"], keep=False).mean() < most
        assert 0.002 < table["account"].duplicated(keep=False).mean() < 0.04
    together = people[people["account"].duplicated(keep=False)]
    assert (together.groupby("account")["postcode"].transform("first") == together["postcode"]).all()


def test_who_shares_is_found_by_looking_at_one_block(people: pd.DataFrame) -> None:
    homes = draw_homes(np.arange(N), **{k: v for k, v in traits(np.arange(N)).items() if k != "birth_year"})
    shared = pd.Series(homes).duplicated(keep=False)
    blocks = pd.Series(np.arange(N) // BLOCK)[shared].groupby(homes[shared]).nunique()
    assert (blocks == 1).all()
    same = people[shared].groupby(homes[shared])[["address", "postcode"]].nunique()
    assert (same == 1).all(axis=None)


def test_nobody_at_all_is_a_table_without_rows() -> None:
    nobody = draw_identities([], seed=1, is_firm=False, region=[], birth_year=[])
    assert list(nobody.columns) == ["name", "birth_date", "address", "postcode", "account"]
    assert nobody.empty
