"""What the tests of the comparison share: a small economy, made once."""

from dataclasses import dataclass

import pytest

from taxgap.calibration import Calibration, calibrate
from taxgap.calibration.partition import Part, weights_of
from taxgap.records import Records, Truth
from taxgap.synthetic import generate


@dataclass(frozen=True)
class Population:
    """A population with what was compared of it."""

    records: Records
    truth: Truth
    calibration: Calibration

    @property
    def part(self) -> Part:
        return Part(self.records, self.truth, 0, weights_of(self.records))

    @property
    def table(self):
        return self.calibration.figures


@pytest.fixture(scope="session")
def population(tmp_path_factory):
    folder = tmp_path_factory.mktemp("economy") / "population"
    generate(folder, taxpayers=2_500, years=3, seed=3, random_share=0.4, risk_share=0.05)
    records, truth = Records.open(folder / "records"), Truth.open(folder / "truth")
    return Population(records, truth, calibrate(records, truth))
