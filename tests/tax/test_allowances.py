"""The allowances that stand in for expenses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError, UsageError
from taxgap.tax import property_allowance, trading_allowance

money = st.floats(0, 50_000, allow_nan=False).map(lambda pounds: round(pounds, 2))


@pytest.mark.parametrize("allowance", [trading_allowance, property_allowance])
class TestBoth:
    @pytest.mark.parametrize(
        ("receipts", "expenses", "deduction"),
        [
            (0, 0, 0),
            (800, 0, 800),  # full relief: nothing is taxed
            (1_000, 200, 1_000),
            (5_000, 200, 1_000),  # partial relief
            (5_000, 2_000, 2_000),  # expenses are better
            (600, 900, 900),  # a loss, by electing for expenses
        ],
    )
    def test_deduction(self, allowance, receipts, expenses, deduction):
        assert allowance([receipts], [expenses], "2024-25").tolist() == [deduction]

    @given(receipts=money, expenses=money)
    def test_never_makes_a_loss_and_is_never_worse_than_expenses(self, allowance, receipts, expenses):
        deduction = allowance(receipts, expenses, "2021-22")
        assert deduction >= expenses
        assert deduction <= max(receipts, expenses)

    def test_takes_series_arrays_and_single_amounts(self, allowance):
        receipts = pd.Series([500, 2_000], index=["a", "b"])
        assert allowance(receipts, 0, "2024-25").tolist() == [500, 1_000]
        assert allowance(np.array([], dtype=float), [], "2024-25").shape == (0,)

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -1])
    def test_refuses_bad_amounts(self, allowance, bad):
        with pytest.raises(InvalidDataError, match=r"expenses: 1 .* \(first at row 1\)"):
            allowance([10, 10], [0, bad], "2024-25")

    def test_refuses_unequal_lengths_text_and_early_years(self, allowance):
        with pytest.raises(UsageError, match="one length"):
            allowance([1, 2], [1, 2, 3], "2024-25")
        for text in ("many", "1"):
            with pytest.raises(UsageError, match="must be numbers"):
                allowance([text], [1], "2024-25")
        with pytest.raises(UsageError, match="one length"):
            allowance(pd.DataFrame({"a": [1.0]}), [1], "2024-25")
        with pytest.raises(UsageError, match="No tax law"):
            allowance([1], [1], "2019-20")


def test_property_allowance_is_not_worth_the_relief_for_finance_costs():
    # 500 of expenses and 3,000 of interest: the allowance would save 500 and forgo relief on 3,000
    deduction = property_allowance([8_000, 8_000], [500, 500], "2024-25", finance_costs=[0, 3_000])
    assert deduction.tolist() == [1_000, 500]


def test_property_allowance_checks_finance_costs():
    with pytest.raises(InvalidDataError, match="finance_costs: 1 negative"):
        property_allowance([1], [1], "2024-25", finance_costs=[-1])
