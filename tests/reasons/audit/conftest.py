"""What the tests of an audit share: returns whose faults are known, and explanations of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from taxgap.peers import PeerGroups
from taxgap.reasons.audit.material import Material, name_reasons
from taxgap.reasons.audit.planted import Planted, planted_in
from taxgap.reasons.audit.settings import AuditSettings
from taxgap.reasons.audit.subject import Subject, subject_of
from taxgap.records import Records
from taxgap.regimes import Regime
from taxgap.risk.model import RiskModel

EVIDENCE = {
    "costs": ("expenses.total", "expenses.other", "margin.gross"),
    "interest": ("third_party.interest",),
    "lateness": ("timing.late", "timing.amended"),
    "traceless": (),
}
FIELDS = {
    "costs": ("other_expenses",),
    "interest": ("interest",),
    "lateness": ("turnover", "travel_costs"),
    "traceless": ("gift_aid",),
}


@pytest.fixture(scope="session")
def planted(regime: Regime, observed: pd.DataFrame) -> Planted:
    """Up to three mechanisms in most of the returns; some cost nothing, some are a small part."""
    random = np.random.default_rng(8)
    names = np.array(list(EVIDENCE))
    rows, kinds = np.nonzero(random.random((len(observed), len(names))) < (0.45, 0.25, 0.3, 0.04))
    tax = random.lognormal(6, 1.5, len(rows)).round(2) * (random.random(len(rows)) < 0.95)
    cases = pd.DataFrame(
        {
            "row": rows,
            "mechanism": names[kinds],
            "behaviour": np.where(random.random(len(rows)) < 0.6, "error", "evasion"),
            "tax": tax,
            "fields": [FIELDS[name] for name in names[kinds]],
        }
    )
    return planted_in(regime, cases, len(observed), EVIDENCE)


@pytest.fixture(scope="session")
def subject(regime: Regime, peers: PeerGroups, model: RiskModel) -> Subject:
    return subject_of(model, regime, peers)


@pytest.fixture(scope="session")
def make_material(
    subject: Subject, observed: pd.DataFrame, seen: pd.DataFrame, planted: Planted
) -> Callable[..., Material]:
    """Make material of the small population; anything in it can be given otherwise."""
    random = np.random.default_rng(9)
    score, explained = subject.score(seen), subject.explain(seen)
    flagged = score.score >= np.quantile(score.score, 0.4)
    scores = pd.DataFrame(
        {"score": score.score, "probability": score.probability, "rank": 0, "flagged": flagged},
        index=seen.index,
    )
    groups = pd.DataFrame(
        {
            "trade group": observed["trade_group"].astype("str").to_numpy(),
            "income decile": pd.Categorical(random.integers(1, 11, len(seen)).astype("str")),
            "nation": np.where(random.random(len(seen)) < 0.01, "Wales", "England"),
        },
        index=seen.index,
    )

    def make(**others: Any) -> Material:
        parts: dict[str, Any] = {
            "records": cast("Records", None),
            "subject": subject,
            "settings": AuditSettings(draws=100),
            "observed": observed,
            "seen": seen,
            "scores": scores,
            "cut": np.zeros(len(seen)),
            "weight": np.where(flagged, 1.0, 2.0),
            "contributions": explained,
            "reasons": name_reasons(subject, observed, explained),
            "counts": {"returns": 840, "flagged": int(flagged.sum())},
            "every_flagged": observed.index[flagged],
            "planted": planted,
        }
        material = Material(**(parts | others))
        material.__dict__["groups"] = groups.set_axis(material.index)
        return material

    return make


@pytest.fixture(scope="session")
def material(make_material: Callable[..., Material]) -> Material:
    return make_material()
