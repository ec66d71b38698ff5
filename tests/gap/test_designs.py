"""Designs: probabilities add up, the default is narrower, an untested score only makes strata."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap import design_sample, estimate_total
from taxgap.gap.designs import FEWEST, predict_spread

N = 20_000


@pytest.fixture(scope="module")
def tested(town):
    earlier = np.random.default_rng(0).choice(N, 1000, replace=False)
    return design_sample(town.f, 1000, earlier_scores=town.f[earlier], earlier_y=town.y[earlier])


def test_probabilities_add_up_and_rise_with_the_score(town, tested):
    assert tested.kind == "neyman"
    assert tested.probability.sum() == pytest.approx(1000)
    assert tested.cases.sum() == 1000
    assert (tested.cases >= np.minimum(FEWEST, tested.sizes)).all()
    assert (np.diff(tested.cases / tested.sizes) > 0).all()
    order = np.argsort(town.f)
    assert (np.diff(tested.stratum[order]) >= 0).all()
    assert tested.probability.min() >= 0.2 * 1000 / N
    assert tested.certainty_cases == tested.to_frame().query("probability == 1")["cases"].sum()


def test_a_draw_keeps_to_the_design(tested):
    drawn = tested.draw(seed=5)
    assert len(np.unique(drawn)) == 1000
    assert (np.bincount(tested.stratum[drawn]) == tested.cases).all()
    assert (drawn == tested.draw(seed=5)).all()
    assert (drawn != tested.draw(seed=6)).any()


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_draw_shares_nothing_with_the_population_made_of_the_same_seed(seed):
    rng = np.random.default_rng(seed)
    luck = rng.random(N)
    design = design_sample(np.ones(N), 500)
    drawn = luck[design.draw(seed)]
    # Uniform numbers: 500 have a mean of 0.5, with a spread of 0.013.
    assert abs(drawn.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 500)


def test_seeds_are_whole_and_not_negative(tested):
    assert (tested.draw(np.int64(3)) == tested.draw(3)).all()
    for seed in (-1, 0.5, None):
        with pytest.raises(UsageError, match="seed"):
            tested.draw(seed)


@pytest.mark.filterwarnings("ignore::taxgap.gap.cautions.EstimateWarning")
def test_the_default_is_at_most_two_thirds_as_wide_and_covers(town, tested):
    rng = np.random.default_rng(1)
    plain, own, covered = [], [], []
    for seed in range(60):
        s = rng.choice(N, 1000, replace=False)
        plain.append(estimate_total(town.y[s], 1000 / N, population_size=N).width)
        s = tested.draw(seed)
        found = estimate_total(
            town.y[s],
            tested.probability[s],
            town.f[s],
            town.f,
            tested.stratum[s],
            population_strata=tested.stratum,
        )
        own.append(found.width)
        covered.append(found.low <= town.total <= found.high)
    assert np.mean(own) <= 0.65 * np.mean(plain)
    assert np.mean(covered) >= 0.85


def test_an_untested_score_makes_strata_of_equal_probability(town):
    design = design_sample(town.f, 500)
    assert design.kind == "proportional"
    assert design.probability == pytest.approx(500 / N)


def test_a_score_that_tells_nothing_gives_equal_probabilities(town):
    rng = np.random.default_rng(2)
    assert np.ptp(predict_spread(town.f, rng.lognormal(5, 1, 500), np.full(500, 9.0))) == 0
    assert np.ptp(predict_spread(town.f, town.f[:500], np.zeros(500))) == 0
    assert np.ptp(predict_spread(np.zeros(5), np.zeros(500), np.ones(500))) == 0
    wrong = predict_spread(town.f, town.f[:2000], 1 / (1 + town.f[:2000]))
    assert np.ptp(wrong) == 0


def test_the_largest_are_taken_whole():
    scores = np.r_[np.full(990, 1.0), np.full(10, 1e4)]
    earlier = np.linspace(1, 1e4, 500)
    design = design_sample(scores, 100, earlier_scores=earlier, earlier_y=earlier)
    assert design.certainty_cases == 10
    assert (design.probability[990:] == 1).all()
    assert design.cases.sum() == 100


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"scores": [-1.0] * 100}, InvalidDataError, "negative"),
        ({"cases": 5}, UsageError, "at least 20"),
        ({"cases": 50.5}, UsageError, "whole number"),
        ({"cases": np.nan}, UsageError, "whole number"),
        ({"strata": np.nan}, UsageError, "strata is nan"),
        ({"strata": 0}, UsageError, "strata is 0"),
        ({"strata": 2.5}, UsageError, "strata is 2.5"),
        ({"floor": np.nan}, UsageError, "floor"),
        ({"earlier_scores": [-1.0] * 200, "earlier_y": [1.0] * 200}, InvalidDataError, "negative"),
        (
            {"earlier_scores": pd.Series(np.ones(200)), "earlier_y": pd.Series(np.ones(200))[::-1]},
            UsageError,
            "rows of earlier_y are not those of earlier_scores",
        ),
        ({"cases": 101}, UsageError, "cannot be drawn"),
        ({"floor": 1.5}, UsageError, "floor"),
        ({"earlier_scores": [1.0] * 200}, UsageError, "goes with"),
        ({"earlier_scores": [1.0] * 9, "earlier_y": [1.0] * 9}, InvalidDataError, "do not test"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, error, message):
    arguments = {"scores": np.arange(100.0), "cases": 50} | options
    with pytest.raises(error, match=message):
        design_sample(arguments.pop("scores"), arguments.pop("cases"), **arguments)
