"""Planted manipulations: named where the evidence is clear, and counted as they should be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.bands import FEWEST
from taxgap.reasons.audit.material import Material, gather_material
from taxgap.reasons.audit.planting import named
from taxgap.reasons.audit.planting.manipulations import Manipulation
from taxgap.reasons.audit.planting.named import measure_planting
from taxgap.reasons.audit.settings import AuditSettings
from taxgap.reasons.audit.subject import subject_of
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel
from taxgap.risk.suitability import peers_of

pytestmark = pytest.mark.xdist_group("named")


@pytest.fixture(scope="module")
def found(workshop: Any) -> Material:
    """Returns explained by how much of the interest that banks report is not declared."""

    class Interest:
        def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
            missing = np.clip(X["interest_unmatched"].fillna(0).to_numpy(), 0, 0.99)
            return np.column_stack([1 - missing, missing])

    def explain(seen: pd.DataFrame) -> pd.DataFrame:
        return seen[["interest_unmatched"]].fillna(0.0)

    peers = peers_of(RiskModel.load(workshop.model))
    subject = subject_of(Interest(), get_regime("self_assessment"), peers, attributions=explain, cutoff=0.3)
    records = Records.open(workshop.records)
    return gather_material(records, subject, AuditSettings(returns=500, draws=40, capacity_share=0.3))


def _nothing(returns: pd.DataFrame, _random: np.random.Generator) -> pd.DataFrame:
    return 0.0 * returns[["interest"]]


def _has_interest(returns: pd.DataFrame) -> pd.Series:
    return returns["interest"] > 500


def plan(*evidence: str) -> tuple[Manipulation, ...]:
    return (Manipulation("interest_away", _nothing, evidence, _has_interest, "Interest is left out"),)


def test_what_the_explanation_names_is_found(found: Material) -> None:
    part = measure_planting(found, plan("third_party.interest"))
    figures = part.figures[part.figures["group_by"] == ""].set_index("measure")
    assert figures.loc["recall@3 of all", "value"] > 0.6
    assert part.findings["planting"].value == 1.0
    assert 0 < figures.loc["recall@3 of all", "chance"] < 0.15


def test_what_it_does_not_name_is_not(found: Material) -> None:
    part = measure_planting(found, plan("timing.late"))
    assert part.findings["planting"].value == 0.0


def test_few_flagged_returns_are_no_verdict(found: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    part = measure_planting(found, plan("third_party.interest"))
    assert (part.findings["planting"].n < FEWEST) == ("planting" in part.unasked)
    monkeypatch.setattr(named, "FEWEST", part.findings["planting"].n + 1)
    few = measure_planting(found, plan("third_party.interest"))
    assert f"{few.findings['planting'].n} of" in few.unasked["planting"]
    monkeypatch.setattr(named, "FEWEST", part.findings["planting"].n)
    assert measure_planting(found, plan("third_party.interest")).unasked == {}


def test_manipulations_that_no_flagged_return_shows_are_named(found: Material) -> None:
    gifts = Manipulation(
        "gifts_invented",
        lambda returns, _: returns[["gift_aid"]] + 100,
        ("reliefs.gift_aid",),
        lambda returns: returns["interest"] == 0,
        "Gifts are invented",
    )
    part = measure_planting(found, [*plan("third_party.interest"), gifts])
    shown, unseen = part.notes
    assert f"Interest is left out: {part.findings['planting'].n} of " in shown
    assert "Gifts are invented: 0 of " in shown
    assert unseen.endswith("says nothing of them: Gifts are invented.")
    assert len(measure_planting(found, plan("third_party.interest")).notes) == 1


def test_it_is_left_out_where_nothing_can_be_planted(found: Material) -> None:
    nobody = Manipulation(
        "none", _nothing, ("timing.late",), lambda returns: returns["interest"] < 0, "Nothing"
    )
    assert measure_planting(found, [nobody]).left_out
    assert measure_planting(found, []).left_out
