"""The reference of a model: counts by bin that add up over partitions and name nobody."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import IncompatibleError, InvalidDataError
from taxgap.risk.reference import ALL, SMALLEST, Column, Reference, merge_bins


def part(seed: int, rows: int = 600) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "margin": rng.normal(size=rows),
            "zeros": np.where(rng.random(rows) < 0.7, 0.0, rng.exponential(size=rows)),
            "trade": rng.choice(["shop", "taxi"], rows),
        }
    )
    frame.loc[rng.random(rows) < 0.1, "margin"] = np.nan
    years = rng.choice(["2022-23", "2023-24"], rows)
    return frame, pd.DataFrame({"year": years, "region": rng.choice(["Wales", "London"], rows)})


def test_every_return_is_counted_once_in_each_column() -> None:
    frame, slices = part(1)
    reference = Reference.fit([(frame, slices)], flag_from=0.0)
    for held, year in ((reference.counts[y, ALL, ALL], y) for y in reference.years):
        assert {count.sum() for count in held} == {(slices["year"] == year).sum()}
    assert ("2023-24", "region", "Wales") in reference.counts
    assert ("2022-23", "region", "Wales") not in reference.counts


def test_partitions_add_up() -> None:
    one, two = part(1), part(2)
    together = tuple(pd.concat(frames, ignore_index=True) for frames in zip(one, two, strict=True))
    whole, parted = Reference.fit([together], 0.0), Reference.fit([one, two], 0.0)
    assert whole.to_dict() == parted.to_dict()


def test_it_survives_the_card_and_counts_alike() -> None:
    frame, slices = part(1)
    reference = Reference.fit([(frame, slices)], flag_from=-1.5)
    again = Reference.from_dict(json.loads(json.dumps(reference.to_dict())))
    assert again.to_dict() == reference.to_dict()
    ours, theirs = again.count(*part(3)), reference.count(*part(3))
    assert ours.keys() == theirs.keys()
    assert all((a == b).all() for key in ours for a, b in zip(ours[key], theirs[key], strict=True))


def test_no_bin_of_a_year_holds_few_and_slices_are_rounded() -> None:
    frame, slices = part(1, rows=150)
    saved = Reference.fit([(frame, slices)], flag_from=0.0).to_dict()
    for item in saved["counts"]:
        for counts in item["counts"]:
            few = [count for count in counts if count < SMALLEST]
            assert not few if item["kind"] == ALL else all(count % 5 == 0 for count in counts)


def test_a_column_unknown_in_the_first_year_keeps_its_bins() -> None:
    frame, slices = part(1)
    frame.loc[slices["year"] == "2022-23", "margin"] = np.nan
    reference = Reference.fit([(frame, slices)], flag_from=0.0)
    assert len(reference.counts["2023-24", ALL, ALL][0]) > 5


def test_values_on_an_edge_and_unknown_codes_have_a_bin() -> None:
    number = Column("margin", edges=(0.0, 1.0))
    assert number.place(pd.Series([-1, 0, 0.5, 1, 2, np.nan])).tolist() == [0, 0, 1, 1, 2, 3]
    code = Column.learn("trade", pd.Series(["taxi", "shop", None]))
    assert code.place(pd.Series(["shop", "taxi", "arts", None])).tolist() == [0, 1, 2, 3]


def test_small_bins_are_merged() -> None:
    assert merge_bins(np.array([30.0, 3.0, 30.0, 4.0])).tolist() == [0, 1, 1, 1]
    assert merge_bins(np.array([3.0, 2.0])).tolist() == [0, 0]


def test_what_cannot_be_used() -> None:
    with pytest.raises(InvalidDataError, match="no returns"):
        Reference.fit([], 0.0)
    with pytest.raises(IncompatibleError, match="format 99"):
        Reference.from_dict({"format_version": 99})
