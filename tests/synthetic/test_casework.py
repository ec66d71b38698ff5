"""Casework: what was opened, what is known of it at the as-of date, and what it changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.schemas.codes import BEHAVIOURS
from taxgap.synthetic import casework
from taxgap.synthetic.casework import Casework, enquiry_tables, potential_enquiries, work
from taxgap.synthetic.filing import filed_on
from taxgap.synthetic.form import Scene
from taxgap.synthetic.misreporting import correct, is_active
from taxgap.synthetic.selection import Opened
from taxgap.synthetic.self_assessment.boxes import PRIMITIVE_BOXES, complete_return
from taxgap.synthetic.settings import Settings

KEYS = ["taxpayer_id", "period"]
FOUND = ["hours", "tax_found"]
BOXES = [box for box in PRIMITIVE_BOXES if box != "basis_adjustment"]


def open_half(done: Casework) -> Casework:
    """Let every other return be opened, at random or for risk."""
    rows = np.arange(len(done.scene))
    share = np.full(len(rows), 0.25)
    return replace(done, opened=Opened(rows % 4 == 0, rows % 4 == 1, share, share / 2, share * 1.5))


@pytest.fixture(scope="module")
def tables(done: Casework) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Cases, adjustments and what would be found, where every other return is opened."""
    potential = potential_enquiries(done)
    return (*enquiry_tables(open_half(done), potential), potential)


@pytest.fixture(scope="module")
def first(scene: Scene, reports: pd.DataFrame, settings: Settings) -> Casework:
    """The casework as it were if nobody learned from an enquiry."""
    return casework._examine(scene, reports, filed_on(scene), settings)


@pytest.fixture(scope="module")
def again(first: Casework) -> np.ndarray:
    """The rows that follow an enquiry which found the taxpayer wrong."""
    return np.flatnonzero(casework._follows_enquiry(first))


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


def test_what_would_be_found_is_known_of_every_return_on_file(
    potential: pd.DataFrame, done: Casework
) -> None:
    assert len(potential) == done.in_time.sum()
    assert not potential.duplicated(KEYS).any()


def test_what_would_be_found_does_not_depend_on_what_was_opened(
    potential: pd.DataFrame, done: Casework
) -> None:
    pd.testing.assert_frame_equal(potential_enquiries(open_half(done)), potential)


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
    cases: pd.DataFrame, done: Casework
) -> None:
    wait = (cases["opened_on"] - done.last_received[cases["row"]]).dt.days
    assert wait.between(1, 365).all()
    assert (cases["received_on"] == cases["opened_on"]).all()


def test_most_enquiries_close_within_two_years(closed: pd.DataFrame) -> None:
    length = (closed["closed_on"] - closed["opened_on"]).dt.days
    assert (length > 0).all()
    assert (length <= 730).mean() > 0.9


def test_nothing_is_opened_or_closed_after_the_as_of_date(cases: pd.DataFrame, done: Casework) -> None:
    assert (cases["opened_on"] <= done.as_of).all()
    assert not (cases["closed_on"] > done.as_of).any()


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
    assert set(closed["behaviour"].dropna()) <= set(BEHAVIOURS)


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
def adjusted(adjustments: pd.DataFrame, done: Casework) -> pd.DataFrame:
    """The returns as filed, with the boxes that enquiries changed."""
    form = done.scene.form
    boxes = done.planted.reported[[*form.boxes, *form.context]].copy()
    for field, mine in adjustments.groupby("field"):
        place = boxes.columns.get_loc(field)
        boxes.iloc[mine["row"], place] = boxes.iloc[mine["row"], place].to_numpy() + mine["amount"].to_numpy()
    return boxes


def test_the_adjusted_boxes_bear_the_tax_that_was_found(
    closed: pd.DataFrame, adjusted: pd.DataFrame, done: Casework
) -> None:
    possible = (adjusted[BOXES] >= 0).all(axis=1)
    found = closed[(closed["tax_found"] > 0) & possible[closed["row"]].to_numpy()]
    charged = complete_return(adjusted.loc[found["row"]])["tax_charged"]
    rise = charged - done.planted.reported["tax_charged"].loc[found["row"]]
    # Amounts are settled in whole pounds, so the tax may differ by that of a pound or two.
    np.testing.assert_allclose(rise, found["tax_found"], rtol=0, atol=3)


def test_no_adjustment_leaves_a_negative_box(adjusted: pd.DataFrame) -> None:
    assert (adjusted[BOXES] >= 0).all(axis=None)


def test_cases_are_the_same_at_a_later_date_but_for_what_became_known(
    cases: pd.DataFrame, done: Casework
) -> None:
    later = open_half(replace(done, settings=replace(done.settings, as_of="2060-01-01")))
    all_cases, _ = enquiry_tables(later, potential_enquiries(later))
    assert set(cases["enquiry_id"]) <= set(all_cases["enquiry_id"])
    assert all_cases["closed_on"].notna().all()


def test_an_appeal_falls_between_opening_and_closing_and_prolongs_the_enquiry(closed: pd.DataFrame) -> None:
    appealed = closed["appealed_on"].notna()
    assert 0.01 < appealed.mean() < 0.08
    assert (closed["appealed_on"] > closed["opened_on"])[appealed].all()
    assert (closed["appealed_on"] < closed["closed_on"])[appealed].all()
    length = (closed["closed_on"] - closed["opened_on"]).dt.days
    assert length[appealed].mean() > length[~appealed].mean() + 100


