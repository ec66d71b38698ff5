"""Scores as CSV: the same rows, by RFC 4180, whole or not at all."""

from __future__ import annotations

import csv
import gzip
import io
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyarrow import csv as read

from taxgap.batch.delivery import deliver_scores
from taxgap.errors import InvalidDataError, UsageError


def test_a_file_holds_what_the_parts_hold(make_scores: Any, tmp_path: Path) -> None:
    scores, path = make_scores(), tmp_path / "out" / "night.csv"
    done = deliver_scores(scores, path)
    content = path.read_bytes()
    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    expected = pd.concat(pd.read_parquet(part) for part in sorted(scores.glob("*.parquet")))
    assert rows[0] == list(expected.columns)
    assert [row[0] for row in rows[1:]] == expected["taxpayer_id"].tolist()
    assert rows[1][-1] == 'say "a",\nb'
    assert (rows[2][4], rows[4][-1]) == ("", "")
    lines = content.split(b"\r\n")
    assert lines[3].endswith(b",")  # nothing
    assert lines[4].endswith(b',""')  # an empty text
    assert len(lines) == 102
    assert (done.rows, done.changed, done.formulas) == (100, True, 2)
    assert b'"=A1"' in content
    assert "2 texts begin like a formula" in done.to_text()


def test_numbers_come_back_to_the_last_bit(make_scores: Any, tmp_path: Path) -> None:
    scores = make_scores()
    deliver_scores(scores, tmp_path / "night.csv")
    options = read.ParseOptions(newlines_in_values=True)
    found = read.read_csv(tmp_path / "night.csv", parse_options=options).to_pandas()
    expected = pd.concat([pd.read_parquet(part) for part in sorted(scores.glob("*.parquet"))])
    for column in ("probability", "rank", "flagged"):
        assert found[column].equals(expected[column].reset_index(drop=True))


def test_the_same_scores_give_the_same_bytes(make_scores: Any, tmp_path: Path) -> None:
    scores = make_scores()
    for name in ("a.csv", "b.csv", "a.csv.gz", "b.csv.gz"):
        deliver_scores(scores, tmp_path / name)
    plain = (tmp_path / "a.csv").read_bytes()
    assert (tmp_path / "b.csv").read_bytes() == plain
    packed = (tmp_path / "a.csv.gz").read_bytes()
    assert (tmp_path / "b.csv.gz").read_bytes() == packed
    assert gzip.decompress(packed) == plain


def test_another_file_is_replaced_only_when_asked(make_scores: Any, tmp_path: Path) -> None:
    path = tmp_path / "night.csv"
    first, second = make_scores(), make_scores(seed=2)
    deliver_scores(first, path)
    before = path.read_bytes()
    again = deliver_scores(first, path)
    assert not again.changed
    assert "Nothing to do" in again.to_text()
    with pytest.raises(UsageError, match="holds other scores") as caught:
        deliver_scores(second, path)
    assert "--replace" in str(caught.value.remedy)
    assert path.read_bytes() == before
    assert deliver_scores(second, path, replace=True).changed
    assert path.read_bytes() != before


def test_a_part_that_is_not_what_was_written_leaves_nothing(make_scores: Any, tmp_path: Path) -> None:
    scores, out = make_scores(), tmp_path / "out"
    part = scores / "part-0001.parquet"
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(InvalidDataError, match="not the one that was written") as caught:
        deliver_scores(scores, out / "night.csv")
    assert "part-0001" in str(caught.value.where)
    assert list(out.iterdir()) == []


def test_what_a_killed_delivery_left_is_removed(make_scores: Any, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    out = tmp_path / "out"
    out.mkdir()
    left = out / f".night.csv.{platform.node()}.{process.pid}.tmp"
    left.touch()
    deliver_scores(make_scores(), out / "night.csv")
    assert not left.exists()
    assert (out / "night.csv").is_file()


def test_standard_output_is_written_after_every_part_was_checked(
    make_scores: Any, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    scores = make_scores()
    deliver_scores(scores, tmp_path / "night.csv")
    deliver_scores(scores, "-")
    assert capsysbinary.readouterr().out == (tmp_path / "night.csv").read_bytes()
    (scores / "part-0001.parquet").unlink()
    with pytest.raises(InvalidDataError, match="is missing"):
        deliver_scores(scores, "-")
    assert capsysbinary.readouterr().out == b""


def test_a_reader_that_ends_early_is_said(
    make_scores: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(UsageError, match="ended before it had all"):
            deliver_scores(make_scores(rows=2_000), "-")
    monkeypatch.undo()


@pytest.mark.parametrize("target", ["night.xlsx", "mysql://server/night", "night"])
def test_a_target_of_another_kind_is_refused_with_those_there_are(make_scores: Any, target: str) -> None:
    with pytest.raises(UsageError) as caught:
        deliver_scores(make_scores(), target)
    assert caught.value.available


def test_a_folder_without_scores_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="no scores here"):
        deliver_scores(tmp_path, tmp_path / "night.csv")
