"""The employers of one small population, shared by the tests of this tax."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic.economy import Economy
from taxgap.synthetic.employer_paye import EMPLOYER_PAYE, draw_scene
from taxgap.synthetic.form import Scene
from taxgap.synthetic.misreporting import Planted, plant
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.timeline import LOOKBACK
from taxgap.synthetic.trading import Trading


@pytest.fixture(scope="session")
def few() -> Settings:
    """The settings of a population with a few hundred employers."""
    return Settings(taxpayers=1_500, seed=11)


@pytest.fixture(scope="session")
def trading(make_economy: Callable[..., Economy], few: Settings) -> Trading:
    """Its firms."""
    return make_economy(few.register.entities(), few).trading


@pytest.fixture(scope="session")
def employers(trading: Trading, few: Settings) -> Scene:
    """Its truthful employer returns."""
    return draw_scene(trading, EMPLOYER_PAYE, few)


@pytest.fixture(scope="session")
def filed(employers: Scene) -> Planted:
    """The same as they were filed."""
    return plant(employers)


@pytest.fixture(scope="session")
def firm(trading: Trading, employers: Scene) -> np.ndarray:
    """The row of `trading` of each return."""
    return pd.Index(trading.firms["entity"]).get_indexer(employers.panel["entity"])


@pytest.fixture(scope="session")
def column(employers: Scene) -> np.ndarray:
    """The column of a year-by-year amount of each return."""
    return employers.year + LOOKBACK
