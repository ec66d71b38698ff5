"""The workshop: a folder that appears whole, outlives a run that ends early, and belongs to one run."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from filelock import FileLock

from taxgap.errors import BusyError, UsageError
from taxgap.records import workshop as workshops
from taxgap.records.workshop import DONE, LOCK, PLAN, Workshop, is_busy, workshop

ONE = {"settings": {"seed": 1}}
MARKER = "manifest.json"


def make(
    out: Path, plan: dict[str, Any] = ONE, *, parts: int = 3, stop: Exception | None = None
) -> list[int]:
    """Make a folder of numbered parts, and say which were left to make."""
    made = []
    with workshop(out, plan, replace=False, marker=MARKER) as shop:
        for number in range(parts):
            if shop.done(str(number)) is None:
                if stop is not None and number == parts - 1:
                    raise stop
                (shop.folder / f"part-{number}").write_text(f"{plan} {number}")
                shop.finish(str(number), {"number": number})
                made.append(number)
        (shop.folder / MARKER).write_text("{}")
    return made


def hidden(out: Path) -> Path:
    return out.with_name(f".{out.name}.making")


def test_the_folder_appears_when_it_is_whole_and_holds_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    assert make(out) == [0, 1, 2]
    assert sorted(path.name for path in out.iterdir()) == [MARKER, "part-0", "part-1", "part-2"]
    assert list(out.parent.iterdir()) == [out]


def test_nothing_stands_under_the_name_while_it_is_made(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with workshop(out, ONE, replace=False, marker=MARKER) as shop:
        assert not out.exists()
        assert shop.folder == hidden(out)
        assert shop.done("0") is None
        shop.finish("0", {"rows": 3})
        assert shop.done("0") == {"rows": 3}
        assert shop.done("1") is None


def test_a_run_that_ended_early_is_taken_up(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(RuntimeError):
        make(out, stop=RuntimeError("broken"))
    assert not out.exists()
    assert make(out) == [2]
    assert (out / "part-0").exists()


def test_another_plan_starts_afresh(tmp_path: Path) -> None:
    out, other = tmp_path / "out", {"settings": {"seed": 2}}
    with pytest.raises(RuntimeError):
        make(out, stop=RuntimeError("broken"))
    assert make(out, other) == [0, 1, 2]
    assert (out / "part-0").read_text() == f"{other} 0"


def test_files_that_were_half_written_are_cleared(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(RuntimeError):
        make(out, stop=RuntimeError("broken"))
    half = hidden(out) / "records" / ".part-0002.parquet.99.tmp"
    half.parent.mkdir()
    half.write_text("half")
    make(out)
    assert not list(out.rglob("*.tmp"))


def test_a_folder_without_a_plan_is_not_taken_up(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(RuntimeError):
        make(out, stop=RuntimeError("broken"))
    (hidden(out) / PLAN).unlink()
    assert make(out) == [0, 1, 2]


def test_two_runs_do_not_make_the_same_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with workshop(out, ONE, replace=False, marker=MARKER) as shop:
        shop.finish("0", {})
        for plan in (ONE, {"settings": {"seed": 2}}):
            with pytest.raises(BusyError) as caught:
                make(out, plan)
            assert caught.value.exit_code == 6
        assert shop.done("0") == {}  # the other left it alone
    assert out.is_dir()


def test_two_folders_are_made_side_by_side(tmp_path: Path) -> None:
    with workshop(tmp_path / "one", ONE, replace=False, marker=MARKER):
        assert make(tmp_path / "two") == [0, 1, 2]


def test_a_full_disk_is_said_with_what_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="No space left") as caught:
        make(out, stop=OSError(28, os.strerror(28)))
    assert "What is finished is kept" in str(caught.value)
    assert make(out) == [2]


def test_an_error_of_a_file_inside_says_as_well_what_is_kept(tmp_path: Path) -> None:
    broken = UsageError("A file cannot be written.", where="part-2", remedy="Make room.")
    with pytest.raises(UsageError, match="A file cannot be written") as caught:
        make(tmp_path / "out", stop=broken)
    assert caught.value.where == "part-2"
    assert str(caught.value.remedy).startswith("Make room. What is finished is kept")


def test_what_stands_there_is_replaced_only_on_demand_and_only_if_it_is_of_the_kind(tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(out)
    with pytest.raises(UsageError, match="exists"):
        make(out)
    with workshop(out, ONE, replace=True, marker=MARKER) as shop:
        assert (out / MARKER).exists()  # until the new one is whole
        (shop.folder / "new").write_text("")
    assert [path.name for path in out.iterdir()] == ["new"]
    with pytest.raises(UsageError, match=MARKER), workshop(out, ONE, replace=True, marker=MARKER):
        pass


def test_the_folder_in_which_one_stands_can_be_named_by_a_dot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with workshop(Path(), ONE, replace=True, marker=MARKER) as shop:
        (shop.folder / MARKER).write_text("{}")
    assert (tmp_path / "here" / MARKER).exists()


def test_a_workshop_elsewhere_knows_the_same_parts(tmp_path: Path) -> None:
    Workshop(tmp_path).finish("7", {"rows": 1})
    assert Workshop(tmp_path).done("7") == {"rows": 1}


def test_a_run_to_go_on_with_must_be_there_and_be_the_same(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="no run to go on with"), resumed(out, ONE):
        pass
    with pytest.raises(RuntimeError):
        make(out, stop=RuntimeError())
    with pytest.raises(UsageError, match=f"differs in: {', '.join(sorted(ONE))}"), resumed(out, {}):
        pass
    with resumed(out, ONE) as shop:
        assert shop.done("0") == {"number": 0}
        (shop.folder / MARKER).touch()


def resumed(out: Path, plan: dict[str, Any]) -> Any:
    return workshop(out, plan, replace=False, marker=MARKER, resume=True)


class Cut(BaseException):
    """The process was killed here."""


@pytest.mark.parametrize("stands", [False, True])
@pytest.mark.parametrize("move", [1, 2])
def test_a_delivery_that_is_cut_off_loses_neither_the_old_output_nor_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, stands: bool, move: int
) -> None:
    out, other = tmp_path / "out", {"settings": {"seed": 2}}
    if stands:
        make(out)
    with monkeypatch.context() as patch:
        cut_off_at(move if stands else 1, patch)
        with pytest.raises(Cut):
            remake(out, other)
    assert remake(out, other) == []  # nothing is made anew
    assert (out / "part-0").read_text() == f"{other} 0"
    assert sorted(path.name for path in out.iterdir()) == [MARKER, "part-0", "part-1", "part-2"]
    assert list(tmp_path.iterdir()) == [out]


def test_what_a_delivery_leaves_behind_is_removed_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(workshops, "_end_delivery", lambda out: cut_off() if out.exists() else None)
        with pytest.raises(Cut):
            make(out)
    assert sorted(path.name for path in out.glob("[!.]*")) == [MARKER, "part-0", "part-1", "part-2"]
    with pytest.raises(UsageError, match="exists already"):
        make(out)
    assert sorted(path.name for path in out.iterdir()) == [MARKER, "part-0", "part-1", "part-2"]


def test_what_appears_under_the_name_meanwhile_is_not_removed(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def work() -> None:
        with workshop(out, ONE, replace=False, marker=MARKER) as shop:
            shop.finish("0", {})
            out.mkdir()
            (out / "somebody's").touch()

    with pytest.raises(UsageError, match="exists already") as caught:
        work()
    assert "What is finished is kept" in str(caught.value)
    assert (out / "somebody's").exists()


def test_what_was_cut_off_is_made_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(RuntimeError):
        make(out, stop=RuntimeError("broken"))
    (hidden(out) / DONE / "1.json").write_text('{"number')
    assert make(out) == [1, 2]
    with pytest.raises(RuntimeError):
        make(tmp_path / "two", stop=RuntimeError("broken"))
    (hidden(tmp_path / "two") / PLAN).write_text('{"sett')
    with pytest.raises(UsageError, match="differs"), resumed(tmp_path / "two", ONE):
        pass
    assert make(tmp_path / "two") == [0, 1, 2]


def test_an_error_that_is_not_of_the_output_stays_what_it_is(tmp_path: Path) -> None:
    for error in (ConnectionResetError("gone"), FileNotFoundError(2, "No such file", "records")):
        with pytest.raises(type(error)):
            make(tmp_path / "out", stop=error)


def test_nothing_is_said_to_be_kept_where_nothing_is(tmp_path: Path) -> None:
    broken = UsageError("A file cannot be written.", remedy="Make room.")
    with pytest.raises(UsageError) as caught:
        make(tmp_path / "out", parts=1, stop=broken)
    assert caught.value.remedy == "Make room."


def test_looking_whether_a_run_goes_on_does_not_stop_one_that_begins(tmp_path: Path) -> None:
    out = tmp_path / "out"
    hidden(out).mkdir()
    with FileLock(hidden(out) / LOCK, timeout=0, thread_local=False) as lock:
        assert is_busy(hidden(out))
        Timer(0.1, lock.release).start()
        assert make(out) == [0, 1, 2]


def cut_off() -> None:
    raise Cut


def cut_off_at(move: int, patch: pytest.MonkeyPatch) -> None:
    """Kill the process when a folder is to be renamed for the n-th time."""
    moves, replace = iter(range(1, move + 1)), Path.replace

    def replace_some(path: Path, target: Path) -> Path:
        if path.is_dir() and next(moves) == move:
            raise Cut
        return replace(path, target)

    patch.setattr(Path, "replace", replace_some)


def remake(out: Path, plan: dict[str, Any]) -> list[int]:
    """Make a folder in the place of one that may stand there."""
    made = []
    with workshop(out, plan, replace=True, marker=MARKER) as shop:
        for number in range(3):
            if shop.done(str(number)) is None:
                (shop.folder / f"part-{number}").write_text(f"{plan} {number}")
                shop.finish(str(number), {"number": number})
                made.append(number)
        (shop.folder / MARKER).write_text("{}")
    return made
