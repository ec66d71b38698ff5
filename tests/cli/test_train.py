"""``taxgap train``: the floor for noise is measured on the cases trained on, and kept in the card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from taxgap import risk
from taxgap.reasons.noise import noise_of
from taxgap.risk import RiskModel

pytestmark = pytest.mark.xdist_group("explain")


@pytest.fixture(autouse=True)
def _trained_before(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training itself is tested elsewhere."""
    monkeypatch.setattr(risk, "train", lambda *_, **__: RiskModel.load(workshop.model))


def test_the_noise_of_refits_is_kept_in_the_card(taxgap: Any, workshop: Any, tmp_path: Path) -> None:
    run = taxgap("train", workshop.records, "--out", tmp_path / "m", "--noise-refits", 2, "--seed", 5)
    assert run.status == 0
    told = json.loads((tmp_path / "m" / "card.json").read_text())["reason_noise"]
    assert (told["refits"], told["seed"]) == (2, 5)
    assert noise_of(RiskModel.load(tmp_path / "m")) == told["floors"]
    assert max(told["floors"].values()) > 0


def test_without_refits_the_card_says_nothing_of_noise(taxgap: Any, workshop: Any, tmp_path: Path) -> None:
    assert taxgap("train", workshop.records, "--out", tmp_path / "m").status == 0
    assert noise_of(RiskModel.load(tmp_path / "m")) is None


def test_one_refit_is_refused_before_the_training(taxgap: Any, workshop: Any, tmp_path: Path) -> None:
    run = taxgap("train", workshop.records, "--out", tmp_path / "m", "--noise-refits", 1, "--json")
    assert run.status == 2
    assert "at least 2 refits" in run.error["message"]
    assert not (tmp_path / "m").exists()
