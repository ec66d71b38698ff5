"""Identifiers: right in form and check digit, one for each person."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.gb import utr, vat

from taxgap.synthetic.identifiers import ninos, taxpayer_ids, utrs, vrns

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


def test_taxpayers_are_numbered_at_one_length() -> None:
    assert taxpayer_ids(np.array([42, 99_999_998])).tolist() == ["T00000042", "T99999998"]
