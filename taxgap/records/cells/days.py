"""Days, read from the forms that can be read in one way only, and from those that a mapping names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import pandas as pd
import pyarrow as pa

from taxgap.errors import UsageError
from taxgap.records.cells.distinct import Findings, Reading, is_excel_error, read_once, trimmed
from taxgap.records.cells.read_cells import Cells

FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Years of the days that are read."""

EXCEL = "excel"
"""The name of the form of a spreadsheet's day numbers."""

Form = Callable[[str], Reading | None]

_NAMES = ["january", "february", "march", "april", "may", "june", "july", "august"]
_NAMES += ["september", "october", "november", "december"]
_MONTHS = {name[:length]: number for number, name in enumerate(_NAMES, 1) for length in (3, 9)} | {"sept": 9}
_MONTH = r"(?P<name>[a-z]{3,9})\.?"
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_NAMED = [
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        rf"{_DAY}[ ./-]?{_MONTH},?[ ./-]?{_YEAR}",
        rf"{_MONTH}[ ./-]?{_DAY}(?:, ?|[ ./-]){_YEAR}",
        rf"{_YEAR}[ ./-]?{_MONTH}[ ./-]?{_DAY}",
    )
]
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/. ])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_SEPARATORS = str.maketrans("", "", "-/. ")
_EIGHT_DIGITS = re.compile(r"[0-9]{8}")
_SERIAL = re.compile(r"([0-9]{1,6})(?:\.([0-9]+))?")
_TIME = re.compile(
    r"(?P<day>.*?[0-9])(?:T| +|:)(?P<time>[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2}(?:[.,:][0-9]+)?)?)"
    r" ?(?P<half>[ap]m)?(?: ?(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?",
    re.IGNORECASE | re.ASCII,
)
_DIRECTIVES = frozenset("YymdbBjaAHIMSfp")


def read_days(texts: pd.Series, forms: Sequence[str] = ()) -> Cells:
    """Read days.

    Parameters
    ----------
    texts : Series of str
        Empty or blank where there is no day.
    forms : sequence of str, optional
        Forms as for ``strptime``, such as ``%d/%m/%Y``, or ``excel`` for the day numbers of a spreadsheet.
        They are tried in their order, before all other forms; the first that fits wins.

    Returns
    -------
    Cells
        Values are datetime64.

    Raises
    ------
    UsageError
        A form does not name day, month and year.

    Notes
    -----
    Without a form are read: the year first (2023-07-31, 20230731), months by name (31 Jul 2023, July 31
    2023), and 31/07/2023 where only one order makes a day; 03/04/2023 is never guessed at. Where forms are
    named, day and month as numbers before the year are read by them alone. A time of day is left out if it
    is midnight, whatever zone stands beside it. Years of two digits are read by a form only: as ``strptime``
    does, 69 to 99 as 1969 to 1999. Days of the year 9999, and all zeros, stand for no day: list them among
    the empty texts.

    Examples
    --------
    >>> cells = read_days(pd.Series(["2023-07-31", "31 Jul 2023", "31/07/2023", "03/04/2023"]))
    >>> cells.values.dt.strftime("%Y-%m-%d").tolist(), sorted(cells.faults)
    (['2023-07-31', '2023-07-31', '2023-07-31', nan], ['ambiguous_day'])
    >>> read_days(pd.Series(["03/04/2023"]), ["%d/%m/%Y"]).values.dt.month.tolist()
    [4]
    """
    readers = [_form(form) for form in forms]
    array = trimmed(texts)
    findings = Findings(len(array))
    found = read_once(array, lambda text: _read_day(text, readers), pa.date32(), findings)
    days = found.to_numpy(zero_copy_only=False).astype("datetime64[s]")
    return findings.cells(pd.Series(days, index=texts.index))


def _read_day(text: str, forms: Sequence[Form]) -> Reading:
    if not forms and (plain := _ISO.fullmatch(text)):
        return _day(int(plain[1]), int(plain[2]), int(plain[3]))
    text = " ".join(text.split())
    whole = _first_that_fits(text, forms)
    if whole is not None:
        return whole
    timed = _TIME.fullmatch(text)
    if timed is None:
        return _read_without_form(text, bool(forms))
    day = _first_that_fits(timed["day"], forms) or _read_without_form(timed["day"], bool(forms))
    if day.fault:
        return day
    if not _is_midnight(timed["time"], timed["half"] or ""):
        return Reading(fault="time_of_day")
    return Reading(day.value, mended=(*day.mended, "midnight"))


def _first_that_fits(text: str, forms: Sequence[Form]) -> Reading | None:
    return next((reading for form in forms if (reading := form(text)) is not None), None)


