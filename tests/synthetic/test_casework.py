"""Casework: what was opened, what is known of it at the as-of date, and what it changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.schemas.codes import BEHAVIOURS
from taxgap.synthetic.casework import enquiry_tables
from taxgap.synthetic.selection import Opened
from taxgap.synthetic.self_assessment import PRIMITIVE_BOXES, complete_return
from taxgap.synthetic.tables import Tables
from taxgap.synthetic.world import World

KEYS = ["taxpayer_id", "period"]
FOUND = ["hours", "tax_found"]
BOXES = [box for box in PRIMITIVE_BOXES if box != "basis_adjustment"]


@pytest.fixture(scope="module")
def tables(world: World) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The casework where every other return is opened, at random or for risk."""
    rows = np.arange(len(world.panel))
    share = np.full(len(rows), 0.25)
    return enquiry_tables(world, Opened(rows % 4 == 0, rows % 4 == 1, share, share / 2, share * 1.5))


@pytest.fixture(scope="module")
def cases(tables: tuple[pd.DataFrame, ...]) -> pd.DataFrame:
    return tables[0].reset_index(drop=True)


@pytest.fixture(scope="module")
def closed(cases: pd.DataFrame) -> pd.DataFrame:
    return cases[cases["closed_on"].notna()]


@pytest.fixture(scope="module")
def adjustments(tables: tuple[pd.DataFrame, ...]) -> pd.DataFrame:
    return tables[1]


@pytest.fixture(scope="module")
def potential(tables: tuple[pd.DataFrame, ...]) -> pd.DataFrame:
    return tables[2]


def test_a_return_is_opened_once(cases: pd.DataFrame) -> None:
    assert cases["enquiry_id"].is_unique
    assert not cases.duplicated(KEYS).any()


def test_what_would_be_found_is_known_of_every_return_on_file(potential: pd.DataFrame, world: World) -> None:
    assert len(potential) == world.in_time.sum()
    assert not potential.duplicated(KEYS).any()


def test_what_would_be_found_does_not_depend_on_what_was_opened(
    potential: pd.DataFrame, truth: Tables
) -> None:
    columns = [*KEYS, "tax_lost", "tax_found", "hours"]
    mine, theirs = (
        frame[columns].sort_values(KEYS, ignore_index=True) for frame in (potential, truth["enquiries"])
    )
    pd.testing.assert_frame_equal(mine, theirs)


def test_detection_is_the_share_of_the_tax_lost(potential: pd.DataFrame) -> None:
    wrong = potential["tax_lost"] >= 1
    assert potential.loc[~wrong, "detection"].isna().all()
    assert potential.loc[wrong, "detection"].between(0, 1).all()
    share = (potential["tax_found"] / potential["tax_lost"]).clip(0, 1)
    np.testing.assert_allclose(potential.loc[wrong, "detection"], share[wrong])


def test_the_programme_says_how_a_return_was_drawn(cases: pd.DataFrame) -> None:
    random = cases["row"] % 4 == 0
    assert (cases["programme"].astype(str) == np.where(random, "random", "risk")).all()
    assert (cases["inclusion_probability"] == np.where(random, 0.25, 0.125)).all()
    assert (cases["opening_probability"] == 0.375).all()


def test_an_enquiry_is_opened_after_the_version_on_file_and_within_a_year(
    cases: pd.DataFrame, world: World
) -> None:
    wait = (cases["opened_on"] - world.last_received[cases["row"]]).dt.days
    assert wait.between(1, 365).all()
    assert (cases["received_on"] == cases["opened_on"]).all()


def test_most_enquiries_close_within_two_years(closed: pd.DataFrame) -> None:
    length = (closed["closed_on"] - closed["opened_on"]).dt.days
    assert (length > 0).all()
    assert (length <= 730).mean() > 0.9


def test_nothing_is_opened_or_closed_after_the_as_of_date(cases: pd.DataFrame, world: World) -> None:
    assert (cases["opened_on"] <= world.as_of).all()
    assert not (cases["closed_on"] > world.as_of).any()


