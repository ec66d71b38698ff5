"""One population in memory and one on disk, shared by the tests of the synthetic rooms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic import tables
from taxgap.synthetic.casework import Casework, work
from taxgap.synthetic.economy import Economy
from taxgap.synthetic.employment import Payrolls, open_positions
from taxgap.synthetic.form import Scene
from taxgap.synthetic.generation import generate
from taxgap.synthetic.hidden import count_hidden
from taxgap.synthetic.identifiers import taxpayer_ids
from taxgap.synthetic.mechanisms import mechanisms
from taxgap.synthetic.misreporting import Planted, plant
from taxgap.synthetic.people import draw_people
from taxgap.synthetic.register import Integers
from taxgap.synthetic.reporting import Reporting
from taxgap.synthetic.self_assessment import SELF_ASSESSMENT, draw_scene
from taxgap.synthetic.self_assessment.mechanisms import MECHANISMS
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.tables import Tables, casework_of, make_tables
from taxgap.synthetic.third_parties import report

MakeEconomy = Callable[[Integers, Settings], Economy]


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The settings of the shared population."""
    return Settings(taxpayers=6_000, seed=11)


@pytest.fixture(scope="session")
def people(settings: Settings) -> pd.DataFrame:
    """The individuals of the shared population."""
    return _people_of(settings)


@pytest.fixture(scope="session")
def scene(people: pd.DataFrame, settings: Settings) -> Scene:
    """The truth of Self Assessment, where a few traders would stay below the VAT threshold."""
    return _scene_of(people, settings)


@pytest.fixture(scope="session")
def vat_registered(scene: Scene) -> np.ndarray:
    """Which returns of the shared population are of traders whose takings include VAT."""
    return _registered(scene)


@pytest.fixture(scope="session")
def reports(scene: Scene, settings: Settings) -> pd.DataFrame:
    """What third parties say of the individuals."""
    return _reports_on(scene, settings)


def _people_of(settings: Settings) -> pd.DataFrame:
    number = np.arange(settings.register.individuals)
    people = draw_people(Streams(settings.seed, number), settings.register)
    return people.assign(taxpayer_id=taxpayer_ids(number))


def _scene_of(people: pd.DataFrame, settings: Settings) -> Scene:
    scene = draw_scene(people, SELF_ASSESSMENT, settings)
    above = scene.boxes["turnover"].between(90_000, 130_000)
    hides = above & scene.streams.happens(0.6, "stays below in the tests")
    return replace(scene, activity=scene.activity.assign(declared_below=np.where(hides, 84_000.0, np.nan)))


def _registered(scene: Scene) -> np.ndarray:
    return np.asarray((scene.panel["trade"] >= 0) & (scene.panel["gross"] >= 85_000))


def _reports_on(scene: Scene, settings: Settings) -> pd.DataFrame:
    return report(scene, _registered(scene), open_positions(settings.register).employer_of(scene))


@pytest.fixture(scope="session")
def examine() -> Callable[[Settings], Casework]:
    """Draw and examine the Self Assessment returns of a population."""

    def examine(settings: Settings) -> Casework:
        scene = _scene_of(_people_of(settings), settings)
        return work(scene, _reports_on(scene, settings), settings)

    return examine


@pytest.fixture(scope="session")
def planted(scene: Scene) -> Planted:
    """The returns of the shared population beside their twins, before any enquiry."""
    return plant(scene)


@pytest.fixture(scope="session")
def done(scene: Scene, reports: pd.DataFrame, settings: Settings) -> Casework:
    """The returns of the shared population as they were filed, opened and examined."""
    return work(scene, reports, settings)


@pytest.fixture(scope="session")
def named_items(planted: Planted) -> pd.DataFrame:
    """The planted boxes of the shared population, with the name of the mechanism."""
    names = np.array([mechanism.name for mechanism in MECHANISMS], dtype=object)
    return planted.items.assign(mechanism=names[planted.items["mechanism"]])


@pytest.fixture(scope="session")
def make_economy() -> MakeEconomy:
    """Draw some taxpayers of a population, after the first pass over all of it."""
    passed: dict[str, Payrolls] = {}

    def make(entity: Integers, settings: Settings) -> Economy:
        key = repr((settings.seed, settings.taxpayers, settings.shocks))
        if key not in passed:
            positions = open_positions(settings.register)
            everyone = Economy(settings.register.entities(), replace(settings, years=4), positions)
            passed[key] = positions.with_pay(positions.sum_pay(everyone.activity))
        return Economy(entity, settings, passed[key])

    return make


@pytest.fixture(scope="session")
def economy(make_economy: MakeEconomy, settings: Settings) -> Economy:
    """The shared population with its firms."""
    return make_economy(settings.register.entities(), settings)


@pytest.fixture(scope="session")
def works(economy: Economy) -> dict[str, Casework]:
    """The returns of every tax of the shared population, as they were filed, opened and examined."""
    return {one.scene.form.regime: one for one in casework_of(economy, Reporting(economy))}


@pytest.fixture(scope="session")
def population(economy: Economy, works: dict[str, Casework]) -> tuple[Tables, Tables]:
    """The tables of the shared population, which is not worked a second time for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "casework_of", lambda *_: works.values())
        return make_tables(economy, np.arange(count_hidden(economy.register.individuals)))


@pytest.fixture(scope="session")
def records(population: tuple[Tables, Tables]) -> Tables:
    return population[0]


@pytest.fixture(scope="session")
def truth(population: tuple[Tables, Tables]) -> Tables:
    return population[1]


@pytest.fixture(scope="session")
def small() -> Settings:
    """The settings of populations that are drawn more than once."""
    return Settings(taxpayers=360, seed=5, random_share=0.2, risk_share=0.2)


@pytest.fixture(scope="session")
def whole(make_economy: MakeEconomy, small: Settings) -> tuple[Tables, Tables]:
    """The tables of the small population, made in one piece."""
    register = small.register
    hidden = np.arange(count_hidden(register.individuals))
    return make_tables(make_economy(register.entities(), small), hidden)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, small: Settings) -> Path:
    """The small population on disk, in two partitions."""
    out = tmp_path_factory.mktemp("synthetic") / "population"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("taxgap.records.partitions.TAXPAYERS_PER_PARTITION", 180)
        generate(out, **asdict(small))
    return out


@pytest.fixture(scope="session")
def honest() -> dict[str, float]:
    """The rates of an economy in which nobody misreports anything."""
    return dict.fromkeys(mechanisms(), 0.0)
