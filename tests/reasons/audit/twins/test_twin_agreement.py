"""Explanations held against the truth of the twins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.twins.twin_agreement import compare_with_twins
from taxgap.regimes import Regime


@pytest.fixture
def truths(regime: Regime) -> pd.DataFrame:
    """Truths of four returns: three that score higher for being untrue, and one that scores lower."""
    random = np.random.default_rng(4)
    frame = pd.DataFrame(random.normal(size=(4, len(regime.feature))), columns=list(regime.feature))
    frame.iloc[:, ::3] = 0.0
    frame["gross_margin"] += 5.0 - frame.sum(axis=1)
    frame.iloc[3] *= -1
    return frame


def frames_like(truths: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    seen = pd.DataFrame(0.0, truths.index, truths.columns)
    return seen, seen + (truths != 0)


def test_perfect_explanations_agree_and_flipped_ones_do_not(regime: Regime, truths: pd.DataFrame) -> None:
    right = compare_with_twins(regime, 3 * truths, truths, *frames_like(truths))
    assert right["defined"].tolist() == [True, True, True, False]
    rates = ["top_code", "top_family", "correlation", "family_correlation", "sign", "mass"]
    np.testing.assert_allclose(right.loc[:2, rates], 1.0)
    assert right.loc[3, rates].isna().all()
    np.testing.assert_allclose(right["gain"], [5.0, 5.0, 5.0, -5.0])
    assert (right["changed"] == (truths != 0).sum(axis=1)).all()
    wrong = compare_with_twins(regime, -truths, truths, *frames_like(truths)).loc[:2]
    np.testing.assert_allclose(wrong[["correlation", "family_correlation"]], -1.0)
    assert not wrong[["sign", "top_code", "top_family"]].to_numpy().any()


def test_mass_counts_what_lies_in_changed_families(regime: Regime) -> None:
    names = ["gross_margin", "vat_threshold_years", "days_late", "gift_aid_to_income"]
    truths = pd.DataFrame([[1.0, 0.0, 0.0, 0.0]], columns=names)
    seen = pd.DataFrame([[0.0, 1.0, 1.0, np.nan]], columns=names)
    values = pd.DataFrame([[1.0, 2.0, 1.0, -7.0]], columns=names)  # two of `margin`, one of `timing`
    found = compare_with_twins(regime, values, truths, seen, seen.assign(gross_margin=1.0))
    assert found["mass"].tolist() == [0.75]
    assert found["changed"].tolist() == [1]
    assert found["top_code"].tolist() == [0.0]
    assert found["top_family"].tolist() == [1.0]
    nothing = compare_with_twins(regime, 0 * values, truths, seen, seen.assign(gross_margin=1.0))
    assert nothing[["mass", "correlation"]].isna().all(axis=None)
    assert nothing["sign"].tolist() == [0.0]
