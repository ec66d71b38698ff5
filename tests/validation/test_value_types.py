"""Values fit the type of their column, or they do not: nothing is parsed and nothing is rounded."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.schemas import TABLES
from taxgap.validation.value_types import empty_frame, fit_column, typed

LEVELS = ["met", "late"]
FITTING: dict[str, list[Any]] = {
    "number": [1, 1.5, np.float32(2), np.int8(3), float("inf")],
    "whole number": [1, 2.0, np.int64(3), np.float32(4)],
    "yes/no": [True, np.bool_(False)],
    "date": [date(2024, 1, 1), datetime(2024, 1, 1), pd.Timestamp("2024-01-01"), date(9999, 12, 31)],  # noqa: DTZ001
    "text": ["", "0012", "é"],
    "code": ["met", "late"],
}
MISFITTING: dict[str, list[Any]] = {
    "number": ["1", True, Decimal(1), 10**400, [1], date(2024, 1, 1), 1j],
    "whole number": [1.5, float("inf"), 2.0**60, 10**30, "1", True],
    "yes/no": [0, 1, "yes", 1.0],
    "date": ["2024-01-01", datetime(2024, 1, 1, 9), datetime(2024, 1, 1, tzinfo=UTC), 20240101],  # noqa: DTZ001
    "text": [12, 1.0, b"0012", True, ["x"]],
    "code": ["Met", "lost", 1, ["met"], True],
}


@pytest.mark.parametrize("kind", FITTING)
def test_what_fits_is_kept_and_what_does_not_is_pointed_out(kind: str) -> None:
    cells = [None, *FITTING[kind], *MISFITTING[kind]]
    fitted = fit_column(pd.Series(cells, dtype=object), kind, LEVELS)
    assert fitted.misfit.tolist() == [False] + [False] * len(FITTING[kind]) + [True] * len(MISFITTING[kind])
    for kept, cell in zip(fitted.content[1:], FITTING[kind], strict=False):
        expected = pd.Timestamp(cell).as_unit("s") if kind == "date" else cell
        assert kept == expected


@pytest.mark.parametrize("kind", FITTING)
def test_fitted_columns_have_one_type_whatever_they_came_in(kind: str) -> None:
    types = {
        "number": "float64",
        "whole number": "int64",
        "yes/no": "bool",
        "date": "datetime64[s]",
        "text": "str",
    }
    fitted = fit_column(pd.Series(MISFITTING[kind], dtype=object), kind, LEVELS)
    assert fitted.content.dtype == types.get(kind, pd.CategoricalDtype(LEVELS, ordered=False))
    assert not fitted.converted


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("number", pd.Series([1.0, np.nan])),
        ("whole number", pd.Series([1])),
        ("yes/no", pd.Series([True])),
        ("date", pd.Series(pd.to_datetime(["2024-01-01", None]))),
        ("text", pd.Series(["a", None], dtype="str")),
        ("code", pd.Series(pd.Categorical(["met", None], categories=LEVELS))),
    ],
)
def test_a_column_of_its_type_is_passed_through(kind: str, values: pd.Series) -> None:
    fitted = fit_column(values, kind, LEVELS)
    assert fitted.content is values
    assert not fitted.converted
    assert not fitted.misfit.any()


@pytest.mark.parametrize(
    ("kind", "values", "misfits"),
    [
        ("number", pd.Series([1, 2], dtype="int32"), 0),
        ("number", pd.Series([1, None], dtype="Int64"), 0),
        ("number", pd.Series([1.5, None], dtype="float64[pyarrow]"), 0),
        ("number", pd.Series([True]), 1),
        ("number", pd.Series(["1"], dtype="str"), 1),
        ("whole number", pd.Series([1.0, 2.5, np.nan]), 1),
        ("whole number", pd.Series([1, None], dtype="Int32"), 0),
        ("yes/no", pd.Series([True, None], dtype="boolean"), 0),
        ("date", pd.Series([date(2024, 1, 1)], dtype="date32[pyarrow]"), 0),
        ("date", pd.Series(pd.to_datetime(["2024-01-01 09:00", None])), 1),
        ("date", pd.Series(pd.to_datetime(["2024-01-01"]).tz_localize("UTC")), 1),
        ("text", pd.Series(["a", None], dtype="category"), 0),
        ("text", pd.Series([1, 2]), 2),
        ("code", pd.Series(pd.Categorical(["met"], categories=["late", "met"])), 0),
        ("code", pd.Series([1, 2]), 2),
    ],
)
def test_other_containers(kind: str, values: pd.Series, misfits: int) -> None:
    fitted = fit_column(values, kind, LEVELS)
    assert fitted.misfit.sum() == misfits
    assert not (fitted.misfit & values.isna().to_numpy()).any()
    assert fitted.content.index.equals(values.index)


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_frame_has_the_types_of_its_schema(name: str) -> None:
    frame = empty_frame(TABLES[name])
    TABLES[name].validate(frame)
    pd.testing.assert_frame_equal(typed(frame, TABLES[name]), frame)
