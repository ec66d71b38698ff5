"""The state of a run is told while it runs, when it was left off, and when it is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxgap.batch import Progress, read_status, write_scores
from taxgap.errors import InvalidDataError
from taxgap.records import Records
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
    assert "give the same command again" in left.to_text()
    write_scores(parted, model, out, resume=True, **FAST)
    done = read_status(out)
    assert done.state == "finished"
    assert done.to_dict()["accounts"]["returns"]["scored"] > 0
    assert model.model_id in done.to_text()
