"""The registry of mechanisms: those of every tax, the rates that are set, and those of other packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from taxgap.errors import UsageError
from taxgap.schemas.codes import BEHAVIOURS
from taxgap.synthetic.form import Scene
from taxgap.synthetic.mechanisms import FORMS, forms, mechanisms
from taxgap.synthetic.misreporting import is_active, likelihood, plant
from taxgap.synthetic.self_assessment.mechanisms import MECHANISMS
from taxgap.synthetic.settings import Settings

PLUG_IN = '''
"""A mechanism of another package."""

from taxgap.synthetic.form import Mechanism

GIFTS = Mechanism(
    "gifts_invented",
    "self_assessment",
    "Gifts are claimed that were never made",
    rate=3.0,
    behaviours={"evasion": 1.0},
    fields=("gift_aid",),
    evidence=("reliefs.gift_aid",),
    exposed=lambda scene: (scene.panel["total_income"] > 30_000).to_numpy(),
    amounts=lambda scene: {"gift_aid": -0.01 * scene.panel["total_income"].to_numpy()},
)
AGAIN = Mechanism(
    "interest_omitted",
    "self_assessment",
    "The same name once more",
    rate=0.0,
    behaviours={"error": 1.0},
    fields=("interest",),
    evidence=("third_party.interest",),
    exposed=GIFTS.exposed,
    amounts=GIFTS.amounts,
)
ELSEWHERE = Mechanism(
    "window_hidden",
    "window_tax",
    "A window is bricked up",
    rate=0.0,
    behaviours={"error": 1.0},
    fields=("windows",),
    evidence=("windows.few",),
    exposed=GIFTS.exposed,
    amounts=GIFTS.amounts,
)
NOTHING = "no mechanism"
'''


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module of another package, which can be imported."""
    (tmp_path / "others_mechanisms.py").write_text(PLUG_IN)
    monkeypatch.syspath_prepend(tmp_path)
    yield "others_mechanisms"
    sys.modules.pop("others_mechanisms", None)


def test_every_tax_has_its_form() -> None:
    assert list(FORMS) == ["self_assessment", "vat", "corporation_tax", "employer_paye"]
    assert all(form.regime == name for name, form in FORMS.items())


def test_the_registry_holds_those_of_every_tax_in_their_order() -> None:
    known = mechanisms()
    for name, form in FORMS.items():
        mine = [mechanism for mechanism in known.values() if mechanism.regime == name]
        assert mine == list(form.mechanisms)
    assert len(known) == sum(len(form.mechanisms) for form in FORMS.values())
    assert all(mechanism.name == name for name, mechanism in known.items())


def test_every_mechanism_of_every_tax_touches_boxes_of_its_form_by_published_behaviours() -> None:
    for mechanism in mechanisms().values():
        assert set(mechanism.fields) <= set(FORMS[mechanism.regime].boxes), mechanism.name
        assert set(mechanism.behaviours) <= set(BEHAVIOURS), mechanism.name
        assert sum(mechanism.behaviours.values()) == pytest.approx(1), mechanism.name
        assert 1 <= len(set(mechanism.evidence)) == len(mechanism.evidence) <= 3, mechanism.name
        assert mechanism.title[0].isupper(), mechanism.name


def test_without_rates_and_shocks_everything_is_as_it_stands() -> None:
    assert mechanisms(Settings()) == mechanisms()
    assert {name: form.mechanisms for name, form in forms(Settings()).items()} == {
        name: form.mechanisms for name, form in FORMS.items()
    }


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: mechanism.name)
def test_a_rate_of_nothing_or_one_gives_none_or_all_of_those_exposed(mechanism: object, scene: Scene) -> None:
    name = mechanism.name  # type: ignore[attr-defined]
    never, always = (mechanisms(Settings(rates={name: share}))[name] for share in (0, 1))
    exposed = never.exposed(scene)
    assert exposed.any()
    assert not is_active(never, scene).any()
    assert (is_active(always, scene) == exposed).all()


