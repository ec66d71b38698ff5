"""Refits: the cases of the training again, intervals that hold, and marks that tell signal from noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import taxgap
from taxgap.errors import IncompatibleError, NotIdentifiedError, UsageError
from taxgap.peers import SIZE_BANDS, PeerGroups, trade_groups
from taxgap.reasons import PeerBaseline, contributions
from taxgap.reasons.explanation import read_explanation
from taxgap.reasons.refits import Refits, _draw, fit_refits, gather_training, refit
from taxgap.reasons.refitted import contributions_of_refits, sum_by_code
from taxgap.reasons.uncertainty import Uncertainty, measure_uncertainty
from taxgap.records import Records
from taxgap.regimes import Regime, get_regime
from taxgap.risk.fitting import Plan, grow_amounts
from taxgap.risk.model import RiskModel
from taxgap.risk.outcomes import Given, Rules, check_outcomes

pytestmark = pytest.mark.xdist_group("explain")

SIGNAL, CODE = "expenses_to_turnover", "expenses.total"
NAMES = (SIGNAL, "days_late", "travel_to_turnover", "gross_margin", "repairs_to_rents")
SETTINGS = {"n_estimators": 60, "folds": 2, "path_smooth": 10.0, "fewest_cases": 50}


@dataclass(frozen=True)
class Trial:
    """A model of drawn cases, their peers, and refits."""

    observed: pd.DataFrame
    given: Given
    peers: PeerGroups
    model: RiskModel
    refits: Refits


def draw_measures(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng([seed, 1])
    regime = get_regime("self_assessment")
    columns: dict[str, object] = {
        "trade_group": pd.Categorical.from_codes(np.zeros(rows, dtype=int), list(trade_groups())),
        "size_band": pd.Categorical.from_codes(np.zeros(rows, dtype=int), list(SIZE_BANDS)),
    }
    drawn = {name: random.uniform(0, 1, rows) for name in NAMES}
    columns |= {feature.name: drawn.get(feature.name, np.full(rows, np.nan)) for feature in regime.features}
    index = pd.MultiIndex.from_product([[f"T{i:05}" for i in range(rows // 2)], ["2022-23", "2023-24"]])
    return pd.DataFrame(columns, index=index.set_names(["taxpayer_id", "period"]))


def draw_amounts(observed: pd.DataFrame, strength: float, seed: int) -> np.ndarray:
    """Draw tax found, the log of whose mean is linear in one measure."""
    random = np.random.default_rng([seed, 2])
    mean = 1_000 * np.exp(strength * (observed[SIGNAL].to_numpy() - 0.5))
    found = random.random(len(observed)) < 0.6
    return (found * mean * random.gamma(2.0, 0.5, len(observed))).round(2)


def fit(rows: int, strength: float, seed: int = 1, refits: int = 20) -> Trial:
    observed = draw_measures(rows, seed)
    peers = PeerGroups.fit(draw_measures(600, 99))
    given = Given(amount=draw_amounts(observed, strength, seed))
    X = get_regime("self_assessment").compare(observed, peers)[list(NAMES)]
    model = RiskModel(**SETTINGS).fit(X, amount=given.amount)
    return Trial(observed, given, peers, model, refit(model, X, given, refits=refits, seed=seed))


def weigh(trial: Trial, returns: pd.DataFrame) -> tuple[Uncertainty, pd.DataFrame]:
    """Measure the uncertainty of returns, and return it with the model's own sums by code."""
    regime = get_regime("self_assessment")
    seen = regime.compare(returns, trial.peers)
    found = contributions(trial.model, seen, engine="lightgbm")
    sure = measure_uncertainty(
        trial.refits, trial.model, returns, found, regime=regime, peers=trial.peers, baseline=None
    )
    return sure, sum_by_code(regime, found.values)


@pytest.fixture(scope="module")
def returns() -> pd.DataFrame:
    """Returns that no model was trained on."""
    return draw_measures(200, 50)


@pytest.fixture(scope="module")
def strong() -> Trial:
    return fit(1_200, 4.0)


def test_a_planted_signal_is_stable_and_inside_its_interval(strong: Trial, returns: pd.DataFrame) -> None:
    sure, own = weigh(strong, returns)
    high = (returns[SIGNAL] > 0.85).to_numpy()
    inside = own[CODE].between(sure.low[CODE], sure.high[CODE])
    assert inside[high].mean() >= 0.9
    assert (sure.low[CODE][high] > 0).all()
    assert sure.stable[high].all()
    assert (sure.first[CODE][high] >= 0.9).all()
    assert (sure.low <= sure.high).all(axis=None)
    assert ((sure.first <= sure.among_first) & (sure.among_first <= 1)).all(axis=None)