def _read_without_form(text: str, forms_are_named: bool) -> Reading:
    bare = text.translate(_SEPARATORS)
    if bare and not bare.strip("0"):
        return Reading(fault="placeholder_day")
    if found := _YEAR_FIRST.fullmatch(text):
        mended = () if _ISO.fullmatch(text) else ("year_first",)
        return _day(int(found[1]), int(found[3]), int(found[4]), *mended)
    if _EIGHT_DIGITS.fullmatch(text):
        return _read_eight_digits(text)
    if found := _YEAR_LAST.fullmatch(text):
        return _read_year_last(int(found[1]), int(found[3]), found[4], forms_are_named)
    return _read_month_by_name(text)


def _read_month_by_name(text: str) -> Reading:
    for pattern in _NAMED:
        if (found := pattern.fullmatch(text)) and (month := _MONTHS.get(found["name"].lower())):
            if len(found["year"]) == 2:
                return Reading(fault="two_digit_year")
            return _day(int(found["year"]), month, int(found["day"]), "month_by_name")
    return Reading(fault="excel_error" if is_excel_error(text) else "not_a_day")


def _read_eight_digits(text: str) -> Reading:
    day = _day(int(text[:4]), int(text[4:6]), int(text[6:]), "eight_digits")
    if day.fault != "impossible_day":
        return day
    # With the year behind there are two orders; which of them only a form can say.
    other = _read_year_last(int(text[:2]), int(text[2:4]), text[4:], forms_are_named=False)
    return Reading(fault=other.fault or "ambiguous_day")


def _read_year_last(first: int, second: int, year: str, forms_are_named: bool) -> Reading:
    if len(year) == 2:
        return Reading(fault="two_digit_year")
    day_first, month_first = (
        _day(int(year), second, first, "day_month_year"),
        _day(int(year), first, second, "month_day_year"),
    )
    if day_first.fault and month_first.fault:
        return day_first
    if forms_are_named:
        return Reading(fault="other_day_form")
    if not day_first.fault and not month_first.fault and first != second:
        return Reading(fault="ambiguous_day")
    return month_first if day_first.fault else day_first


def _day(year: int, month: int, day: int, *mended: str) -> Reading:
    if year == 9999 or not (year or month or day):
        return Reading(fault="placeholder_day")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return Reading(fault="impossible_day")
    try:
        return Reading(date(year, month, day), mended=mended)
    except ValueError:
        return Reading(fault="impossible_day")


def _is_midnight(time: str, half: str) -> bool:
    if half.lower() == "am" and time.startswith("12"):
        time = time.removeprefix("12")
    return half.lower() != "pm" and not time.strip("0:.,")


def _form(form: str) -> Form:
    if form == EXCEL:
        return _read_serial
    directives = re.findall("%(.)", form.replace("%%", ""))
    day = "j" in directives or {"d", "m"} <= {"m" if sign in "bB" else sign for sign in directives}
    known = set(directives) <= _DIRECTIVES and len(set(directives)) == len(directives)
    if not (known and day and {"Y", "y"} & set(directives)):
        raise UsageError(
            f"The form {form!r} does not name day, month and year.",
            available=["%d/%m/%Y", "%d-%b-%y", EXCEL],
            remedy="Write it as for strptime.",
        )
    # Without signs between them, digits that are missing could stand in two places.
    exact = re.search("%.%", form) is not None
    return lambda text: _read_by_form(text, form, exact)


def _read_by_form(text: str, form: str, exact: bool) -> Reading | None:
    if not text.isascii():
        return None
    try:
        moment = datetime.strptime(text, form)  # noqa: DTZ007  a day has no zone
    except ValueError:
        return None
    if exact and moment.strftime(form).casefold() != text.casefold():
        return None
    day = _day(moment.year, moment.month, moment.day)
    if day.fault == "impossible_day":  # too long ago: another form may fit
        return None
    if not day.fault and moment != datetime(moment.year, moment.month, moment.day):  # noqa: DTZ001
        return Reading(fault="time_of_day")
    return day


def _read_serial(text: str) -> Reading | None:
    found = _SERIAL.fullmatch(text)
    if found is None:
        return None
    number = int(found[1])
    if found[2] and found[2].strip("0"):
        return Reading(fault="time_of_day")
    # Spreadsheets count a 29 February 1900, which never was, as day 60.
    if number in (0, 60):
        return Reading(fault="placeholder_day" if not number else "impossible_day")
    day = date(1899, 12, 30 if number > 60 else 31) + timedelta(days=number)
    return _day(day.year, day.month, day.day)
