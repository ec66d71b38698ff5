"""`record_outcomes`: nothing changes in silence, and nothing changes twice."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.monitoring import OutcomesReport, record_outcomes
from taxgap.records import Records
from taxgap.records.files import checksum
from taxgap.schemas import TABLES

LATER = "2026-12-31"


def count(report: OutcomesReport, table: str = "enquiries") -> dict[str, int]:
    row = report.counts.set_index("table").loc[table]
    assert row["rows_in"] == row[["added", "changed", "amended", "already", "set_aside"]].sum()
    return {name: int(value) for name, value in row.items() if value and name != "rows_in"}


def faults(report: OutcomesReport) -> set[tuple[int, str, str]]:
    return set(report.set_aside[["row", "column", "rule"]].itertuples(index=False, name=None))


def whole(path: Path) -> dict[str, str]:
    return {p.relative_to(path).as_posix(): checksum(p) for p in path.rglob("*") if p.is_file()}


def test_closed_enquiries_are_filled_in_and_the_rest_stays(
    small: Records, closing: pd.DataFrame, folder: Path
) -> None:
    before = whole(Path(small.where))
    report = record_outcomes(small, enquiries=closing, out=folder, as_of=LATER)
    assert count(report) == {"changed": 6}
    assert report.complete
    now = report.open()
    assert str(now.as_of.date()) == LATER
    read = now.table("enquiries").set_index("enquiry_id")
    expected = closing.set_index("enquiry_id")
    assert read.loc[expected.index, "tax_found"].tolist() == expected["tax_found"].tolist()
    assert read.loc[expected.index, "behaviour"].isna().tolist() == expected["behaviour"].isna().tolist()
    others = small.table("enquiries").set_index("enquiry_id").drop(index=expected.index)
    pd.testing.assert_frame_equal(read.loc[others.index], others)
    TABLES["enquiries"].validate(now.table("enquiries"), lazy=True)
    assert whole(Path(small.where)) == before


def test_the_manifest_says_what_was_recorded_and_how_to_check_it(
    small: Records, closing: pd.DataFrame, answers: pd.DataFrame, folder: Path, tmp_path: Path
) -> None:
    closing.to_csv(tmp_path / "closed.csv", index=False)
    record_outcomes(small, enquiries=tmp_path / "closed.csv", answers=answers, out=folder, as_of=LATER)
    manifest = Records.open(folder).manifest
    found = whole(folder)
    assert {name: facts["sha256"] for name, facts in manifest.files.items()} == {
        name: digest for name, digest in found.items() if name != "manifest.json"
    }
    assert manifest.rows("reviews") == 5
    (noted,) = manifest.made_by["outcomes"]
    assert noted["enquiries"]["name"] == "closed.csv"
    assert noted["enquiries"]["sha256"] == checksum(tmp_path / "closed.csv")
    assert noted["reviews"]["added"] == 5


def test_unchanged_files_are_linked(small: Records, closing: pd.DataFrame, folder: Path) -> None:
    record_outcomes(small, enquiries=closing, out=folder, as_of=LATER)
    same = "vat/part-0000.parquet"
    assert (folder / same).samefile(Path(small.where) / same)
    assert not (folder / "enquiries/part-0000.parquet").samefile(
        Path(small.where) / "enquiries/part-0000.parquet"
    )


def test_files_are_copied_where_there_are_no_links(
    small: Records, closing: pd.DataFrame, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr("os.link", refuse)
    record_outcomes(small, enquiries=closing, out=folder, as_of=LATER)
    assert whole(folder)["vat/part-0000.parquet"] == whole(Path(small.where))["vat/part-0000.parquet"]


def test_recording_twice_changes_nothing(
    small: Records, closing: pd.DataFrame, answers: pd.DataFrame, folder: Path, tmp_path: Path
) -> None:
    record_outcomes(small, enquiries=closing, answers=answers, out=folder, as_of=LATER)
    again = record_outcomes(folder, enquiries=closing, answers=answers, out=tmp_path / "again")
    assert count(again) == {"already": 6}
    assert count(again, "reviews") == {"already": 5}
    assert whole(tmp_path / "again") == whole(folder)


def test_a_file_gives_what_the_frame_gives(
    small: Records, closing: pd.DataFrame, answers: pd.DataFrame, folder: Path, tmp_path: Path
) -> None:
    closing.to_csv(tmp_path / "closed.csv", index=False)
    answers.to_csv(tmp_path / "answers.csv", index=False)
    closing.to_parquet(tmp_path / "closed.parquet")
    record_outcomes(small, enquiries=closing, answers=answers, out=folder, as_of=LATER)
    for name in ("csv", "parquet"):
        out = tmp_path / f"from {name}"
        record_outcomes(
            small,
            enquiries=tmp_path / f"closed.{name}",
            answers=tmp_path / "answers.csv",
            out=out,
            as_of=LATER,
        )
        ours, theirs = whole(out), whole(folder)
        ours.pop("manifest.json"), theirs.pop("manifest.json")
        assert ours == theirs


def test_a_closed_enquiry_is_not_changed_unless_that_is_said(
    small: Records, closing: pd.DataFrame, folder: Path, tmp_path: Path
) -> None:
    record_outcomes(small, enquiries=closing, out=folder, as_of=LATER)
    other = closing.assign(tax_found=closing["tax_found"] + [0, 0, 0, 5.0, 0, 0])
    refused = record_outcomes(folder, enquiries=other, out=tmp_path / "a")
    assert faults(refused) == {(4, "closed_on", "closed_otherwise")}
    assert count(refused) == {"already": 5, "set_aside": 1}
    amended = record_outcomes(folder, enquiries=other, out=tmp_path / "b", amend=True)
    assert count(amended) == {"already": 5, "amended": 1}
    found = amended.open().table("enquiries").set_index("enquiry_id")["tax_found"]
    assert found[other["enquiry_id"][3]] == 355.5


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"enquiry_id": "E-nobody"}, ("enquiry_id", "unknown_enquiry")),
        ({"enquiry_id": None}, ("enquiry_id", "empty_value")),
        ({"closed_on": pd.Timestamp("2001-01-01")}, ("closed_on", "closed_before_opened")),
        ({"closed_on": pd.Timestamp("2027-01-01")}, ("closed_on", "after_as_of")),
        ({"closed_on": pd.NaT}, ("closed_on", "empty_value")),
        ({"hours": -1.0}, ("hours", "negative")),
        ({"tax_found": -0.01}, ("tax_found", "negative")),
        ({"tax_found": float("inf")}, ("tax_found", "unreadable_value")),
        ({"tax_found": None}, ("tax_found", "empty_value")),
        ({"behaviour": "rudeness"}, ("behaviour", "unreadable_value")),
    ],
)
def test_a_row_that_cannot_be_recorded_is_set_aside_and_named(
    small: Records, closing: pd.DataFrame, folder: Path, cells: dict[str, object], fault: tuple[str, str]
) -> None:
    wrong = closing.copy()
    for name, value in cells.items():
        wrong.loc[2, name] = value
    report = record_outcomes(small, enquiries=wrong, out=folder, as_of=LATER)
    assert faults(report) == {(3, *fault)}
    assert count(report) == {"changed": 5, "set_aside": 1}
    assert (report.set_aside[["sentence", "remedy"]].map(lambda text: text.endswith("."))).all(axis=None)


def test_all_faults_of_a_row_are_named(small: Records, closing: pd.DataFrame, folder: Path) -> None:
    wrong = closing.head(2).assign(hours=[-1.0, 1.0], cost=[-1.0, 1.0])
    wrong.loc[1, "enquiry_id"] = wrong.loc[0, "enquiry_id"]
    report = record_outcomes(small, enquiries=wrong, out=folder, as_of=LATER)
    assert faults(report) == {
        (1, "hours", "negative"),
        (1, "cost", "negative"),
        (2, "enquiry_id", "repeated"),
    }


def test_a_new_enquiry_is_added_whole(small: Records, closing: pd.DataFrame, folder: Path) -> None:
    cases = small.table("enquiries")
    new = cases[cases["closed_on"].notna()].head(2).assign(enquiry_id=["Z1", "Z2"])
    new["taxpayer_id"] = [new["taxpayer_id"].iloc[0], "nobody"]
    report = record_outcomes(small, enquiries=new, out=folder)
    assert faults(report) == {(2, "taxpayer_id", "unknown_taxpayer")}
    assert count(report) == {"added": 1, "set_aside": 1}
    assert len(report.open().table("enquiries")) == len(cases) + 1


def test_a_column_of_another_case_is_named(small: Records, closing: pd.DataFrame, folder: Path) -> None:
    report = record_outcomes(small, enquiries=closing.assign(officer_id="O9-9"), out=folder, as_of=LATER)
    assert set(report.set_aside["rule"]) == {"other_case"}
    assert count(report) == {"set_aside": 6}


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"taxpayer_id": "nobody"}, ("taxpayer_id", "unknown_taxpayer")),
        ({"minutes": -5.0}, ("minutes", "negative")),
        ({"overridden": None}, ("overridden", "empty_value")),
        ({"reason_1_code": None}, ("reason_1_code", "answer_without_reason")),
        ({"reason_1_useful": "perhaps"}, ("reason_1_useful", "unreadable_value")),
        ({"received_on": pd.Timestamp("2030-01-01")}, ("received_on", "after_as_of")),
        ({"review_id": "W0"}, ("review_id", "repeated")),
    ],
)
def test_an_answer_that_cannot_be_recorded_is_set_aside(
    small: Records, answers: pd.DataFrame, folder: Path, cells: dict[str, object], fault: tuple[str, str]
) -> None:
    wrong = answers.astype({"overridden": "object"})
    for name, value in cells.items():
        wrong.loc[3, name] = value
    report = record_outcomes(small, answers=wrong, out=folder, as_of=LATER)
    assert faults(report) == {(4, *fault)}
    assert count(report, "reviews") == {"added": 4, "set_aside": 1}


def test_answers_name_an_enquiry_that_is_there(
    small: Records, answers: pd.DataFrame, closing: pd.DataFrame, folder: Path
) -> None:
    linked = answers.assign(enquiry_id=[closing["enquiry_id"][0], None, None, "E-nobody", None])
    report = record_outcomes(small, answers=linked, out=folder, as_of=LATER)
    assert faults(report) == {(4, "enquiry_id", "unknown_enquiry")}
    TABLES["reviews"].validate(report.open().table("reviews"), lazy=True)


def test_what_cannot_be_asked_for(small: Records, closing: pd.DataFrame, folder: Path) -> None:
    with pytest.raises(UsageError, match="nothing to record"):
        record_outcomes(small, out=folder)
    with pytest.raises(UsageError, match="cannot move back"):
        record_outcomes(small, enquiries=closing, out=folder, as_of="2020-01-01")
    with pytest.raises(UsageError, match="stay as they are"):
        record_outcomes(small, enquiries=closing, out=small.where, replace=True)
    with pytest.raises(UsageError, match="tax_lost"):
        record_outcomes(small, enquiries=closing.assign(tax_lost=1.0), out=folder)
    with pytest.raises(UsageError, match="in a folder"):
        record_outcomes(Records.from_frames({}, as_of=LATER), enquiries=closing, out=folder)
    with pytest.raises(InvalidDataError, match="cannot be read"):
        record_outcomes(small, enquiries=folder / "none.csv", out=folder)
    assert not folder.exists()


def test_nothing_is_left_when_the_writing_fails(
    small: Records, closing: pd.DataFrame, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("taxgap.monitoring.recording.write_table", fail)
    with pytest.raises(UsageError, match="cannot be written"):
        record_outcomes(small, enquiries=closing, out=folder, as_of=LATER)
    assert list(folder.parent.iterdir()) == []


def test_the_report_reads_well(small: Records, closing: pd.DataFrame, folder: Path) -> None:
    report = record_outcomes(small, enquiries=closing.assign(hours=-1.0), out=folder, as_of=LATER)
    assert "enquiries: 6 rows in: 0 added, 0 filled in, 0 amended, 0 recorded already, 6 set aside." in (
        report.to_text()
    )
    assert report.to_dict()["counts"][0]["set_aside"] == 6
    assert closing["enquiry_id"][0] not in report.to_text()


def test_an_amended_answer_keeps_what_is_not_given(
    small: Records, answers: pd.DataFrame, folder: Path, tmp_path: Path
) -> None:
    record_outcomes(small, answers=answers, out=folder, as_of=LATER)
    fewer = answers.drop(columns=[name for name in answers.columns if name.startswith("reason_")])
    other = fewer.assign(minutes=answers["minutes"] + 1.0)
    amended = record_outcomes(folder, answers=other, out=tmp_path / "amended", amend=True)
    assert count(amended, "reviews") == {"amended": len(answers)}
    now = amended.open().table("reviews").set_index("review_id").loc[answers["review_id"]]
    assert now["minutes"].tolist() == (answers["minutes"] + 1.0).tolist()
    assert now["reason_1_code"].tolist() == answers["reason_1_code"].tolist()
