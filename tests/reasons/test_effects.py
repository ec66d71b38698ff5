"""The money effect of a reason: what would be missing without it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxgap.errors import UsageError
from taxgap.reasons.effects import effect_factor, effect_pounds, reason_effects

PARTS = st.floats(-5, 5)
TAX = st.floats(0, 1e7)


@given(tax=TAX, part=PARTS, rest=PARTS)
def test_without_a_contribution_the_tax_expected_falls_by_its_pounds(
    tax: float, part: float, rest: float
) -> None:
    mean = tax / np.exp(part + rest)
    assert tax - effect_pounds(tax, part) == pytest.approx(mean * np.exp(rest), rel=1e-9, abs=1e-9)


@given(tax=TAX, part=PARTS)
def test_factor_and_pounds_agree_in_sign_and_size(tax: float, part: float) -> None:
    factor, pounds = effect_factor(part), effect_pounds(tax, part)
    assert (factor > 1) == (part > 0) or abs(part) < 1e-15
    assert pounds * part >= 0
    assert pounds == pytest.approx(tax - tax / factor, rel=1e-6, abs=1e-6)


def test_factors_are_multiplied_and_pounds_do_not_add_up() -> None:
    parts = np.array([0.5, 0.7])
    assert effect_factor(parts).prod() == pytest.approx(effect_factor(parts.sum()))
    assert effect_pounds(1_000.0, parts).sum() > effect_pounds(1_000.0, parts.sum())


def test_nothing_changes_nothing() -> None:
    assert effect_factor(0.0) == 1.0
    assert effect_pounds(500.0, 0.0) == 0.0
    assert effect_pounds(0.0, 3.0) == 0.0


def test_tax_below_zero_is_refused() -> None:
    with pytest.raises(UsageError, match="from 0 up"):
        effect_pounds([10.0, -1.0], 0.1)


def test_a_table_has_the_effects_of_the_reasons_that_it_has() -> None:
    table = pd.DataFrame(
        {"reason_1_contribution": [0.5, np.nan], "reason_2_contribution": [np.nan, np.nan]}, index=[7, 3]
    )
    found = reason_effects(table, pd.Series([200.0, 100.0], index=[7, 3]))
    assert found.columns.tolist() == [
        "reason_1_factor",
        "reason_1_pounds",
        "reason_2_factor",
        "reason_2_pounds",
    ]
    assert found.index.tolist() == [7, 3]
    assert found.loc[7, "reason_1_pounds"] == pytest.approx(200 * (1 - np.exp(-0.5)))
    assert found.loc[3].isna().all()
    assert reason_effects(table[[]], [1.0, 2.0]).shape == (2, 0)