def test_reasons_made_of_noise_are_not_stable(returns: pd.DataFrame) -> None:
    trial = fit(400, 0.0)
    regime = get_regime("self_assessment")
    sure, own = weigh(trial, returns)
    given = taxgap.reasons.give_reasons(
        regime,
        contributions(trial.model, regime.compare(returns, trial.peers), engine="lightgbm"),
        returns,
        trial.peers,
    )
    named = given["reason_1_code"].notna().to_numpy()
    assert named.sum() > 50
    assert sure.stable[named].mean() < 0.2
    assert sure.stability[named].mean() < 0.75
    # What it names, refits do not agree about: nearly every interval holds no effect too.
    code = given["reason_1_code"].astype("str")[named]
    low = np.array([sure.low.loc[label, name] for label, name in code.items()])
    assert (low < 0.05).mean() > 0.6
    assert own.shape == sure.low.shape


def test_fewer_cases_make_wider_intervals(strong: Trial, returns: pd.DataFrame) -> None:
    few = weigh(fit(200, 4.0), returns)[0]
    many = weigh(strong, returns)[0]
    assert (few.high - few.low)[CODE].mean() > 1.25 * (many.high - many.low)[CODE].mean()


def test_the_same_seed_gives_the_same_numbers(strong: Trial, returns: pd.DataFrame) -> None:
    X = get_regime("self_assessment").compare(strong.observed, strong.peers)[list(NAMES)]
    texts = [booster.model_to_string() for booster in strong.refits.boosters[:3]]
    again = refit(strong.model, X, strong.given, refits=3, seed=1)
    assert [booster.model_to_string() for booster in again.boosters] == texts
    assert len(set(texts)) == 3
    other = refit(strong.model, X, strong.given, refits=3, seed=2)
    assert other.boosters[0].model_to_string() != texts[0]


def test_all_cases_of_a_taxpayer_come_along(strong: Trial) -> None:
    outcomes = check_outcomes(strong.observed.index, strong.given, Rules())
    taxpayers = np.arange(1_200) // 2
    rows = _draw(taxpayers, outcomes, np.random.default_rng(0))
    times = np.bincount(rows, minlength=1_200).reshape(-1, 2)
    assert len(rows) == 1_200
    assert (times[:, 0] == times[:, 1]).all()
    assert 0.3 < (times[:, 0] == 0).mean() < 0.44  # about 1 / e are not drawn


def test_what_cannot_be_refitted_is_refused(strong: Trial, returns: pd.DataFrame) -> None:
    X = get_regime("self_assessment").compare(strong.observed, strong.peers)[list(NAMES)]
    with pytest.raises(UsageError, match="at least 2 refits, not 1"):
        refit(strong.model, X, strong.given, refits=1)
    other = fit(200, 1.0, refits=2)
    with pytest.raises(IncompatibleError, match="refits are of another model"):
        weigh(Trial(other.observed, other.given, other.peers, other.model, strong.refits), returns)
    amount = np.asarray(strong.given.amount)
    likely = RiskModel(**SETTINGS).fit(X, amount > 500)
    with pytest.raises(NotIdentifiedError, match="without amount"):
        refit(likely, X, strong.given, refits=2)


def test_contributions_of_refits_add_up_against_peers(
    regime: Regime, model: RiskModel, seen: pd.DataFrame, peers: PeerGroups
) -> None:
    random = np.random.default_rng(4)
    amount = 1_000 * np.exp(seen["expenses_to_turnover"].fillna(0)) * (random.random(len(seen)) < 0.5)
    refits = refit(model, seen[list(model.feature_names_in_)], Given(amount=amount), refits=2)
    baseline = PeerBaseline(model, regime, peers)
    rows = seen.iloc[:6]
    parts = list(contributions_of_refits(refits, model, rows, baseline=baseline))
    for booster, values in zip(refits.boosters, parts, strict=True):
        for place, number in enumerate(baseline.place(rows)):
            raw = booster.predict(model.encode(rows.iloc[[place]]), raw_score=True)[0]
            mean = booster.predict(baseline.background(int(number)), raw_score=True).mean()
            assert values.iloc[place].sum() == pytest.approx(raw - mean, abs=1e-6)
        assert not {"trade_group", "size_band"} & set(values.columns)
    assert not np.allclose(parts[0], parts[1])


@pytest.fixture(scope="module")
def records(workshop) -> Records:
    return Records.open(workshop.records)


@pytest.fixture(scope="module")
def trained(workshop) -> RiskModel:
    return RiskModel.load(workshop.model)


@pytest.fixture(scope="module")
def refitted(records: Records, trained: RiskModel) -> Refits:
    return fit_refits(records, trained, refits=3)


