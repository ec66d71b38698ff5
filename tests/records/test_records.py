"""Records: opened, read, walked, and seen as they stood at a date."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.records import Records, Truth

Frames = dict[str, pd.DataFrame]
Write = Callable[..., Path]


@pytest.fixture(scope="session", params=["frames", "one partition", "three partitions"])
def records(request: pytest.FixtureRequest, clean_frames: Frames, write_records: Write) -> Records:
    """The same records in memory, in a folder, and in a folder of several partitions."""
    if request.param == "frames":
        return Records.from_frames(clean_frames, as_of="2025-06-30")
    return Records.open(write_records(clean_frames, 1 if request.param == "one partition" else 3))


def by_key(table: pd.DataFrame, *keys: str) -> pd.DataFrame:
    return table.sort_values(list(keys)).reset_index(drop=True)


def test_what_records_say_of_themselves(records: Records) -> None:
    assert records.as_of == pd.Timestamp("2025-06-30")
    assert records.periods == ["2022-23", "2023-24"]
    assert records.tables == ("taxpayers", "obligations", "self_assessment", "enquiries")
    assert list(records.partitions) == list(range(records.manifest.partitions))
    assert isinstance(records.where, str)


def test_a_whole_table_is_what_was_written(records: Records, frames: Frames) -> None:
    for name, keys in (("taxpayers", ["taxpayer_id"]), ("self_assessment", ["taxpayer_id", "period"])):
        pd.testing.assert_frame_equal(by_key(records.table(name), *keys), frames[name])


def test_partitions_together_are_the_table(records: Records) -> None:
    parts = [part["self_assessment"] for part in records.iterate(["self_assessment", "enquiries"])]
    assert len(parts) == len(records.partitions)
    whole = records.table("self_assessment")
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)
    pd.testing.assert_frame_equal(records.read("self_assessment"), whole)


def test_columns_come_in_the_order_asked_for(records: Records) -> None:
    columns = ["turnover", "taxpayer_id"]
    assert list(records.table("self_assessment", columns)) == columns
    assert list(records.read("self_assessment", columns, partition=0)) == columns
    assert list(records.read("self_assessment", columns, partition=0, periods=["2022-23"])) == columns


def test_rows_can_be_chosen(records: Records) -> None:
    chosen = records.table(
        "self_assessment", ["taxpayer_id"], where={"period": "2022-23", "taxpayer_id": ["T0", "T2"]}
    )
    assert sorted(chosen["taxpayer_id"]) == ["T0", "T2"]
    assert set(records.read("self_assessment", periods=["2023-24"])["period"]) == {"2023-24"}
    assert chosen.index.tolist() == [0, 1]


def test_identifiers_keep_their_leading_zeros(records: Records) -> None:
    assert set(records.table("taxpayers")["utr"]) == {"0012345678"}


@pytest.mark.parametrize("partition", [None, 0])
def test_what_is_not_there_is_refused_by_name(records: Records, partition: int | None) -> None:
    with pytest.raises(
        InvalidDataError, match=r"table 'payments' is missing.*Available: taxpayers, obligations"
    ):
        records.read("payments", partition=partition)
    with pytest.raises(InvalidDataError, match=r"profit.*Available: taxpayer_id"):
        records.read("self_assessment", ["profit"], partition=partition)


def test_a_partition_that_does_not_exist_is_refused(records: Records) -> None:
    with pytest.raises(InvalidDataError, match=r"part-0007|no partition 7"):
        records.read("self_assessment", partition=7)


# What was known when.


def test_rows_received_later_are_not_there(records: Records) -> None:
    earlier = records.known_at("2024-12-31")
    assert set(earlier.table("self_assessment")["period"]) == {"2022-23"}
    assert len(earlier.known_at("2022-04-05").table("taxpayers")) == 0
    assert len(records.known_at("2022-04-06").table("taxpayers")) == 3


def test_what_became_known_later_of_a_row_is_empty(records: Records) -> None:
    earlier = by_key(records.known_at("2025-02-28").table("enquiries"), "enquiry_id")
    assert len(earlier) == 2
    assert earlier[["closed_on", "hours", "tax_found", "behaviour"]].isna().all().all()
    assert earlier["opened_on"].notna().all()
    now = by_key(records.table("enquiries"), "enquiry_id")
    assert now["tax_found"].tolist()[0] == 100.0
    obligation = records.known_at("2025-02-28").table("obligations").iloc[0]
    assert obligation[["met_on", "status"]].isna().all()


@pytest.mark.parametrize("columns", [["tax_found"], ["behaviour", "enquiry_id"], ["hours"]])
def test_the_future_is_hidden_whatever_columns_are_read(records: Records, columns: list[str]) -> None:
    earlier = records.known_at("2025-02-28").read("enquiries", columns)
    assert list(earlier) == columns
    assert earlier[columns[0]].isna().all()


def test_types_stay_what_they_are_when_something_is_hidden(records: Records) -> None:
    now, earlier = records.table("enquiries"), records.known_at("2025-02-28").table("enquiries")
    assert earlier.dtypes.to_dict() == now.dtypes.to_dict()


def test_rows_from_the_future_change_nothing(frames: Frames) -> None:
    later = frames["self_assessment"].iloc[[0]].assign(received_on=pd.Timestamp("2025-07-01").as_unit("ms"))
    more = frames | {"self_assessment": pd.concat([frames["self_assessment"], later])}
    known = Records.from_frames(more, as_of="2025-06-30").table("self_assessment")
    pd.testing.assert_frame_equal(known, frames["self_assessment"])


def test_a_row_without_a_date_is_seen_not_dropped(frames: Frames) -> None:
    frames["self_assessment"].loc[1, "received_on"] = pd.NaT  # of 2023-24, received after the date
    assert len(Records.from_frames(frames, as_of="2024-12-31").table("self_assessment")) == 4


def test_a_date_in_a_wrong_type_or_missing_is_no_crash(frames: Frames) -> None:
    frames["enquiries"]["received_on"] = frames["enquiries"]["received_on"].astype("str")
    frames["enquiries"]["closed_on"] = frames["enquiries"]["closed_on"].dt.tz_localize("UTC")
    frames["self_assessment"] = frames["self_assessment"].drop(columns="received_on")
    records = Records.from_frames(frames, as_of="2024-12-31")
    assert len(records.read("enquiries", partition=0)) == 2
    assert len(records.read("self_assessment", partition=0)) == 6


def test_nothing_changes_at_no_date_and_nothing_is_known_of_the_future(records: Records) -> None:
    assert records.known_at(None) is records
    with pytest.raises(UsageError, match="stand at 2025-06-30; nothing is known of 2025-07-01"):
        records.known_at("2025-07-01")
    with pytest.raises(UsageError, match="'soon' is no date"):
        records.known_at("soon")


# Frames in memory.


def test_frames_stand_at_the_latest_date_on_which_something_became_known(frames: Frames) -> None:
    assert Records.from_frames(frames).as_of == pd.Timestamp("2025-03-10")
    assert (
        Records.from_frames({"enquiries": frames["enquiries"]}).table("enquiries")["tax_found"].notna().any()
    )


def test_frames_without_rows_have_a_date(frames: Frames) -> None:
    empty = {name: frame.iloc[:0] for name, frame in frames.items()}
    assert Records.from_frames(empty).as_of == pd.Timestamp("1900-01-01")
    assert len(Records.from_frames(empty).table("taxpayers")) == 0


def test_frames_are_not_modified(frames: Frames) -> None:
    before = {name: frame.copy() for name, frame in frames.items()}
    records = Records.from_frames(frames)
    people = records.table("taxpayers")
    people["utr"] = "x"
    records.known_at("2024-12-31").read("enquiries", partition=0)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_codes_in_frames_get_their_frozen_levels(frames: Frames) -> None:
    texts = frames["taxpayers"].assign(region="Wales", nation=pd.Categorical(["Wales"] * 3))
    read = Records.from_frames({"taxpayers": texts}).table("taxpayers")
    assert read["region"].dtype == frames["taxpayers"]["region"].dtype
    assert read["nation"].dtype == frames["taxpayers"]["nation"].dtype


@pytest.mark.parametrize("odd", [["Atlantis"] * 3, [1, 2, 3], [["Wales"], {}, None]])
def test_codes_that_are_not_in_the_list_are_left_for_validation_to_see(
    odd: list[object], frames: Frames
) -> None:
    people = frames["taxpayers"].assign(region=pd.Series(odd, dtype=object))
    assert Records.from_frames({"taxpayers": people}).table("taxpayers")["region"].tolist() == odd


def test_unusual_frames_are_refused_in_words(frames: Frames) -> None:
    with pytest.raises(UsageError, match=r"Not a table: customs.*Available: taxpayers"):
        Records.from_frames({"customs": frames["taxpayers"]})
    with pytest.raises(UsageError, match="'soon' is no date"):
        Records.from_frames(frames, as_of="soon")
    twice = pd.concat([frames["taxpayers"], frames["taxpayers"]], axis="columns")
    with pytest.raises(InvalidDataError, match="stand there more than once: birth_year"):
        Records.from_frames({"taxpayers": twice})


def test_periods_of_frames_are_their_labels(frames: Frames) -> None:
    odd = frames["self_assessment"].assign(
        period=pd.Series(["2023-24", 2023, None, [1], "x", np.nan], dtype=object)
    )
    assert Records.from_frames({"self_assessment": odd}).periods == ["2023-24", "x"]


def test_periods_of_frames_are_tax_years_and_those_of_their_months(frames: Frames) -> None:
    labels = ["2023-24", "2023-07", "2024-12", "2011-12", "2022-23", "2023-07"]
    mixed = pd.DataFrame({"taxpayer_id": "T0", "regime": "vat", "period": labels})
    assert Records.from_frames(frames | {"payments": mixed}).periods == [
        "2011-12",
        "2022-23",
        "2023-24",
        "2024-25",
    ]


# Folders.


def test_a_folder_without_a_manifest_holds_no_records(tmp_path: Path) -> None:
    said = {
        tmp_path: r"no manifest\.json.*Name the folder 'records'",
        tmp_path / "nowhere": "nothing has this",
    }
    for folder, words in said.items():
        with pytest.raises(InvalidDataError, match=words):
            Records.open(folder)


def test_records_of_a_newer_format_are_refused_by_name(frames: Frames, write_records: Write) -> None:
    folder = write_records(frames)
    path = folder / "manifest.json"
    path.write_text(path.read_text("utf-8").replace('"format_version": 1', '"format_version": 9'), "utf-8")
    with pytest.raises(IncompatibleError, match="'taxgap-records' has version 9, newer than 1"):
        Records.open(folder)


def test_a_missing_partition_is_an_error_when_it_is_read(frames: Frames, write_records: Write) -> None:
    folder = write_records(frames, 3)
    (folder / "enquiries" / "part-0001.parquet").unlink()
    records = Records.open(folder)
    assert len(records.read("self_assessment")) == 6
    with pytest.raises(InvalidDataError, match=r"file of the table 'enquiries' is missing.*part-0001"):
        records.table("enquiries")


def test_a_truth_has_tables_of_its_own(frames: Frames, write_records: Write) -> None:
    truth = Truth.open(write_records({"self_assessment": frames["self_assessment"]}))
    assert truth.tables == ("self_assessment",)
    assert len(truth.table("self_assessment")) == 6


def test_records_travel_between_processes(records: Records) -> None:
    copy = pickle.loads(pickle.dumps(records.known_at("2024-12-31")))  # noqa: S301  our own bytes
    pd.testing.assert_frame_equal(copy.table("enquiries"), records.known_at("2024-12-31").table("enquiries"))
