"""Damage of any kind, at any rows of a synthetic population, is found by the right rules and rows."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxgap.synthetic import generate
from taxgap.validation import validate
from tests.validation import (
    corruption_of_cells,
    corruption_of_dealings,
    corruption_of_periods,
    corruption_of_returns,
    corruption_of_rows,
    corruption_of_tables,
)
from tests.validation.consequences import add_consequences
from tests.validation.corruption import Frames, Kind, choose, open_to, owners, within
from tests.validation.corruption_of_tables import FILES, FileKind, places, write
from tests.validation.corruption_trial import (
    AS_OF,
    Struck,
    as_rows,
    assert_found,
    complete_by_partition,
    found_in,
    hold,
    is_predicted,
    rows_of,
    strike,
)

pytestmark = pytest.mark.xdist_group("corruption")

ALL = [
    *corruption_of_cells.KINDS,
    *corruption_of_returns.KINDS,
    *corruption_of_periods.KINDS,
    *corruption_of_rows.KINDS,
    *corruption_of_dealings.KINDS,
    *corruption_of_tables.KINDS,
]
KINDS = [kind for kind in ALL if not kind.unfound and not kind.mistaken]
PARTIAL = [kind for kind in KINDS if not kind.whole]


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """A synthetic population without the few taxpayers whose honest accounts earn a warning."""
    folder = tmp_path_factory.mktemp("corruption") / "population"
    records = generate(folder, taxpayers=300, years=2, seed=7, random_share=0.3, risk_share=0.2)
    report = validate(records)
    assert report.passed
    frames = {name: records.table(name) for name in records.tables}
    warned = {name: report.failing(name, "warn") for name in frames if name in set(report.findings["table"])}
    people = {str(owner) for name, rows in warned.items() for owner in owners(name, rows)}
    assert len(people) < 0.1 * len(frames["taxpayers"])
    return {name: _without(frame, name, people) for name, frame in frames.items()}


def _without(frame: pd.DataFrame, name: str, people: set[str]) -> pd.DataFrame:
    gone = owners(name, frame).isin(people)
    for column in ("other_id", "reporter_id"):
        if column in frame:
            gone |= frame[column].isin(people)
    return frame[~gone].reset_index(drop=True)


def in_groups(kinds: Iterable[Kind]) -> dict[str, list[Kind]]:
    """Put kinds of one table together, so that one validation serves several; whole tables stand alone.

    Firms are few, and can be hit by fewer kinds at once.
    """
    groups: dict[str, list[Kind]] = {}
    of_table: Counter[str] = Counter()
    for kind in kinds:
        most = 14 if kind.table in {"corporation_tax", "employer_paye"} else 20
        name = kind.name if kind.whole else f"{kind.table} {of_table[kind.table] // most}"
        of_table[kind.table] += not kind.whole
        groups.setdefault(name, []).append(kind)
    return groups


GROUPS = in_groups(KINDS)
GROUP_OF = {kind.name: name for name, kinds in GROUPS.items() for kind in kinds}


@pytest.fixture(scope="session")
def struck(clean: Frames) -> Callable[[str], Struck]:
    """Strike with each group of kinds once, at rows that are always the same."""

    @cache
    def of_group(name: str) -> Struck:
        return strike(clean, GROUPS[name], crc32(name.encode()), 2)

    return of_group


def test_the_clean_population_has_no_finding_and_follows_from_itself(clean: Frames) -> None:
    report = validate(hold(clean))
    assert [name for name in found_in(report, clean) if is_predicted(*name)] == []
    assert add_consequences(clean, set(clean), {}) == {}
    assert len({kind.name for kind in [*ALL, *FILES]}) == len(ALL) + len(FILES)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_is_found_where_it_struck(kind: Kind, struck: Callable[[str], Struck]) -> None:
    together = struck(GROUP_OF[kind.name])
    assert together.hit[kind.name]
    wanted = as_rows(together.frames, together.direct[kind.name])
    found = together.found
    assert {finding: found.get(finding, Counter()) & rows for finding, rows in wanted.items()} == wanted
    if not wanted and not kind.quiet:  # all that is to be found follows from rows that are gone or changed
        named = {cell for rows in found.values() for row in rows for cell in row}
        assert named & together.hit[kind.name]


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_else_is_found(group: str, struck: Callable[[str], Struck]) -> None:
    struck(group).check()


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.xfail(reason=kind.unfound, strict=True))
        for kind in ALL
        if kind.unfound
    ],
    ids=lambda kind: kind.name,
)
def test_what_no_rule_finds_yet(kind: Kind, clean: Frames) -> None:
    rng = np.random.default_rng(crc32(kind.name.encode()))
    frames = within(clean, kind.world)
    rows = choose(open_to(kind, clean), 5, rng)
    assert rows
    kind.strike(frames, rows, rng)
    report = validate(hold(frames), tables=list(kind.world))
    named = {
        row for (table, _), found in found_in(report, frames).items() for row in found if table == kind.table
    }
    assert set(rows_of(frames[kind.table].loc[rows], frames[kind.table].columns)) <= named


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.xfail(reason=kind.mistaken, strict=True))
        for kind in ALL
        if kind.mistaken
    ],
    ids=lambda kind: kind.name,
)
def test_what_validation_mistakes_yet(kind: Kind, clean: Frames) -> None:
    strike(clean, [kind], crc32(kind.name.encode()), 5).check(conserved=True)


def corrupt_files(clean: Frames, kind: FileKind, seed: int, *, conserved: bool = False) -> None:
    rng = np.random.default_rng(seed)
    frames = within(clean, kind.tables)
    where = places(frames)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "records"
        if kind.before:
            direct, lost = kind.damage(folder, frames, where, rng)
        write(frames, where, folder, AS_OF)
        if not kind.before:
            direct, lost = kind.damage(folder, frames, where, rng)
        report = validate(folder, tables=kind.tables, workers=1)
        expected = complete_by_partition(frames, where, set(kind.tables), direct, lost)
        assert_found(found_in(report, frames), frames, expected)
        if conserved:
            again = validate(report.trusted, tables=kind.tables, workers=1)
            assert again.rows["quarantined"].sum() == 0


@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind.name)
def test_each_kind_of_broken_file_is_found(kind: FileKind, clean: Frames) -> None:
    corrupt_files(clean, kind, crc32(kind.name.encode()))


one = given(kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32 - 1), count=st.integers(1, 5))
several = given(
    kinds=st.lists(st.sampled_from(PARTIAL), min_size=2, max_size=6, unique_by=lambda kind: kind.name),
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 5),
)
slow: Any = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=slow)
@one
def test_a_kind_is_found_at_any_rows(clean: Frames, kind: Kind, seed: int, count: int) -> None:
    strike(clean, [kind], seed, count).check(conserved=True)


@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=slow)
@several
def test_kinds_at_different_taxpayers_are_all_found(
    clean: Frames, kinds: list[Kind], seed: int, count: int
) -> None:
    strike(clean, kinds, seed, count).check(conserved=True)


@pytest.mark.long
@settings(max_examples=600, deadline=None, suppress_health_check=slow)
@one
def test_any_kind_at_any_rows(clean: Frames, kind: Kind, seed: int, count: int) -> None:
    strike(clean, [kind], seed, count).check(conserved=True)


@pytest.mark.long
@settings(max_examples=200, deadline=None, suppress_health_check=slow)
@several
def test_any_kinds_at_different_taxpayers(clean: Frames, kinds: list[Kind], seed: int, count: int) -> None:
    strike(clean, kinds, seed, count).check(conserved=True)


@pytest.mark.long
@settings(max_examples=150, deadline=None, suppress_health_check=slow)
@given(kind=st.sampled_from(FILES), seed=st.integers(0, 2**32 - 1))
def test_any_broken_file(clean: Frames, kind: FileKind, seed: int) -> None:
    corrupt_files(clean, kind, seed, conserved=True)
