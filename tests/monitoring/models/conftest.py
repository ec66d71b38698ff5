"""Models to put on a shelf: three tiny ones, and two real ones of which one learnt from shuffled labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxgap.monitoring.models import ModelShelf
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel
from taxgap.risk.cases import Part, gather_cases


def make_tiny(seed: int, regime: str = "self_assessment") -> RiskModel:
    """Make a model of two features that loads in no time."""
    rng = np.random.default_rng(seed)
    names = [name for name in get_regime(regime).columns if name.endswith("ratio")][:2]
    names = names if len(names) == 2 else list(get_regime(regime).columns)[:2]
    X = pd.DataFrame(rng.normal(size=(120, 2)), columns=names)
    amount = np.where(rng.random(120) < 0.5, rng.lognormal(8, 1, 120), 0.0).round(2)
    model = RiskModel(n_estimators=2, folds=2, fewest_cases=20, random_state=seed).fit(X, amount=amount)
    return model.annotate(regime=regime)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders of three models of Self Assessment."""
    folder = tmp_path_factory.mktemp("tiny")
    return [make_tiny(seed).save(folder / str(seed)) for seed in range(3)]


@pytest.fixture(scope="session")
def names(tiny: list[Path]) -> list[str]:
    """Their identifiers."""
    return [RiskModel.load(folder).model_id for folder in tiny]


@pytest.fixture(scope="session")
def of_vat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny(3, "vat").save(tmp_path_factory.mktemp("tiny") / "vat")


@pytest.fixture
def shelf(tmp_path: Path) -> ModelShelf:
    """An empty shelf."""
    return ModelShelf(tmp_path / "shelf")


@pytest.fixture
def full(shelf: ModelShelf, tiny: list[Path]) -> ModelShelf:
    """A shelf with three challengers."""
    for folder in tiny:
        shelf.add(folder, by="A. Officer")
    return shelf


@pytest.fixture(scope="session")
def records(workshop) -> Records:
    return Records.open(workshop.records)


@pytest.fixture(scope="session")
def good(workshop) -> RiskModel:
    return RiskModel.load(workshop.model)


@pytest.fixture(scope="session")
def shuffled(good: RiskModel, records: Records) -> RiskModel:
    """The same model, but for labels that were dealt out by lot before it was trained."""
    cases = gather_cases(
        records, get_regime("self_assessment"), periods=None, material=good.material, fewest=500
    )
    part = cases.training
    lot = np.random.default_rng(1).permutation(len(part.labels))
    dealt = part.labels.iloc[lot].set_axis(part.labels.index)
    model = Part(part.X, dealt, weighted=False).fit(RiskModel(n_estimators=20, folds=3))
    card = good.card_
    return model.attach_peers(cases.peers).annotate(regime=card["regime"], training=card["training"])
