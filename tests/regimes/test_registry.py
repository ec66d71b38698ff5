"""Regimes by name: built in, plugged in, unknown."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from taxgap.errors import IncompatibleError, UsageError
from taxgap.regimes import Regime, get_regime, regime_names, registry

OTHER = replace(get_regime("self_assessment"), name="land")
OTHER_NAME = replace(get_regime("self_assessment"), name="window")


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Offer one more entry point, for the attribute of this module that the test is marked with."""
    entry = EntryPoint("land", f"{__name__}:{request.param}", registry.ENTRY_POINTS)
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [entry] if group == registry.ENTRY_POINTS else []
    )


@pytest.mark.parametrize("plug_in", ["OTHER"], indirect=True)
@pytest.mark.usefixtures("plug_in")
def test_a_regime_can_be_plugged_in() -> None:
    assert regime_names() == ["corporation_tax", "employer_paye", "land", "self_assessment", "vat"]
    assert isinstance(get_regime("land"), Regime)
    assert get_regime("land").name == "land"


@pytest.mark.parametrize("plug_in", ["OTHER_NAME", "pytest", "nowhere"], indirect=True)
@pytest.mark.usefixtures("plug_in")
def test_what_is_no_regime_of_the_name_is_refused() -> None:
    with pytest.raises(IncompatibleError, match="'land'"):
        get_regime("land")


@pytest.mark.parametrize("plug_in", ["OTHER"], indirect=True)
@pytest.mark.usefixtures("plug_in")
def test_a_built_in_regime_cannot_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("self_assessment", f"{__name__}:OTHER", registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [entry])
    assert get_regime("self_assessment").name == "self_assessment"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"'vatt'.*self_assessment"):
        get_regime("vatt")
