"""A world: the rows of its parts belong together, whoever else is in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic.identifiers import taxpayer_ids
from taxgap.synthetic.mechanisms import MECHANISMS
from taxgap.synthetic.self_assessment import PERSONAL, PRIMITIVE_BOXES
from taxgap.synthetic.world import World, draw_world


def test_all_parts_have_one_row_a_return(world: World) -> None:
    parts = [world.scene.activity, world.scene.boxes, world.planted.reported, world.planted.twin]
    lengths = {len(part) for part in (*parts, world.filed, world.amended, world.streams.entity)}
    assert lengths == {len(world.panel)}
    assert (world.streams.entity == world.panel["entity"]).all()
    assert (world.panel["taxpayer_id"] == taxpayer_ids(world.panel["entity"].to_numpy())).all()


def test_everyone_asked_for_is_drawn(world: World) -> None:
    assert (world.people["entity"] == np.arange(world.settings.taxpayers)).all()


def test_a_person_is_the_same_in_any_company_and_order(world: World) -> None:
    some = np.array([5_100, 3, 2_222])
    alone = draw_world(some, world.settings)
    for entity in some:
        mine, theirs = (
            part.planted.reported[(part.panel["entity"] == entity).to_numpy()].reset_index(drop=True)
            for part in (alone, world)
        )
        pd.testing.assert_frame_equal(mine, theirs)


def test_no_setting_but_the_seed_and_the_years_changes_anybody(world: World) -> None:
    other = replace(
        world.settings,
        taxpayers=90_000,
        as_of="2024-06-30",
        random_share=0.5,
        detection=0.3,
        missed_whole=0.4,
    )
    changed = draw_world(np.arange(20), other)
    rows = len(changed.panel)
    pd.testing.assert_frame_equal(changed.planted.reported, world.planted.reported.head(rows))
    pd.testing.assert_frame_equal(changed.planted.twin, world.planted.twin.head(rows))


def test_earlier_returns_stay_as_reported_when_a_later_one_is_planted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The report of each year is the truth of the year moved by what was planted in that year alone.
    other = tuple(
        replace(mechanism, exposed=lambda scene, usual=mechanism.exposed: usual(scene) & (scene.year == 3))
        for mechanism in MECHANISMS
    )
    monkeypatch.setattr("taxgap.synthetic.misreporting.MECHANISMS", other)
    last_only = draw_world(np.arange(150), world.settings)
    last = last_only.scene.year == 3
    whole = world.planted.reported.head(len(last))
    pd.testing.assert_frame_equal(last_only.planted.reported[last], whole[last])
    pd.testing.assert_frame_equal(last_only.planted.reported[~last], last_only.planted.twin[~last])


def test_the_last_version_is_the_amendment_where_there_is_one(world: World) -> None:
    amended = world.is_amended
    assert amended.any()
    assert (world.last_received[amended] == world.amended[amended]).all()
    same = ~amended & ~np.isnat(world.filed)
    assert (world.last_received[same] == world.filed[same]).all()


def test_what_was_filed_is_in_primitive_boxes(world: World) -> None:
    assert list(world.as_filed.columns) == [*PRIMITIVE_BOXES, *PERSONAL]


def test_registration_for_vat_belongs_to_the_person(world: World) -> None:
    by_person = pd.Series(world.vat_registered).groupby(world.panel["entity"].to_numpy())
    assert (by_person.min() == by_person.max()).all()
    assert 0 < world.vat_registered.mean() < 0.2
