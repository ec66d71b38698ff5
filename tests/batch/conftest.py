"""What the tests of scoring share: a small population, as one partition and as two, and a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from taxgap.batch.taking import needed_tables
from taxgap.peers import PeerGroups
from taxgap.records import Manifest, Records
from taxgap.records.files import checksum
from taxgap.records.parquet import write_table
from taxgap.records.partitions import part_name, partition_of
from taxgap.regimes import get_regime
from taxgap.risk.model import RiskModel
from taxgap.schemas import TABLES
from taxgap.synthetic import generate
from tests.batch.nights import PARTS, Night, bytes_of


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """A population of 400 taxpayers and two years."""
    return generate(tmp_path_factory.mktemp("population") / "small", taxpayers=400, years=2, seed=5)


@pytest.fixture(scope="session")
def parted(records: Records, tmp_path_factory: pytest.TempPathFactory) -> Records:
    """The same population in two partitions."""
    folder = tmp_path_factory.mktemp("parted")
    for name in records.tables:
        table = records.table(name)
        alone = "taxpayer_id" not in table.columns  # such a table may stand in any partition
        part = np.zeros(len(table), dtype=int) if alone else partition_of(table["taxpayer_id"], 2)
        for number in range(2):
            write_table(
                folder / name / part_name(number), table[part == number], TABLES[name], synthetic=True
            )
    Manifest(records.manifest.as_of, records.periods, partitions=2, synthetic=True).write(folder)
    return Records.open(folder)


@pytest.fixture(scope="session")
def model(records: Records) -> RiskModel:
    """A model of a made-up tax that follows expenses and interest."""
    regime = get_regime("self_assessment")
    observed = regime.measure(records)
    peers = PeerGroups.fit(observed)
    X = regime.compare(observed, peers)
    risk = X["expenses_to_turnover"].fillna(-1) + 4 * X["interest_unmatched"]
    luck = np.random.default_rng(1).random(len(X))
    amount = np.where(luck < 1 / (1 + np.exp(1 - risk)), 1_500.0 + 500 * risk.clip(0), 0.0).round(2)
    fitted = RiskModel(n_estimators=30, folds=3, path_smooth=5.0, threshold=0.4, allow_constant=True).fit(
        X, amount=amount
    )
    return fitted.attach_peers(peers).annotate(regime="self_assessment")


@pytest.fixture(scope="session")
def records_folder(records: Records, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quarter of the small population in a few partitions, with their checksums."""
    folder, files = tmp_path_factory.mktemp("parts"), {}
    some = set(records.table("taxpayers")["taxpayer_id"].iloc[::4])
    for name in needed_tables(get_regime("self_assessment"), records):
        table = records.table(name)
        table = table[table["taxpayer_id"].isin(some)]
        part = partition_of(table["taxpayer_id"], PARTS)
        for number in range(PARTS):
            path = folder / name / part_name(number)
            write_table(path, table[part == number], TABLES[name], synthetic=True)
            files[f"{name}/{path.name}"] = {"rows": int((part == number).sum()), "sha256": checksum(path)}
    Manifest(records.manifest.as_of, records.periods, PARTS, synthetic=True, files=files).write(folder)
    return folder


@pytest.fixture(scope="session")
def model_folder(model: RiskModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.save(tmp_path_factory.mktemp("model") / "saved")


@pytest.fixture(scope="session")
def whole_folder(records_folder: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an undisturbed run writes."""
    night = Night(records_folder, model_folder, tmp_path_factory.mktemp("whole") / "out")
    night.finish()
    return night.out


@pytest.fixture(scope="session")
def whole(whole_folder: Path) -> dict[str, bytes]:
    return bytes_of(whole_folder)


@pytest.fixture
def night(records_folder: Path, model_folder: Path, tmp_path: Path) -> Night:
    return Night(records_folder, model_folder, tmp_path / "nights" / "out")


@pytest.fixture
def counted(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Have a run under fault counted, by its kind, in the summary of the tests."""
    kind = getattr(request.node, "callspec", None)
    strike = getattr(kind.params.get("strike"), "__name__", "") if kind else ""
    named = request.node.originalname.removeprefix("test_")
    record_property("fault", f"{named}: {strike}".rstrip(": ").replace("_", " "))
