"""How like two names are: of a column or table of a source, and of one of the schema."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from taxgap.schemas import TABLES
from taxgap.schemas.table import describe_columns

WORDS: dict[str, Any] = tomllib.loads(files(__package__).joinpath("words.toml").read_text("utf-8"))

Word = frozenset[str]
"""What a token of a name may stand for."""

_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_BOX = re.compile(r"(?:^|[^a-z])(?:box|bx|b)[ _.-]*0*([0-9]+[a-z]?)(?![0-9])", re.IGNORECASE)
_SIGNS = re.compile(r"[^A-Z0-9]+")

_WEAK_WEIGHT, _TABLE_WEIGHT, _TITLE_FACTOR, _BOX_SURE, _BOX_UNSURE = 0.3, 0.4, 0.9, 0.97, 0.6
_FEWEST, _MOST = 4, 0.7
"""Of so few names nothing is taken for a shared beginning; so many of them must share it."""

_NAMES_LIKE = 0.85
"""Two words that share so much of their letters are taken for one."""


class Name(NamedTuple):
    """A name taken apart.

    Attributes
    ----------
    text : str
        As it stands.
    words : tuple of frozenset of str
        Its words, each with all that it may stand for; digits and the unit are left out.
    unit : str
        What it says amounts are counted in, such as ``pence``; or empty.
    """

    text: str
    words: tuple[Word, ...]
    unit: str


class ColumnNames(NamedTuple):
    """The names of a column of the schema: phrases, and the boxes of a form that it stands for."""

    column: str
    phrases: tuple[tuple[tuple[Word, ...], float], ...]
    form: str
    boxes: frozenset[str]


def take_apart(text: str, start: tuple[str, ...] = ()) -> Name:
    """Take a name apart.

    Parameters
    ----------
    text : str
    start : tuple of str
        Tokens that most names of the source begin with, and that say nothing therefore.

    Examples
    --------
    >>> name = take_apart("PRD_END_DT")
    >>> [sorted(word)[0] for word in name.words], take_apart("box1Pence").unit
    (['period', 'end', 'date'], 'pence')
    """
    tokens = _tokens(text)
    if start and tuple(tokens[: len(start)]) == start and len(tokens) > len(start):
        tokens = tokens[len(start) :]
    unit = ""
    if len(tokens) > 1 and tokens[-1] in _units():
        unit = _units()[tokens.pop()]
    words = [word for token in tokens if not token.isdigit() for word in _stands_for(token)]
    return Name(text, tuple(words), unit)


def shared_start(names: Sequence[str]) -> tuple[str, ...]:
    """Return the tokens with which most names of a source begin; none where there are few names.

    Examples
    --------
    >>> shared_start(["VR_SALES", "VR_TAX", "VR_REF", "VR_END", "BATCH"])
    ('vr',)
    """
    tokens = [tuple(_tokens(name)) for name in names]
    start: tuple[str, ...] = ()
    while len(tokens) >= _FEWEST:
        longer = [each[: len(start) + 1] for each in tokens if len(each) > len(start) + 1]
        most = max(sorted(set(longer)), key=longer.count, default=())
        if not most or longer.count(most) < _MOST * len(tokens):
            break
        start = most
    return start


@lru_cache(maxsize=200_000)
def likeness(name: Name, names: ColumnNames, table: str) -> float:
    """Say how like a name is to those of a column of the schema, from 0 to 1.

    Examples
    --------
    >>> output_tax = {each.column: each for each in column_names_of("vat")}["output_tax"]
    >>> likeness(take_apart("VAT_DUE_SALES"), output_tax, "vat") > 0.9
    True
    >>> likeness(take_apart("POSTCODE"), output_tax, "vat")
    0.0
    """
    by_words = max(
        (factor * _overlap(name.words, phrase, table) for phrase, factor in names.phrases), default=0
    )
    by_box = _box_likeness(name.text, names, table)
    if by_box is None:
        return by_words
    return max(by_box, by_words) if by_box else 0.5 * by_words


@lru_cache
def column_names_of(table: str) -> tuple[ColumnNames, ...]:
    """Return the names of each column of a table of the schema, in their order."""
    return tuple(_names_of(column) for column in describe_columns(TABLES[table]))


@lru_cache(maxsize=10_000)
def table_likeness(source: str, table: str) -> float:
    """Say how like the name of a file is to those of a table of the schema, from 0 to 1.

    Examples
    --------
    >>> table_likeness("VAT_RETURNS_2024.csv", "vat") > table_likeness("VAT_RETURNS_2024.csv", "payments")
    True
    """
    name = take_apart(re.sub(r"\.[A-Za-z]{2,7}$", "", source))
    phrases = [take_apart(phrase).words for phrase in _table_phrases(table)]
    return max(_overlap(name.words, phrase, "") for phrase in phrases)


def plain(text: str) -> str:
    """Return a text in capitals with single blanks for all signs: the form in which codes are compared."""
    return _SIGNS.sub(" ", text.upper()).strip()


def alike(one: str, other: str) -> float:
    """Say how like two words are, from 0 to 1: the same, one cut short, letters left out, or misspelt."""
    return _alike(one, other) if one <= other else _alike(other, one)


@lru_cache(maxsize=200_000)
def _alike(one: str, other: str) -> float:
    if one == other or one.rstrip("s") == other.rstrip("s"):
        return 1.0
    short, long = sorted((one, other), key=len)
    if len(short) < 3 or short[0] != long[0]:
        return 0.0
    if long.startswith(short):
        return 0.85
    letters = iter(long)
    if all(letter in letters for letter in short) and 2 * len(short) >= len(long) - 2:
        return 0.7
    return 0.8 if SequenceMatcher(None, short, long).ratio() >= _NAMES_LIKE else 0.0


def _tokens(text: str) -> list[str]:
    return [token.lower() for token in _TOKEN.findall(text)]


def _stands_for(token: str) -> Iterator[Word]:
    meanings = _abbreviations().get(token, ())
    several = [meaning for meaning in meanings if " " in meaning]
    if several:
        yield from (frozenset({word}) for word in several[0].split())
    else:
        yield frozenset({token, *meanings})


@lru_cache
def _abbreviations() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for meaning, tokens in WORDS["abbreviations"].items():
        for token in tokens.split():
            found[token] = (*found.get(token, ()), meaning)
    return found


@lru_cache
def _units() -> dict[str, str]:
    return {token: unit for unit, tokens in WORDS["units"].items() for token in tokens.split()}


@lru_cache
def _weak() -> frozenset[str]:
    return frozenset(WORDS["weak"]["words"].split())


def _names_of(column: dict[str, Any]) -> ColumnNames:
    phrases = [(column["column"], 1.0), (column["title"], _TITLE_FACTOR)]
    phrases += [(phrase, 1.0) for phrase in WORDS["columns"].get(column["column"], ())]
    taken = tuple((take_apart(phrase).words, factor) for phrase, factor in phrases)
    form, _, boxes = column["box"].partition(" ")
    return ColumnNames(column["column"], taken, form, frozenset(_boxes(boxes)))


def _boxes(text: str) -> Iterator[str]:
    for first, last in re.findall(r"([0-9.]+)(?:-([0-9]+))?(?![0-9])", re.sub(r"TR[0-9]", "", text)):
        yield from (str(box) for box in range(int(first), int(last) + 1)) if last else [first]


def _box_likeness(text: str, names: ColumnNames, table: str) -> float | None:
    """Return how well the box in a name fits; empty where it names none, or the column has none."""
    whole = re.sub(r"[^A-Z0-9]", "", text.upper())
    if names.form and names.boxes and whole.startswith(names.form.upper()):
        rest = re.match(r"(?:BOX|B)?0*([0-9]+)", whole[len(names.form) :])
        return None if rest is None else _BOX_SURE * (rest[1] in names.boxes)
    found = _BOX.search(text)
    if found is None or not names.boxes:
        return None
    if found[1].lower() not in names.boxes:
        return 0.0
    having = [each for each in column_names_of(table) if found[1].lower() in each.boxes]
    return _BOX_SURE if len(having) == 1 else _BOX_UNSURE


@lru_cache(maxsize=50_000)
def _near(words: tuple[Word, ...]) -> frozenset[Word]:
    """Return the words of the schema that are like any of these."""
    return frozenset(other for word in _telling(words) for other in _alike_words(word))


@lru_cache(maxsize=50_000)
def _telling(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return the words that say what is meant; all of them if there are weak ones only."""
    return tuple(word for word in words if not word <= _weak()) or words


