from __future__ import annotations

import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.records import Records


@pytest.fixture
def records() -> Records:
    enquiries = pd.DataFrame(
        {
            "enquiry_id": ["E1", "E2", "E3"],
            "taxpayer_id": ["A", "A", "B"],
            "appealed_on": pd.Series([pd.NaT] * 3, dtype="datetime64[ns]"),
            "closed_on": pd.to_datetime(["2024-03-01", "2024-09-01", "2024-03-01"]),
            "tax_found": [1.0, 2.0, 3.0],
            "received_on": pd.to_datetime(["2024-01-01", "2024-06-01", "2024-01-01"]),
        }
    )
    totals = pd.DataFrame({"received_on": pd.to_datetime(["2024-01-01", "2024-12-01"])})
    return Records.from_frames({"enquiries": enquiries, "aggregates": totals}, as_of="2024-12-31")


def days(**known: str) -> pd.Series:
    return pd.Series({name: pd.Timestamp(day) for name, day in known.items()})


def test_each_taxpayer_stands_at_a_day_of_his_own(records: Records) -> None:
    seen = records.known_when(days(A="2024-06-30", B="2024-02-01")).read("enquiries")
    assert seen["enquiry_id"].tolist() == ["E1", "E2", "E3"]
    assert seen["tax_found"].fillna(-1).tolist() == [1.0, -1.0, -1.0]
    early = records.known_when(days(A="2024-01-31")).read("enquiries", ["enquiry_id", "tax_found"])
    assert early["enquiry_id"].tolist() == ["E1"]
    assert early.columns.tolist() == ["enquiry_id", "tax_found"]


def test_the_same_day_for_all_is_the_records_at_that_day(records: Records) -> None:
    one = records.known_when(days(A="2024-06-30", B="2024-06-30")).read("enquiries")
    pd.testing.assert_frame_equal(one, records.known_at("2024-06-30").read("enquiries"))


def test_nothing_later_than_the_records_is_shown(records: Records) -> None:
    view = records.known_at("2024-01-31").known_when(days(A="2024-12-31", B="2024-12-31"))
    assert view.read("enquiries")["enquiry_id"].tolist() == ["E1", "E3"]


def test_tables_without_taxpayers_stand_at_the_date_of_the_records(records: Records) -> None:
    assert len(records.known_when(days(A="2024-01-31")).read("aggregates")) == 2


def test_a_day_too_many_or_too_few_is_refused(records: Records) -> None:
    twice = pd.Series(pd.to_datetime(["2024-01-01", "2024-02-01"]), index=["A", "A"])
    for wrong in (twice, pd.Series({"A": pd.NaT})):
        with pytest.raises(UsageError, match="one day, and only one"):
            records.known_when(wrong)


def test_what_is_held_reads_as_before(records: Records) -> None:
    held = records.hold(["enquiries", "vat"], 0)
    assert held.tables == ("enquiries",)
    pd.testing.assert_frame_equal(held.read("enquiries"), records.read("enquiries"))
    assert held.hold(["enquiries"], 0, ["B"]).read("enquiries")["enquiry_id"].tolist() == ["E3"]
    assert held.known_at("2024-01-31").read("enquiries")["enquiry_id"].tolist() == ["E1", "E3"]
