"""Totals: closed forms, properties, what cannot be estimated, and what is warned of."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap import EstimateWarning, estimate_total

N = 20_000

# In such a population a single case often makes half the variance.
pytestmark = pytest.mark.filterwarnings("ignore::taxgap.gap.cautions.EstimateWarning")


@pytest.fixture
def drawn(town, sample):
    return town.y[sample], town.f[sample], len(sample) / N


def test_the_expansion_is_the_mean_scaled_up(drawn):
    y, _, share = drawn
    found = estimate_total(y, share, population_size=N)
    assert found.method == "expansion"
    assert found.value == pytest.approx(N * y.mean())
    assert found.standard_error == pytest.approx(N * np.sqrt((1 - share) * y.var(ddof=1) / len(y)))


def test_the_difference_estimator_corrects_the_scores(town, drawn):
    y, f, share = drawn
    found = estimate_total(y, share, f, town.f, method="difference")
    assert found.value == pytest.approx(town.f.sum() + N * (y - f).mean())
    assert found.standard_error == pytest.approx(N * np.sqrt((1 - share) * (y - f).var(ddof=1) / len(y)))


def test_greg_is_the_tuned_weight_with_an_intercept(town, drawn):
    y, f, share = drawn
    weight = np.cov(y, f)[0, 1] / f.var(ddof=1)
    found = estimate_total(y, share, f, town.f, method="greg")
    assert found.value == pytest.approx(weight * town.f.sum() + N * (y - weight * f).mean())
    plain = estimate_total(y, share, population_size=N)
    ratio = (found.standard_error / plain.standard_error) ** 2
    assert ratio == pytest.approx(1 - np.corrcoef(y, f)[0, 1] ** 2)


def test_the_weight_of_the_other_cases_is_the_weight_of_all_but_one(town, drawn):
    y, f, share = drawn
    found = estimate_total(y, share, f, town.f)
    assert found.method == "prediction_powered"
    weights = []
    for left_out in range(len(y)):
        rest = np.arange(len(y)) != left_out
        m, r2 = len(y), np.corrcoef(y[rest], f[rest])[0, 1] ** 2
        shrink = 1 - (1 - r2) / (m * r2)
        weights.append(shrink * np.cov(y[rest], f[rest])[0, 1] / f[rest].var(ddof=1))
    centred = (1 - share) * (f - (town.f.sum() - f.sum()) / (N - len(y)))
    assert found.value == pytest.approx(N * np.mean(y - np.array(weights) * centred))


@pytest.mark.parametrize("strata", [[9], [6, 5]])
def test_the_mean_over_all_samples_is_the_total(strata):
    rng = np.random.default_rng(6)
    stratum = np.repeat(np.arange(len(strata)), strata)
    f = rng.lognormal(0, 1.2, len(stratum))
    y = np.where(rng.random(len(f)) < 0.6, f * rng.lognormal(0, 1, len(f)), 0.0)
    values, weights = [], []
    places = [np.flatnonzero(stratum == code) for code in range(len(strata))]
    for chosen in product(*(combinations(place, 3) for place in places)):
        s = np.concatenate(chosen)
        chance = (3 / np.array(strata))[stratum[s]]
        found = estimate_total(y[s], chance, f[s], f, stratum[s], population_strata=stratum)
        values.append(found.value)
        weights.append(found.diagnostics["weight"])
    assert np.std(weights) > 0.1
    assert np.mean(values) == pytest.approx(y.sum(), rel=1e-9)


def test_a_large_sample_of_a_small_population_is_not_biased():
    rng, size, n = np.random.default_rng(2), 400, 120
    f = rng.lognormal(0, 1.2, size)
    y = np.where(rng.random(size) < 0.4, f * rng.lognormal(0, 1, size), 0.0) + 0.02 * f**2
    differences = []
    for _ in range(2000):
        s = rng.choice(size, n, replace=False)
        tuned = estimate_total(y[s], n / size, f[s], f).value
        # With a weight from outside the sample there is no bias, and most of the noise is the same.
        differences.append(tuned - (f.sum() + size * (y[s] - f[s]).mean()))
    error = np.std(differences) / np.sqrt(len(differences))
    assert abs(np.mean(differences)) < 3 * error
    assert 3 * error < 0.02 * y.sum()


def test_strata_are_added_up(town):
    stratum = np.where(town.f > np.quantile(town.f, 0.9), "high", "low")
    cases = {"high": 200, "low": 100}
    s = np.concatenate([np.flatnonzero(stratum == name)[:n] for name, n in cases.items()])
    sizes = {name: int((stratum == name).sum()) for name in cases}
    chance = np.array([cases[name] / sizes[name] for name in stratum[s]])
    found = estimate_total(town.y[s], chance, strata=stratum[s], population_strata=sizes)
    groups = {name: town.y[s][stratum[s] == name] for name in cases}
    variance = sum(
        sizes[k] ** 2 * (1 - cases[k] / sizes[k]) * v.var(ddof=1) / cases[k] for k, v in groups.items()
    )
    assert found.method == "stratified"
    assert found.value == pytest.approx(sum(sizes[k] * v.mean() for k, v in groups.items()))
    assert found.standard_error == pytest.approx(np.sqrt(variance))
    scored = estimate_total(
        town.y[s], chance, town.f[s], town.f, strata=stratum[s], population_strata=stratum
    )
    assert scored.standard_error < found.standard_error
    assert scored.diagnostics["weight"] > 0
    implied = estimate_total(town.y[s], chance, strata=stratum[s])
    assert implied.value == pytest.approx(found.value)


def test_certain_cases_add_no_error(drawn):
    y, _, share = drawn
    both = np.concatenate([y, [5e5, 7e5]])
    chance = np.concatenate([np.full(len(y), share), [1.0, 1.0]])
    found = estimate_total(both, chance)
    rest = estimate_total(y, share)
    assert found.value == pytest.approx(rest.value + 12e5)
    assert found.standard_error == pytest.approx(rest.standard_error)
    assert found.diagnostics["certainty_cases"] == 2
    everyone = estimate_total(y, 1.0)
    assert everyone.low == everyone.high == everyone.value == pytest.approx(y.sum())


def test_unequal_probabilities_weigh_each_case(town):
    rng = np.random.default_rng(0)
    chance = np.minimum(1.0, 800 * town.f / town.f.sum())
    s = rng.random(N) < chance
    poisson = estimate_total(town.y[s], chance[s], sampling="poisson")
    assert poisson.value == pytest.approx((town.y[s] / chance[s]).sum())
    assert poisson.standard_error**2 == pytest.approx(((1 - chance[s]) * (town.y[s] / chance[s]) ** 2).sum())
    fixed = estimate_total(town.y[s], chance[s])
    assert fixed.value == poisson.value
    assert fixed.standard_error < poisson.standard_error
    scored = estimate_total(town.y[s], chance[s], town.f[s], town.f)
    assert scored.method == "greg"
    assert scored.low < town.total < scored.high


def test_an_untested_score_gets_no_weight(town, drawn):
    y, f, share = drawn
    found = estimate_total(y, share, f, town.f, score_tested=False)
    assert found.value == pytest.approx(estimate_total(y, share).value)
    assert "not tested" in found.diagnostics["score_use"]
    with pytest.raises(UsageError, match="tested on earlier"):
        estimate_total(y, share, f, town.f, score_tested=False, method="greg")


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(1e-3, 1e6), seed=st.integers(0, 99))
def test_the_unit_and_the_order_of_cases_do_not_matter(town, scale, seed):
    rng = np.random.default_rng(seed)
    s = rng.choice(N, 300, replace=False)
    first = estimate_total(town.y[s], 300 / N, town.f[s], town.f)
    again = rng.permutation(s)
    other = estimate_total(scale * town.y[again], 300 / N, 7 * town.f[again], 7 * town.f)
    for name in ("value", "low", "high", "standard_error"):
        assert getattr(other, name) == pytest.approx(scale * getattr(first, name))


def test_scores_that_do_harm_get_no_weight(town):
    rng = np.random.default_rng(8)
    bad = {"useless": rng.permutation(town.f), "scaled": 10 * town.f, "wrong": town.f.max() - town.f}
    widths = dict.fromkeys([*bad, "none"], 0.0)
    for _ in range(60):
        s = rng.choice(N, 330, replace=False)
        widths["none"] += estimate_total(town.y[s], 330 / N, population_size=N).width
        for name, f in bad.items():
            widths[name] += estimate_total(town.y[s], 330 / N, f[s], f).width
    assert max(widths.values()) <= 1.02 * widths["none"]
    assert widths["scaled"] == pytest.approx(widths["wrong"])
    assert widths["scaled"] < 0.97 * widths["none"]


@pytest.mark.parametrize("chance", [0.0, -0.1, 1.2, np.nan])
def test_probabilities_lie_above_0_and_up_to_1(chance):
    with pytest.raises(InvalidDataError, match="inclusion_probability"):
        estimate_total(np.ones(50), np.r_[np.full(49, 0.1), chance])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"strata": ["a"] * 49 + [None]}, InvalidDataError, "missing in 1 of 50"),
        ({"strata": ["a"] * 49 + ["b"]}, InvalidDataError, "single case"),
        ({"strata": ["a"] * 50, "population_strata": {"a": 400, "b": 9}}, InvalidDataError, "1 have no case"),
        ({"strata": ["a"] * 50, "population_strata": {"a": 900}}, InvalidDataError, "Within a stratum"),
        ({"strata": ["a"] * 50, "population_strata": {"a": 20}}, InvalidDataError, "more cases"),
        ({"strata": ["a"] * 50, "population_size": 900}, InvalidDataError, "Within a stratum"),
        ({"strata": ["a"] * 25 + ["b"] * 25, "population_size": 900}, InvalidDataError, "add up to 500"),
        ({"population_strata": {"a": 500}}, UsageError, "goes with strata"),
        ({"population_size": 900}, InvalidDataError, "stand for 500"),
        ({"scores": np.ones(50)}, UsageError, "go together"),
        ({"scores": np.ones(49), "population_scores": np.ones(500)}, UsageError, "scores"),
        ({"method": "magic"}, UsageError, "no method"),
        ({"method": "greg"}, UsageError, "needs scores"),
        ({"method": "stratified"}, UsageError, "needs strata"),
        ({"interval": "guess"}, UsageError, "no interval"),
        ({"sampling": "snowball"}, UsageError, "no sampling"),
        ({"level": 1.0}, UsageError, "level"),
        ({"level": np.nan}, UsageError, "level"),
        ({"level": "95%"}, UsageError, "level"),
        ({"population_size": np.nan}, UsageError, "population_size is nan"),
        ({"population_size": -500}, UsageError, "population_size is -500"),
        ({"strata": ["a"] * 50, "population_strata": {"a": np.nan}}, UsageError, "stratum 'a' is nan"),
        ({"strata": ["a"] * 50, "population_strata": {"a": None}}, UsageError, "stratum 'a' is None"),
        ({"largest_amount": np.nan}, UsageError, "largest_amount is nan"),
        ({"largest_amount": 0}, UsageError, "above 0"),
    ],
)
def test_what_cannot_be_estimated_is_refused(options, error, message):
    y = np.arange(50.0)
    with pytest.raises(error, match=message):
        estimate_total(y, 0.1, **options)


def test_a_single_case_is_refused():
    with pytest.raises(InvalidDataError, match="1 cases"):
        estimate_total([1.0], 0.1)


def test_few_cases_are_warned_of():
    with pytest.warns(EstimateWarning, match="below 30"):
        found = estimate_total(np.arange(20.0), 0.1)
    assert found.low < found.value < found.high
    assert found.diagnostics["cautions"]


def test_one_huge_case_is_named(drawn):
    y, _, share = drawn
    with pytest.warns(EstimateWarning, match="One case makes"):
        found = estimate_total(np.r_[y[1:], 1e9], share)
    # One case in hand may stand for nearly six: the exact 97.5% limit of a Poisson count of one is 5.57.
    assert 4 < found.high / found.value < 12
    assert found.low == pytest.approx(1e9, rel=0.01)


def test_nothing_found_is_no_proof_of_nothing():
    with pytest.warns(EstimateWarning, match="give largest_amount"):
        found = estimate_total(np.zeros(300), 0.01)
    assert (found.value, found.low) == (0.0, 0.0)
    assert np.isnan(found.high)
    with pytest.warns(EstimateWarning, match="no case owes more than 5,000"):
        bounded = estimate_total(np.zeros(300), 0.01, largest_amount=5000.0)
    assert bounded.high == pytest.approx((1 - 0.05 ** (1 / 300)) * 30_000 * 5000)


@pytest.mark.parametrize("method", ["expansion", "difference", "prediction_powered", "greg", "stratified"])
def test_nothing_found_is_0_by_every_method(method):
    f = np.random.default_rng(1).lognormal(6, 1, 3000)
    strata = {"strata": ["a"] * 300, "population_strata": ["a"] * 3000} if method == "stratified" else {}
    with pytest.warns(EstimateWarning, match="whatever the scores say"):
        found = estimate_total(np.zeros(300), 0.1, f[:300], f, method=method, largest_amount=900.0, **strata)
    assert (found.value, found.low, found.standard_error) == (0.0, 0.0, 0.0)
    assert found.high == pytest.approx((1 - 0.05 ** (1 / 300)) * 3000 * 900)
    assert found.diagnostics["score_use"] == "nothing found: no weight"


@pytest.mark.parametrize(("level", "measured"), [(0.5, "covered 50 to 56"), (0.999, "99.9% covered")])
def test_levels_that_were_not_fitted_are_warned_of(drawn, level, measured):
    y, _, share = drawn
    with pytest.warns(EstimateWarning, match=f"fitted to levels.*{measured}"):
        found = estimate_total(y, share, level=level)
    assert any(measured in caution for caution in found.diagnostics["cautions"])
    for kind, fitted in (("tail", 0.9), ("tail", 0.99), ("normal", level)):
        cautions = estimate_total(y, share, level=fitted, interval=kind).diagnostics["cautions"]
        assert not any("fitted" in caution for caution in cautions)


def test_equal_amounts_have_no_width_and_a_warning():
    with pytest.warns(EstimateWarning, match="alike"):
        found = estimate_total(np.full(40, 3.0), 0.1)
    assert found.low == found.high == pytest.approx(1200.0)


def test_the_result_shows_itself(drawn):
    y, _, share = drawn
    found = estimate_total(y, share)
    assert found.to_dict()["diagnostics"]["design"] == "equal"
    assert found.to_text().startswith(f"{found.value:,.2f} (95% interval")
    assert "effective cases" in found._repr_html_()
    assert found.width == found.high - found.low


def test_strata_and_scores_need_the_stratum_of_everyone(town, drawn):
    y, f, share = drawn
    strata = np.arange(len(y)) % 2
    with pytest.raises(UsageError, match="stratum of everyone"):
        estimate_total(y, share, f, town.f, strata)
    with pytest.raises(UsageError, match="not sizes"):
        estimate_total(y, share, f, town.f, strata, population_strata={0: N // 2, 1: N // 2})
    with pytest.raises(UsageError, match="differ in length"):
        estimate_total(y, share, f, town.f, strata, population_strata=[0, 1])
    with pytest.raises(InvalidDataError, match="population_scores"):
        estimate_total(y, share, f, town.f, population_size=5)