@lru_cache(maxsize=50_000)
def _alike_words(word: Word) -> dict[Word, float]:
    """Return the words of the schema that are like a word, and how like they are."""
    likes = {other: max(alike(one, another) for one in word for another in other) for other in _vocabulary()}
    return {other: like for other, like in likes.items() if like}


@lru_cache
def _vocabulary() -> tuple[Word, ...]:
    columns = [column for table in TABLES for column in column_names_of(table)]
    named = [take_apart(phrase).words for table in TABLES for phrase in _table_phrases(table)]
    phrases = [*named, *(phrase for column in columns for phrase, _ in column.phrases)]
    return tuple(dict.fromkeys(word for phrase in phrases for word in phrase))


@lru_cache(maxsize=200_000)
def _overlap(words: tuple[Word, ...], phrase: tuple[Word, ...], table: str) -> float:
    if not words or not phrase:
        return 0.0
    likes = [[_alike_words(word).get(other, 0.0) for other in phrase] for word in words]
    ours, theirs = ([_weight(word, table) for word in each] for each in (words, phrase))
    said = sum(w * max(row) for w, row in zip(ours, likes, strict=True)) / sum(ours)
    meant = sum(w * max(row) for w, row in zip(theirs, zip(*likes, strict=True), strict=True)) / sum(theirs)
    return 2 * said * meant / (said + meant) if said and meant else 0.0


def _weight(word: Word, table: str) -> float:
    if word <= _weak():
        return _WEAK_WEIGHT
    return _TABLE_WEIGHT if word & _table_words(table) else 1.0


@lru_cache
def _table_words(table: str) -> frozenset[str]:
    return frozenset(token for phrase in _table_phrases(table) if table for token in _tokens(phrase))


def _table_phrases(table: str) -> tuple[str, ...]:
    return (table, *WORDS["tables"].get(table, ()))
