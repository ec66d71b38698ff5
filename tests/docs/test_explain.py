"""What the page on explaining shows runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

import taxgap
from taxgap.cli.main import main
from taxgap.publication import case_file_alike

mpl.use("Agg")

pytestmark = pytest.mark.xdist_group("explain")

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "how-to" / "explain.md").read_text()
CHECK = re.findall(
    r"^```python\n(.*?)^```$", (DOCS / "explanation" / "reasons.md").read_text(), re.MULTILINE | re.DOTALL
)
BLOCKS = re.findall(r"^```(python|console)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_blocks_run_one_after_another(
    workshop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (tmp_path / "population").symlink_to(workshop.population)
    (tmp_path / "model").symlink_to(workshop.model)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(case_file_alike, "CANDIDATES", 20)
    space: dict[str, Any] = {}
    assert len(BLOCKS) == 11
    for language, block in BLOCKS:
        if language == "python":
            exec(compile(block, "explain.md", "exec"), space)  # noqa: S102  the page is ours
        else:
            assert main(shlex.split(block)[1:]) == 0
    import matplotlib.pyplot as plt  # noqa: PLC0415 - after the backend was chosen

    plt.close("all")
    assert isinstance(space["why"], taxgap.Explanation)
    assert space["again"].about == space["why"].about
    assert space["one"].index.tolist() == [("T00000003", "2023-24")]
    assert len(space["largest"]) == 3
    assert space["difference"] < 1e-9
    assert len(space["refits"]) == space["sure"].about["refits"] == 20
    assert (tmp_path / "model-with-noise" / "card.json").is_file()
    assert "Taxpayer T00000003, Self Assessment 2023-24" in capsys.readouterr().out
    assert (tmp_path / "cases" / "case-T00000003-2023-24.html").is_file()


def test_the_check_of_the_other_page_runs(
    workshop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "population").symlink_to(workshop.population)
    (tmp_path / "model").symlink_to(workshop.model)
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    assert len(CHECK) == 1
    exec(compile(CHECK[0], "reasons.md", "exec"), space)  # noqa: S102  the page is ours
    ours, theirs, by_shap = (space[name].values.to_numpy() for name in ("ours", "theirs", "by_shap"))
    assert abs(ours - theirs).max() < 1e-9
    assert (theirs == by_shap).all()
    assert space["peers_ours"].baseline == "peers"
