"""A few firms and their VAT returns, shared by the tests of VAT."""

from __future__ import annotations

import pytest

from taxgap.synthetic.economy import Economy
from taxgap.synthetic.employment import open_positions
from taxgap.synthetic.form import Scene
from taxgap.synthetic.misreporting import Planted, plant
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.trading import Trading
from taxgap.synthetic.vat import VAT, draw_scene


@pytest.fixture(scope="session")
def few() -> Settings:
    return Settings(taxpayers=1_500, seed=7)


@pytest.fixture(scope="session")
def firms(few: Settings) -> Trading:
    register = few.register
    return Economy(register.entities(), few, open_positions(register)).trading


@pytest.fixture(scope="session")
def vat(firms: Trading, few: Settings) -> Scene:
    """The truthful VAT returns of the firms."""
    return draw_scene(firms, VAT, few)


@pytest.fixture(scope="session")
def filed(vat: Scene) -> Planted:
    """The VAT returns as they were filled in."""
    return plant(vat)
