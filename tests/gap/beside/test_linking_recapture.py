"""Capture and recapture over links that are not all right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import NotIdentifiedError, UsageError
from taxgap.gap.beside import recapture_lists, recapture_two
from taxgap.gap.linking.quality import PAIRS, PERFECT, LinkQuality, correct_three, count_doubles


def test_by_hand() -> None:
    plain, same = recapture_two(200, 150, 30), recapture_two(200, 150, 30, links=LinkQuality())
    assert same.value == plain.value
    assert same.low == plain.low
    told = recapture_two(200, 150, 30, links=LinkQuality(0.8, false=2))
    assert told.value == pytest.approx(201 * 151 / (28 / 0.8 + 1) - 1)
    assert told.seen == 315
    unsure = recapture_two(
        200, 150, 30, links=LinkQuality(0.8, false=2, sensitivity_error=0.05, false_error=2)
    )
    extra = ((told.value + 1) / 36) ** 2 * ((35 * 0.05 / 0.8) ** 2 + (2 / 0.8) ** 2)
    assert unsure.standard_error**2 == pytest.approx(told.standard_error**2 + extra)
    with pytest.raises(NotIdentifiedError, match="expected to be false"):
        recapture_two(200, 150, 30, links=LinkQuality(false=30))
    for numbers in (
        {"sensitivity": 0.0},
        {"sensitivity": 1.2},
        {"false": -1.0},
        {"sensitivity_error": float("nan")},
    ):
        with pytest.raises(UsageError, match="sensitivity lies above 0"):
            LinkQuality(**numbers)


def test_two_lists_cover_with_missed_and_false_links() -> None:
    """Sensitivity and false links are known from 300 checked by hand; 200 seeds."""
    inside, naive = 0, 0
    for seed in range(200):
        rng = np.random.default_rng([seed, 5])
        on = rng.random((2_000, 2)) < (0.3, 0.25)
        first, second = map(int, on.sum(axis=0))
        linked = rng.binomial(int(on.all(axis=1).sum()), 0.8)
        wrong = rng.poisson(0.02 * linked)
        share, off = rng.binomial(300, 0.8) / 300, rng.binomial(300, wrong / (linked + wrong)) / 300
        linked += wrong
        links = LinkQuality(
            share, off * linked, (share * (1 - share) / 300) ** 0.5, linked * (max(off, 1 / 300) / 300) ** 0.5
        )
        found = recapture_two(first, second, linked, links=links)
        inside += found.low <= 2_000 <= found.high
        found = recapture_two(first, second, linked)
        naive += found.low <= 2_000 <= found.high
    assert inside >= 182
    assert naive < 100


def link_three(
    rng: np.random.Generator, on: np.ndarray, sensitivities: tuple[float, ...]
) -> dict[str, pd.Series]:
    """Three lists in which links between two records of a person are missed at random."""
    who = np.arange(on.size).reshape(on.shape)
    for (one, two), sensitivity in zip(PAIRS, sensitivities, strict=True):
        joined = on[:, one] & on[:, two] & (rng.random(len(on)) < sensitivity)
        least, most = np.minimum(who[:, one], who[:, two]), np.maximum(who[:, one], who[:, two])
        who = np.where(joined[:, None] & (who == most[:, None]), least[:, None], who)
    return {name: pd.Series(who[on[:, k], k]) for k, name in enumerate("ABC")}


def count(on: np.ndarray) -> np.ndarray:
    return np.bincount(on @ np.array([4, 2, 1]), minlength=8).reshape(2, 2, 2).astype(float)


def test_three_lists_are_what_they_would_be() -> None:
    rng = np.random.default_rng(6)
    on = rng.random((400_000, 3)) < (0.3, 0.4, 0.5)
    lists = link_three(rng, on, (0.7, 0.8, 0.9))
    people = np.unique(np.concatenate(list(lists.values())))
    seen = count(np.column_stack([np.isin(people, who) for who in lists.values()]))
    right = correct_three(seen, [LinkQuality(s) for s in (0.7, 0.8, 0.9)])
    np.testing.assert_allclose(right.ravel()[1:], count(on).ravel()[1:], rtol=0.02)
    assert abs(seen[1, 1, 1] / count(on)[1, 1, 1] - 1) > 0.05


def test_false_links_are_taken_apart() -> None:
    counts = np.array([[[0.0, 50.0], [60.0, 20.0]], [[70.0, 25.0], [40.0, 10.0]]])
    right = correct_three(counts, [LinkQuality(false=5), LinkQuality(), LinkQuality()])
    assert right[1, 1, 0] == pytest.approx(40 - 4)
    assert right[1, 1, 1] == pytest.approx(10 - 1)
    on_first = [counts[1].sum(), right[1].sum()]
    assert on_first[0] == pytest.approx(on_first[1])  # nobody leaves a list
    assert right.sum() == pytest.approx(counts.sum() + 5)


def test_three_lists_cover_with_missed_links() -> None:
    links = {
        pair: LinkQuality(s, sensitivity_error=0.02)
        for pair, s in ((("A", "B"), 0.85), (("C", "A"), 0.9), (("B", "C"), 0.8))
    }
    inside, naive = 0, 0
    for seed in range(40):
        rng = np.random.default_rng([seed, 6])
        lists = link_three(rng, rng.random((3_000, 3)) < (0.3, 0.25, 0.2), (0.85, 0.9, 0.8))
        for told in (links, None):
            found = recapture_lists(lists, links=told)
            inside += bool(told) and found.low <= 3_000 <= found.high
            naive += told is None and found.low <= 3_000 <= found.high
    assert inside >= 36
    assert naive < 12


def test_people_who_stand_twice_are_taken_off() -> None:
    assert count_doubles(90, LinkQuality(0.9)) == pytest.approx(10)
    assert count_doubles(5, LinkQuality(1.0, false=5)) == pytest.approx(-5)
    first = pd.Series([*range(200), *range(90)])  # 90 joined of 100 who stand twice: ten are still two
    second = pd.Series(range(170, 320))
    told = recapture_lists({"A": first, "B": second}, links={("A", "A"): LinkQuality(0.9)})
    assert told.value == pytest.approx(recapture_two(190, 150, 30).value)


def test_a_slip_in_the_name_of_a_list_is_not_passed_over() -> None:
    lists = {"bank": pd.Series(range(200)), "card": pd.Series(range(170, 320))}
    links = {("card", "bank"): LinkQuality(0.8), ("bank", "bank"): PERFECT, ("card", "card"): PERFECT}
    told = recapture_lists(lists, links=links)
    assert told.value == pytest.approx(recapture_two(200, 150, 30, links=LinkQuality(0.8)).value)
    with pytest.raises(UsageError, match="links tell of bnak") as refused:
        recapture_lists(lists, links={("card", "bnak"): LinkQuality(0.8)})
    assert refused.value.available == ("bank", "card")
    # Links of more lists than are counted are fine, if those of all that are counted stand among them.
    more = {**links, ("bank", "register"): LinkQuality(0.5)}
    assert recapture_lists(lists, links=more).value == told.value
    with pytest.raises(UsageError, match="links tell of register"):
        recapture_lists(lists, links={("bank", "card"): LinkQuality(0.8), ("bank", "register"): PERFECT})
