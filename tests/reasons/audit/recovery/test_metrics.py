"""Measures of rankings, against oracles: perfect, sign-flipped, random, constant, relabelled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.figures import Bootstrap
from taxgap.reasons.audit.planted import LEVELS, Planted
from taxgap.reasons.audit.recovery.metrics import (
    Target,
    expect_recall,
    find_hits,
    find_precision,
    find_r_precision,
    find_recall,
    find_reciprocal_rank,
    measures_for,
    share_of_cases,
    target_of,
)
from taxgap.reasons.audit.recovery.ranked import Ranked, names_of, rank_scores
from taxgap.regimes import Regime

ROWS = 4_000


@pytest.fixture(scope="module")
def index() -> pd.Index:
    return pd.Index([f"T{i:05}" for i in range(ROWS)], name="taxpayer_id")


@pytest.fixture(scope="module")
def targets(planted: Planted) -> dict[str, Target]:
    """The same cases over and over, in more returns."""
    times = -(-ROWS // planted.rows)
    found = {}
    for level in LEVELS:
        own = target_of(planted, level)
        row = np.concatenate([own.row + i * planted.rows for i in range(times)])
        inside = row < ROWS
        found[level] = Target(level, row[inside], np.tile(own.relevant, (times, 1))[inside], ROWS)
    return found


def _rank(regime: Regime, index: pd.Index, scores: dict[str, np.ndarray]) -> Ranked:
    return rank_scores(regime, index, scores, "trial")


def test_a_perfect_explanation_finds_all(regime: Regime, index: pd.Index, targets: dict[str, Target]) -> None:
    target = targets["code"]
    first = np.zeros_like(target.union)  # the first code of each case: one a case suffices
    first[target.row, target.relevant.argmax(axis=1)] = target.relevant.any(axis=1)
    ranked = _rank(regime, index, {"code": first.astype(np.float64) + 0.01 * target.union})
    some = target.sizes > 0
    assert find_hits(ranked, target, 3)[target.relevant.any(axis=1)].all()
    for measure, (find, _) in measures_for(3).items():
        if measure != "recall@1":
            values = find(ranked, target)[some]
            has_all = target.by_return(target.relevant.any(axis=1))[some] == 1
            np.testing.assert_allclose(values[has_all], 1.0, err_msg=measure)


def test_a_sign_flipped_explanation_finds_nothing(
    regime: Regime, index: pd.Index, targets: dict[str, Target]
) -> None:
    scores = {level: np.where(target.union, -1.0, 0.5) for level, target in targets.items()}
    ranked = _rank(regime, index, scores)
    for level, target in targets.items():
        for measure, (find, _) in measures_for(3).items():
            assert np.nanmax(find(ranked, target)) == 0, (level, measure)


@pytest.mark.parametrize("level", LEVELS)
def test_a_random_explanation_scores_its_closed_form(
    regime: Regime, index: pd.Index, targets: dict[str, Target], level: str
) -> None:
    target = targets[level]
    drawn = np.random.default_rng(2).random((ROWS, len(names_of(regime, level))))
    ranked = _rank(regime, index, {level: drawn})
    for measure, (find, expect) in measures_for(3).items():
        away = find(ranked, target) - expect(target)
        error = np.nanstd(away) / np.sqrt((~np.isnan(away)).sum())
        assert abs(np.nanmean(away)) < 4 * error, measure


def test_truth_of_other_returns_falls_to_chance(
    regime: Regime, index: pd.Index, targets: dict[str, Target]
) -> None:
    target = targets["code"]
    # An explanation that names codes evenly, and the truth exactly where it was planted.
    scores = np.random.default_rng(5).random(target.union.shape) + target.union
    ranked = _rank(regime, index, {"code": scores})
    assert np.nanmean(find_recall(ranked, target, 3)) > 0.8
    random, away = np.random.default_rng(6), []
    for _ in range(400):
        codes = random.permutation(target.relevant.shape[1])
        other = Target("code", target.row, target.relevant[:, codes], ROWS)
        away.append(np.nanmean(find_recall(ranked, other, 3) - expect_recall(other, 3)))
    assert abs(np.mean(away)) < 3 * np.std(away) / np.sqrt(len(away))
    assert abs(np.mean(away)) < 0.05


def test_a_constant_explanation_is_right_as_often_as_its_codes_apply(
    regime: Regime, index: pd.Index, targets: dict[str, Target]
) -> None:
    target = targets["code"]
    alike = np.zeros((ROWS, target.relevant.shape[1]))
    alike[:, :3] = (3.0, 2.0, 1.0)
    hits = find_hits(_rank(regime, index, {"code": alike}), target, 3)
    np.testing.assert_array_equal(hits, target.relevant[:, :3].any(axis=1))


def test_measures_by_hand() -> None:
    relevant = np.array([[True, True, False, False, False], [False, False, False, False, True]])
    target = Target("code", np.array([0, 0]), relevant, 2)
    ranked = Ranked("mine", {"code": np.array([[2, 1, -1, -1], [0, 1, 2, 3]])}, {})
    assert find_recall(ranked, target, 1)[0] == 0
    assert find_recall(ranked, target, 3)[0] == 0.5
    assert find_precision(ranked, target, 3)[0] == 0.5
    assert find_r_precision(ranked, target)[0] == pytest.approx(1 / 3)
    assert find_reciprocal_rank(ranked, target)[0] == 0.5
    assert np.isnan(find_recall(ranked, target, 3)[1])
    assert np.isnan(find_reciprocal_rank(ranked, target)[1])


def test_columns_in_another_order_change_nothing(targets: dict[str, Target]) -> None:
    target = targets["code"]
    width = target.relevant.shape[1]
    scores = np.random.default_rng(3).random((ROWS, width))
    order = np.random.default_rng(4).permutation(width)
    other = Target("code", target.row, target.relevant[:, order], ROWS)
    places = np.argsort(-scores, axis=1)[:, :4]
    moved = np.argsort(-scores[:, order], axis=1)[:, :4]
    one = Ranked("one", {"code": places}, {"code": scores})
    two = Ranked("two", {"code": moved}, {"code": scores[:, order]})
    for measure, (find, _) in measures_for(3).items():
        np.testing.assert_allclose(find(one, target), find(two, other), err_msg=measure)


def test_a_share_of_cases_is_the_plain_mean(index: pd.Index) -> None:
    bootstrap = Bootstrap(index, np.ones(ROWS), draws=50)
    row, hit = np.array([0, 0, 7]), np.array([True, False, True])
    assert share_of_cases(bootstrap, row, hit).value == pytest.approx(2 / 3)
    tax = np.array([1.0, 3.0, 4.0])
    assert share_of_cases(bootstrap, row, hit, tax).value == pytest.approx(5 / 8)
    assert share_of_cases(bootstrap, row, hit).n == 2


def test_intervals_cover() -> None:
    random = np.random.default_rng(12)
    covered = []
    for trial in range(120):
        people, truth = 150, 0.7
        row = np.repeat(np.arange(people), random.integers(1, 4, people))
        # Cases of a return go together: drawn one by one, intervals would be too short.
        chance = random.beta(truth * 3, (1 - truth) * 3, people)
        hit = random.random(len(row)) < chance[row]
        bootstrap = Bootstrap(pd.RangeIndex(people), np.ones(people), draws=200, seed=trial)
        found = share_of_cases(bootstrap, row, hit)
        covered.append(found.low <= truth <= found.high)
    assert np.mean(covered) >= 0.88
