"""Bad forms are refused by row, column and rule; nothing is read twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.reasons.audit.people import COLUMNS, Key, read_answers

HEAD = ",".join(COLUMNS)


def _write(folder: Path, *rows: str, head: str = HEAD, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


def test_answers_are_read(key: Key, tmp_path: Path) -> None:
    form = key.forms[0]
    path = _write(
        tmp_path,
        f"{form},1,Yes,l4,5,2.5,,",
        f"{form.lower()},2,n,None,1,,09:58,10:02",
        f"{form},3,,,,,,",
        f"{form},4,y,L9,3,,10:02,10:02",
    )
    table = read_answers(path, key)
    assert table["position"].tolist() == [1, 2, 4]
    assert table["enquiry"].tolist() == [1.0, 0.0, 1.0]
    assert table["line"].tolist() == ["L4", "none", "L9"]
    assert table["minutes"].tolist() == [2.5, 4.0, 0.5]


def test_semicolons_marks_and_empty_lines_are_no_matter(key: Key, tmp_path: Path) -> None:
    form = key.forms[0]
    path = tmp_path / "a.csv"
    path.write_text(f"\ufeff{HEAD.replace(',', ';')}\r\n\r\n{form};1;yes;L4;4;2,5;;\r\n", "utf-8")
    table = read_answers(path, key)
    assert table["minutes"].tolist() == [2.5]
    assert np.isfinite(table["sure"]).all()


@pytest.mark.parametrize(
    ("cells", "column", "rule"),
    [
        ("1,maybe,L4,3,2,,", "enquiry", "write yes or no"),
        ("1,yes,L99,3,2,,", "line", "L1 to L30, or none"),
        ("1,yes,L4,6,2,,", "sure", "write 1, 2, 3, 4 or 5"),
        ("1,yes,L4,2.5,2,,", "sure", "write 1, 2, 3, 4 or 5"),
        ("1,yes,L4,3,-2,,", "minutes", "over 0 and up to 240"),
        ("1,yes,L4,3,nan,,", "minutes", "over 0 and up to 240"),
        ("1,yes,L4,3,,25:00,", "start", "a time of day"),
        ("1,yes,L4,3,,10:00,", "end", "go together"),
        ("1,yes,L4,3,,10:00,09:00", "end", "after the start"),
        ("1,yes,L4,3,9,10:00,10:02", "minutes", "not those from start to end"),
        ("25,yes,L4,3,2,,", "case", "no such case"),
        (",yes,L4,3,2,,", "case", "number of a case"),
        ("1.5,yes,L4,3,2,,", "case", "number of a case"),
    ],
)
def test_a_bad_cell_is_named(key: Key, tmp_path: Path, cells: str, column: str, rule: str) -> None:
    path = _write(tmp_path, f"{key.forms[0]},2,no,none,1,1,,", f"{key.forms[0]},{cells}")
    with pytest.raises(InvalidDataError, match=rule) as error:
        read_answers(path, key)
    assert f"answers.csv row 3, column '{column}'" in str(error.value)
    assert str(error.value).count("column '") == 1
    assert "nothing was scored" in str(error.value)


def test_rows_are_numbered_as_in_the_file(key: Key, tmp_path: Path) -> None:
    path = _write(tmp_path, "", f"{key.forms[0]},1,perhaps,,,,,")
    with pytest.raises(InvalidDataError, match="row 3, column 'enquiry'"):
        read_answers(path, key)


def test_a_form_of_another_kit_is_refused(key: Key, tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="no form of this kit"):
        read_answers(_write(tmp_path, "XXXX-01,1,yes,L4,3,2,,"), key)


def test_more_cells_than_columns_are_refused(key: Key, tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="more cells"):
        read_answers(_write(tmp_path, f"{key.forms[0]},1,yes,L4,3,2,5,,,note"), key)


def test_many_faults_are_counted(key: Key, tmp_path: Path) -> None:
    rows = [f"{key.forms[0]},{number},perhaps,L4,3,2,," for number in range(1, 9)]
    with pytest.raises(InvalidDataError, match="And 3 more"):
        read_answers(_write(tmp_path, *rows), key)


def test_no_case_is_read_twice(key: Key, tmp_path: Path) -> None:
    row = f"{key.forms[0]},1,yes,L4,3,2,,"
    path = _write(tmp_path, row)
    assert len(read_answers([path, path, tmp_path], key)) == 1
    _write(tmp_path, row, name="copy.csv")
    with pytest.raises(InvalidDataError, match=r"copy\.csv row 2: .* answered already in answers.csv row 2"):
        read_answers(tmp_path, key)


def test_an_empty_form_beside_a_filled_one_is_no_second_answer(key: Key, tmp_path: Path) -> None:
    path = _write(tmp_path, f"{key.forms[0]},1,yes,L4,3,2,,")
    _write(tmp_path, f"{key.forms[0]},1,,,,,,", name="empty.csv")
    assert len(read_answers([path, tmp_path], key)) == 1


def test_other_files_are_refused(key: Key, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_answers(tmp_path / "nowhere", key)
    with pytest.raises(UsageError, match="no answers here"):
        read_answers(tmp_path, key)
    with pytest.raises(InvalidDataError, match="lacking: sure; not on the form: certainty"):
        read_answers(_write(tmp_path, head=HEAD.replace("sure", "certainty")), key)
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00PK")
    with pytest.raises(InvalidDataError, match=r"CSV \(UTF-8\)"):
        read_answers(tmp_path / "b.csv", key)
