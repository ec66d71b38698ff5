"""The log of a shelf: what was written is told from what was changed, removed, cut or torn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from taxgap.errors import BusyError, IncompatibleError, InvalidDataError, UsageError
from taxgap.monitoring.models import log as logs
from taxgap.monitoring.models.entries import Entry
from taxgap.monitoring.models.log import HEAD, LOCK, LOG, append, locked, read_log


def entry(model_id: str, **more: str) -> Entry:
    return Entry(action="add", regime="vat", model_id=model_id, by="A. Officer", card="c", **more)


def write(shelf: Path, *names: str) -> None:
    for name in names:
        with locked(shelf):
            append(shelf, read_log(shelf), entry(name))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shelf whose log has four lines."""
    write(tmp_path, "a", "b", "c", "d")
    return tmp_path


def lines_of(folder: Path) -> list[bytes]:
    return (folder / LOG).read_bytes().splitlines(keepends=True)


def test_what_is_written_is_read(folder: Path) -> None:
    found = read_log(folder)
    assert [each.model_id for each in found.entries] == ["a", "b", "c", "d"]
    assert all(each.time.endswith("+00:00") for each in found.entries)
    told = [json.loads(line) for line in lines_of(folder)]
    assert [line["sequence"] for line in told] == [1, 2, 3, 4]
    assert all(line["format"] == 1 for line in told)


def test_an_empty_folder_has_an_empty_log(tmp_path: Path) -> None:
    assert read_log(tmp_path) == logs.Log()


def test_text_of_any_kind_stays_in_its_line(tmp_path: Path) -> None:
    with locked(tmp_path):
        append(tmp_path, read_log(tmp_path), entry("a", reason='one\ntwo "three" \u2028 £\0'))
    assert read_log(tmp_path).entries[0].reason == 'one\ntwo "three" \u2028 £\0'


@pytest.mark.parametrize("line", [1, 2, 3, 4])
def test_a_changed_byte_is_noticed_in_every_line(folder: Path, line: int) -> None:
    lines = lines_of(folder)
    lines[line - 1] = lines[line - 1].replace(b"Officer", b"Offiser")
    (folder / LOG).write_bytes(b"".join(lines))
    with pytest.raises(InvalidDataError, match=f"[Ll]ine {line} (was changed|is not the one)"):
        read_log(folder)


def test_every_byte_counts(folder: Path) -> None:
    whole = (folder / LOG).read_bytes()
    for place in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[place] ^= 1
        (folder / LOG).write_bytes(bytes(changed))
        with pytest.raises((InvalidDataError, IncompatibleError), match=r"line|format"):
            read_log(folder)


@pytest.mark.parametrize("line", [1, 2, 3, 4])
def test_a_removed_line_is_noticed(folder: Path, line: int) -> None:
    lines = lines_of(folder)
    del lines[line - 1]
    (folder / LOG).write_bytes(b"".join(lines))
    with pytest.raises(InvalidDataError, match=f"Line {line} ") as caught:
        read_log(folder)
    assert f"line {line}" in str(caught.value.where)


def test_swapped_added_and_emptied_lines_are_noticed(folder: Path) -> None:
    lines = lines_of(folder)
    for content in ([lines[1], lines[0], *lines[2:]], [*lines, lines[3]], [*lines, b"\n"], []):
        (folder / LOG).write_bytes(b"".join(content))
        with pytest.raises(InvalidDataError, match="not what was written"):
            read_log(folder)


def test_a_log_without_its_head_is_noticed(folder: Path) -> None:
    (folder / HEAD).unlink()
    with pytest.raises(InvalidDataError, match="head is missing"):
        read_log(folder)


def test_a_newer_format_is_refused_by_name(folder: Path) -> None:
    changed = (folder / LOG).read_bytes().replace(b'"format": 1', b'"format": 2')
    (folder / LOG).write_bytes(changed)
    with pytest.raises(IncompatibleError, match="newer than 1"):
        read_log(folder)


