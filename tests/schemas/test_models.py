"""Each model accepts what its declaration allows, and rejects one step beyond."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pandera.errors
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum.gb import utr

from taxgap.schemas import TABLES, TRUTH_TABLES, Table
from taxgap.schemas.codes import REGION_NATION
from taxgap.schemas.columns import MONTH, NOT_BLANK, TAX_YEAR
from taxgap.schemas.table import describe_columns, row_key

TWINS = {name for name, model in TRUTH_TABLES.items() if model in TABLES.values()}
MODELS: dict[str, type[Table]] = TABLES | {
    f"truth/{name}": model for name, model in TRUTH_TABLES.items() if name not in TWINS
}

days = st.dates(pd.Timestamp("1950-01-01").date(), pd.Timestamp("2100-01-01").date()).map(pd.Timestamp)
utrs = st.from_regex(r"[0-9]{9}\Z", fullmatch=True).map(lambda digits: utr.calc_check_digit(digits) + digits)
ninos = st.from_regex(r"QQ[0-9]{6}[A-D]\Z", fullmatch=True)

companies = st.from_regex(r"(?:[0-9]{8}|(?:SC|NI|OC)[0-9]{6})\Z", fullmatch=True)


def limits(model: type[Table], name: str) -> dict[str, Any]:
    """Return what the checks of a column say: `min_value`, `max_value`, `pattern`."""
    checks = model.to_schema().columns[name].checks
    return {key: value for check in checks for key, value in check.statistics.items()}


def has_form(model: type[Table], name: str, form: str) -> bool:
    """Tell whether the texts of a column must have a form."""
    pattern = limits(model, name).get("pattern", "")
    return bool(getattr(pattern, "pattern", pattern) == form)


def cells(model: type[Table], column: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Give values that a column accepts."""
    found = limits(model, column["column"])
    special = {"utr": utrs, "nino": ninos, "reference": st.just("980780684"), "company_number": companies}
    if column["column"] in special:
        return special[column["column"]]
    if column["type"] == "text":
        pattern = found.get("pattern", r"[a-z]{0,5}\Z")
        return st.from_regex(getattr(pattern, "pattern", pattern), alphabet=st.characters(codec="ascii"))
    low, high = found.get("min_value", -1e9), found.get("max_value", 1e9)
    return {
        "number": st.floats(low, high),
        "whole number": st.integers(int(max(low, 0)), int(high)),
        "yes/no": st.booleans(),
        "date": days,
        "code": st.sampled_from(column["levels"] or [None]),
    }[column["type"]]


