"""The noise band: larger where there is less to learn from, kept in the card, and a floor for reasons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.batch import score
from taxgap.errors import UsageError
from taxgap.peers import PeerGroups
from taxgap.publication.case_file import gather_case
from taxgap.reasons.noise import annotate_noise, measure_noise, noise_of, noise_of_refits
from taxgap.reasons.refits import refit
from taxgap.records import Records
from taxgap.regimes import Regime
from taxgap.risk.model import RiskModel
from taxgap.risk.outcomes import Given

pytestmark = pytest.mark.xdist_group("explain")

NAMES = ["expenses_to_turnover", "days_late", "interest_unmatched"]


def measure(rows: int, regime: Regime, observed: pd.DataFrame, peers: PeerGroups) -> dict[str, float]:
    """Measure the noise of a model of so many cases, in which only expenses tell anything."""
    random = np.random.default_rng(6)
    drawn = observed.iloc[random.integers(0, len(observed), rows)].reset_index(drop=True)
    mean = 1_000 * np.exp(drawn["expenses_to_turnover"].fillna(0).clip(upper=2))
    amount = (mean * random.gamma(1.0, 1.0, rows) * (random.random(rows) < 0.6)).round(2)
    X = regime.compare(drawn, peers)[NAMES]
    model = RiskModel(n_estimators=30, folds=2, path_smooth=5.0, fewest_cases=50).fit(X, amount=amount)
    model.annotate(regime=regime.name).attach_peers(peers)
    return noise_of_refits(refit(model, X, Given(amount=amount), refits=8), model)


def test_more_cases_leave_less_noise(regime: Regime, observed: pd.DataFrame, peers: PeerGroups) -> None:
    few = measure(150, regime, observed, peers)
    many = measure(1_500, regime, observed, peers)
    assert list(few) == list(many) == ["expenses.total", "timing.late", "third_party.interest"]
    for code in few:
        assert 0 < many[code] < few[code], code


@pytest.fixture(scope="module")
def records(workshop) -> Records:
    return Records.open(workshop.records)


@pytest.fixture
def trained(workshop) -> RiskModel:
    return RiskModel.load(workshop.model)


def test_the_noise_of_a_trained_model_is_kept_in_its_card(
    records: Records, trained: RiskModel, tmp_path
) -> None:
    assert noise_of(trained) is None
    before = trained.model_id
    noise = measure_noise(records, trained, refits=3, seed=4)
    assert set(noise) <= set(trained.card_["reason_codes"].values())
    assert max(noise.values()) > 0
    assert all(value >= 0 for value in noise.values())
    annotate_noise(trained, noise, refits=3, seed=4)
    assert trained.model_id != before
    trained.save(tmp_path / "model")
    back = RiskModel.load(tmp_path / "model")
    assert noise_of(back) == noise
    assert (back.model_id, back.card_["reason_noise"]["refits"]) == (trained.model_id, 3)


def test_a_smaller_share_leaves_a_lower_floor(records: Records, trained: RiskModel) -> None:
    wide = measure_noise(records, trained, refits=3)
    half = measure_noise(records, trained, refits=3, share=0.5)
    assert all(half[code] <= wide[code] for code in wide)
    assert half != wide
    with pytest.raises(UsageError, match="share must be between 0 and 1"):
        measure_noise(records, trained, refits=3, share=1.0)
    with pytest.raises(UsageError, match="at least 2 refits"):
        measure_noise(records, trained, refits=1)


def test_scores_and_cases_have_no_reason_below_the_noise(records: Records, trained: RiskModel) -> None:
    asked = {"periods": ["2023-24"], "validate": False}
    before = score(records, trained, **asked)
    counts = before["reason_1_code"].value_counts()
    code = str(counts.index[0])
    annotate_noise(trained, {code: 50.0})
    after = score(records, trained, **asked)
    named = [f"reason_{k}_code" for k in range(1, 5)]
    assert (before[named] == code).any(axis=None)
    assert not (after[named] == code).any(axis=None)
    np.testing.assert_array_equal(after["score"], before["score"])
    # The likelihood is in other units, of which this says nothing.
    pd.testing.assert_series_equal(after["likelihood_code"], before["likelihood_code"])
    taxpayer = str(before.loc[before["reason_1_code"] == code, "taxpayer_id"].iloc[0])
    assert code not in set(gather_case(records, trained, taxpayer, period="2023-24").reasons["code"])


def test_noise_that_cannot_be_used_is_refused(trained: RiskModel) -> None:
    for noise in ({"nothing.such": 0.1}, {"expenses.total": -0.1}, {"expenses.total": float("nan")}):
        with pytest.raises(UsageError, match="noise of"):
            annotate_noise(trained, noise)
