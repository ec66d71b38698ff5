"""The state of a run is told while it runs, when it was left off, and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from taxgap.batch import Progress, read_status, write_scores
from taxgap.batch.files import MANIFEST
from taxgap.errors import InvalidDataError
from taxgap.records import Records
from taxgap.records.files import read_json, write_json
from taxgap.records.workshop import DONE, making
from taxgap.risk.model import RiskModel

FAST = {"reasons": 1, "capacity_share": 0.08, "validate": False, "together": 1}


def test_a_run_is_told_from_its_beginning_to_its_end(
    parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    out, seen = tmp_path / "out", []

    def look(told: Progress) -> None:
        if told.event in {"step", "part"}:
            seen.append(read_status(out))
        if told.event == "part" and len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(InvalidDataError, match="no scores here"):
        read_status(out)
    with pytest.raises(KeyboardInterrupt):
        write_scores(parted, model, out, progress=look, **FAST)
    assert [status.state for status in seen] == ["running"] * 3
    assert [status.steps["look"] for status in seen] == [(0, 2), (1, 2), (2, 2)]
    left = read_status(out)
    assert left.state == "left off"
    assert left.steps["complete"] == (0, 2)
    assert left.ended == {"error": "KeyboardInterrupt", "exit_status": 130}
    assert "exit status 130" in left.to_text()
    assert "the same command goes on" in left.to_text()
    write_scores(parted, model, out, resume=True, **FAST)
    done = read_status(out)
    assert done.state == "finished"
    assert done.ended == {}
    assert not [path.name for path in out.glob(".*")]
    assert done.to_dict()["accounts"]["returns"]["scored"] > 0
    assert model.model_id in done.to_text()


def stop_at(step: str) -> Callable[[Progress], None]:
    def tell(told: Progress) -> None:
        if told.event == "part" and told.step == step:
            raise KeyboardInterrupt

    return tell


def test_steps_that_are_not_taken_are_not_counted(parted: Records, model: RiskModel, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        write_scores(parted, model, out, progress=stop_at("look"), **FAST | {"reasons": 0})
    assert read_status(out).steps == {"look": (1, 2), "complete": (0, 2)}


def test_what_other_partitions_said_is_asked_again_where_it_was_damaged(
    parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    out, checked = tmp_path / "out", FAST | {"validate": True}
    with pytest.raises(KeyboardInterrupt):
        write_scores(parted, model, out, progress=stop_at("look"), **checked)
    noted = next(path for path in (making(out) / "_run" / "noted").rglob("*") if path.is_file())
    noted.write_bytes(noted.read_bytes()[:-1] + b"?")
    write_scores(parted, model, out, resume=True, **checked)
    whole = write_scores(parted, model, tmp_path / "whole", **checked)
    assert (out / MANIFEST).read_bytes() == (whole / MANIFEST).read_bytes()


def test_what_earlier_processes_held_is_no_part_of_what_a_run_takes(
    parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    told: list[Progress] = []
    with pytest.raises(KeyboardInterrupt):
        write_scores(parted, model, tmp_path / "out", progress=stop_at("likelihood"), **FAST)
    for facts in (making(tmp_path / "out") / DONE).glob("look-*.json"):
        content = read_json(facts)
        write_json(facts, content | {"process": ["another", 10**15]})
    write_scores(parted, model, tmp_path / "out", progress=told.append, **FAST)
    assert told[-1].processes == 1
    assert told[-1].peak_memory < 10**15
