"""Bad models, and what catches them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.reasons.audit.adversarial.adversarial import LEAK, Bad, catches, hide_proxy, lean_on_leak, learn
from taxgap.reasons.audit.material import Material, name_reasons
from taxgap.reasons.audit.subject import subject_of

pytestmark = pytest.mark.xdist_group("adversarial")

RISK = "expenses_to_turnover"


@pytest.fixture(scope="module")
def outcome(seen: pd.DataFrame) -> np.ndarray:
    noise = 3 * np.random.default_rng(6).normal(size=len(seen))
    return (seen[RISK].fillna(0.0).clip(-3, 3) + noise > 1).to_numpy()


@pytest.fixture(scope="module")
def models(seen: pd.DataFrame, outcome: np.ndarray) -> dict[str, Bad]:
    ended = pd.Series(outcome, seen.index)
    return {
        "honest": learn(seen, outcome),
        "proxy": hide_proxy(seen, outcome, "no_agent"),
        "trade": hide_proxy(seen, outcome, "trade_group", level=str(seen["trade_group"].iloc[0]), strength=8),
        "leak": lean_on_leak(seen, outcome, ended),
        "leak, told": lean_on_leak(seen, outcome, ended, told=True),
    }


@pytest.fixture(scope="module")
def caught(
    models: dict[str, Bad], make_material: Callable[..., Material], material: Material
) -> pd.DataFrame:
    return catches(
        models, {name: _gather(bad, make_material, material) for name, bad in models.items()}, returns=60
    )


def _gather(bad: Bad, make: Callable[..., Material], base: Material) -> Material:
    subject = subject_of(
        bad.model, base.regime, base.subject.peers, attributions=bad.attributions, cutoff=0.0
    )
    scored, found = subject.score(base.seen), bad.attributions(base.seen)
    cut = np.quantile(scored.score, 0.85)
    scores = pd.DataFrame(
        {
            "score": scored.score,
            "probability": scored.probability,
            "rank": 0,
            "flagged": scored.score >= cut,
        },
        base.seen.index,
    )
    return make(
        subject=subject,
        scores=scores,
        cut=np.full(len(base), cut),
        contributions=found,
        reasons=name_reasons(subject, base.observed, found),
    )


def _by(caught: pd.DataFrame, model: str) -> set[str]:
    own = caught[(caught["model"] == model) & caught["caught"].fillna(value=False)]
    return set(own["check"])


def test_an_honest_model_is_not_caught_by_what_catches_the_others(caught):
    assert not _by(caught, "honest") & {"completeness", "parity", "leaks", "pgi", "deletion"}


def test_a_hidden_proxy_is_caught_because_the_parts_do_not_add_up(caught):
    assert {"completeness"} <= _by(caught, "proxy")
    assert "leaks" not in _by(caught, "proxy")


def test_a_group_as_proxy_escapes_the_sums_against_peers_and_not_parity(caught):
    assert "parity" in _by(caught, "trade")
    assert "parity" not in _by(caught, "proxy")


def test_a_leak_is_caught_by_the_screening_even_where_it_is_told(caught):
    assert {"completeness", "leaks"} <= _by(caught, "leak")
    assert "leaks" in _by(caught, "leak, told")
    assert "completeness" not in _by(caught, "leak, told")


def test_the_honest_attributions_add_up_to_the_log_odds(models, seen):
    bad = models["honest"]
    odds = np.log(bad.model.predict_proba(seen)[:, 1] / bad.model.predict_proba(seen)[:, 0])
    rest = odds - bad.attributions(seen).sum(axis=1)
    assert rest.max() - rest.min() < 1e-6


def test_the_proxy_moves_the_score_and_is_given_nothing(models, seen):
    bad, changed = models["proxy"], seen.assign(no_agent=seen["no_agent"].fillna(0.0) + 5)
    assert (bad.model.predict_proba(changed)[:, 1] > bad.model.predict_proba(seen)[:, 1]).all()
    assert (bad.attributions(seen)["no_agent"] == 0).all()


def test_the_leak_is_in_the_frame_and_not_in_the_returns(models, seen):
    assert LEAK in models["leak"].frame
    assert LEAK not in seen
    others = seen.rename(index=lambda name: f"X{name}", level=0)
    honest = models["honest"].model.predict_proba(others)
    np.testing.assert_allclose(models["leak"].model.predict_proba(others), honest)


def test_what_cannot_be_made_is_refused(seen, outcome, models, material):
    with pytest.raises(UsageError, match="no column"):
        hide_proxy(seen, outcome, "star_sign")
    with pytest.raises(UsageError, match="has levels"):
        hide_proxy(seen, outcome, "trade_group")
    with pytest.raises(UsageError, match="No row has the level"):
        hide_proxy(seen, outcome, "trade_group", level="brewing")
    with pytest.raises(InvalidDataError, match="both kinds"):
        learn(seen, np.ones(len(seen), dtype=bool))
    with pytest.raises(UsageError, match="no material of honest"):
        catches({"honest": models["honest"]}, {"other": material})
