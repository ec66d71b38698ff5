"""Compared figures: counted, their misses named, and only what was read in a source is called published."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from taxgap.publication import PageContent
from taxgap.publication.comparison import Comparison, describe_comparison
from taxgap.publication.dots import relative_differences, spread_out


@pytest.fixture(scope="module")
def whole(content: PageContent) -> Comparison:
    return describe_comparison(content.comparison)


@pytest.fixture
def regions(content: PageContent) -> pd.DataFrame:
    return content.comparison[content.comparison["group"] == "Regions"].reset_index(drop=True)


def test_targets_are_counted_and_misses_named(whole: Comparison) -> None:
    first, second, _ = whole.sentences
    assert first.startswith("17 of 20 targets are within tolerance. Outside: Of these, over £10,000; Self-")
    assert second.startswith("Of 4 figures that it was not fitted to, 3 are within tolerance.")
    assert second.endswith("Outside: Total income from £1,000,000.")


def test_one_of_a_kind_reads_well(regions: pd.DataFrame) -> None:
    one = regions.iloc[:1]
    assert describe_comparison(one).sentences == (
        "1 of 1 target is within tolerance.",
        "Of the 1 reference figure, 1 was read in a published source.",
    )


def test_derived_and_remembered_figures_are_marked(regions: pd.DataFrame) -> None:
    (group,) = describe_comparison(regions).groups
    tags = {row[0].text: row[1].tag for row in group.table.rows}
    assert tags == {
        "South East": "",
        "London": "",
        "Northern Ireland": "",
        "Scotland": "Derived",
        "Wales": "From memory",
    }
    assert "published" not in " ".join(column.head for column in group.table.columns).lower()


def test_how_sure_the_figures_are_is_said(regions: pd.DataFrame) -> None:
    *_, basis = describe_comparison(regions).sentences
    assert "3 were read in a published source, 1 was worked out from published figures" in basis
    assert "1 was recalled and not checked" in basis
    assert "Only the first kind are published figures" in basis


def test_a_row_shows_its_numbers_in_their_unit(whole: Comparison) -> None:
    group = whole.groups[0]
    row = next(row for row in group.table.rows if row[0].text == "Mean tax found")
    assert [cell.text for cell in row[1:5]] == ["£2,320", "£2,510", "± £350", "Within"]
    assert row[2].note == "£2,320 to £2,700"
    missed = next(row for row in group.table.rows if row[0].text == "Of these, over £10,000")
    assert missed[4].tag == "Outside"
    unfitted = next(row for row in group.table.rows if row[0].text == "Share of liability not declared")
    assert unfitted[0].note == "Not fitted"


def test_without_interval_or_tolerance(regions: pd.DataFrame) -> None:
    bare = regions.assign(low=math.nan, high=math.nan, tolerance=math.nan)
    row = describe_comparison(bare).groups[0].table.rows[0]
    assert (row[2].note, row[3].text) == ("", "none set")


def test_a_reference_of_zero_is_in_the_table_and_not_in_the_picture(regions: pd.DataFrame) -> None:
    zero = regions.assign(published=0.0)
    (group,) = describe_comparison(zero).groups
    assert group.picture is None
    assert len(group.table.rows) == len(zero)
    assert relative_differences(regions.assign(published=[0.0, *regions["published"][1:]])).shape[0] == 4


def test_a_missing_figure_is_said_to_be_missing(regions: pd.DataFrame) -> None:
    (group,) = describe_comparison(regions.assign(simulated=math.nan, within=False)).groups
    assert group.table.rows[0][2].text == "not known"
    assert group.picture is None


def test_no_figures_at_all(regions: pd.DataFrame) -> None:
    assert describe_comparison(regions.iloc[:0]) == Comparison((), None, ())


def test_differences_are_shares_of_the_reference(regions: pd.DataFrame) -> None:
    row = relative_differences(regions).iloc[0]
    assert row["difference"] == pytest.approx(0.003 / 0.147)
    assert row["tolerance"] == pytest.approx(0.01 / 0.147)


def test_dots_are_spread_over_levels_until_these_are_full() -> None:
    assert spread_out([]) == []
    assert spread_out([0.0, 100.0]) == [0, 0]
    assert sorted(spread_out([0.0] * 5)) == [-2, -1, 0, 1, 2]
    assert len(spread_out([0.0] * 9)) == 9


def test_many_misses_are_counted_by_group_and_named_there(content: PageContent) -> None:
    figures = content.comparison.assign(within=False)
    described = describe_comparison(figures)
    assert described.sentences[0] == (
        "0 of 20 targets are within tolerance. Outside: 5 of “What random enquiries found”, 8 of “Gross "
        "income of sole traders and landlords”, 4 of “Self-employment income by band of total income” and 3 "
        "of “Regions”; they are named below."
    )
    assert described.groups[3].sentence.endswith(
        "Outside: South East; London; Northern Ireland; Scotland; Wales."
    )


def test_marks_beyond_the_edge_are_said_to_be_so(regions: pd.DataFrame) -> None:
    near, far = (describe_comparison(regions.assign(simulated=value)).groups[0] for value in (0.1, 0.9))
    assert near.picture is not None
    assert far.picture is not None
    assert "A mark at the edge lies further out." in far.picture.reading
