"""What the page on training shows in Python runs."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import taxgap
from taxgap.records import Records
from taxgap.risk import fitting
from taxgap.risk.boosting import grow

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "train.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def names() -> dict[str, Any]:
    """What an analyst would have at hand: features, what was found, rivals, groups."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"mismatch": rng.exponential(size=600), "margin": rng.normal(size=600)})
    found = pd.Series(
        np.where(rng.random(600) < X["mismatch"] / 6, rng.lognormal(8.0, 1.0, 600), 0.0).round(2)
    )
    return {
        "X": X,
        "X_new": X.head(50),
        "tax_found": found,
        "material": found >= 1_000,
        "hours": pd.Series(5.0 + rng.random(600)),
        "probability": pd.Series(rng.uniform(0.1, 0.9, 600)),
        "random": pd.Series([True] * 600),
        "weight": pd.Series(1.0, X.index),
        "score": X["mismatch"],
        "rivals": {"random": rng.random(600)},
        "groups": pd.DataFrame({"nation": rng.choice(["England", "Wales"], 600)}),
    }


def test_the_blocks_run_one_after_another(
    workshop: Any, names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(taxgap, "train", partial(taxgap.train, folds=2, trials=1))
    # A few trees show that the page runs; what it takes to grow all of them is measured elsewhere.
    monkeypatch.setattr(
        fitting,
        "grow",
        lambda *data, growth, **rest: grow(*data, growth=replace(growth, n_estimators=5), **rest),
    )
    space: dict[str, Any] = {**names, "records": Records.open(workshop.records)}
    assert len(BLOCKS) == 5
    for block in BLOCKS:
        exec(compile(block, "train.md", "exec"), space)  # noqa: S102  the page is ours
    assert (tmp_path / "model" / "card.md").is_file()
    assert space["net"]["ranked_by"].eq("net_yield").all()
    assert space["found"].shape == (5,)
    assert space["found"].mean() > 0.05
    assert "random" in capsys.readouterr().out
