"""What the measures of VAT, Corporation Tax and PAYE must not depend on, and what they do without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.peers import GROUPS, PeerGroups
from taxgap.records import Manifest, Records
from taxgap.records.parquet import write_table
from taxgap.records.partitions import part_name, partition_of
from taxgap.regimes import Regime, get_regime
from taxgap.regimes.inputs import read_inputs
from taxgap.schemas import RETURN_TABLES, TABLES
from taxgap.schemas.codes import LINK_KINDS, REPORT_SOURCES

Row = dict[str, Any]
Frames = dict[str, pd.DataFrame]

YEARS = ["2021-22", "2022-23", "2023-24", "2024-25"]
NAMES = ["vat", "corporation_tax", "employer_paye"]
FIXED_AMOUNTS = {
    # What law or habit states in pounds: thresholds, limits, wages, round figures.
    *("below_threshold", "below_flat_rate_limit", "below_vat_threshold", "below_profits_limit"),
    *("pay_per_head", "round_boxes", "round_costs"),
}
CODES = {
    "vat": """third_party.takings third_party.imports third_party.platform accounts.turnover
        accounts.purchases margin.value_added margin.inputs margin.output_rate
        inputs.rate inputs.spike inputs.imports
        repayment.claim repayment.repeated repayment.new_trader change.sales change.purchases
        change.output_rate scheme.flat_rate scheme.threshold wages.cover timing.late timing.amended
        timing.registered_late network.chain network.shared shape.round""",
    "corporation_tax": """third_party.takings third_party.bank accounts.vat_sales accounts.vat_purchases
        accounts.payroll margin.gross margin.net expenses.premises expenses.travel expenses.other
        expenses.staff expenses.total directors.pay directors.loan directors.drawings reliefs.rd
        reliefs.rd_change reliefs.capital_allowances reliefs.losses change.turnover change.margin
        balance.net_assets scheme.threshold timing.late timing.amended network.shared shape.round""",
    "employer_paye": """wages.per_head wages.to_turnover wages.to_accounts wages.head_count directors.pay
        directors.loan subcontractors.share subcontractors.deductions subcontractors.change allowance.claim
        tax.rate nics.rate change.pay change.employees cis.suffered margin.labour third_party.takings
        network.shared timing.late timing.amended shape.round""",
}
"""The codes that other rooms name."""


@pytest.fixture(params=NAMES)
def regime(request: pytest.FixtureRequest) -> Regime:
    return get_regime(request.param)


@pytest.fixture(scope="module")
def draw(row: Callable[..., Row], hold: Callable[..., Records]) -> Callable[..., Frames]:
    """Draw a small population in which every measure has something to measure."""

    def run(firms: int = 24, scale: float = 1.0) -> Frames:
        random = np.random.default_rng(7)
        rows: dict[str, list[Row]] = {name: [] for name in (*RETURN_TABLES, "third_party", "obligations")}
        register: list[Row] = []
        for firm in range(firms):
            name, person = f"T{firm:02}", firm % 3 == 0
            tables = ["vat", "employer_paye", "self_assessment" if person else "corporation_tax"]
            for table, first, last in periods_of(tables, firm):
                own = row(table, first, last, name)
                for box in amounts_in(table):
                    own[box] = float(random.lognormal(9, 1) * (random.random() < 0.9) * scale)
                own |= {"employees": float(1 + firm % 4), "associated_companies": float(firm % 2)}
                own |= {"net_vat": float(random.normal(0, 999) * scale), "by_agent": firm % 2 == 0}
                rows[table].append(own)
                if firm % 5 == 0:
                    rows[table].append(own | {"version": 1, "turnover": 1.5 * own.get("turnover", 0.0)})
                due = pd.Timestamp(last) + pd.Timedelta(days=50)
                rows["obligations"].append(
                    {"taxpayer_id": name, "regime": table, "period": own["period"], "due_on": due}
                )
            for year in range(2021, 2025):
                for source in REPORT_SOURCES:
                    days = (f"{year}-01-01", f"{year}-12-31")
                    amount = float(random.lognormal(9, 1) * scale)
                    rows["third_party"].append(
                        row("third_party", *days, name, source=source, amount=amount, tax_deducted=amount / 9)
                    )
            since = pd.Timestamp(2021 + firm % 4, 5, 1)
            flat = firm % 4 == 0
            register.append(
                {"taxpayer_id": name, "regime": "vat", "effective_from": since, "late": float(firm % 2)}
                | {"scheme": "flat_rate" if flat else "standard", "flat_rate": 0.1 if flat else 0.0}
            )
        links = [
            {"taxpayer_id": f"T{i % firms:02}", "kind": kind, "other_id": f"T{(i + 1) % firms:02}"}
            | {"since": pd.Timestamp(2022, 1, 1) + pd.Timedelta(days=37 * i)}
            for i, kind in enumerate(LINK_KINDS * 4)
        ]
        records = hold(**rows, registrations=register, links=links)
        return {name: records.table(name) for name in records.tables}

    return run


def periods_of(tables: list[str], firm: int) -> list[tuple[str, str, str]]:
    """Quarters of one of three staggers; accounts to the end of a month; tax years."""
    found = []
    start = pd.Timestamp(2021, 4 + firm % 3, 1)
    for number in range(15):
        first = start + pd.DateOffset(months=3 * number)
        found.append(("vat", str(first.date()), str((first + pd.DateOffset(months=3, days=-1)).date())))
    for number in range(4):
        first = pd.Timestamp(2021, 1 + firm % 12, 1) + pd.DateOffset(years=number)
        last = first + pd.DateOffset(years=1, days=-1)
        found.append(("corporation_tax", str(first.date()), str(last.date())))
        year = (f"{2021 + number}-04-06", f"{2022 + number}-04-05")
        found += [(table, *year) for table in ("employer_paye", "self_assessment")]
    return [period for period in found if period[0] in tables]


def amounts_in(table: str) -> list[str]:
    others = {"version", "accounts_months", "employees", "associated_companies", "net_vat", "flat_rate"}
    columns = TABLES[table].to_schema().columns
    return [name for name, c in columns.items() if str(c.dtype) == "float64" and name not in others]


@pytest.fixture(scope="module")
def frames(draw: Callable[..., Frames]) -> Frames:
    return draw()


@pytest.fixture(scope="module")
def all_observed(frames: Frames) -> dict[str, pd.DataFrame]:
    return {name: measure(get_regime(name), frames) for name in NAMES}


@pytest.fixture
def observed(regime: Regime, all_observed: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return all_observed[regime.name]


def measure(regime: Regime, frames: Frames, years: list[str] = YEARS) -> pd.DataFrame:
    return regime.measure(Records.from_frames(frames), years)


def to_nothing(values: pd.Series) -> pd.Series:
    kind = "float64" if values.dtype.kind in "ib" else values.dtype
    return pd.Series(None, index=values.index, dtype=kind)


def test_a_regime_keeps_the_design(regime: Regime) -> None:
    assert 20 <= len(regime.codes) <= 30
    assert 28 <= len(regime.features) <= 42
    assert set(CODES[regime.name].split()) <= set(regime.code)
    needs = {need.split(".")[0] for feature in regime.features for need in feature.needs}
    assert "identities" not in needs
    assert not {need for feature in regime.features for need in feature.needs if "legal_form" in need}


def test_every_feature_is_measured_somewhere(regime: Regime, observed: pd.DataFrame) -> None:
    assert tuple(observed.columns) == regime.columns
    assert observed.index.is_unique
    assert observed.index.is_monotonic_increasing
    assert observed.columns[observed.isna().all()].tolist() == []
    assert np.isfinite(observed[list(regime.feature)].fillna(0.0)).all().all()


def test_no_feature_states_size_in_pounds(
    regime: Regime, draw: Callable[..., Frames], observed: pd.DataFrame
) -> None:
    features = [name for name in regime.feature if name not in FIXED_AMOUNTS]
    larger = measure(regime, draw(scale=3.7))[features]
    pd.testing.assert_frame_equal(observed[features], larger, rtol=1e-6)


def test_a_column_counts_only_for_the_features_that_say_they_need_it(regime: Regime, frames: Frames) -> None:
    needs_of = {**regime.groups, **{f.name: f.needs for f in regime.features}}
    every = sorted({need for needs in needs_of.values() for need in needs})
    tables = read_inputs(Records.from_frames(frames), every, YEARS, reach=regime.reach).tables
    computed = regime.compute(tables, YEARS)
    # Columns that the same features need are emptied together.
    users: dict[tuple[str, ...], list[str]] = {}
    for need in every:
        users.setdefault(tuple(name for name, needs in needs_of.items() if need in needs), []).append(need)
    for used_by, needs in users.items():
        emptied = dict(tables)
        for table, column in (need.split(".") for need in needs if not need.endswith(".received_on")):
            emptied[table] = emptied[table].assign(**{column: to_nothing(tables[table][column])})
        found = regime.compute(emptied, YEARS)
        others = [name for name in regime.feature if name not in used_by]
        changed = [n for n in others if not np.array_equal(found[n], computed[n], equal_nan=True)]
        assert not changed, f"{needs} change {changed}"


@pytest.mark.parametrize("table", [*RETURN_TABLES, "third_party", "registrations", "links", "taxpayers"])
def test_a_missing_table_switches_off_what_needs_it(
    regime: Regime, frames: Frames, observed: pd.DataFrame, table: str
) -> None:
    if table == regime.name:
        return
    without = {name: frame for name, frame in frames.items() if name != table}
    lost = regime.missing_features(Records.from_frames(without))
    assert all(
        any(need.startswith(f"{table}.") for need in regime.feature[n].needs) for n in lost if n not in GROUPS
    )
    found = measure(regime, without)
    kept = [name for name in regime.columns if name not in lost]
    pd.testing.assert_frame_equal(found[kept], observed[kept])
    assert found[[name for name in lost if name not in GROUPS]].isna().all().all()


def test_what_is_received_later_changes_nothing(
    regime: Regime, frames: Frames, observed: pd.DataFrame
) -> None:
    as_of = max(frame["received_on"].max() for frame in frames.values())
    later = {
        name: pd.concat([frame, frame.assign(received_on=as_of + pd.Timedelta(days=1))])
        for name, frame in frames.items()
    }
    records = Records.from_frames(later).known_at(as_of)
    pd.testing.assert_frame_equal(regime.measure(records, YEARS), observed)


def test_one_year_measured_alone_is_as_among_all(
    regime: Regime, frames: Frames, observed: pd.DataFrame
) -> None:
    for year in YEARS[1:3]:
        alone = measure(regime, frames, [year])
        assert len(alone)
        pd.testing.assert_frame_equal(alone, observed.loc[alone.index])


def test_a_return_belongs_to_the_tax_year_in_which_its_period_ends(regime: Regime, frames: Frames) -> None:
    periods = sorted(measure(regime, frames, ["2022-23"]).index.get_level_values("period").unique())
    if regime.name == "employer_paye":
        assert periods == ["2022-23"]
    else:
        assert len(periods) > 6
        assert periods[0] >= "2022-04"
        assert periods[-1] <= "2023-03"


def test_who_people_are_changes_no_measure(regime: Regime, frames: Frames, observed: pd.DataFrame) -> None:
    other = {
        "region": "Wales",
        "nation": "Wales",
        "birth_year": 1999.0,
        "legal_form": "trust",
        "utr": "1955839661",
    }
    found = measure(regime, {**frames, "taxpayers": frames["taxpayers"].assign(**other)})
    pd.testing.assert_frame_equal(found, observed)


def test_partitions_measured_apart_make_the_whole(
    regime: Regime, frames: Frames, observed: pd.DataFrame, tmp_path: Path
) -> None:
    for name, frame in frames.items():
        part = partition_of(frame["taxpayer_id"], 2)
        for number in range(2):
            write_table(
                tmp_path / name / part_name(number), frame[part == number], TABLES[name], synthetic=True
            )
    Manifest("2026-09-30", YEARS, partitions=2, synthetic=True).write(tmp_path)
    records = Records.open(tmp_path)
    parts = pd.concat([regime.measure(records, partition=number) for number in range(2)]).sort_index()
    pd.testing.assert_frame_equal(parts, observed)


def test_relative_features_become_positions(regime: Regime, observed: pd.DataFrame) -> None:
    seen = regime.compare(observed, PeerGroups.fit(observed, minimum=5))
    for name, feature in regime.feature.items():
        assert feature.relative or seen[name].equals(observed[name])
