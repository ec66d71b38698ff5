"""Files and folders appear whole or not at all."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.records import Manifest
from taxgap.records.files import check_format, checksum, new_file, new_folder, read_json, write_json


def test_a_file_takes_its_name_when_it_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    with new_file(path) as temporary:
        temporary.write_text("content", "utf-8")
        assert not path.exists()
        assert temporary.parent == path.parent
    assert path.read_text("utf-8") == "content"
    assert list(path.parent.iterdir()) == [path]


def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old", "utf-8")

    def fail() -> None:
        with new_file(path) as temporary:
            temporary.write_text("new", "utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_takes_its_name_when_it_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "out"
    with new_folder(path) as temporary:
        (temporary / "a").write_text("a", "utf-8")
        assert not path.exists()
    assert [item.name for item in path.iterdir()] == ["a"]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("replace", [True, False])
def test_an_exception_leaves_no_folder(tmp_path: Path, replace: bool) -> None:
    def fail() -> None:
        with new_folder(tmp_path / "out", replace=replace) as temporary:
            (temporary / "a").write_text("a", "utf-8")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_something_else_wrote_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    (path / "thesis.txt").write_text("years of work", "utf-8")

    def write() -> None:
        with new_folder(path, replace=True, marker="card.json"):
            pass

    with pytest.raises(UsageError, match=r"holds no card.json"):
        write()
    assert (path / "thesis.txt").read_text("utf-8") == "years of work"


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    with new_folder(path, replace=True) as temporary:
        (temporary / "a").write_text("a", "utf-8")
    assert (path / "a").is_file()


def test_a_folder_is_replaced_only_on_request_and_only_by_a_finished_one(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    (path / "old").write_text("old", "utf-8")

    def write(name: str, *, replace: bool, fail: bool = False) -> None:
        with new_folder(path, replace=replace, marker="old") as temporary:
            (temporary / name).write_text(name, "utf-8")
            if fail:
                raise ValueError("stop")

    with pytest.raises(UsageError, match="exists already"):
        write("new", replace=False)
    with pytest.raises(ValueError, match="stop"):
        write("new", replace=True, fail=True)
    assert [item.name for item in path.iterdir()] == ["old"]
    write("new", replace=True)
    assert [item.name for item in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


def test_where_nothing_can_be_written_the_error_says_so(tmp_path: Path) -> None:
    # A file where a folder should be: unlike a folder without permission it stops every user.
    blocker = tmp_path / "blocker"
    blocker.write_text("x", "utf-8")

    def file() -> None:
        with new_file(blocker / "file.txt") as temporary:
            temporary.write_text("x", "utf-8")

    def folder() -> None:
        with new_folder(blocker / "out"):
            pass

    for write in (file, folder):
        with pytest.raises(UsageError, match=r"cannot be written.*Choose a folder") as raised:
            write()
        assert str(blocker) in str(raised.value.where)
    assert blocker.read_text("utf-8") == "x"


def test_a_checksum_is_the_sha256_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "big"
    content = bytes(range(256)) * 8_193
    path.write_bytes(content)
    assert checksum(path) == sha256(content).hexdigest()


def test_json_is_sorted_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"b": "é", "a": [1, None]})
    assert path.read_text("utf-8") == '{\n  "a": [\n    1,\n    null\n  ],\n  "b": "é"\n}\n'
    assert read_json(path) == {"a": [1, None], "b": "é"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "missing"),
        (b"{", "cannot be read as JSON"),
        (b"[1]", "no JSON object"),
        (b"\xff\xfe{", "cannot be read"),
    ],
)
def test_json_that_cannot_be_used_is_an_error_in_words(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidDataError, match=message):
        read_json(path)


@pytest.mark.parametrize("version", [3, None, "1", 1.5])
def test_a_newer_or_unknown_version_is_refused(version: object, tmp_path: Path) -> None:
    check_format({"format": "f", "format_version": 2}, name="f", version=2, where=tmp_path)
    with pytest.raises(IncompatibleError, match="version"):
        check_format({"format": "f", "format_version": version}, name="f", version=2, where=tmp_path)


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IncompatibleError, match="not a 'f' file"):
        check_format({"format": "g", "format_version": 1}, name="f", version=2, where=tmp_path)


def test_a_manifest_comes_back_as_it_was(tmp_path: Path) -> None:
    files = {
        "payments/part-0000.parquet": {"rows": 3},
        "payments/part-0001.parquet": {"rows": 4},
        "x/y": {"rows": 9},
    }
    manifest = Manifest("2026-09-30", ["2023-24"], 2, synthetic=True, seed=7, made_by={"a": 1}, files=files)
    manifest.write(tmp_path)
    assert Manifest.read(tmp_path) == manifest
    assert manifest.rows("payments") == 7
    assert manifest.rows("enquiries") == 0


def test_an_incomplete_manifest_is_refused_by_the_name_of_what_it_lacks(tmp_path: Path) -> None:
    Manifest("2026-09-30", ["2023-24"], 2, synthetic=True).write(tmp_path)
    path = tmp_path / "manifest.json"
    content = json.loads(path.read_text("utf-8"))
    del content["partitions"]
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(InvalidDataError, match="lacks 'partitions'"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("as_of", "soon"),
        ("as_of", None),
        ("as_of", "2026-02-30"),
        ("partitions", "2"),
        ("partitions", 0),
        ("partitions", True),
        ("periods", "2023-24"),
        ("files", []),
    ],
)
def test_a_manifest_that_says_nonsense_is_refused(field: str, value: object, tmp_path: Path) -> None:
    Manifest("2026-09-30", ["2023-24"], 2, synthetic=True).write(tmp_path)
    path = tmp_path / "manifest.json"
    content = json.loads(path.read_text("utf-8")) | {field: value}
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(InvalidDataError, match=field):
        Manifest.read(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a process cannot be asked for without ending it")
def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    begin = f".out.{platform.node()}"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    kept = [f"{begin}.{os.getppid()}.tmp", f".out.elsewhere.{ended.pid}.tmp", f".other.{ended.pid}.tmp"]
    for name in (f"{begin}.{ended.pid}.tmp", *kept):
        (tmp_path / name / "_laid_by").mkdir(parents=True)
    with new_folder(tmp_path / "out"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "out"])
