from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import IncompatibleError, InvalidDataError, TaxGapError, UsageError
from taxgap.risk.frames import FrameSpec

Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture
def frame() -> pd.DataFrame:
    groups = pd.Categorical(["shops", None, "driving"], ["driving", "shops"])
    return pd.DataFrame({"margin": [0.1, np.nan, -2.0], "days_late": [0, 3, 9], "trade_group": groups})


def test_levels_become_codes_and_missing_stays_missing(frame: pd.DataFrame) -> None:
    spec = FrameSpec.learn(frame)
    assert spec.names == ("margin", "days_late", "trade_group")
    assert spec.categorical == [2]
    expected = [[0.1, 0.0, 1.0], [np.nan, 3.0, np.nan], [-2.0, 9.0, 0.0]]
    assert np.array_equal(spec.encode(frame), expected, equal_nan=True)


@settings(deadline=None)
@given(st.permutations(["margin", "days_late", "trade_group"]), st.permutations(["driving", "shops"]))
def test_neither_the_order_of_columns_nor_of_levels_matters(columns: list[str], levels: list[str]) -> None:
    groups = pd.Categorical(["shops", "driving"], ["driving", "shops"])
    frame = pd.DataFrame({"margin": [0.1, np.nan], "days_late": [0.0, 3.0], "trade_group": groups})
    spec = FrameSpec.learn(frame)
    other = frame.assign(trade_group=frame["trade_group"].cat.reorder_categories(levels))[columns]
    assert np.array_equal(spec.encode(other), spec.encode(frame), equal_nan=True)


def test_a_level_that_is_declared_but_does_not_occur_is_harmless(frame: pd.DataFrame) -> None:
    spec = FrameSpec.learn(frame)
    wider = frame.assign(trade_group=frame["trade_group"].cat.add_categories(["fishing"]))
    assert np.array_equal(spec.encode(wider), spec.encode(frame), equal_nan=True)


def test_unseen_levels_are_refused_with_their_number(frame: pd.DataFrame) -> None:
    other = frame.assign(trade_group=pd.Categorical(["fishing", "mining", "shops"]))
    with pytest.raises(IncompatibleError, match=r"2 level\(s\) unknown to the model, in 2 rows") as caught:
        FrameSpec.learn(frame).encode(other)
    assert caught.value.available == ("driving", "shops")


BAD: list[tuple[Change, type[TaxGapError], str]] = [
    (lambda X: X.drop(columns="margin"), IncompatibleError, "it lacks margin"),
    (lambda X: X.assign(turnover=1.0), IncompatibleError, "does not know: turnover"),
    (lambda X: X.rename(columns={"margin": "Margin"}), IncompatibleError, "it lacks margin; .*: Margin"),
    (lambda X: X.assign(margin=["a", "b", "c"]), IncompatibleError, "margin is str, a number was expected"),
    (lambda X: X.assign(margin=1j), IncompatibleError, "margin is complex128"),
    (lambda X: X.assign(trade_group=1.0), IncompatibleError, "trade_group is float64, categorical was"),
    (
        lambda X: X.assign(margin=[1.0, np.inf, -np.inf]),
        InvalidDataError,
        r"Infinite values in margin \(2 rows",
    ),
    (lambda X: X.head(0), InvalidDataError, "empty: 0 rows, 3 columns"),
    (lambda X: X[[]], InvalidDataError, "empty: 3 rows, 0 columns"),
    (lambda X: pd.concat([X, X["margin"]], axis=1), InvalidDataError, "more than once: margin"),
    (lambda X: X[["margin"]].to_numpy(), UsageError, "pandas DataFrame, not ndarray"),
]


@pytest.mark.parametrize(("change", "error", "message"), BAD)
def test_frames_that_do_not_fit_are_refused(
    frame: pd.DataFrame, change: Change, error: type[TaxGapError], message: str
) -> None:
    spec = FrameSpec.learn(frame)
    with pytest.raises(error, match=message):
        spec.encode(change(frame))


def test_learning_refuses_odd_names_text_and_levels_that_are_no_text(frame: pd.DataFrame) -> None:
    with pytest.raises(InvalidDataError, match="letters, digits and underscores only: net margin"):
        FrameSpec.learn(frame.rename(columns={"margin": "net margin"}))
    with pytest.raises(InvalidDataError, match="a number was expected"):
        FrameSpec.learn(frame.assign(margin="a"))
    with pytest.raises(InvalidDataError, match="levels of a categorical feature must be text"):
        FrameSpec.learn(frame.assign(trade_group=pd.Categorical([1, 2, 1])))


def test_directions_follow_the_order_of_the_features(frame: pd.DataFrame) -> None:
    spec = FrameSpec.learn(frame)
    assert spec.check_directions(None) == [0, 0, 0]
    assert spec.check_directions({"days_late": 1, "margin": -1, "trade_group": 0}) == [-1, 1, 0]


@pytest.mark.parametrize(
    ("monotone", "message"),
    [({"age": 1}, "does not have: age"), ({"margin": 2}, "1, -1 or 0"), ({"trade_group": 1}, "no order")],
)
def test_impossible_directions_are_refused(
    frame: pd.DataFrame, monotone: dict[str, int], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        FrameSpec.learn(frame).check_directions(monotone)


def test_plain_data_and_back(frame: pd.DataFrame) -> None:
    spec = FrameSpec.learn(frame)
    assert FrameSpec.from_dict(spec.to_dict()) == spec


def test_levels_that_rise_count_as_numbers() -> None:
    sizes = pd.Categorical(["small", "large", None], ["small", "middle", "large"], ordered=True)
    spec = FrameSpec.learn(pd.DataFrame({"size": sizes}))
    assert spec.categorical == []
    assert spec.check_directions({"size": 1}) == [1]
    assert np.array_equal(
        spec.encode(pd.DataFrame({"size": sizes})), [[0.0], [2.0], [np.nan]], equal_nan=True
    )
    assert FrameSpec.from_dict(spec.to_dict()) == spec


def test_an_array_is_told_apart_by_place() -> None:
    spec = FrameSpec.learn(np.array([[1.0, np.nan], [2.0, 3.0]]))
    assert spec.names == ("x0", "x1")
    assert np.array_equal(spec.encode([[5, 6]]), [[5.0, 6.0]])
    assert np.array_equal(spec.encode(pd.DataFrame([[5, 6]])), [[5.0, 6.0]])
    with pytest.raises(IncompatibleError, match="X has 3 features, but RiskModel is expecting 2"):
        spec.encode([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="infinity"):
        spec.encode([[1.0, np.inf]])
