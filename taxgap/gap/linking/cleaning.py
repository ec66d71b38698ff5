"""Names, dates and addresses made comparable: case, accents, punctuation, titles, short forms, postcodes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from numbers import Number

import pandas as pd

from taxgap.errors import InvalidDataError

READ = ("name", "birth_date", "address", "postcode")
"""Columns that are read; a name is needed, the others may be missing."""

CLEAN = ("first", "middle", "last", "words", "born", "street", "postcode")
"""Columns that come out."""

_TITLES = frozenset(
    ("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "sir", "dame", "lord", "lady", "esq")
)
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})
_STREETS = {
    "st": "street", "rd": "road", "ln": "lane", "ave": "avenue", "av": "avenue", "cl": "close", "dr": "drive",
    "ct": "court", "gdns": "gardens", "ter": "terrace", "cres": "crescent", "pl": "place", "sq": "square",
}  # fmt: skip
_DROPPED = re.compile("['`.\u2019\u00b4]")  # apostrophes, and the dots of initials
_HYPHENS = re.compile(r"(?<=\w)[-\u2010-\u2013](?=\w)")
_APART = re.compile(r"[^a-z0-9]+")


def clean_people(people: pd.DataFrame) -> pd.DataFrame:
    """Make the names, dates and addresses of people comparable.

    Parameters
    ----------
    people : DataFrame
        One row a record: ``name`` (text), and where known ``birth_date`` (date, or text such as 1980-03-21),
        ``address`` (number and street) and ``postcode``.

    Returns
    -------
    DataFrame
        `CLEAN`, text on the same index, missing where nothing is known. Names are lower case without accents,
        titles and punctuation, and ``words`` all of a name's words in alphabetical order; ``born`` is
        year-month-day; abbreviated streets are written out; postcodes have no space, and letters and digits
        where they belong.

    Raises
    ------
    InvalidDataError
        If there is no column ``name``, or a date cannot be read or is a number.

    Notes
    -----
    The first word is the first name, the last one the last name, and what stands between the middle names;
    where a comma follows the first words, they are the last name. A double name is one word.

    Examples
    --------
    >>> row = {"name": "Dr. Zoë O'Brien-Łuck", "birth_date": "1980-03-21", "address": "4 Mill Rd.",
    ...        "postcode": "qa1o 5np"}
    >>> clean_people(pd.DataFrame([row])).iloc[0].tolist()
    ['zoe', None, 'obrienluck', 'obrienluck zoe', '1980-03-21', '4 mill road', 'QA105NP']
    """
    if "name" not in people:
        raise InvalidDataError(
            "A list has no column 'name'.",
            where="name",
            available=map(str, people.columns),
            remedy="Rename the column that holds names to 'name'.",
        )
    parts = _each(people["name"], _split_name)
    clean = pd.DataFrame(
        {name: parts.str[place] for place, name in enumerate(("first", "middle", "last", "words"))},
        index=people.index,
    )
    clean["born"] = _read_dates(people)
    for name, source, write in (
        ("street", "address", _write_street),
        ("postcode", "postcode", _write_postcode),
    ):
        clean[name] = _each(people[source], write) if source in people else None
    clean = clean[list(CLEAN)].astype(object)
    return clean.where(clean.notna(), None)


def _each(values: pd.Series, write: Callable[[str], object]) -> pd.Series:
    """Apply a function to each different text once."""
    codes, texts = pd.factorize(values.astype(object))
    written = pd.Series([write(str(text)) for text in texts] + [None], dtype=object)
    # A missing value has the code -1: the last one.
    return pd.Series(written.to_numpy()[codes], index=values.index, dtype=object)


def _plain(text: str) -> str:
    """Return a text in lower case and without accents."""
    split = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in split if not unicodedata.combining(letter))


def _words(text: str) -> list[str]:
    return [word for word in _APART.split(_DROPPED.sub("", _plain(text))) if word]


def _split_name(text: str) -> tuple[str | None, ...]:
    before, comma, after = _HYPHENS.sub("", text).partition(",")
    words = [word for word in _words(f"{after} {before}" if comma else before) if word not in _TITLES]
    if not words:
        return None, None, None, None
    first = words[0] if len(words) > 1 else None
    return first, " ".join(words[1:-1]) or None, words[-1], " ".join(sorted(words))


def _read_dates(people: pd.DataFrame) -> pd.Series | None:
    if "birth_date" not in people:
        return None
    known = people["birth_date"].dropna()
    if known.map(lambda date: isinstance(date, Number)).any():
        # They would be read as so many nanoseconds after 1970, and make everybody be born on one day.
        raise InvalidDataError(
            "Dates of birth are numbers.",
            where="birth_date",
            remedy="Make them dates: pd.to_datetime(birth_date.astype(str), format='%Y%m%d') for 19800321.",
        )
    dates = pd.to_datetime(people["birth_date"], errors="coerce", format="ISO8601")
    wrong = int((dates.isna() & people["birth_date"].notna()).sum())
    if wrong:
        raise InvalidDataError(
            f"{wrong} dates of birth cannot be read.",
            where="birth_date",
            remedy="Give dates, or text such as 1980-03-21; leave unknown ones empty.",
        )
    return dates.dt.strftime("%Y-%m-%d").astype(object)


def _write_street(text: str) -> str | None:
    return " ".join(_STREETS.get(word, word) for word in _words(text)) or None


def _write_postcode(text: str) -> str | None:
    code = "".join(_words(text)).upper()
    if len(code) < 5:
        return code or None
    out, digit, unit = code[:-3], code[-3], code[-2:]
    out = re.sub(r"(?<=\d)O", "0", out)
    return out + digit.translate(str.maketrans("OIL", "011")) + unit.translate(str.maketrans("01", "OI"))
