"""Records in which some returns say something else."""

from __future__ import annotations

import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.reasons.audit.edited import KEYS, edit_returns
from taxgap.records import Records

TABLE = "self_assessment"
YEAR = "2023-24"


@pytest.fixture
def records() -> Records:
    returns = pd.DataFrame(
        {
            "taxpayer_id": ["A", "B", "B", "C"],
            "period": YEAR,
            "version": [0, 0, 1, 0],
            "turnover": [10.0, 20.0, 25.0, 30.0],
            "rents": [1.0, 2.0, 2.5, 3.0],
            "by_agent": [True, False, False, True],
            "received_on": pd.to_datetime(["2025-01-01", "2025-01-01", "2025-03-01", "2025-01-01"]),
        }
    )
    payments = pd.DataFrame({"taxpayer_id": ["A"], "received_on": pd.to_datetime(["2025-01-01"])})
    return Records.from_frames({TABLE: returns, "payments": payments}, as_of="2025-06-30")


def rows(people: list[str], period: str = YEAR, **boxes: object) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([people, [period]], names=KEYS)
    return pd.DataFrame(boxes, index=index)


def test_only_the_latest_version_and_the_named_box_change(records: Records) -> None:
    edited = edit_returns(records, TABLE, rows(["B", "C"], turnover=[7.0, 8.0]))
    before, after = records.read(TABLE), edited.read(TABLE)
    assert after["turnover"].tolist() == [10.0, 20.0, 7.0, 8.0]
    pd.testing.assert_frame_equal(after.drop(columns="turnover"), before.drop(columns="turnover"))
    assert before["turnover"].tolist() == [10.0, 20.0, 25.0, 30.0]


@pytest.mark.parametrize("columns", [["turnover"], ["rents", "turnover"], ["rents"], ["taxpayer_id"]])
def test_every_reader_sees_it(records: Records, columns: list[str]) -> None:
    edited = edit_returns(records, TABLE, rows(["C", "A"], turnover=[8.0, 9.0]))
    whole = edited.read(TABLE)
    pd.testing.assert_frame_equal(edited.read(TABLE, columns), whole[columns])
    pd.testing.assert_frame_equal(edited.table(TABLE, columns), whole[columns])
    pd.testing.assert_frame_equal(edited.hold([TABLE], 0).read(TABLE, columns), whole[columns])
    part = edited.hold([TABLE], 0, ["C"]).read(TABLE, columns)
    pd.testing.assert_frame_equal(
        part.reset_index(drop=True), whole[columns].iloc[[3]].reset_index(drop=True)
    )


def test_other_tables_stay(records: Records) -> None:
    edited = edit_returns(records, TABLE, rows(["A"], turnover=[8.0]))
    pd.testing.assert_frame_equal(edited.read("payments"), records.read("payments"))
    assert edited.tables == records.tables
    assert edited.as_of == records.as_of


def test_what_was_known_earlier_is_what_was_filed(records: Records) -> None:
    edited = edit_returns(records, TABLE, rows(["B"], turnover=[7.0]))
    assert edited.known_at("2025-02-01").read(TABLE)["turnover"].tolist() == [10.0, 20.0, 30.0]
    then = edit_returns(records.known_at("2025-02-01"), TABLE, rows(["B"], turnover=[7.0]))
    assert then.read(TABLE)["turnover"].tolist() == [10.0, 7.0, 30.0]


def test_days_of_their_own_are_kept(records: Records) -> None:
    days = pd.Series(pd.to_datetime(["2025-02-01", "2025-04-01"]), ["B", "C"])
    edited = edit_returns(records.known_when(days), TABLE, rows(["B"], turnover=[7.0]))
    assert edited.read(TABLE)["turnover"].tolist() == [7.0, 30.0]
    later = edit_returns(records, TABLE, rows(["B", "C"], turnover=[7.0, 8.0])).known_when(days)
    assert later.read(TABLE)["turnover"].tolist() == [20.0, 8.0]


def test_edits_add_up(records: Records) -> None:
    once = edit_returns(records, TABLE, rows(["A"], turnover=[7.0]))
    twice = edit_returns(once, TABLE, rows(["A", "C"], rents=[70.0, 80.0]))
    assert twice.read(TABLE)["turnover"].tolist() == [7.0, 20.0, 25.0, 30.0]
    assert twice.read(TABLE)["rents"].tolist() == [70.0, 2.0, 2.5, 80.0]


def test_a_box_can_be_emptied_and_flags_keep_their_type(records: Records) -> None:
    edited = edit_returns(records, TABLE, rows(["A"], turnover=[float("nan")], by_agent=[False])).read(TABLE)
    assert edited["turnover"].isna().tolist() == [True, False, False, False]
    assert edited["by_agent"].tolist() == [False, False, False, True]
    assert edited["by_agent"].dtype == bool


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (rows(["A", "Z"], turnover=[1.0, 2.0]), InvalidDataError, "1 of 2 returns"),
        (rows(["A"], "2019-20", turnover=[1.0]), InvalidDataError, "1 of 1 returns"),
        (rows(["A"], turn_over=[1.0]), InvalidDataError, "turn_over"),
        (rows(["A"], pension=[1.0]), InvalidDataError, "pension"),
        (rows(["A"], version=[4]), UsageError, "version"),
        (rows(["A", "A"], turnover=[1.0, 2.0]), UsageError, "twice"),
        (pd.DataFrame({"turnover": [1.0]}), UsageError, "indexed"),
    ],
)
def test_what_cannot_be_edited_is_refused(
    records: Records, wrong: pd.DataFrame, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        edit_returns(records, TABLE, wrong)


def test_values_of_another_type_are_refused(records: Records) -> None:
    with pytest.raises(InvalidDataError, match="turnover"):
        edit_returns(records, TABLE, rows(["A"], turnover=["much"])).read(TABLE)


def test_a_table_that_is_not_there_is_refused(records: Records) -> None:
    with pytest.raises(InvalidDataError, match="vat"):
        edit_returns(records, "vat", rows(["A"], output_tax=[1.0]))
