"""Kinds of damage on trial: all that is found is compared with all that must be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd

from taxgap.records import Records
from taxgap.schemas import RETURN_TABLES, TABLES
from taxgap.validation import ValidationReport, rules, validate
from taxgap.validation.value_types import typed
from tests.validation.consequences import add_consequences, visible
from tests.validation.corruption import Findings, Frames, Kind, Labels, choose, open_to, owners, within
from tests.validation.corruption_of_tables import PARTITIONS

Row: TypeAlias = tuple[str, ...]
Found: TypeAlias = dict[tuple[str, str], Counter[Row]]

AS_OF = "2026-09-30"
STRUCTURE = {"column_type", "empty_table"}
WARNINGS = {(rule.table, rule.code) for rule in rules if rule.severity == "warn"}
REJECTIONS = {(rule.table, rule.code) for rule in rules if rule.severity == "reject"}

PREDICTED = {
    *((table, rule) for table in RETURN_TABLES for rule in ("outside_registration", "version_order")),
    *(("self_assessment", rule) for rule in ("third_party_turnover", "tax_charged", "turnover_jump")),
    *(("vat", rule) for rule in ("period_length", "input_tax_rate", "output_tax_rate", "sales_jump")),
    *(("corporation_tax", rule) for rule in ("gap_between_periods", "corporation_tax", "turnover_jump")),
    *(("employer_paye", rule) for rule in ("construction_deduction", "pay_without_employees", "pay_jump")),
    *(("taxpayers", rule) for rule in ("birth_year_of_person", "company_number_of_company")),
    *(("links", rule) for rule in ("link_one_sided", "link_without_other_end")),
    ("registrations", "vat_scheme"),
    ("identities", "birth_years_differ"),
    ("taxpayers", "birth_year_to_come"),
    ("third_party", "reporter_unknown"),
    ("aggregates", "estimate_spans_zero"),
}
"""Warnings that are predicted. A warning of another rule is no concern of these trials."""


def hold(frames: Frames) -> Records:
    return Records.from_frames(frames, as_of=AS_OF)


def rows_of(frame: pd.DataFrame, columns: Iterable[str]) -> list[Row]:
    cells = frame[list(columns)].astype(object)
    empty = cells.isna().to_numpy()
    return [
        tuple("" if blank else str(cell) for cell, blank in zip(row, blanks, strict=True))
        for row, blanks in zip(cells.to_numpy(), empty, strict=True)
    ]


def found_in(report: ValidationReport, frames: Frames) -> Found:
    """Read all failing rows of all rules; a fault of a whole table has none."""
    found: Found = defaultdict(Counter)
    concerned = report.findings
    for table, severity in sorted(set(zip(concerned["table"], concerned["severity"], strict=True))):
        if table not in frames or not len(frames[table]):
            continue
        failing = report.failing(table, severity)
        if failing.empty:
            continue
        for row, codes in zip(rows_of(failing, frames[table].columns), failing["rule"], strict=True):
            for code in codes.split("; "):
                found[table, code][row] += 1
    for finding in concerned[concerned["count"] == 0].itertuples():
        found.setdefault((finding.table, finding.rule), Counter())
    return dict(found)


def complete(
    frames: Frames, world: set[str], direct: Findings, lost: dict[str, set[int]] | None = None
) -> Findings:
    """Add what follows from rejected rows, and take away warnings of rows that are rejected."""
    rejected = {name: set(rows) for name, rows in (lost or {}).items()}
    for (table, rule), rows in direct.items():
        if is_rejection(table, rule):
            rejected.setdefault(table, set()).update(rows)
    expected = {name: set(rows) for name, rows in direct.items()}
    for name, rows in add_consequences(visible(frames, AS_OF), world, rejected).items():
        expected[name] = expected.get(name, set()) | set(rows)
    for (table, rule), rows in expected.items():
        if not is_rejection(table, rule) and rule not in STRUCTURE:
            rows.difference_update(rejected.get(table, set()))
    return {name: sorted(rows) for name, rows in expected.items() if rows or not direct.get(name, [0])}


def complete_by_partition(
    frames: Frames, where: dict[str, pd.Series], world: set[str], direct: Findings, lost: dict[str, set[int]]
) -> Findings:
    """Add what follows within each partition, in which everything must lie that a row refers to."""
    expected: Findings = {name: [] for name, rows in direct.items() if not rows}
    for number in range(PARTITIONS):
        here = {name: frame[(where[name] == number).to_numpy()] for name, frame in frames.items()}
        own = {
            name: [row for row in rows if row in here[name[0]].index] for name, rows in direct.items() if rows
        }
        gone = {name: rows & set(here[name].index) for name, rows in lost.items()}
        for name, rows in complete(here, world, own, gone).items():
            expected[name] = [*expected.get(name, []), *rows]
    return {name: rows for name, rows in expected.items() if rows or name in direct}


def is_rejection(table: str, rule: str) -> bool:
    return rule not in STRUCTURE and ((table, rule) in REJECTIONS or (table, rule) not in WARNINGS)


def is_predicted(table: str, rule: str) -> bool:
    return (table, rule) in PREDICTED | REJECTIONS or (table, rule) not in WARNINGS


def as_rows(frames: Frames, findings: Findings) -> Found:
    return {
        (table, rule): Counter(rows_of(frames[table].loc[rows], frames[table].columns)) if rows else Counter()
        for (table, rule), rows in findings.items()
    }


def assert_found(
    all_found: Found,
    frames: Frames,
    expected: Findings,
    also: Collection[str] = (),
    hit: Collection[str] = (),
) -> None:
    """Compare all findings, but for warnings that taxpayers who were hit may get beside."""
    wanted = as_rows(frames, expected)
    found = {name: rows for name, rows in all_found.items() if is_predicted(*name)}
    for finding in [name for name in found if name[1] in also]:
        place = list(frames[finding[0]].columns).index("taxpayer_id")
        beside = {
            row: n
            for row, n in (found[finding] - wanted.get(finding, Counter())).items()
            if row[place] in hit
        }
        found[finding] -= Counter(beside)
    found = {name: rows for name, rows in found.items() if rows or name in wanted}
    missing = {name: rows - found.get(name, Counter()) for name, rows in wanted.items()}
    extra = {name: rows - wanted.get(name, Counter()) for name, rows in found.items()}
    for words, rest in (("not found", missing), ("found for nothing", extra)):
        assert not any(rest.values()), (words, {name: rows for name, rows in rest.items() if rows})
    assert set(found) == set(wanted)


def assert_conserved(report: ValidationReport, frames: Frames, expected: Findings, world: set[str]) -> None:
    """Hold each table to rows kept plus rows quarantined, and trusted rows to those that were never hit."""
    counts = report.rows.set_index("table")
    for name, frame in visible(frames, AS_OF).items():
        gone = {
            row
            for (table, rule), rows in expected.items()
            if table == name and is_rejection(table, rule)
            for row in rows
        }
        kept = frame.drop(index=list(gone))
        trusted = report.trusted.table(name)
        assert counts.loc[name, ["rows_in", "kept", "quarantined"]].tolist() == [
            len(frame),
            len(kept),
            len(gone),
        ]
        assert len(report.failing(name)) == len(gone)
        if len(kept):  # a table without a column keeps no row, and gets the column back
            good = typed(kept, TABLES[name]).reset_index(drop=True)
            own = trusted.reset_index(drop=True)  # its columns stand as they were given
            assert sorted(own.columns) == sorted(good.columns)
            pd.testing.assert_frame_equal(own[list(good.columns)], good, check_dtype=False)
    again = validate(report.trusted, tables=list(world))
    rejected = again.findings[again.findings["severity"] == "reject"]
    assert set(rejected["rule"]) <= {"missing_table", "empty_table"}
    assert again.rows["quarantined"].sum() == 0


@dataclass(frozen=True)
class Struck:
    """Frames that kinds of damage struck, what must be found and what was."""

    frames: Frames
    world: set[str]
    direct: dict[str, Findings]
    also: set[str]
    hit: dict[str, set[str]]
    report: ValidationReport

    @cached_property
    def found(self) -> Found:
        """All findings with all their rows."""
        return found_in(self.report, self.frames)

    def check(self, *, conserved: bool = False) -> None:
        """Compare all that was found with all that must be."""
        direct: Findings = {}
        for findings in self.direct.values():
            for finding, rows in findings.items():
                direct[finding] = [*direct.get(finding, []), *rows]
        expected = complete(self.frames, self.world, direct)
        assert_found(self.found, self.frames, expected, self.also, set().union(*self.hit.values()))
        if conserved:
            assert_conserved(self.report, self.frames, expected, self.world)


def strike(clean: Frames, kinds: Sequence[Kind], seed: int, count: int) -> Struck:
    """Let kinds strike rows of different taxpayers, those first that can strike the fewest."""
    rng = np.random.default_rng(seed)
    taken = {str(clean["taxpayers"].loc[0, "taxpayer_id"])}
    chosen: list[tuple[Kind, Labels]] = []
    places = {kind.name: open_to(kind, clean) for kind in kinds}
    for kind in sorted(kinds, key=lambda kind: len(places[kind.name])):
        rows = choose(places[kind.name], count, rng, taken)
        assert rows or len(kinds) > 1, f"no row can be hit by '{kind.name}'"
        if rows:
            taken.update(owners(kind.table, clean[kind.table].loc[rows]))
            chosen.append((kind, rows))
    world = {table for kind, _ in chosen for table in kind.world}
    frames = within(clean, world)
    direct = {kind.name: kind.strike(frames, rows, rng) for kind, rows in chosen}
    report = validate(hold(frames), tables=list(world))
    hit = {kind.name: set(owners(kind.table, clean[kind.table].loc[rows])) for kind, rows in chosen}
    return Struck(frames, world, direct, {rule for kind in kinds for rule in kind.also}, hit, report)