def test_an_open_enquiry_has_found_nothing_yet(cases: pd.DataFrame) -> None:
    still_open = cases[cases["closed_on"].isna()]
    assert len(still_open) > 20
    assert still_open[[*FOUND, "behaviour"]].isna().all(axis=None)


def test_a_closed_enquiry_found_what_its_officer_would_find(
    closed: pd.DataFrame, potential: pd.DataFrame
) -> None:
    assert closed[FOUND].notna().all(axis=None)
    both = closed.merge(potential, on=KEYS, suffixes=("", "_potential"))
    assert len(both) == len(closed)
    assert (both["tax_found"] == both["tax_found_potential"]).all()
    assert (both["officer_id"] == both["officer_id_potential"]).all()


def test_a_behaviour_is_settled_where_tax_was_found(closed: pd.DataFrame) -> None:
    assert (closed["behaviour"].notna() == (closed["tax_found"] > 0)).all()
    assert list(closed["behaviour"].cat.categories) == BEHAVIOURS


def test_closed_enquiries_that_found_tax_changed_something(
    closed: pd.DataFrame, adjustments: pd.DataFrame
) -> None:
    found = closed.loc[closed["tax_found"] > 0, "enquiry_id"]
    assert set(adjustments["enquiry_id"]) == set(found)
    assert not adjustments.duplicated(["enquiry_id", "field"]).any()


def test_an_adjustment_is_known_when_its_enquiry_closes(
    closed: pd.DataFrame, adjustments: pd.DataFrame
) -> None:
    closing = closed.set_index("enquiry_id")["closed_on"]
    assert (adjustments["received_on"] == adjustments["enquiry_id"].map(closing)).all()


def test_the_main_behaviour_is_one_of_those_settled(closed: pd.DataFrame, adjustments: pd.DataFrame) -> None:
    settled = set(zip(adjustments["enquiry_id"], adjustments["behaviour"], strict=True))
    main = closed[closed["tax_found"] > 0]
    assert set(zip(main["enquiry_id"], main["behaviour"], strict=True)) <= settled


@pytest.fixture(scope="module")
def adjusted(adjustments: pd.DataFrame, world: World) -> pd.DataFrame:
    """The returns as filed, with the boxes that enquiries changed."""
    boxes = world.as_filed
    for field, mine in adjustments.groupby("field"):
        place = boxes.columns.get_loc(field)
        boxes.iloc[mine["row"], place] = boxes.iloc[mine["row"], place].to_numpy() + mine["amount"].to_numpy()
    return boxes


def test_the_adjusted_boxes_bear_the_tax_that_was_found(
    closed: pd.DataFrame, adjusted: pd.DataFrame, world: World
) -> None:
    possible = (adjusted[BOXES] >= 0).all(axis=1)
    found = closed[(closed["tax_found"] > 0) & possible[closed["row"]].to_numpy()]
    charged = complete_return(adjusted.loc[found["row"]])["tax_charged"]
    rise = charged - world.planted.reported["tax_charged"].loc[found["row"]]
    # Amounts are settled in whole pounds, so the tax may differ by that of a pound or two.
    np.testing.assert_allclose(rise, found["tax_found"], rtol=0, atol=3)


def test_no_adjustment_leaves_a_negative_box(adjusted: pd.DataFrame) -> None:
    assert (adjusted[BOXES] >= 0).all(axis=None)


def test_cases_are_the_same_at_a_later_date_but_for_what_became_known(
    cases: pd.DataFrame, world: World
) -> None:
    later = replace(world, settings=replace(world.settings, as_of="2060-01-01"))
    rows = np.arange(len(world.panel))
    share = np.full(len(rows), 0.25)
    all_cases, _, _ = enquiry_tables(later, Opened(rows % 4 == 0, rows % 4 == 1, share, share / 2, share))
    assert set(cases["enquiry_id"]) <= set(all_cases["enquiry_id"])
    assert all_cases["closed_on"].notna().all()
