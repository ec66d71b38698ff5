"""The answers of participants: read from CSV files, every fault named by row, column and rule."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.reasons.audit.people.key import Key

COLUMNS = ("form", "case", "enquiry", "line", "sure", "minutes", "start", "end")
"""The columns of an answer form; `minutes`, or `start` and `end`, may stay empty."""

ANSWERS = ("form", "position", "enquiry", "line", "sure", "minutes")
"""What is read of them: `enquiry` is 1, 0 or missing, `line` a code, `none` or empty."""

NO_LINE = "none"
LONGEST = 240.0
"""The most minutes that a case can have taken: more is a slip of the pen."""

FIRST_FAULTS = 5
"""The most faults that an error names."""

Paths = str | Path | Sequence[str | Path]


@dataclass
class _Row:
    """One row of a file, and the faults found in it."""

    place: str
    cells: dict[str, str]
    faults: list[str] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        return any(self.cells[name] for name in COLUMNS[2:])

    def refuse(self, column: str, rule: str) -> None:
        """Note what is wrong with a cell, and what would be right."""
        self.faults.append(f"{self.place}, column '{column}': '{self.cells[column][:20]}': {rule}")


def read_answers(files: Paths, key: Key) -> pd.DataFrame:
    """Read answer forms.

    Parameters
    ----------
    files : str, Path or sequence of them
        A folder, whose CSV files are read, whatever folders inside it they are in; or files.
    key : Key

    Returns
    -------
    DataFrame
        `ANSWERS`, one row an answered case. Rows that nobody filled in are left to the scoring to count.

    Raises
    ------
    UsageError
        There is no such file, or none at all.
    InvalidDataError
        A file is no answer form, a cell breaks its rule, or a case is answered twice. The error names the
        file, row and column of each of the first faults, the rule and what to write.
    """
    rows = [row for path in find_files(files) for row in _read_file(path)]
    known, lines = set(zip(key.layout["form"], key.layout["position"], strict=True)), set(key.lines["line"])
    read = [_read_row(row, known, lines) for row in rows]
    faults = [fault for row in rows for fault in row.faults]
    faults += _repeated(rows, read)
    if faults:
        more = len(faults) - FIRST_FAULTS
        named = " ".join(faults[:FIRST_FAULTS]) + (f" And {more} more." if more > 0 else "")
        raise InvalidDataError(
            f"The answers cannot be scored: {named}",
            where="answers",
            remedy="Correct these cells; nothing was scored.",
        )
    table = pd.DataFrame([answer for row, answer in zip(rows, read, strict=True) if row.answered])
    numbers = dict.fromkeys(("enquiry", "sure", "minutes"), "float64")
    kinds = {"form": "str", "position": "int64", "line": "str"} | numbers
    return table.reindex(columns=list(ANSWERS)).astype(kinds)


def find_files(files: Paths) -> list[Path]:
    """List the files of answers, each once, however often it is named.

    Raises
    ------
    UsageError
    """
    given = [files] if isinstance(files, str | Path) else list(files)
    found: list[Path] = []
    for path in map(Path, given):
        if not path.exists():
            raise UsageError("There is no such file or folder of answers.", where=str(path))
        found += sorted(path.rglob("*.csv")) if path.is_dir() else [path]
    if not found:
        raise UsageError(
            "There are no answers here.",
            where=", ".join(map(str, given)),
            remedy="Name the folder of the returned forms, or the CSV files.",
        )
    return list({path.resolve(): path for path in found}.values())


def _read_file(path: Path) -> Iterator[_Row]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidDataError(
            "The file is no text.", where=str(path), remedy="Save the form as 'CSV (UTF-8)'."
        ) from error
    lines = text.splitlines()
    heads = lines[0] if lines else ""
    separator = max(",;\t", key=heads.count)
    table = list(csv.reader(lines, delimiter=separator))
    names = [name.strip().lower() for name in table[0]] if table else []
    if sorted(names) != sorted(COLUMNS):
        lacking = [name for name in COLUMNS if name not in names]
        other = [name for name in names if name not in COLUMNS]
        raise InvalidDataError(
            f"The file is no answer form: columns lacking: {', '.join(lacking) or 'none'}; not on the form: "
            f"{', '.join(other) or 'none'}.",
            where=f"{path} row 1",
            available=COLUMNS,
            remedy="Keep the first row of the form as it was.",
        )
    for number, cells in enumerate(table[1:], start=2):
        if any(cell.strip() for cell in cells):
            padded = [*cells, *[""] * len(names)][: len(names)]
            row = _Row(
                f"{path.name} row {number}", {n: c.strip() for n, c in zip(names, padded, strict=True)}
            )
            if any(cell.strip() for cell in cells[len(names) :]):
                row.faults.append(f"{row.place}: it has more cells than the form has columns.")
            yield row


def _read_row(row: _Row, known: set[tuple[str, int]], lines: set[str]) -> dict[str, Any]:
    form = row.cells["form"].upper()
    case = _read_number(row, "case", "it must be the number of a case on the form.", lambda n: n >= 1)
    if form not in {name for name, _ in known}:
        row.refuse("form", "no form of this kit bears the name; write it as on the sheets.")
    elif np.isfinite(case) and (form, int(case)) not in known:
        row.refuse("case", "the form has no such case; write its number as on the sheets.")
    return {
        "form": form,
        "position": int(case) if np.isfinite(case) else 0,
        "enquiry": _read_choice(row),
        "line": _read_line(row, lines),
        "sure": _read_number(row, "sure", "write 1, 2, 3, 4 or 5.", lambda n: n in {1, 2, 3, 4, 5}),
        "minutes": _read_minutes(row),
    }


def _read_choice(row: _Row) -> float:
    answer = {"yes": 1.0, "y": 1.0, "no": 0.0, "n": 0.0, "": np.nan}.get(row.cells["enquiry"].lower())
    if answer is None:
        row.refuse("enquiry", "write yes or no.")
        return np.nan
    return answer


def _read_line(row: _Row, lines: set[str]) -> str:
    text = row.cells["line"]
    code = NO_LINE if text.lower() == NO_LINE else text.upper()
    if code and code != NO_LINE and code not in lines:
        row.refuse("line", f"write one code of the list, L1 to L{len(lines)}, or {NO_LINE}.")
    return code


def _read_number(row: _Row, column: str, rule: str, right: Callable[[float], bool]) -> float:
    text = row.cells[column]
    if not text:
        if column == "case":
            row.refuse(column, rule)
        return np.nan
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = np.nan
    if not (np.isfinite(number) and right(number) and (column == "minutes" or number == int(number))):
        row.refuse(column, rule)
        return np.nan
    return number


def _read_minutes(row: _Row) -> float:
    """Read the time taken; a case that began and ended in the same minute took half of one."""
    rule = f"write minutes over 0 and up to {LONGEST:.0f}, such as 4 or 2.5."
    minutes = _read_number(row, "minutes", rule, lambda n: 0 < n <= LONGEST)
    times = [_read_clock(row, name) for name in ("start", "end")]
    if times[0] is None or times[1] is None:
        if (times[0] is None) != (times[1] is None) and not row.faults:
            lacking = "start" if times[0] is None else "end"
            row.refuse(lacking, "start and end go together; write both, or minutes alone.")
        return minutes
    taken = max((times[1] - times[0]).total_seconds() / 60, 0.5)
    if times[1] < times[0] or taken > LONGEST:
        row.refuse("end", f"it must come after the start, by {LONGEST:.0f} minutes at most.")
    elif np.isfinite(minutes) and abs(minutes - taken) > 1:
        row.refuse("minutes", "they are not those from start to end; keep one of the two.")
    return minutes if np.isfinite(minutes) else taken


def _read_clock(row: _Row, column: str) -> datetime | None:
    text = row.cells[column]
    for form in ("%H:%M", "%H:%M:%S", "%H.%M"):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  a time of day, of no zone
        except ValueError:
            continue
    if text:
        row.refuse(column, "write a time of day such as 14:05.")
    return None


def _repeated(rows: Iterable[_Row], read: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Name cases that are answered more than once: nothing is scored twice."""
    first: dict[tuple[str, int], str] = {}
    for row, answer in zip(rows, read, strict=True):
        case = (str(answer["form"]), int(answer["position"]))
        if row.answered and case in first:
            yield (
                f"{row.place}: form {case[0]}, case {case[1]} is answered already in {first[case]}; keep one "
                "of the two."
            )
        elif row.answered:
            first[case] = row.place
