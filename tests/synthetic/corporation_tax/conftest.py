"""Some companies and their returns, shared by the tests of Corporation Tax."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.synthetic.accounts import trade_companies
from taxgap.synthetic.corporation_tax import CORPORATION_TAX, draw_scene
from taxgap.synthetic.firms import draw_firms
from taxgap.synthetic.form import Scene
from taxgap.synthetic.identifiers import taxpayer_ids
from taxgap.synthetic.misreporting import Planted, plant
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.trading import YEARS, Trading


@pytest.fixture(scope="session")
def company_settings() -> Settings:
    return Settings(taxpayers=10_000, seed=7)


@pytest.fixture(scope="session")
def companies(company_settings: Settings) -> Trading:
    register = company_settings.register
    firms = draw_firms(np.arange(register.companies), "company", register)
    firms = firms.assign(taxpayer_id=taxpayer_ids(firms["entity"].to_numpy()))
    return trade_companies(firms, np.zeros((len(firms), YEARS)), company_settings)


@pytest.fixture(scope="session")
def company_scene(companies: Trading, company_settings: Settings) -> Scene:
    return draw_scene(companies, CORPORATION_TAX, company_settings)


@pytest.fixture(scope="session")
def company_planted(company_scene: Scene) -> Planted:
    return plant(company_scene)
