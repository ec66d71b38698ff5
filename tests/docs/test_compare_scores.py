"""What the page on comparing scores shows runs, and its table names what there is."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from taxgap.batch import write_scores
from taxgap.batch.comparison.result import ScoreComparison
from taxgap.cli.main import main
from taxgap.records import Records
from taxgap.risk import RiskModel

pytestmark = pytest.mark.xdist_group("diff")

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "compare-scores.md").read_text()
BLOCKS = re.findall(r"^```(python|console)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.long
def test_the_blocks_run_one_after_another(
    workshop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    records, model = Records.open(workshop.records), RiskModel.load(workshop.model)
    few: dict[str, Any] = {"validate": False, "reasons": 1, "cutoff": 0.0, "periods": records.periods[-1:]}
    write_scores(records, model, "scores-monday", **few)
    write_scores(records, model, "scores-tuesday", **few, capacity_share=0.055)
    space: dict[str, Any] = {}
    assert len(BLOCKS) == 2
    for language, block in BLOCKS:
        if language == "python":
            exec(compile(block, "compare-scores.md", "exec"), space)  # noqa: S102  the page is ours
        else:
            assert [main(shlex.split(line)[1:]) for line in block.splitlines()] == [0, 0]
    assert space["found"].flags["new"].iloc[-1] == len(pd.read_parquet("changed.parquet"))
    assert set(space["figures"]["part"]) == {"returns", "flags", "ranks", "rule", "reasons", "drift"}
    assert "of the flags after are new." in capsys.readouterr().out


def test_every_table_is_on_the_page() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert named == {field.name for field in fields(ScoreComparison)} - {"equal_bytes", "notes"}
