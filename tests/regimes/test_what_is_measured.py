"""What measures must not depend on, and what they do when something is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError
from taxgap.peers import PeerGroups
from taxgap.records import Manifest, Records
from taxgap.records.parquet import write_table
from taxgap.records.partitions import part_name, partition_of
from taxgap.regimes import get_regime
from taxgap.regimes.inputs import Inputs, read_inputs
from taxgap.schemas import TABLES
from taxgap.schemas.codes import REPORT_SOURCES
from taxgap.schemas.self_assessment import EXPENSE_BOXES

Row = dict[str, Any]
Build = Callable[..., Row]
Assemble = Callable[..., Records]
Measure = Callable[..., pd.DataFrame]

REGIME = get_regime("self_assessment")
NEEDS_OF = {**REGIME.groups, **{feature.name: feature.needs for feature in REGIME.features}}
NEEDS = sorted({need for feature in REGIME.features for need in feature.needs})
PERIODS = ["2023-24", "2024-25"]
BOXES = (
    *("turnover", "other_business_income", *EXPENSE_BOXES, "capital_allowances", "cis_deductions"),
    *("rents", "property_repairs", "property_costs", "finance_costs"),
    *("interest", "dividends", "pension", "foreign_income", "other_income", "partnership_profit"),
    *("employment_pay", "tax_deducted", "employment_expenses", "pension_contributions", "gift_aid"),
)
FIXED_AMOUNTS = {
    # What law or habit states in pounds: thresholds, allowances, round figures.
    "vat_threshold_years", "trading_allowance_years", "property_allowance_years", "round_expenses",
    "reports_uncovered", "platform_uncovered",
}  # fmt: skip


@pytest.fixture(scope="module")
def draw(a_return: Build, a_report: Build, assemble: Assemble) -> Callable[..., Records]:
    """Draw a small population of two years in which every measure has something to measure."""

    def run(people: int = 40, scale: float = 1.0) -> Records:
        random = np.random.default_rng(11)
        returns, reports, registrations = [], [], []
        for person in range(people):
            name = f"T{person}"
            for period in PERIODS:
                amounts = random.lognormal(8, 1, len(BOXES)) * (random.random(len(BOXES)) < 0.8) * scale
                boxes = dict(zip(BOXES, amounts.tolist(), strict=True))
                row = a_return(
                    name, period, by_agent=person % 3 == 0, accounts_months=12.0 + person % 5, **boxes
                )
                returns.append(row)
                reported = random.lognormal(8, 1, len(REPORT_SOURCES)) * scale
                reports += [
                    a_report(source, amount, 100.0 * scale, taxpayer_id=name, period=period)
                    for source, amount in zip(REPORT_SOURCES, reported.tolist(), strict=True)
                ]
                if person % 7 == 0:
                    returns.append(row | {"version": 1, "turnover": row["turnover"] * 1.5})
            if person % 4 == 0:
                registrations.append({"taxpayer_id": name, "effective_from": pd.Timestamp("2024-01-01")})
        return assemble(returns, reports, registrations, trades={"T0": None, "T1": "49320"})

    return run


@pytest.fixture(scope="module")
def frames(draw: Callable[..., Records]) -> dict[str, pd.DataFrame]:
    records = draw()
    return {name: records.table(name) for name in records.tables}


@pytest.fixture(scope="module")
def observed(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return REGIME.measure(Records.from_frames(frames))


@pytest.fixture(scope="module")
def inputs(frames: dict[str, pd.DataFrame]) -> Inputs:
    needs = [need for needs in NEEDS_OF.values() for need in needs]
    return read_inputs(Records.from_frames(frames), needs, PERIODS)


@pytest.fixture(scope="module")
def computed(inputs: Inputs) -> pd.DataFrame:
    return REGIME.compute(inputs.tables, PERIODS)


def to_nothing(values: pd.Series) -> pd.Series:
    kind = "float64" if values.dtype.kind in "ib" else values.dtype
    return pd.Series(None, index=values.index, dtype=kind)


def test_every_feature_is_measured_somewhere(observed: pd.DataFrame) -> None:
    assert tuple(observed.columns) == REGIME.columns
    assert observed.notna().any().all()
    assert np.isfinite(observed[list(REGIME.feature)].fillna(0.0)).all().all()


def test_no_feature_states_size_in_pounds(observed: pd.DataFrame, draw: Callable[..., Records]) -> None:
    features = [name for name in REGIME.feature if name not in FIXED_AMOUNTS]
    larger = REGIME.measure(draw(scale=3.7))
    pd.testing.assert_frame_equal(observed[features], larger[features], rtol=1e-9)


@settings(max_examples=5, deadline=None)
@given(
    trades=st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(["turnover", *EXPENSE_BOXES]), st.integers(1, 9_999), min_size=2),
            st.integers(13, 23),
        ),
        min_size=1,
        max_size=12,
    ),
)
def test_the_transition_of_basis_periods_changes_nothing_by_itself(
    measure: Measure, a_return: Build, trades: list[tuple[dict[str, int], int]]
) -> None:
    def run(years: list[tuple[str, bool]]) -> pd.DataFrame:
        returns = []
        for person, (monthly, months) in enumerate(trades):
            for period, moves in years:
                length = months if moves else 12
                amounts = {box: float(amount * length) for box, amount in monthly.items()}
                returns.append(a_return(f"T{person}", period, accounts_months=float(length), **amounts))
        return measure(*returns)

    steady = run([("2022-23", False), ("2023-24", False), ("2024-25", False)])
    moving = run([("2022-23", False), ("2023-24", True), ("2024-25", False)])
    features = [name for name in REGIME.feature if name != "round_expenses"]
    pd.testing.assert_frame_equal(steady[features], moving[features], rtol=1e-12)
    changes = moving[["turnover_change", "expenses_change", "margin_change"]].dropna()
    assert (changes == [1.0, 1.0, 0.0]).all().all()


def test_the_transition_changes_no_comparison_with_reports(
    measure: Measure, a_return: Build, a_report: Build
) -> None:
    reports = [a_report("contractor", 18_000, period="2023-24")]
    steady = measure(a_return(period="2023-24", turnover=24_000.0), reports=reports)
    moving = measure(a_return(period="2023-24", turnover=46_000.0, accounts_months=23.0), reports=reports)
    started = measure(a_return(period="2023-24", turnover=24_000.0, accounts_months=5.0), reports=reports)
    assert [frame["reported_to_income"].item() for frame in (steady, moving, started)] == [0.75] * 3


@pytest.mark.parametrize("need", [need for need in NEEDS if not need.endswith(".received_on")])
def test_a_column_counts_only_for_the_features_that_say_they_need_it(
    inputs: Inputs, computed: pd.DataFrame, need: str
) -> None:
    table, column = need.split(".")
    emptied = inputs.tables[table].assign(**{column: to_nothing(inputs.tables[table][column])})
    found = REGIME.compute({**inputs.tables, table: emptied}, PERIODS)
    others = [feature.name for feature in REGIME.features if need not in feature.needs]
    np.testing.assert_array_equal(found[others], computed[others])


@pytest.mark.parametrize("need", ["self_assessment.cost_of_goods", "third_party.source", "taxpayers.sic2007"])
def test_a_missing_column_switches_off_the_features_that_need_it(
    frames: dict[str, pd.DataFrame], need: str
) -> None:
    table, column = need.split(".")
    records = Records.from_frames({**frames, table: frames[table].drop(columns=column)})
    lost = [name for name, needs in NEEDS_OF.items() if need in needs]
    assert REGIME.missing_features(records) == lost
    found = REGIME.measure(records)[list(REGIME.feature)]
    assert found.columns[found.isna().all()].tolist() == [name for name in lost if name in REGIME.feature]


@pytest.mark.parametrize("table", ["third_party", "registrations", "obligations", "taxpayers"])
def test_a_missing_table_switches_off_what_needs_it(
    frames: dict[str, pd.DataFrame], observed: pd.DataFrame, table: str
) -> None:
    records = Records.from_frames({name: frame for name, frame in frames.items() if name != table})
    lost = REGIME.missing_features(records)
    assert lost == [n for n, needs in NEEDS_OF.items() if any(need.startswith(f"{table}.") for need in needs)]
    found = REGIME.measure(records)
    kept = [name for name in REGIME.columns if name not in lost]
    pd.testing.assert_frame_equal(found[kept], observed[kept])


def test_records_without_returns_or_keys_are_refused(frames: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(InvalidDataError, match="no returns"):
        REGIME.measure(Records.from_frames({n: f for n, f in frames.items() if n != "self_assessment"}))
    unkeyed = frames["third_party"].drop(columns="period")
    with pytest.raises(InvalidDataError, match="'third_party' lacks period"):
        REGIME.measure(Records.from_frames({**frames, "third_party": unkeyed}))


def test_without_trades_everyone_is_compared_by_size(frames: dict[str, pd.DataFrame]) -> None:
    found = REGIME.measure(Records.from_frames({n: f for n, f in frames.items() if n != "taxpayers"}))
    assert found["trade_group"].unique().tolist() == ["none"]


def test_who_people_are_changes_no_measure(frames: dict[str, pd.DataFrame], observed: pd.DataFrame) -> None:
    someone_else = frames["taxpayers"].assign(
        region="Wales",
        nation="Wales",
        birth_year=1999,
        nino="QQ123456A",
        utr="1955839661",
        legal_form="trust",
    )
    found = REGIME.measure(Records.from_frames({**frames, "taxpayers": someone_else}))
    pd.testing.assert_frame_equal(found, observed)


def test_what_is_received_later_changes_nothing(
    frames: dict[str, pd.DataFrame], observed: pd.DataFrame
) -> None:
    as_of = max(frame["received_on"].max() for frame in frames.values())
    later = {
        name: pd.concat([frame, frame.assign(received_on=as_of + pd.Timedelta(days=1))])
        for name, frame in frames.items()
    }
    records = Records.from_frames(later).known_at(as_of)
    pd.testing.assert_frame_equal(REGIME.measure(records), observed)


def test_partitions_measured_apart_make_the_whole(
    frames: dict[str, pd.DataFrame], observed: pd.DataFrame, tmp_path: Path
) -> None:
    for name, frame in frames.items():
        part = partition_of(frame["taxpayer_id"], 3)
        for number in range(3):
            write_table(
                tmp_path / name / part_name(number), frame[part == number], TABLES[name], synthetic=True
            )
    Manifest("2026-09-30", PERIODS, partitions=3, synthetic=True).write(tmp_path)
    records = Records.open(tmp_path)
    parts = [REGIME.measure(records, partition=number) for number in range(3)]
    assert all(len(part) for part in parts)
    pd.testing.assert_frame_equal(pd.concat(parts).sort_index(), observed)
    pd.testing.assert_frame_equal(REGIME.measure(records), observed)


def test_the_model_sees_positions_for_relative_features_and_values_for_the_rest(
    observed: pd.DataFrame,
) -> None:
    peers = PeerGroups.fit(observed, minimum=5)
    seen = REGIME.compare(observed, peers)
    assert seen.index.equals(observed.index)
    assert tuple(seen.columns) == REGIME.columns
    for name, feature in REGIME.feature.items():
        expected = peers.position(observed, name) if feature.relative else observed[name]
        pd.testing.assert_series_equal(seen[name], expected)
    assert {name for name, feature in REGIME.feature.items() if feature.relative} > {"expenses_to_turnover"}


def test_peers_rebuilt_from_their_rows_can_be_compared_too(observed: pd.DataFrame) -> None:
    peers = PeerGroups.fit(observed, minimum=5)
    background = REGIME.compare(peers.rows, peers)
    assert len(background) == len(observed)
    assert tuple(background.columns) == REGIME.columns
