"""Identifiers: right in form and check digit, one for each person."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.gb import utr, vat

from taxgap.synthetic.identifiers import (
    company_numbers,
    employer_references,
    ninos,
    taxpayer_ids,
    utrs,
    vrns,
)

PEOPLE = np.arange(20_000)
makers = pytest.mark.parametrize("make", [utrs, ninos, vrns], ids=["utr", "nino", "vrn"])
seeds = st.integers(0, 2**63)
numbers = st.lists(st.integers(0, 3_999_999), min_size=1, max_size=30)


@given(numbers, seeds)
@settings(deadline=None)
def test_check_digits_are_right_for_anyone(entity: list[int], seed: int) -> None:
    people = np.array(entity)
    assert all(utr.is_valid(number) for number in utrs(people, seed))
    assert all(vat.is_valid(number) for number in vrns(people, seed))


@given(numbers, seeds)
@settings(deadline=None)
def test_no_two_people_share_a_number(entity: list[int], seed: int) -> None:
    people = np.unique(entity)
    for make in (utrs, ninos, vrns):
        assert len(set(make(people, seed))) == len(people)
    assert len(set(taxpayer_ids(people))) == len(people)


@makers
def test_numbers_are_unique_in_a_population(make: object) -> None:
    assert callable(make)
    assert len(set(make(PEOPLE, 7))) == len(PEOPLE)


@makers
def test_a_number_depends_on_the_person_and_the_seed_alone(make: object) -> None:
    assert callable(make)
    some = np.array([19_999, 0, 77])
    assert make(some, 7).tolist() == make(PEOPLE, 7)[some].tolist()
    assert (make(PEOPLE, 7) != make(PEOPLE, 8)).all()


@makers
def test_large_person_numbers_do_not_overflow(make: object) -> None:
    assert callable(make)
    lengths = {len(number) for number in make(np.array([99_999_998, 99_999_997]), 2**63)}
    assert len(lengths) == 1


def test_insurance_numbers_bear_the_dummy_prefix() -> None:
    assert all(re.fullmatch(r"QQ[0-9]{6}[A-D]", number) for number in ninos(PEOPLE, 7))


def test_insurance_numbers_use_every_suffix() -> None:
    assert {number[-1] for number in ninos(PEOPLE, 7)} == set("ABCD")


def test_every_legal_form_has_its_own_numbers() -> None:
    # The three blocks of entity numbers: people, companies, partnerships.
    entity = np.concatenate([np.arange(4_000) + form * 400_000_000 for form in range(3)])
    names = taxpayer_ids(entity)
    assert "".join(names[::4_000]) == "T00000000C00000000P00000000"
    for made in (names, utrs(entity, 7), vrns(entity, 7), employer_references(entity)):
        assert len(set(made)) == len(entity)
    assert all(utr.is_valid(number) for number in utrs(entity[::97], 7))
    assert all(vat.is_valid(number) for number in vrns(entity[::97], 7))


def test_numbers_of_companies_and_employers_are_such_as_nobody_was_given() -> None:
    companies = company_numbers(np.arange(50) + 400_000_000)
    assert all(re.fullmatch(r"99[0-9]{6}", number) for number in companies)
    assert len(set(companies)) == 50
    assert employer_references(np.array([7])).tolist() == ["999/T00000007"]


def test_taxpayers_are_numbered_at_one_length() -> None:
    assert taxpayer_ids(np.array([42, 99_999_998])).tolist() == ["T00000042", "T99999998"]
