"""How far other explanations agree: closed forms."""

import numpy as np
import pytest

from taxgap.reasons.audit.stability.agreement import agree, is_stable

FAMILY = np.array([0, 0, 1, 2, -1])


def _agree(own, others, most=3):
    return agree(np.ones(len(own), dtype=bool), own, others, family=FAMILY, most=most)


def test_the_same_reasons_agree_wholly():
    own = np.array([[0, 1, 2, 3], [3, -1, -1, -1], [-1, -1, -1, -1]])
    found = _agree(own, [own, own])
    for share in (found.same, found.kept, found.in_common, found.same_set, found.same_family):
        assert (share == 1).all()
    assert found.stable.all()


def test_first_codes_that_change_places_are_kept_and_of_one_family():
    found = _agree(np.array([[0, 1, -1]]), [np.array([[1, 0, -1]])])
    assert found.same == 0
    assert found.kept == found.same_set == found.in_common == found.same_family == 1


def test_a_reason_beyond_those_looked_at_is_not_kept():
    found = _agree(np.array([[0, 1, 2, 3]]), [np.array([[3, 2, 1, 0]])])
    assert found.kept == 0
    assert found.in_common == pytest.approx(0.5)  # of 0, 1, 2 and 3, 2, 1 two of four


def test_no_reason_agrees_with_none_alone():
    found = _agree(np.array([[-1, -1]]), [np.array([[-1, -1]]), np.array([[2, -1]])], most=2)
    assert found.same == found.kept == found.same_family == 0.5


def test_chance_is_what_codes_dealt_by_lot_give():
    random = np.random.default_rng(1)
    own = random.choice(4, (40_000, 1), p=[0.5, 0.3, 0.1, 0.1])
    others = [random.choice(4, (40_000, 1), p=[0.4, 0.4, 0.1, 0.1]) for _ in range(10)]
    found = _agree(own, others, most=1)
    assert found.chance == pytest.approx(0.5 * 0.4 + 0.3 * 0.4 + 2 * 0.01, abs=0.005)
    assert found.same.mean() == pytest.approx(found.chance, abs=0.005)
    assert found.stable.mean() == pytest.approx(found.chance_stable, abs=0.002)


def test_relabelled_codes_agree_as_much():
    random = np.random.default_rng(2)
    own, other = (random.integers(0, 4, (200, 3)) for _ in range(2))
    other[:50] = own[:50]
    turn = np.array([2, 3, 1, 0])
    before, after = _agree(own, [other]), _agree(turn[own], [turn[other]])
    assert np.array_equal(before.same, after.same)
    assert before.chance == pytest.approx(after.chance)


def test_the_mark_is_not_missed_by_rounding():
    assert is_stable(np.array([27 / 30, 0.9 - 1e-12, 0.899])).tolist() == [True, True, False]


def test_what_is_known_of_some_returns_is_missing_for_others():
    rows = np.array([True, False, True])
    codes = np.array([[0], [1]])
    found = agree(rows, codes, [codes], family=FAMILY, most=1)
    laid = found.lay_out(found.same)
    assert np.isnan(laid).tolist() == [False, True, False]
