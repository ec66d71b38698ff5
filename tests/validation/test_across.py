"""What holds over all partitions is judged exactly, by one process or by several."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxgap.errors import TaxGapError, UsageError
from taxgap.records import Records
from taxgap.records.partitions import partition_of
from taxgap.validation import ValidationReport, survey, validate, walk

Frames = dict[str, pd.DataFrame]
Write = Callable[..., Path]


@pytest.fixture
def damaged(frames: Frames) -> Frames:
    """Damage that can be seen only over all partitions, and some that cannot."""
    people = frames["taxpayers"]
    people.loc[5, "utr"] = people.loc[2, "utr"]
    people.loc[4, "nino"] = people.loc[1, "nino"]
    reports = frames["third_party"]
    reports.loc[[3, 9], "report_id"] = reports.loc[0, "report_id"]
    reports.loc[len(reports) - 1, "reporter_id"] = "X1"
    frames["links"].loc[7, "other_id"] = "X2"
    frames["links"] = frames["links"].drop(index=20)
    frames["self_assessment"].loc[7, "turnover"] = -1.0
    return frames


def found(report: ValidationReport) -> dict[tuple[str, str, str], int]:
    findings = report.findings
    own = findings[~findings["rule"].str.endswith("_rejected")]
    return own.groupby(["rule", "table", "column"])["count"].sum().to_dict()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_workers_write_the_same_bytes_as_one(
    damaged: Frames, write_records: Write, tmp_path: Path
) -> None:
    folder = write_records(damaged, tmp_path / "records", partitions=3)
    one = validate(folder, out=tmp_path / "one", workers=1)
    two = validate(folder, out=tmp_path / "two", workers=2)
    assert one.to_json() == two.to_json()
    assert files(tmp_path / "one") == files(tmp_path / "two")


@pytest.mark.parametrize("partitions", [1, 4])
def test_partitions_make_no_difference(
    partitions: int, damaged: Frames, write_records: Write, tmp_path: Path
) -> None:
    report = validate(write_records(damaged, tmp_path / "records", partitions))
    assert found(report) == {
        ("duplicate_key", "third_party", "report_id"): 2,
        ("unique_identifier", "taxpayers", "utr"): 1,
        ("unique_identifier", "taxpayers", "nino"): 2,
        ("out_of_range", "self_assessment", "turnover"): 1,
        ("link_without_other_end", "links", "other_id"): 1,
        ("link_one_sided", "links", "other_id"): 2,
        ("reporter_unknown", "third_party", "reporter_id"): 1,
    }


def test_texts_with_one_hash_are_not_the_same(
    damaged: Frames, write_records: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_records(damaged, tmp_path / "records", partitions=3)
    expected = validate(folder, workers=1).to_json()
    monkeypatch.setattr(survey, "_hashes", lambda cells, _unique: np.zeros(len(cells), dtype=np.uint64))
    assert validate(folder, workers=1).to_json() == expected


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(names=st.lists(st.integers(0, 9), min_size=12, max_size=12), partitions=st.integers(1, 4))
def test_of_rows_with_one_identifier_the_first_is_kept(
    names: list[int],
    partitions: int,
    clean_frames: Frames,
    write_records: Write,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    reports = clean_frames["third_party"].head(12).assign(report_id=[f"R{name}" for name in names])
    few = {"taxpayers": clean_frames["taxpayers"], "third_party": reports}
    folder = write_records(few, tmp_path_factory.mktemp("records") / "r", partitions)
    kept = validate(folder, tables=[*few]).trusted.table("third_party")
    place = partition_of(reports["taxpayer_id"], partitions)
    ordered = reports.iloc[np.argsort(place, kind="stable")]
    first = ordered.drop_duplicates("report_id").reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, first)


def test_a_register_that_cannot_be_read_says_nothing_of_who_is_on_it(
    damaged: Frames, write_records: Write, tmp_path: Path
) -> None:
    folder = write_records(damaged, tmp_path / "records", partitions=2)
    (folder / "taxpayers" / "part-0000.parquet").write_bytes(b"")
    rules = {rule for rule, *_ in found(validate(folder))}
    assert "unreadable_file" in rules
    assert not rules & {"reporter_unknown", "link_without_other_end"}


def test_one_end_of_a_link_may_be_unreadable(damaged: Frames, write_records: Write, tmp_path: Path) -> None:
    folder = write_records(damaged, tmp_path / "records", partitions=2)
    (folder / "links" / "part-0001.parquet").write_bytes(b"")
    assert "link_one_sided" not in {rule for rule, *_ in found(validate(folder))}


def end_at_once(_job: object) -> None:
    os._exit(9)


def test_a_worker_that_is_ended_is_a_clear_error_and_leaves_nothing(
    frames: Frames, write_records: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_records(frames, tmp_path / "records", partitions=2)
    monkeypatch.setattr(walk, "check_partition", end_at_once)
    with pytest.raises(TaxGapError, match="ended from outside"):
        validate(folder, out=tmp_path / "out", workers=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["records"]


def test_there_is_at_least_one_worker(records_of: Callable[[Frames], Records]) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        validate(records_of({}), workers=0)
