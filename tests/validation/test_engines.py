"""Validation over a cluster: the same report and the same bytes as by one process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.records import Records
from taxgap.validation import validate

pytestmark = pytest.mark.xdist_group("running")  # which has the cluster

FEW = ["taxpayers", "self_assessment", "payments"]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_cluster_decides_no_byte(
    frames: dict[str, pd.DataFrame],
    write_records: Callable[..., Path],
    scheduler: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = {name: frames[name] for name in FEW}
    few["self_assessment"].loc[7, "turnover"] = -1.0
    write_records(few, tmp_path / "records", partitions=3)
    monkeypatch.chdir(tmp_path)  # where the workers are not
    alone = validate("records", out="alone", tables=FEW)
    spread = validate("records", out="spread", tables=FEW, engine="dask", scheduler=scheduler)
    assert not spread.passed
    assert spread.to_json() == alone.to_json()
    assert files(tmp_path / "spread") == files(tmp_path / "alone")
    assert spread.failing("self_assessment").equals(alone.failing("self_assessment"))


def test_records_in_memory_are_not_sent_to_a_cluster(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="checked by one process"):
        validate(Records.from_frames({}), engine="dask", out=tmp_path / "out")
    with pytest.raises(UsageError, match="no engine named 'spark'"):
        validate(Records.from_frames({}), engine="spark", out=tmp_path / "out")  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()
