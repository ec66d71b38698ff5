"""The register: divided as published, and every link found from either end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.synthetic.published import published
from taxgap.synthetic.register import (
    FORMS,
    PARTNERS,
    Register,
    entity_of,
    form_of,
    number_of,
    place_among_unowned,
)

sizes = st.integers(1, 5_000)
seeds = st.integers(0, 2**63)


def numbers(register: Register, form: str) -> np.ndarray:
    return np.arange(register.counts[form])


@given(sizes, seeds)
@settings(deadline=None, max_examples=60)
def test_the_owner_of_a_company_owns_that_company(taxpayers: int, seed: int) -> None:
    register = Register.of(taxpayers, seed)
    company = numbers(register, "company")
    owner = register.owner_of(company)
    owned = owner >= 0
    assert (owned == register.is_owner_managed(company)).all()
    assert (owner < register.individuals).all()
    assert register.company_of(owner[owned]).tolist() == company[owned].tolist()


@given(sizes, seeds)
@settings(deadline=None, max_examples=60)
def test_the_company_of_a_person_is_owned_by_that_person(taxpayers: int, seed: int) -> None:
    register = Register.of(taxpayers, seed)
    person = numbers(register, "individual")
    company = register.company_of(person)
    owns = company >= 0
    assert (company < register.companies).all()
    assert register.owner_of(company[owns]).tolist() == person[owns].tolist()
    assert owns.sum() == (register.owner_of(numbers(register, "company")) >= 0).sum()


@given(sizes, seeds)
@settings(deadline=None, max_examples=60)
def test_partners_and_partnerships_find_each_other(taxpayers: int, seed: int) -> None:
    register = Register.of(taxpayers, seed)
    partnership, person = numbers(register, "partnership"), numbers(register, "individual")
    partners = register.partners_of(partnership)
    assert partners.shape == (len(partnership), PARTNERS)
    assert len(np.unique(partners)) == partners.size
    for place in range(PARTNERS):
        assert register.partnership_of(partners[:, place]).tolist() == partnership.tolist()
    mine = register.partnership_of(person)
    assert (mine >= 0).sum() == partners.size
    assert (partners[mine[mine >= 0]] == person[mine >= 0, None]).any(axis=1).all()


@given(st.integers(1, 99_999_999), seeds)
@settings(deadline=None)
def test_the_maps_hold_at_any_size(taxpayers: int, seed: int) -> None:
    register = Register.of(taxpayers, seed)
    company = np.unique(np.linspace(0, max(register.companies - 1, 0), 20).astype(np.int64))
    company = company[: register.companies]
    owner = register.owner_of(company)
    owned = owner >= 0
    assert register.company_of(owner[owned]).tolist() == company[owned].tolist()


@given(st.integers(1, 99_999_999))
def test_everyone_is_of_one_legal_form(taxpayers: int) -> None:
    register = Register.of(taxpayers, 7)
    assert sum(register.counts.values()) == taxpayers
    assert register.individuals >= 1
    assert min(register.counts.values()) >= 0


def test_the_legal_forms_are_as_common_as_published() -> None:
    register, sole = Register.of(1_000_000, 7), published()["registered_by_form"]
    assert register.companies / register.partnerships == pytest.approx(
        sole["company"] / sole["partnership"], rel=0.001
    )
    assert register.companies / register.individuals == pytest.approx(
        sole["company"] / published()["returns"]["expected"], rel=0.001
    )


def test_the_weights_add_up_to_the_real_register() -> None:
    register = Register.of(50_000, 7)
    real = sum(register.weights[form] * register.counts[form] for form in FORMS)
    sole = published()["registered_by_form"]
    assert real == pytest.approx(published()["returns"]["expected"] + sole["company"] + sole["partnership"])


def test_a_form_that_nobody_has_bears_no_weight() -> None:
    assert set(Register.of(1, 7).weights) == {"individual"}


def test_entity_numbers_say_the_form_and_the_number() -> None:
    register = Register.of(2_000, 7)
    entity = register.entities()
    assert len(np.unique(entity)) == 2_000
    for position, form in enumerate(FORMS):
        mine = entity[form_of(entity) == position]
        assert number_of(mine).tolist() == list(range(register.counts[form]))
        assert entity_of(number_of(mine), form).tolist() == mine.tolist()


def test_more_than_half_of_the_companies_have_an_owner_on_the_register_evenly() -> None:
    register = Register.of(50_000, 7)
    owned = register.is_owner_managed(np.arange(register.companies))
    assert owned.mean() == pytest.approx(5 / 9, abs=0.001)
    for part in np.array_split(owned, 20):
        assert part.mean() == pytest.approx(5 / 9, abs=0.02)


def test_companies_without_an_owner_are_numbered_one_after_another() -> None:
    register = Register.of(50_000, 7)
    company = np.arange(register.companies)
    places = place_among_unowned(company[~register.is_owner_managed(company)])
    assert places.tolist() == list(range(len(places)))


def test_another_seed_gives_other_owners() -> None:
    company = np.arange(100)
    one, other = (Register.of(5_000, seed).owner_of(company) for seed in (1, 2))
    owned = one >= 0
    assert (one[owned] != other[owned]).mean() > 0.9


def test_to_own_a_company_and_to_be_a_partner_have_nothing_to_do_with_each_other() -> None:
    register = Register.of(100_000, 7)
    person = np.arange(register.individuals)
    owns, partner = register.company_of(person) >= 0, register.partnership_of(person) >= 0
    both = (owns & partner).sum()
    expected = owns.mean() * partner.mean() * len(person)
    assert abs(both - expected) < 5 * np.sqrt(expected)
