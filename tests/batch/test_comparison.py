"""Two nights of scores: every figure against its closed form, and what must hold of any two nights."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.batch import read_scores, write_scores
from taxgap.batch.comparison import ScoreComparison, compare_scores
from taxgap.batch.comparison.comparing import NO_REASON
from taxgap.batch.comparison.result import ALL
from taxgap.calibration.intervals import share_interval
from taxgap.errors import IncompatibleError, InvalidDataError
from taxgap.records import Records
from taxgap.risk.model import RiskModel

pytestmark = pytest.mark.xdist_group("comparison")  # one worker makes what they share

YEAR = "2023-24"
RULE = "Flagged if the probability is at least 0.5 and the rank is within the first 40% of the tax year."
TABLES = ("returns", "flags", "ranks", "drift", "rule", "reasons", "reason_moves", "changed", "movers")


def night(n: int = 10, **columns: Any) -> pd.DataFrame:
    """Scores of n taxpayers, by falling score; the first four are flagged, for reason a."""
    frame = pd.DataFrame(
        {
            "taxpayer_id": [f"T{i:03d}" for i in range(n)],
            "period": YEAR,
            "regime": "self_assessment",
            "model_id": "m",
            "probability": np.linspace(0.9, 0.1, n),
            "score": np.linspace(9.0, 1.0, n),
            "population_mean": 5.0,
            "rank": np.arange(1, n + 1),
            "flagged": np.arange(n) < 4,
            "reason_1_code": "a",
            "reason_2_code": "b",
        }
    )
    return frame.assign(**columns)


def flags(n: int, *places: int) -> np.ndarray:
    return np.isin(np.arange(n), places)


def last(table: pd.DataFrame | None) -> pd.Series:
    """Return the line of all tax years."""
    assert table is not None
    assert table["period"].iloc[-1] == ALL
    return table.iloc[-1]


def by_chance(seed: int) -> pd.DataFrame:
    """Draw scores of two years at random, some returns missing and some unexplained."""
    rng = np.random.default_rng(seed)
    years = [night(60), night(60, period="2024-25")]
    frame = pd.concat(years, ignore_index=True).sample(frac=0.9, random_state=seed)
    score = rng.normal(5, 1, len(frame))
    frame = frame.assign(score=score, probability=1 / (1 + np.exp(5 - score)))
    ranks = frame.groupby("period")["score"].rank(ascending=False).astype("int64")
    codes = rng.choice(np.array(["a", "b", "c", None], dtype=object), (2, len(frame)))
    return frame.assign(
        rank=ranks,
        flagged=ranks <= 15,
        population_mean=np.where(rng.random(len(frame)) < 0.9, 5.0, np.nan),
        reason_1_code=codes[0],
        reason_2_code=codes[1],
        flag_rule=RULE,
    ).reset_index(drop=True)


def assert_same(first: ScoreComparison, second: ScoreComparison) -> None:
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name), check_categorical=False)


def test_flags_kept_new_and_dropped_are_counted() -> None:
    found = compare_scores(night(), night(flagged=flags(10, 2, 3, 4, 5, 6)))
    row = last(found.flags)
    assert row[["before", "after", "kept", "new", "dropped"]].tolist() == [4, 5, 2, 3, 2]
    assert row[["new_returns", "gone_returns"]].tolist() == [0, 0]
    for name, hits, n in (("new_share", 3, 5), ("dropped_share", 2, 4), ("overlap", 2, 7)):
        told = row[[name, f"{name}_low", f"{name}_high"]].tolist()
        assert told == pytest.approx(share_interval(hits, n))
    assert found.new_share == 3 / 5
    assert found.flags["period"].tolist() == [YEAR, ALL]
    assert found.changed["flag"].tolist() == ["dropped", "dropped", "new", "new", "new"]


def test_returns_of_one_night_alone_are_counted() -> None:
    after = night(flagged=flags(10, 0, 1, 9)).iloc[[0, 1, 3, 4, 5, 6, 7, 8, 9]]
    found = compare_scores(night(9), after)
    assert last(found.returns).tolist() == [ALL, 8, 1, 1]
    row = last(found.flags)
    assert row[["kept", "new", "dropped", "new_returns", "gone_returns"]].tolist() == [2, 1, 2, 1, 1]
    lone = found.changed[found.changed["in_before"] != found.changed["in_after"]]
    assert lone["taxpayer_id"].tolist() == ["T002", "T009"]
    assert lone[["rank_before", "rank_after"]].isna().to_numpy().tolist() == [[False, True], [True, False]]
    assert found.movers["taxpayer_id"].isin(["T002", "T009"]).sum() == 0


@pytest.mark.parametrize(
    ("ranks", "expected"),
    [
        (np.arange(10, 0, -1), -1.0),
        (np.array([2, 1, *range(3, 11)]), 1 - 6 * 2 / (10 * 99)),
        (np.array([10, *range(1, 10)]), 1 - 6 * (81 + 9) / (10 * 99)),
    ],
)
def test_rank_correlation_is_spearmans(ranks: np.ndarray, expected: float) -> None:
    found = compare_scores(night(), night(rank=ranks))
    assert found.ranks["spearman"].tolist() == pytest.approx([expected, expected])


def test_a_tenth_of_the_list_is_not_yet_far() -> None:
    ranks = np.arange(1, 21)
    ranks[[0, 1, 2, 4]] = [3, 5, 1, 2]  # of the flagged: 2 places, 3 places, 2 places; unflagged: 3 places
    found = compare_scores(night(20), night(20, rank=ranks))
    row = last(found.ranks)
    assert row["flagged"] == 4
    assert row[["moved_far", "moved_far_low", "moved_far_high"]].tolist() == pytest.approx(
        share_interval(1, 4)
    )
    assert found.movers["taxpayer_id"].tolist() == ["T001", "T000", "T002"]
    assert found.movers["move"].tolist() == pytest.approx([0.15, 0.1, -0.1])
    assert found.movers.loc[0, ["rank_before", "rank_after"]].tolist() == [2, 5]
    assert compare_scores(night(20), night(20, rank=ranks), movers=1).movers["taxpayer_id"].tolist() == [
        "T001"
    ]


def test_drift_is_the_stability_index_over_tenths_of_the_first() -> None:
    before = night(100, probability=np.arange(100) / 100)
    found = compare_scores(before, before.assign(probability=0.95))
    row = found.drift.iloc[0]
    empty, full = 0.5 / 105, 100.5 / 105
    expected = 9 * (0.1 - empty) * math.log(0.1 / empty) + (0.1 - full) * math.log(0.1 / full)
    assert row["what"] == "probability"
    assert row["psi"] == pytest.approx(expected)
    assert row["psi_by_chance"] == pytest.approx(9 * 2 / 100)
    assert row[["mean_before", "mean_after", "mean_shift"]].tolist() == pytest.approx([0.495, 0.95, 0.455])
    shifts = row[["q05_shift", "q50_shift", "q95_shift"]].tolist()
    assert shifts == pytest.approx([0.95 - 0.0495, 0.95 - 0.495, 0.95 - 0.9405])
    assert "much" in found.to_text()
    assert "a custom, not a law" in found.to_text()
    assert found.drift.loc[1, ["what", "psi", "mean_shift"]].tolist() == ["score", 0.0, 0.0]


def test_reasons_of_those_flagged_and_explained_on_both_nights_are_compared() -> None:
    before = night(6)  # T000 to T003 are flagged
    after = night(
        6,
        population_mean=[5.0, 5.0, 5.0, np.nan, 5.0, 5.0],
        reason_1_code=["b", "c", None, "c", "c", "c"],
        reason_2_code=["a", "a", None, "b", "b", "b"],
    )
    found = compare_scores(before, after)
    row = last(found.reasons)
    assert row["compared"] == 3
    assert row[["first_changed", "set_changed"]].tolist() == pytest.approx([1.0, 2 / 3])
    assert found.reason_moves is not None
    assert found.reason_moves.to_numpy().tolist() == [["a", "b", 1], ["a", "c", 1], ["a", NO_REASON, 1]]
    assert "     1  a -> c" in found.to_text()


def test_the_parts_of_the_rule_say_why_a_flag_is_new() -> None:
    before = night(
        flag_rule=RULE, probability=[0.9, 0.8, 0.4, 0.7, 0.6, *[0.1] * 5], flagged=flags(10, 0, 1, 3)
    )
    after = night(
        flag_rule=RULE,
        probability=[0.9, 0.4, 0.8, 0.7, 0.6, *[0.1] * 5],
        rank=[1, 2, 3, 5, 4, *range(6, 11)],
        flagged=flags(10, 0, 2, 4),
    )
    table = compare_scores(before, after).rule
    assert table is not None
    rows = table[table["period"] == ALL].set_index("what")
    assert rows.loc["probability", ["before", "after"]].tolist() == [0.4, 0.4]
    assert rows.loc["rank", ["before", "after"]].tolist() == [0.4, 0.4]
    # T002 is new by its probability, T004 by its rank; T001 went by its probability, T003 by its rank.
    assert rows[["unmet_before", "unmet_after"]].to_numpy().tolist() == [[1, 1], [1, 1]]


def test_returns_of_one_taxpayer_that_are_alike_count_as_one() -> None:
    def twice(frame: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([frame, frame.assign(period="2024-25")], ignore_index=True)

    after = night(flagged=flags(10, 2, 3, 4, 5, 6))
    row = last(compare_scores(twice(night()), twice(after)).flags)
    assert row[["new", "after"]].tolist() == [6, 10]
    assert row[["new_share", "new_share_low", "new_share_high"]].tolist() == pytest.approx(
        share_interval(3, 5)
    )
    row = last(compare_scores(twice(night()), twice(night())).flags)
    assert row["overlap_low"] == pytest.approx(share_interval(4, 4)[1])


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_changes_between_a_night_and_itself(seed: int) -> None:
    scores = by_chance(seed)
    found = compare_scores(scores, scores.copy())
    assert found.equal
    assert found.changed.empty
    assert found.movers.empty
    assert (found.flags[["new", "dropped"]] == 0).all(axis=None)
    assert (found.flags["overlap"] == 1).all()
    assert (found.ranks["spearman"] == 1).all()
    assert (found.drift[["psi", "mean_shift", "q50_shift"]] == 0).all(axis=None)
    assert last(found.reasons)[["first_changed", "set_changed"]].tolist() == [0, 0]
    assert "The two nights are equal" in found.to_text()


@pytest.mark.parametrize("seed", [1, 2])
def test_there_and_back_swaps_new_and_dropped(seed: int) -> None:
    there, back = (compare_scores(by_chance(a), by_chance(b)) for a, b in ((seed, 9), (9, seed)))
    assert not there.equal
    swapped = {"before": "after", "new": "dropped", "new_returns": "gone_returns"}
    swapped |= {f"new_share{end}": f"dropped_share{end}" for end in ("", "_low", "_high")}
    swapped |= {value: key for key, value in swapped.items()}
    renamed = back.flags.rename(columns=swapped)[there.flags.columns]
    pd.testing.assert_frame_equal(there.flags, renamed)
    pd.testing.assert_frame_equal(there.ranks, back.ranks)
    pd.testing.assert_frame_equal(there.reasons, back.reasons)
    assert there.drift["mean_shift"].tolist() == pytest.approx((-back.drift["mean_shift"]).tolist())
    assert len(there.changed) == len(back.changed)
    assert there.movers["move"].abs().tolist() == pytest.approx(back.movers["move"].abs().tolist())


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    before, after = by_chance(seed), by_chance(9)
    mixed = compare_scores(before.sample(frac=1, random_state=3), after.sample(frac=1, random_state=4))
    assert_same(compare_scores(before, after), mixed)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(
        IncompatibleError, match="Scores of self_assessment cannot be compared with scores of vat"
    ):
        compare_scores(night(), night(regime="vat"))
    with pytest.raises(InvalidDataError, match="lack the columns score"):
        compare_scores(night().drop(columns="score"), night())
    with pytest.raises(InvalidDataError, match=r"more than once.*after"):
        compare_scores(night(), pd.concat([night(), night()]))


def test_scores_without_reasons_are_compared_without() -> None:
    bare = night().drop(columns=["reason_1_code", "reason_2_code"])
    found = compare_scores(night(), bare)
    assert found.reasons is None
    assert found.reason_moves is None
    assert found.equal
    assert "reason_before" not in found.changed
    assert "Reasons are not compared" in found.to_text()
    assert "first reason" not in found.to_text()
    assert found.to_dict()["reasons"] is None
    assert "reasons" not in set(found.to_frame()["part"])


def test_where_one_night_has_fewer_reasons_so_many_are_compared() -> None:
    found = compare_scores(night(reason_2_code="c"), night().drop(columns="reason_2_code"))
    assert last(found.reasons)["set_changed"] == 0
    assert any("first 1 reasons" in note for note in found.notes)


def test_nights_without_flags_or_returns_say_so() -> None:
    found = compare_scores(night(flagged=False), night(flagged=False))
    assert found.new_share == 0
    assert "None of the flags after are new." in found.to_text()
    empty = compare_scores(night().iloc[:0], night())
    assert last(empty.returns).tolist() == [ALL, 0, 0, 10]
    assert empty.to_text()
    assert compare_scores(night().iloc[:0], night().iloc[:0]).equal


def test_no_personal_row_is_told() -> None:
    found = compare_scores(by_chance(1), by_chance(2))
    told = json.dumps(found.to_dict()) + found.to_text() + found.to_frame().to_csv()
    assert "T0" not in told
    assert "NaN" not in json.dumps(found.to_dict())
    assert len(found.to_text().splitlines()) < 45


def test_figures_are_tidy() -> None:
    found = compare_scores(night(), night(flagged=flags(10, 2, 3, 4, 5, 6)))
    tidy = found.to_frame()
    assert tidy.columns.tolist() == ["part", "what", "measure", "period", "value", "low", "high"]
    (row,) = tidy[(tidy["measure"] == "overlap") & (tidy["period"] == ALL)].itertuples()
    assert (row.value, row.low, row.high) == pytest.approx(share_interval(2, 7))
    assert not tidy.duplicated(["part", "what", "measure", "period"]).any()


@pytest.fixture(scope="module")
def folders(
    records: Records, parted: Records, model: RiskModel, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The same scores in two parts and in one, and others of a larger capacity."""
    out = tmp_path_factory.mktemp("nights")
    few: dict[str, Any] = {"validate": False, "reasons": 2}
    return {
        "monday": write_scores(parted, model, out / "monday", **few),
        "whole": write_scores(records, model, out / "whole", **few),
        "tuesday": write_scores(parted, model, out / "tuesday", **few, capacity_share=0.2, cutoff=0.3),
    }


