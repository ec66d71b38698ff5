"""What open cases bring goes to the groups that such cases came from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.gap.chain.expecting import follow_groups, share_open


def make_cases(each: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Two groups that look alike; one finds 100 a case and the other 1,000, and a fifth is still open."""
    group = np.repeat([0, 1], each)
    still = np.arange(2 * each) % 5 == 0
    found = np.where(group == 1, 1_000.0, 100.0)
    filled = pd.DataFrame(
        {"y": np.where(still, found.mean(), found), "open": still, "probability": 0.1, "row": range(2 * each)}
    )
    return filled, group


def test_open_cases_go_where_closed_ones_found_more() -> None:
    filled, group = make_cases(500)
    alike = np.full(len(filled), 7.0)
    factors = follow_groups(filled, alike, group)
    y = share_open(filled, alike * factors[group])
    still = filled["open"].to_numpy()
    assert y.sum() == pytest.approx(filled["y"].sum(), rel=1e-12)
    np.testing.assert_array_equal(y[~still], filled["y"].to_numpy()[~still])
    assert y[still & (group == 0)].mean() == pytest.approx(100, rel=0.3)
    assert y[still & (group == 1)].mean() == pytest.approx(1_000, rel=0.05)


def test_few_cases_hardly_move_what_is_expected() -> None:
    filled, group = make_cases(5)
    factors = follow_groups(filled, np.full(len(filled), 7.0), group)
    assert 0.8 < factors[0] < 1 < factors[1] < 1.2


def test_nothing_found_moves_nothing() -> None:
    filled, group = make_cases(50)
    np.testing.assert_array_equal(follow_groups(filled.assign(y=0.0), np.ones(100), group), np.ones(2))
