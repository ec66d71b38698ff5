"""Measures by level against loops, closed forms and each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.risk.fairness import FairnessPack, measure_fairness

CASES = 2000


def make_cases(seed: int = 0, cases: int = CASES) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    nation = rng.choice(["England", "Wales", "Scotland"], cases, p=[0.7, 0.2, 0.1])
    income = rng.lognormal(10, 1, cases)
    wrong = rng.random(cases) < np.where(nation == "Wales", 0.5, 0.2)
    tax = np.where(wrong, rng.lognormal(6.5, 1.2, cases) * (income / 2e4) ** 0.3, 0.0)
    return pd.DataFrame(
        {
            "nation": nation,
            "income": income,
            "tax": tax,
            "hours": rng.uniform(5, 50, cases),
            "score": np.log1p(tax) + 3 * rng.normal(size=cases),
            "lot": rng.random(cases),
        },
        index=pd.Index([f"T{i:05d}" for i in range(cases)], name="taxpayer_id"),
    )


def measure(data: pd.DataFrame, draws: int = 20, **options: object) -> FairnessPack:
    rankings = {"model": data["score"], "perfect": data["tax"], "lot": data["lot"]}
    given = {"amount": data["tax"], "draws": draws, "income": data["income"], "case_hours": data["hours"]}
    return measure_fairness(rankings, data[["nation"]], **{**given, **options})


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return make_cases()


@pytest.fixture(scope="module")
def pack(data: pd.DataFrame) -> FairnessPack:
    return measure(data, draws=60)


def test_every_measure_is_what_its_formula_says(data: pd.DataFrame, pack: FairnessPack) -> None:
    taken = data["score"].rank(ascending=False) <= 100
    some, material = data["tax"] > 0, data["tax"] >= 1000
    for level in ("England", "Wales", "Scotland"):
        g = data["nation"] == level
        share = (taken & g).sum() / 100
        expected = {
            "audit_rate": taken[g].mean(),
            "audit_ratio": taken[g].mean() / 0.05,
            "reference_ratio": taken[g].mean() / taken[data["nation"] == "England"].mean(),
            "audit_share": share,
            "burden_ratio": share / (data["tax"][g].sum() / data["tax"].sum()),
            "strike_rate": some[taken & g].mean(),
            "no_change_rate": 1 - some[taken & g].mean(),
            "precision": material[taken & g].mean(),
            "tpr": taken[some & g].mean(),
            "tpr_material": taken[material & g].mean(),
            "fpr": taken[~some & g].mean(),
            "share_of_gap": data["tax"][taken & g].sum() / data["tax"][g].sum(),
            "yield_per_audit": data["tax"][taken & g].mean(),
            "yield_per_hour": data["tax"][taken & g].sum() / data["hours"][taken & g].sum(),
        }
        found = {name: pack.value(name, "model", "nation", level) for name in expected}
        assert found == pytest.approx(expected)
        assert pack.value("population_share", "population", "nation", level) == pytest.approx(g.mean())
        assert pack.value("any_share", "population", "nation", level) == pytest.approx(some[g].mean())


def test_error_rates_follow_from_precision_and_base_rate(pack: FairnessPack) -> None:
    # Chouldechova (2017): with unlike base rates, equal precision means unlike error rates.
    for level in ("England", "Wales", "Scotland"):
        base = pack.value("any_share", "population", "nation", level)
        strike = pack.value("strike_rate", "model", "nation", level)
        tpr = pack.value("tpr", "model", "nation", level)
        fpr = base / (1 - base) * (1 - strike) / strike * tpr
        assert pack.value("fpr", "model", "nation", level) == pytest.approx(fpr)


def test_concentration_is_twice_the_covariance_over_the_mean(data: pd.DataFrame, pack: FairnessPack) -> None:
    taken = (data["score"].rank(ascending=False) <= 100).to_numpy(float)
    place = (data["income"].rank().to_numpy() - 0.5) / CASES
    expected = 2 * np.cov(taken, place, bias=True)[0, 1] / taken.mean()
    assert pack.value("concentration", "model") == pytest.approx(expected)
    gap = 2 * np.cov(data["tax"], place, bias=True)[0, 1] / data["tax"].mean()
    assert pack.value("gap_concentration", "population") == pytest.approx(gap)


def test_a_perfect_ranking_finds_something_everywhere(pack: FairnessPack) -> None:
    rates = pack.compare("no_change_rate", "nation")["perfect"]
    assert (rates == 0).all()
    assert pack.value("fpr", "perfect") == 0
    assert pack.value("yield_per_audit", "perfect") > pack.value("yield_per_audit", "model")


def test_a_lot_takes_every_level_alike_on_average() -> None:
    data = make_cases(3, 1000)
    rng = np.random.default_rng(5)
    lots = {f"lot {i}": rng.random(len(data)) for i in range(80)}
    pack = measure_fairness(
        lots, data[["nation"]], amount=data["tax"], index=data.index, draws=2, budget_share=0.1
    )
    rates = pack.compare("audit_rate", "nation").drop(columns="population", errors="ignore")
    burden = pack.compare("burden_ratio", "nation").drop(columns="population", errors="ignore")
    share = pack.compare("population_share", "nation")["population"]
    gap = pack.compare("gap_share", "nation")["population"]
    np.testing.assert_allclose(rates.mean(axis=1), 0.1, atol=0.009)
    np.testing.assert_allclose(burden.mean(axis=1), share / gap, rtol=0.09)
    no_change = pack.compare("no_change_rate", "nation").drop(columns="population", errors="ignore")
    base = pack.compare("any_share", "nation")["population"]
    np.testing.assert_allclose(no_change.mean(axis=1), 1 - base, atol=0.05)


def test_a_weight_stands_for_as_many_cases() -> None:
    data = make_cases(1, 400)
    weight = np.random.default_rng(2).integers(1, 4, len(data))
    repeated = data.loc[data.index.repeat(weight)]
    options = {"minimum": 1, "budget_share": 0.2}
    weighted, plain = measure(data, weight=weight, **options), measure(repeated, **options)
    for metric in ("audit_rate", "no_change_rate", "burden_ratio", "fpr", "yield_per_hour"):
        for level in ("England", "Wales", "Scotland"):
            for ranking in ("model", "lot"):
                expected = plain.value(metric, ranking, "nation", level)
                assert weighted.value(metric, ranking, "nation", level) == pytest.approx(expected)
    for metric in ("concentration", "gap_concentration"):
        ranking = "population" if metric.startswith("gap") else "model"
        assert weighted.value(metric, ranking) == pytest.approx(plain.value(metric, ranking))


def test_hours_buy_fewer_long_cases(data: pd.DataFrame) -> None:
    hours = 1000.0
    pack = measure(data, hours=hours)
    best = data.sort_values("score", ascending=False)
    whole = (best["hours"].cumsum() <= hours).sum()
    rest = (hours - best["hours"].head(whole).sum()) / best["hours"].iloc[whole]
    assert pack.value("audit_rate", "model") == pytest.approx((whole + rest) / CASES)
    tax = best["tax"].head(whole).sum() + rest * best["tax"].iloc[whole]
    assert pack.value("yield_per_hour", "model") == pytest.approx(tax / hours)
    assert pack.settings["budget_share"] is None


def test_differences_are_between_the_rankings(pack: FairnessPack) -> None:
    table = pack.differences.set_index(["ranking", "dimension", "level", "metric"])
    assert set(pack.differences["less"]) == {"model"}
    for metric in ("audit_rate", "no_change_rate", "burden_ratio"):
        expected = pack.value(metric, "lot", "nation", "Wales") - pack.value(
            metric, "model", "nation", "Wales"
        )
        row = table.loc["lot", "nation", "Wales", metric]
        assert row["value"] == pytest.approx(expected)
        assert row["low"] <= row["value"] <= row["high"]
    assert table.loc[("lot", "all", "all", "share_of_gap"), "high"] < 0


def test_calibration_is_predicted_less_observed(data: pd.DataFrame) -> None:
    pack = measure(data, probability=np.full(CASES, 0.25))
    wales = data["nation"] == "Wales"
    expected = 0.25 - (data.loc[wales, "tax"] >= 1000).mean()
    assert pack.value("calibration_gap", "population", "nation", "Wales") == pytest.approx(expected)


def test_a_selection_made_is_measured_as_it_is(data: pd.DataFrame) -> None:
    opened = pd.Series(data["nation"] == "Wales", index=data.index)
    pack = measure(data, selected={"opened": opened})
    assert pack.value("audit_rate", "opened", "nation", "Wales") == 1
    assert pack.value("audit_rate", "opened", "nation", "England") == 0
    england = pack.by_group.query("ranking == 'opened' and level == 'England' and metric == 'no_change_rate'")
    assert england["reason"].tolist() == ["nothing to divide by"]


def test_taxpayers_with_several_cases_are_drawn_together() -> None:
    data = make_cases(4, 1500)
    twice = pd.concat([data, data])
    spread = {}
    for name, index in {
        "together": twice.index,
        "apart": pd.RangeIndex(3000),
    }.items():
        own = twice.set_axis(index)
        # Only the taxpayer names what is drawn together.
        own.index.name = "taxpayer_id" if name == "together" else None
        row = measure(own, draws=150).by_group.query(
            "ranking == 'lot' and level == 'Wales' and metric == 'yield_per_audit'"
        )
        spread[name] = float((row["high"] - row["low"]).iloc[0])
    assert spread["together"] > 1.15 * spread["apart"]


def test_the_same_seed_gives_the_same_pack(data: pd.DataFrame, pack: FairnessPack) -> None:
    again = measure(data, draws=60)
    pd.testing.assert_frame_equal(again.by_group, pack.by_group)
    turned = measure(data.iloc[::-1], draws=60)
    own, other = (
        frame.set_index(["ranking", "dimension", "level", "metric"])["value"].sort_index()
        for frame in (pack.by_group, turned.by_group)
    )
    pd.testing.assert_series_equal(own, other)