def test_the_cases_of_the_training_are_found_again(records: Records, trained: RiskModel) -> None:
    part = gather_training(records, trained)
    settings = trained.get_params(deep=False)
    outcomes = check_outcomes(part.X.index, part.given, Rules.of(settings))
    plan = Plan.of(settings, trained.frame_)
    text = grow_amounts(trained.frame_, trained.encode(part.X), outcomes, plan)
    assert text == trained.parts_.texts["expected_tax"]


def test_other_records_are_refused(
    records: Records, trained: RiskModel, edit: Callable[[Records], Records]
) -> None:
    early = records.known_at("2024-06-30")
    with pytest.raises(IncompatibleError, match="stand at 2024-06-30, before"):
        fit_refits(early, trained)
    with pytest.raises(IncompatibleError, match=r"not give the cases.*the card says"):
        fit_refits(edit(records), trained)
    bare = RiskModel(n_estimators=2, folds=2).fit(
        pd.DataFrame({"days_late": np.arange(200.0)}), amount=1_500.0 * (np.arange(200) % 3 == 0)
    )
    with pytest.raises(IncompatibleError, match="card lacks as_of"):
        fit_refits(records, bare)


@pytest.fixture(scope="module")
def edit() -> Callable[[Records], Records]:
    def change(records: Records) -> Records:
        """Let one closed enquiry have found more."""
        tables = {name: records.table(name) for name in records.tables}
        enquiries = tables["enquiries"]
        closed = enquiries.index[
            enquiries["closed_on"].notna()
            & (enquiries["regime"] == "self_assessment")
            & (enquiries["programme"] == "random")
            & (enquiries["period"] == "2022-23")
        ]
        enquiries.loc[closed[0], "tax_found"] += 5_000.0
        return Records.from_frames(tables, as_of=records.as_of)

    return change


def test_an_explanation_carries_intervals_and_the_mark(
    records: Records, trained: RiskModel, refitted: Refits, tmp_path
) -> None:
    plain = taxgap.explain(records, trained, ["T00000001", "T00000003"])
    sure = taxgap.explain(records, trained, ["T00000001", "T00000003"], refits=refitted)
    assert plain.uncertainty is None
    frame = sure.to_frame()
    pd.testing.assert_frame_equal(frame[plain.to_frame().columns], plain.to_frame())
    new = {"code_low", "code_high", "code_first", "code_among_first", "stability", "stable"}
    assert set(frame.columns) - set(plain.to_frame().columns) == new
    assert {key: sure.about[key] for key in plain.about} == plain.about
    assert sure.about["refits"] == 3
    assert frame.groupby(["taxpayer_id", "period", "code"], observed=True)["code_low"].nunique().eq(1).all()
    for path in (tmp_path / "why.json", tmp_path / "why.parquet"):
        sure.to_json(path) if path.suffix == ".json" else sure.to_parquet(path)
        back = read_explanation(path)
        assert back.about == sure.about
        for name in ("low", "high", "first", "among_first"):
            left, right = getattr(back.uncertainty, name), getattr(sure.uncertainty, name)
            pd.testing.assert_frame_equal(left, right, check_column_type=False)
        np.testing.assert_array_equal(back.uncertainty.stable, sure.uncertainty.stable)
    part = sure[1]
    assert part.uncertainty.low.index.tolist() == [sure.index[1]]
    assert part.to_frame()["stability"].unique().tolist() == [sure.uncertainty.stability[1]]


def test_two_runs_of_an_option_agree(records: Records, trained: RiskModel, refitted: Refits) -> None:
    one = taxgap.explain(records, trained, "T00000001", refits=3)
    two = taxgap.explain(records, trained, "T00000001", refits=refitted)
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())


@pytest.mark.long
def test_intervals_cover_what_fresh_cases_would_say_on_average() -> None:
    regime, rows = get_regime("self_assessment"), draw_measures(60, 50)
    fresh = []
    for seed in range(200, 240):
        trial = fit(600, 2.0, seed, refits=2)
        seen = regime.compare(rows, trial.peers)
        baseline = PeerBaseline(trial.model, regime, trial.peers)
        fresh.append(sum_by_code(regime, contributions(trial.model, seen, baseline=baseline).values))
    target = sum(fresh) / len(fresh)
    covered = []
    for seed in range(12):
        trial = fit(600, 2.0, seed, refits=60)
        seen = regime.compare(rows, trial.peers)
        baseline = PeerBaseline(trial.model, regime, trial.peers)
        found = contributions(trial.model, seen, baseline=baseline)
        sure = measure_uncertainty(
            trial.refits, trial.model, rows, found, regime=regime, peers=trial.peers, baseline=baseline
        )
        covered.append(((sure.low <= target) & (target <= sure.high)).to_numpy())
    share = float(np.mean(covered))
    signal = float(np.mean([part[:, list(target.columns).index(CODE)] for part in covered]))
    assert share >= 0.88, share
    assert signal >= 0.88, signal
    assert share < 0.999  # an interval that covers everything says nothing