def test_equal_folders_say_so(folders: dict[str, Path], tmp_path: Path) -> None:
    copied = Path(shutil.copytree(folders["monday"], tmp_path / "copy"))
    found = compare_scores(folders["monday"], copied)
    assert found.equal
    assert found.equal_bytes is True
    assert "The files are the same, byte for byte." in found.to_text()
    assert (found.about["before"] == found.about["after"]).all()
    part = copied / "part-0001.parquet"
    part.write_bytes(part.read_bytes() + b" ")
    with pytest.raises(InvalidDataError, match="not the one that was written"):
        compare_scores(folders["monday"], copied)


@pytest.mark.long
def test_partitions_do_not_matter(folders: dict[str, Path]) -> None:
    parts = compare_scores(folders["monday"], folders["tuesday"])
    assert parts.equal_bytes is False
    assert not parts.equal
    assert_same(parts, compare_scores(folders["whole"], folders["tuesday"]))
    same = compare_scores(folders["whole"], folders["monday"])
    assert same.equal
    assert same.equal_bytes is False
    frames = compare_scores(read_scores(folders["monday"]), str(folders["tuesday"]))
    assert frames.equal_bytes is None
    assert_same(parts, frames)


def test_settings_stand_side_by_side(folders: dict[str, Path], model: RiskModel) -> None:
    found = compare_scores(folders["monday"], folders["tuesday"])
    about = found.about.set_index("what")
    assert about.loc["model_id"].tolist() == [model.model_id] * 2
    assert about.loc["settings: capacity_share"].tolist() == ["0.05", "0.2"]
    assert about.loc["settings: cutoff"].tolist() == ["0.4", "0.3"]
    shown = found.to_text()
    assert "capacity_share" in shown
    assert "hourly_cost" not in shown
    assert last(found.flags)["dropped"] == 0
    assert last(found.flags)["new"] > 0