def to_frame(model: type[Table], rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Build a frame with the types of the schema."""
    frame = pd.DataFrame(rows, columns=list(model.to_schema().columns))
    for column in describe_columns(model):
        name, kind = column["column"], column["type"]
        if kind == "code":
            frame[name] = pd.Categorical(frame[name], categories=column["levels"])
        else:
            types = {"number": "float64", "whole number": "int64", "yes/no": "bool", "date": "datetime64[ms]"}
            frame[name] = frame[name].astype(types.get(kind, "str"))
    return frame


@st.composite
def tables(draw: st.DrawFn, model: type[Table]) -> pd.DataFrame:
    """Give a frame of one to three rows that the model accepts."""
    columns = describe_columns(model)
    rows = []
    for _ in range(draw(st.integers(1, 3))):
        row = {column["column"]: draw(cells(model, column)) for column in columns}
        for column in columns:
            if column["empty"] and draw(st.booleans()):
                row[column["column"]] = None
        if "region" in row:
            row["nation"] = REGION_NATION[row["region"]]
        rows.append(row)
    return to_frame(model, rows).drop_duplicates(row_key(model), ignore_index=True)


@cache
def one_row(model: type[Table]) -> pd.DataFrame:
    row: dict[str, Any] = {}
    for column in describe_columns(model):
        name, kind = column["column"], column["type"]
        special = {"utr": "1955839661", "nino": "QQ123456A", "sic2007": "43210", "company_number": "99000001"}
        special["period"] = "2023-07" if has_form(model, name, MONTH) else "2023-24"
        text = special.get(name, "x")
        plain = {
            "number": max(1.0, limits(model, name).get("min_value", 1.0)),
            "whole number": 2000,
            "yes/no": True,
            "date": pd.Timestamp("2024-01-01"),
        }
        row[name] = column["levels"][0] if kind == "code" else plain.get(kind, text)
    if "region" in row:
        row["nation"] = REGION_NATION[row["region"]]
    return to_frame(model, [row])


def failing(model: type[Table], frame: pd.DataFrame) -> set[str]:
    """Name the columns that fail, or are missing or unknown; "row" for a check of the whole row."""
    try:
        model.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        structure = cases["check"].isin(["column_in_dataframe", "column_in_schema"])
        row = cases["schema_context"].eq("DataFrameSchema") & ~structure
        return {
            *cases["column"][~structure & ~row],
            *cases["failure_case"][structure],
            *(["row"] if row.any() else []),
        }
    return set()


def accepts(model: type[Table], frame: pd.DataFrame) -> bool:
    return not failing(model, frame)


def with_cell(frame: pd.DataFrame, column: str, value: Any) -> pd.DataFrame:
    return frame.assign(**{column: pd.Series([value], dtype=frame[column].dtype)})


def with_cells(frame: pd.DataFrame, cells: dict[str, Any]) -> pd.DataFrame:
    return frame.assign(
        **{name: pd.Series([value], dtype=frame[name].dtype) for name, value in cells.items()}
    )


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_model_accepts_what_it_declares(name: str, data: st.DataObject) -> None:
    table = data.draw(tables(MODELS[name]))
    assert len(MODELS[name].validate(table, lazy=True)) == len(table)


@pytest.mark.parametrize("side", ["min_value", "max_value"])
@pytest.mark.parametrize("name", MODELS)
def test_a_row_at_the_limits_passes_and_one_beyond_fails(name: str, side: str) -> None:
    model = MODELS[name]
    row = one_row(model)
    found = {column: limits(model, column).get(side) for column in row.columns}
    at = {column: limit for column, limit in found.items() if limit is not None}
    step = 1 if side == "max_value" else -1
    beyond = {c: limit + step * (1 if row[c].dtype == "int64" else 0.01) for c, limit in at.items()}
    assert accepts(model, with_cells(row, at))
    assert failing(model, with_cells(row, beyond)) == set(beyond)


@pytest.mark.parametrize("name", MODELS)
def test_a_cell_is_empty_only_where_the_model_says_so(name: str) -> None:
    model = MODELS[name]
    row = one_row(model)
    columns = [item for item in describe_columns(model) if item["type"] not in ("whole number", "yes/no")]
    may = {item["column"]: np.nan if item["type"] == "number" else None for item in columns if item["empty"]}
    must_not = {
        item["column"]: np.nan if item["type"] == "number" else None for item in columns if not item["empty"]
    }
    assert accepts(model, with_cells(row, may))
    assert failing(model, with_cells(row, must_not)) - {"row"} == set(must_not)


@pytest.mark.parametrize("text", ["a b", "{}\n"])
@pytest.mark.parametrize("name", MODELS)
def test_a_text_that_is_not_of_its_form_fails(name: str, text: str) -> None:
    model = MODELS[name]
    row = one_row(model)
    patterns = {column: limits(model, column).get("pattern") for column in row.columns}
    formed = [column for column, pattern in patterns.items() if pattern not in (None, NOT_BLANK)]
    wrong = {column: text.format(row.loc[0, column]) for column in formed}
    assert failing(model, with_cells(row, wrong)) == set(formed)


def test_a_name_is_not_blank() -> None:
    model = MODELS["identities"]
    row = one_row(model)
    assert failing(model, with_cells(row, {"name": " ", "postcode": ""})) == {"name", "postcode"}
    assert accepts(model, with_cells(row, {"name": " Ann Lee"}))


@pytest.mark.parametrize("name", MODELS)
def test_columns_are_neither_missing_nor_added_nor_of_another_type(name: str) -> None:
    model = MODELS[name]
    row = one_row(model)
    assert failing(model, row.assign(extra=1)) == {"extra"}
    half = list(row.columns[::2])
    assert set(half) <= failing(model, row.drop(columns=half)) | {"row"}
    others = {column: row[column].astype(object) for column in row.columns if row[column].dtype != "str"}
    assert failing(model, row.assign(**others)) - {"row"} == set(others)


@pytest.mark.parametrize("name", MODELS)
def test_a_key_stands_once(name: str) -> None:
    model = MODELS[name]
    row = one_row(model)
    assert row_key(model)
    assert not accepts(model, pd.concat([row, row], ignore_index=True))


def test_the_reference_of_another_regime_need_not_be_a_vat_number() -> None:
    model = TABLES["registrations"]
    row = one_row(model)
    for regime, reference, passes in (
        ("vat", "980780684", True),
        ("vat", "980780685", False),
        ("vat", None, True),
        ("employer_paye", "123/AB456", True),
    ):
        assert accepts(model, with_cell(with_cell(row, "regime", regime), "reference", reference)) is passes


def test_a_nation_is_that_of_its_region() -> None:
    model = TABLES["taxpayers"]
    row = one_row(model)
    for region, nation in list(REGION_NATION.items())[-4:]:
        changed = with_cell(row, "region", region)
        assert accepts(model, with_cell(changed, "nation", nation))
        other = "Wales" if nation != "Wales" else "England"
        assert not accepts(model, with_cell(changed, "nation", other))


@pytest.mark.parametrize(
    ("name", "label", "passes"),
    [
        ("vat", "2023-12", True),
        ("vat", "2023-13", False),
        ("vat", "2023-00", False),
        ("corporation_tax", "2023-24", False),
        ("employer_paye", "2023-24", True),
        ("payments", "2023-24", True),
        ("payments", "2023-07", True),
        ("payments", "2023-7", False),
    ],
)
def test_labels_of_periods_are_months_or_tax_years(name: str, label: str, passes: bool) -> None:
    assert accepts(TABLES[name], with_cell(one_row(TABLES[name]), "period", label)) is passes


def test_every_period_has_one_of_the_two_forms() -> None:
    for model in MODELS.values():
        if "period" in model.to_schema().columns:
            assert has_form(model, "period", MONTH) or has_form(model, "period", TAX_YEAR)


@pytest.mark.parametrize("column", ["utr", "nino", "company_number"])
def test_a_register_number_is_checked(column: str) -> None:
    model = TABLES["taxpayers"]
    assert not accepts(model, with_cell(one_row(model), column, "2955839661"))
