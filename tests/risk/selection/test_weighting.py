from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.risk.boosting import Growth
from taxgap.risk.selection import make_pseudo_outcomes, predict_outcomes, rake_weights, weigh_labels

QUICK = Growth(n_estimators=40, num_leaves=7, learning_rate=0.15, min_child_samples=20)


def test_weights_stand_for_all_returns(chosen: Any) -> None:
    weights = weigh_labels(chosen.opened, chosen.probability, X_all=chosen.X)
    assert weights.method == "inverse_probability"
    assert weights.design.index.equals(chosen.opened.index[chosen.opened])
    assert weights.design.sum() == pytest.approx(len(chosen.X))
    own = chosen.X["mismatch"][chosen.opened]
    assert abs(np.average(own, weights=weights.design)) < 0.1 < own.mean()


def test_probabilities_for_a_model_keep_the_proportions(chosen: Any) -> None:
    weights = weigh_labels(chosen.opened, chosen.probability)
    given = weights.probability
    assert given.between(0, 1, inclusive="right").all()
    assert np.allclose(given * weights.design, (given * weights.design).iloc[0])


def test_raked_weights_spread_the_cases_as_all_returns_are(chosen: Any) -> None:
    raked = weigh_labels(chosen.opened, chosen.probability, predicted=chosen.expected)
    assert raked.method == "doubly_robust"
    tenth = pd.qcut(chosen.risk, 10, labels=False)
    share = np.bincount(tenth[chosen.opened], weights=raked.design) / raked.design.sum()
    assert share == pytest.approx(np.full(10, 0.1), abs=1e-3)


def test_raking_repairs_wrong_probabilities(chosen: Any) -> None:
    blind = np.full(len(chosen.X), float(chosen.opened.mean()))
    found = (chosen.amount >= 1000)[chosen.opened]
    truth = (chosen.amount >= 1000).mean()
    means = {
        name: np.average(found, weights=weigh_labels(chosen.opened, blind, predicted=predicted).design)
        for name, predicted in (("blind", None), ("raked", chosen.expected))
    }
    assert means["blind"] > truth + 0.08
    assert abs(means["raked"] - truth) < 0.3 * (means["blind"] - truth)


def test_a_raked_weight_stays_within_a_factor_of_four() -> None:
    flags = np.arange(1000) % 10 == 0
    flags[:500] = np.arange(500) < 2
    raked = rake_weights(np.ones(int(flags.sum())), pd.DataFrame({"a": np.arange(1000.0)}), flags)
    assert raked.max() / raked.min() <= 16 + 1e-9


def test_no_overlap_no_weights_unless_asked(chosen: Any) -> None:
    opened = chosen.opened & (chosen.X["mismatch"] > 0)
    known = np.where(opened, chosen.probability, np.nan)
    with pytest.raises(NotIdentifiedError, match="A model for all returns, trained on chosen cases alone"):
        weigh_labels(opened, known)
    assert not weigh_labels(opened, known, require=False).overlap.identified


def test_pseudo_outcomes_have_the_right_mean_if_either_half_is_right(choose: Callable[..., Any]) -> None:
    many = choose(60_000, seed=5)
    event = (many.amount >= 1000).astype(float)
    wrong = np.full(len(event), 0.3)
    for probability, predicted in ((many.probability, wrong), (wrong, many.risk)):
        pseudo = make_pseudo_outcomes(event, probability, predicted, many.opened)
        assert pseudo.mean() == pytest.approx(event.mean(), abs=0.012)
    with pytest.raises(UsageError, match="one row a return"):
        make_pseudo_outcomes([1.0], [0.5], [0.5, 0.5], [True, False])


def test_outcomes_are_predicted_out_of_fold_and_in_pounds(chosen: Any) -> None:
    predicted = predict_outcomes(
        chosen.X, chosen.opened, chosen.known, probability=chosen.probability, folds=3, growth=QUICK
    )
    assert predicted["material"].corr(pd.Series(chosen.risk, chosen.X.index)) > 0.8
    assert predicted["material"].mean() == pytest.approx((chosen.amount >= 1000).mean(), abs=0.03)
    assert predicted["tax"].mean() == pytest.approx(chosen.amount.mean(), rel=0.25)


def test_amounts_of_unopened_returns_are_never_read(chosen: Any) -> None:
    options: dict[str, Any] = {"folds": 3, "growth": QUICK}
    seen = predict_outcomes(chosen.X, chosen.opened, np.where(chosen.opened, chosen.amount, 0.0), **options)
    peeked = predict_outcomes(chosen.X, chosen.opened, chosen.amount, **options)
    pd.testing.assert_frame_equal(seen, peeked)


def test_too_few_labels_make_no_outcome_model(chosen: Any) -> None:
    few = np.arange(len(chosen.X)) < 50
    with pytest.raises(InvalidDataError, match="50 labelled cases"):
        predict_outcomes(chosen.X, few, chosen.amount)


def test_the_weights_show_themselves(chosen: Any) -> None:
    weights = weigh_labels(chosen.opened, chosen.probability)
    assert weights.to_dict()["population"] == pytest.approx(12_000)
    assert "weighted (inverse probability) to 12,000 returns" in weights.to_text()
    assert "<pre>" in weights._repr_html_()
