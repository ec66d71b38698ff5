"""One population in memory and one on disk, shared by the tests of the synthetic rooms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic import misreporting, tables
from taxgap.synthetic.generation import generate
from taxgap.synthetic.mechanisms import MECHANISMS, Mechanism, Scene
from taxgap.synthetic.misreporting import Planted
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.tables import Tables, make_tables
from taxgap.synthetic.world import World, draw_world


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The settings of the shared population."""
    return Settings(taxpayers=6_000, seed=11)


@pytest.fixture(scope="session")
def world(settings: Settings) -> World:
    """The shared population, from who exists to what they filed."""
    return draw_world(np.arange(settings.taxpayers), settings)


@pytest.fixture(scope="session")
def population(world: World, settings: Settings) -> tuple[Tables, Tables]:
    """The tables of the shared population, which is not drawn a second time for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "draw_world", lambda *_: world)
        return make_tables(np.arange(settings.taxpayers), settings)


@pytest.fixture(scope="session")
def records(population: tuple[Tables, Tables]) -> Tables:
    return population[0]


@pytest.fixture(scope="session")
def truth(population: tuple[Tables, Tables]) -> Tables:
    return population[1]


@pytest.fixture(scope="session")
def scene(world: World) -> Scene:
    """The truth of the shared population."""
    return world.scene


@pytest.fixture(scope="session")
def planted(world: World) -> Planted:
    """The returns of the shared population beside their twins."""
    return world.planted


@pytest.fixture(scope="session")
def named_items(planted: Planted) -> pd.DataFrame:
    """The planted boxes of the shared population, with the name of the mechanism."""
    names = np.array([mechanism.name for mechanism in MECHANISMS], dtype=object)
    return planted.items.assign(mechanism=names[planted.items["mechanism"]])


@pytest.fixture(scope="session")
def small() -> Settings:
    """The settings of populations that are drawn more than once."""
    return Settings(taxpayers=300, seed=5, random_share=0.2, risk_share=0.2)


@pytest.fixture(scope="session")
def whole(small: Settings) -> tuple[Tables, Tables]:
    """The tables of the small population, made in one piece."""
    return make_tables(np.arange(small.taxpayers), small)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, small: Settings) -> Path:
    """The small population on disk, in two partitions."""
    out = tmp_path_factory.mktemp("synthetic") / "population"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("taxgap.records.partitions.TAXPAYERS_PER_PARTITION", 150)
        generate(out, **asdict(small))
    return out


@pytest.fixture
def honest(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Mechanism, ...]]:
    """A world in which nobody misreports anything."""
    never = tuple(replace(mechanism, rate=-1_000.0) for mechanism in MECHANISMS)
    monkeypatch.setattr(misreporting, "MECHANISMS", never)
    return never