def test_an_hour_of_an_enquiry_costs_the_same(closed: pd.DataFrame) -> None:
    assert (closed["cost"] == (closed["hours"] * 150).round(2)).all()


def test_the_last_version_is_the_amendment_where_there_is_one(done: Casework) -> None:
    amended = done.is_amended
    assert amended.any()
    assert (done.last_received[amended] == done.amended[amended]).all()
    same = ~amended & ~np.isnat(done.filed)
    assert (done.last_received[same] == done.filed[same]).all()


def test_only_returns_filed_after_an_enquiry_that_found_tax_are_filled_in_again(
    first: Casework, again: np.ndarray
) -> None:
    found = first.is_case & (first.tax_found > 0) & (first.closed_on <= first.as_of)
    entity = first.scene.panel["entity"]
    closing = pd.Series(first.closed_on[found]).groupby(entity[found].to_numpy()).min()
    day = entity.map(closing).to_numpy()
    mine = (first.filed > day) & (first.filed <= day + casework.LASTS)
    assert len(again) > 20
    np.testing.assert_array_equal(np.flatnonzero(mine), again)


def test_all_other_returns_are_untouched(first: Casework, done: Casework, again: np.ndarray) -> None:
    others = np.setdiff1d(np.arange(len(first.scene)), again)
    mine, theirs = done.planted, first.planted
    pd.testing.assert_frame_equal(mine.reported.iloc[others], theirs.reported.iloc[others])
    pd.testing.assert_frame_equal(mine.twin, theirs.twin)
    for name in ("tax_found", "closed_on", "opened_on", "appealed", "filed", "amended"):
        np.testing.assert_array_equal(getattr(done, name)[others], getattr(first, name)[others])
    for pair in ((mine.items, theirs.items), (done.findings, first.findings)):
        left, right = (frame[~np.isin(frame["row"], again)].reset_index(drop=True) for frame in pair)
        pd.testing.assert_frame_equal(left[list(right)], right)


def test_who_was_found_wrong_improves(first: Casework, done: Casework, again: np.ndarray) -> None:
    before, after = (one.planted.tax_lost[again] for one in (first, done))
    assert (after >= 1).mean() < 0.6 * (before >= 1).mean()
    assert len(_items(done, again)) == pytest.approx(
        (1 - casework.IMPROVEMENT) * len(_items(first, again)), rel=0.35
    )


def _items(done: Casework, rows: np.ndarray) -> pd.DataFrame:
    items = done.planted.items
    return items.loc[np.isin(items["row"], rows), ["row", "mechanism"]].drop_duplicates()


def test_nobody_takes_up_a_new_habit_after_an_enquiry(first: Casework, again: np.ndarray) -> None:
    later = first.scene.take(again)
    reformed = replace(later, panel=later.panel.assign(reform=casework.IMPROVEMENT))
    for mechanism in later.form.mechanisms:
        assert (is_active(mechanism, reformed) <= is_active(mechanism, later)).all()


def test_the_second_pass_is_whole(done: Casework) -> None:
    form = done.scene.form
    boxes = done.planted.reported[[*form.boxes, *form.context]]
    pd.testing.assert_frame_equal(form.complete(boxes)[list(done.planted.reported)], done.planted.reported)
    settled = form.complete(correct(boxes, done.planted.items))
    pd.testing.assert_frame_equal(settled[list(done.planted.twin)], done.planted.twin)
    summed = np.bincount(done.planted.items["row"], done.planted.items["tax_lost"], len(done.scene))
    np.testing.assert_allclose(summed, done.planted.tax_lost, rtol=0, atol=0.10)


def test_where_nothing_is_opened_nobody_learns(
    scene: Scene, reports: pd.DataFrame, first: Casework, settings: Settings
) -> None:
    rows = np.arange(1_000)
    few = reports[reports["row"] < len(rows)]
    closed = replace(settings, random_share=0.0, risk_share=0.0)
    alone = work(scene.take(rows), few, closed)
    pd.testing.assert_frame_equal(alone.planted.reported, first.planted.reported.head(len(rows)))
    assert not alone.is_case.any()


def test_what_a_taxpayer_files_depends_on_nobody_else(
    scene: Scene, reports: pd.DataFrame, done: Casework, again: np.ndarray, settings: Settings
) -> None:
    entity = scene.panel["entity"]
    chosen = [*entity.iloc[again[:5]], *entity.iloc[[0, 9_000]]]
    rows = np.flatnonzero(entity.isin(chosen))
    place = pd.Series(np.arange(len(rows)), rows)
    mine = reports[reports["row"].isin(rows)]
    alone = work(scene.take(rows), mine.assign(row=place[mine["row"]].to_numpy()), settings)
    theirs = done.planted.reported.iloc[rows].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.planted.reported, theirs)
    np.testing.assert_array_equal(alone.tax_found, done.tax_found[rows])
    np.testing.assert_array_equal(alone.opened.either, done.opened.either[rows])
