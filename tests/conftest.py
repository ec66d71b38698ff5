"""What tests of several rooms share: a small population with a model, made once."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from taxgap.records import Records
from taxgap.risk import train
from taxgap.synthetic import generate


@dataclass(frozen=True)
class Workshop:
    """Folders that tests read, and copy before they damage them."""

    population: Path
    model: Path

    @property
    def records(self) -> Path:
        return self.population / "records"

    def copy_records(self, to: Path) -> Path:
        return Path(shutil.copytree(self.records, to / "records"))

    def copy_model(self, to: Path) -> Path:
        return Path(shutil.copytree(self.model, to / "model"))


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workshop")
    generate(folder / "population", taxpayers=2_400, years=3, seed=3, random_share=0.5, risk_share=0.1)
    model = train(Records.open(folder / "population" / "records"), n_estimators=20, folds=3, trials=1)
    model.save(folder / "model")
    return Workshop(folder / "population", folder / "model")