def test_a_rate_is_that_of_an_average_taxpayer_who_is_exposed(scene: Scene) -> None:
    mechanism = mechanisms(Settings(rates={"overseas_income_omitted": 0.25}))["overseas_income_omitted"]
    average = replace(scene, panel=scene.panel.assign(disposition=0.0, agent=False, trade=-1))
    chance = likelihood(mechanism, average)[mechanism.exposed(average)]
    np.testing.assert_allclose(chance, 0.25)


def test_rates_of_nothing_plant_nothing(scene: Scene, honest: dict[str, float]) -> None:
    form = forms(Settings(rates=honest))["self_assessment"]
    assert len(plant(replace(scene.take(np.arange(500)), form=form)).items) == 0


@pytest.mark.parametrize("share", [-0.01, 1.01, float("nan"), "0.5", None, True])
def test_a_rate_that_is_no_share_is_refused(share: object) -> None:
    with pytest.raises(UsageError, match="interest_omitted") as caught:
        Settings(rates={"interest_omitted": share})  # type: ignore[dict-item]
    assert caught.value.where == "rates"


def test_the_rate_of_an_unknown_mechanism_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UsageError, match="interest_ommitted") as caught:
        mechanisms(Settings(rates={"interest_ommitted": 0.5}))
    assert "interest_omitted" in caught.value.available


def test_a_mechanism_of_another_package_acts(plug_in: str, scene: Scene) -> None:
    settings = Settings(plug_ins=(f"{plug_in}:GIFTS",))
    form = forms(settings)["self_assessment"]
    assert form.mechanisms[-1].name == "gifts_invented"
    few = replace(scene.take(np.arange(2_000)), form=form)
    planted = plant(few)
    mine = planted.items[planted.items["mechanism"] == len(form.mechanisms) - 1]
    exposed = (few.panel["total_income"] > 30_000).to_numpy()
    assert 0.8 < len(mine) / exposed.sum() <= 1
    assert (mine["field"] == "gift_aid").all()
    assert (mine["behaviour"] == "evasion").all()
    assert mine["tax_lost"].sum() > 0
    claimed = (planted.reported["gift_aid"] > planted.twin["gift_aid"]).to_numpy()
    assert claimed[mine["row"]].mean() > 0.9


def test_the_rate_of_a_plug_in_can_be_set(plug_in: str, scene: Scene) -> None:
    settings = Settings(plug_ins=(f"{plug_in}:GIFTS",), rates={"gifts_invented": 0.0})
    assert not is_active(mechanisms(settings)["gifts_invented"], scene).any()


@pytest.mark.parametrize("name", ["AGAIN", "ELSEWHERE", "NOTHING", "ABSENT"])
def test_a_wrong_plug_in_is_refused(plug_in: str, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        mechanisms(Settings(plug_ins=(f"{plug_in}:{name}",)))
    assert caught.value.where == "plug_ins"


@pytest.mark.parametrize("place", ["no_such_module:GIFTS", "others_mechanisms", "", ":", "a b:c"])
@pytest.mark.usefixtures("plug_in")
def test_a_plug_in_that_cannot_be_loaded_is_refused_with_what_to_write(place: str) -> None:
    with pytest.raises(UsageError, match="cannot be loaded") as caught:
        mechanisms(Settings(plug_ins=(place,)))
    assert "module:NAME" in str(caught.value)


def test_a_plug_in_that_breaks_while_it_is_loaded_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_mechanisms.py").write_text("GIFTS = 1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match="cannot be loaded"):
        mechanisms(Settings(plug_ins=("broken_mechanisms:GIFTS",)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("plug_ins", "others_mechanisms:GIFTS"),
        ("rates", [("interest_omitted", 0.5)]),
        ("shocks", {"kind": "trade"}),
    ],
)
def test_settings_of_another_shape_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=name) as caught:
        Settings.from_mapping({name: value})
    assert caught.value.where == name