def tear(folder: Path, kept: int) -> bytes:
    """Write a fifth line of which only the first bytes reached the disk, as when the writer is killed."""
    head, size = (folder / HEAD).read_bytes(), (folder / LOG).stat().st_size
    write(folder, "e")
    (folder / HEAD).write_bytes(head)
    os.truncate(folder / LOG, size + kept)
    return (folder / LOG).read_bytes()[size:]


@pytest.mark.parametrize("kept", [1, 20, 60, 150, 240])
def test_a_torn_line_counts_for_nothing_until_the_next_write(folder: Path, kept: int) -> None:
    torn = tear(folder, kept)
    before = (folder / LOG).read_bytes()
    found = read_log(folder)
    assert (len(found.entries), found.torn) == (4, torn)
    assert (folder / LOG).read_bytes() == before, "reading repairs nothing"
    write(folder, "f", "g")
    found = read_log(folder)
    assert [each.model_id for each in found.entries] == ["a", "b", "c", "d", "f", "g"]
    assert f"{kept} bytes" in str(found.entries[4].note)
    assert found.entries[5].note is None
    assert found.torn == b""


def test_a_cut_line_is_no_torn_line(folder: Path) -> None:
    whole = (folder / LOG).read_bytes()
    (folder / LOG).write_bytes(whole[:-30])
    with pytest.raises(InvalidDataError, match="Line 4 was cut or removed"):
        read_log(folder)


def test_what_no_writer_would_begin_is_no_torn_line(folder: Path) -> None:
    with (folder / LOG).open("ab") as file:
        file.write(b'{"format": 1, "sequence": 9')
    with pytest.raises(InvalidDataError, match="Line 5 was added or changed by hand"):
        read_log(folder)


def test_a_writer_killed_before_it_moved_the_head_has_written(folder: Path) -> None:
    head = (folder / HEAD).read_bytes()
    write(folder, "e")
    (folder / HEAD).write_bytes(head)
    assert len(read_log(folder).entries) == 5
    write(folder, "f")
    assert json.loads((folder / HEAD).read_bytes())["lines"] == 6


@pytest.mark.parametrize("step", ["_write_line", "_move_head"])
def test_a_full_disk_leaves_the_log_as_it_was(
    folder: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / LOG).read_bytes()
    done = logs._write_head

    def fail(shelf: Path, lines: int, last: str) -> None:
        if lines > 4:
            raise OSError(28, "No space left on device")
        done(shelf, lines, last)

    def write_nothing(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if step == "_write_line":
        monkeypatch.setattr(logs, step, write_nothing)
    else:
        monkeypatch.setattr(logs, "_write_head", fail)
    with pytest.raises(UsageError, match="No space left"):
        write(folder, "e")
    monkeypatch.undo()
    assert (folder / LOG).read_bytes() == before
    assert len(read_log(folder).entries) == 4


def test_a_shelf_that_is_held_is_busy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "PATIENCE", 0.05)
    with FileLock(folder / LOCK), pytest.raises(BusyError):
        write(folder, "e")
    write(folder, "e")


def test_threads_lose_no_line(tmp_path: Path) -> None:
    names = [f"model-{number}" for number in range(24)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: write(tmp_path, name), names))
    assert sorted(each.model_id for each in read_log(tmp_path).entries) == sorted(names)


WRITER = """
import sys
from pathlib import Path
from taxgap.monitoring.models.entries import Entry
from taxgap.monitoring.models.log import append, locked, read_log
shelf, name = Path(sys.argv[1]), sys.argv[2]
for number in range(20):
    with locked(shelf):
        own = Entry(action="add", regime="vat", model_id=f"{name}{number}", by="A. Officer", card="c")
        append(shelf, read_log(shelf), own)
"""


def test_processes_lose_no_line(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    running = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [process.wait() for process in running] == [0, 0]
    found = [each.model_id for each in read_log(tmp_path).entries]
    assert sorted(found) == sorted(f"{name}{number}" for name in "ab" for number in range(20))
