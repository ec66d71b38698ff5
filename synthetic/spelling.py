"""Names, addresses and dates as other people write them down: with slips, habits and abbreviations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from taxgap.synthetic.streams import ONCE, Floats, Streams

Texts = NDArray[np.str_]
Places = NDArray[np.int64]
Damage = Callable[[Texts, Floats], Texts]
"""What turns texts into damaged ones, given a number in (0, 1) for each that says where."""

_SOUNDS = (
    ("ph", "f"), ("son", "sen"), ("sen", "son"), ("ie", "y"), ("ey", "y"), ("y", "ie"), ("ck", "k"),
    ("Mac", "Mc"), ("Mc", "Mac"), ("th", "t"), ("ll", "l"), ("tt", "t"), ("ss", "s"), ("ee", "ea"),
    ("ea", "ee"), ("oo", "u"), ("ai", "ay"), ("ou", "u"), ("sh", "ch"), ("ah", "a"), ("Kh", "K"), ("z", "s"),
    ("c", "k"), ("i", "e"), ("a", "e"),
)  # fmt: skip
_SHORT = (
    ("Street", "St"), ("Road", "Rd"), ("Lane", "Ln"), ("Avenue", "Ave"), ("Close", "Cl"), ("Drive", "Dr"),
    ("Court", "Ct"), ("Gardens", "Gdns"), ("Terrace", "Ter"), ("Crescent", "Cres"), ("Place", "Pl"),
    ("Square", "Sq"), ("Limited", "Ltd"), ("Ltd", "Limited"), ("& ", "and "),
)  # fmt: skip


def misspell(
    texts: ArrayLike,
    streams: Streams,
    purpose: str,
    rate: ArrayLike,
    *,
    damages: tuple[Damage, ...] | None = None,
    counter: ArrayLike = ONCE,
) -> Texts:
    """Damage a share of texts as those who write them down would.

    Parameters
    ----------
    texts : array-like of str, shape (n,)
        Names of people, unless `damages` says otherwise.
    streams : Streams
        One entity a text.
    purpose : str
        What the draws are for; another purpose gives other slips.
    rate : array-like of float
        Share of texts that are damaged: a fraction, or one for each.
    damages : tuple of functions, optional
        `NAMES` (the default), `FIRMS`, `ADDRESSES` or `POSTCODES`; each of the tuple is equally frequent
        (assumption).
    counter : array-like of int, optional
        Distinguishes repeated writing for the same purpose.

    Returns
    -------
    ndarray of str, shape (n,)
        A text to which its damage does not apply (a middle name dropped where there is none) has two letters
        transposed or, failing that, stays as it is.

    Examples
    --------
    >>> misspell(["14 Chapel Street"], Streams(7, [1]), "x", 1.0, damages=(abbreviate,)).tolist()
    ['14 Chapel St']
    """
    chosen = NAMES if damages is None else damages
    clean = np.asarray(texts, dtype=object).astype(str)
    rows = np.flatnonzero(streams.happens(rate, f"misspells {purpose}", counter))
    counts = np.broadcast_to(np.asarray(counter), clean.shape)[rows]
    some, damaged = streams[rows], clean[rows].copy()
    kind = some.choice(np.ones(len(chosen)), f"misspells {purpose}", counts)
    place = some.uniform(f"misspells {purpose} where", counts)
    result = damaged.astype("U64" if damaged.dtype.itemsize < 256 else damaged.dtype)
    for number, damage in enumerate(chosen):
        mine = kind == number
        if mine.any():
            result[mine] = damage(damaged[mine], place[mine])
    same = result == damaged
    if same.any():
        result[same] = transpose(damaged[same], place[same])
    written = clean.astype(np.promote_types(clean.dtype, result.dtype))
    written[rows] = result
    return written


def misdate(
    dates: ArrayLike, streams: Streams, purpose: str, rate: ArrayLike, *, counter: ArrayLike = ONCE
) -> NDArray[np.datetime64]:
    """Damage a share of dates: day and month swapped where that is a date, else the year before or after.

    Parameters
    ----------
    dates : array-like of datetime64, shape (n,)
        A date that is missing stays missing.
    streams, purpose, rate, counter
        As in `misspell`.

    Returns
    -------
    ndarray of datetime64[s], shape (n,)

    Examples
    --------
    >>> misdate(["1980-03-04"], Streams(7, [1]), "x", 0.0).astype("datetime64[D]").tolist()
    [datetime.date(1980, 3, 4)]
    """
    days = np.asarray(dates).astype("datetime64[D]")
    parts = pd.DatetimeIndex(days)
    wrong = streams.happens(rate, f"misdates {purpose}", counter) & ~np.isnat(days)
    swaps = wrong & (streams.uniform(f"misdates {purpose} how", counter) < 0.5)
    swaps &= (parts.day <= 12) & (parts.day != parts.month)
    later = np.where(streams.uniform(f"misdates {purpose} year", counter) < 0.5, 1, -1)
    year = parts.year.to_numpy(dtype=float, na_value=1970) + np.where(wrong & ~swaps, later, 0)
    month = np.where(swaps, parts.day, parts.month)
    day = np.where(swaps, parts.month, parts.day)
    start = (np.nan_to_num(year - 1970) * 12 + np.nan_to_num(month, nan=1) - 1).astype("datetime64[M]")
    written = start.astype("datetime64[D]") + (np.nan_to_num(day, nan=1) - 1).astype("timedelta64[D]")
    return np.where(wrong, written, days).astype("datetime64[s]")


def transpose(texts: Texts, place: Floats) -> Texts:
    """Swap two letters beside each other, never the first of a word."""
    codes, at, found = _letters(texts, place, pairs=True)
    rows = np.flatnonzero(found)
    codes[rows, at[rows]], codes[rows, at[rows] + 1] = codes[rows, at[rows] + 1], codes[rows, at[rows]]
    return _to_texts(codes)


def drop_letter(texts: Texts, place: Floats) -> Texts:
    """Leave out a letter, never the first of a word."""
    codes, at, found = _letters(texts, place)
    column = np.arange(codes.shape[1])
    source = column + (found[:, None] & (column >= at[:, None]))
    return _to_texts(np.take_along_axis(np.pad(codes, ((0, 0), (0, 1))), source, axis=1))


def double_letter(texts: Texts, place: Floats) -> Texts:
    """Write a letter twice, never the first of a word."""
    codes, at, found = _letters(texts, place)
    column = np.arange(codes.shape[1] + 1)
    source = column - (found[:, None] & (column > at[:, None]))
    return _to_texts(np.take_along_axis(np.pad(codes, ((0, 0), (0, 1))), source, axis=1))


def write_by_ear(texts: Texts, place: Floats) -> Texts:
    """Write one sound as another that sounds much the same, such as f for ph."""
    return _replace_one(texts, place, _SOUNDS)


def abbreviate(texts: Texts, place: Floats) -> Texts:
    """Abbreviate the kind of street, such as St, or the form of a firm."""
    return _replace_one(texts, place, _SHORT)


def write_initial(texts: Texts, _: Floats) -> Texts:
    """Write an initial for the first name."""
    first, space, rest = _partition(texts)
    return np.strings.add(np.where(space == "", first, first.astype("U1")), np.strings.add(space, rest))


def swap_names(texts: Texts, _: Floats) -> Texts:
    """Write the last name first."""
    names, space, last = np.strings.rpartition(texts, " ")
    return np.strings.add(np.strings.add(last, space), names)


def drop_middle(texts: Texts, _: Floats) -> Texts:
    """Leave out what stands between the first name and the last."""
    first, space, rest = _partition(texts)
    last = np.strings.rpartition(rest, " ")[2] if len(rest) else rest
    return np.strings.add(np.strings.add(first, space), last)


def capitalise(texts: Texts, _: Floats) -> Texts:
    """Write everything in capitals."""
    return np.strings.upper(texts)


def close_up(texts: Texts, _: Floats) -> Texts:
    """Leave out the spaces of a postcode."""
    return np.strings.replace(texts, " ", "")


def write_o_for_zero(texts: Texts, place: Floats) -> Texts:
    """Write the letter O for a zero, or leave out the space where there is none."""
    return np.where(
        np.strings.find(texts, "0") >= 0, np.strings.replace(texts, "0", "O"), close_up(texts, place)
    )


NAMES: tuple[Damage, ...] = (
    transpose, drop_letter, double_letter, write_by_ear, write_by_ear, write_initial, swap_names, drop_middle,
    capitalise,
)  # fmt: skip
"""What happens to names of people."""

FIRMS: tuple[Damage, ...] = (transpose, drop_letter, double_letter, write_by_ear, abbreviate, capitalise)
"""What happens to names of firms."""

ADDRESSES: tuple[Damage, ...] = (
    abbreviate, abbreviate, abbreviate, transpose, drop_letter, double_letter, write_by_ear, capitalise,
)  # fmt: skip
"""What happens to number and street."""

POSTCODES: tuple[Damage, ...] = (close_up, close_up, write_o_for_zero)
"""What happens to postcodes."""


def _partition(texts: Texts) -> tuple[Texts, Texts, Texts]:
    first, space, rest = np.strings.partition(texts, " ")
    return first, space, rest


def _letters(
    texts: Texts, place: Floats, *, pairs: bool = False
) -> tuple[NDArray[np.uint32], Places, NDArray[np.bool_]]:
    # The texts as code points, the place of a letter in each, and whether there is one.
    codes = np.ascontiguousarray(texts).view(np.uint32).reshape(len(texts), -1).copy()
    lower = codes | 32
    letter = ((lower >= 97) & (lower <= 122)) | (codes >= 0xC0)
    good = letter.copy()
    if pairs:
        after = np.pad(codes, ((0, 0), (0, 1)))[:, 1:]
        good &= np.pad(letter, ((0, 0), (0, 1)))[:, 1:] & (codes != after)
    good[:, 1:] &= letter[:, :-1]
    good[:, 0] = False
    rank = np.cumsum(good, axis=1)
    wanted = 1 + np.floor(place * rank[:, -1]).astype(np.int64)
    return codes, np.argmax(rank >= wanted[:, None], axis=1), rank[:, -1] > 0


def _to_texts(codes: NDArray[np.uint32]) -> Texts:
    codes = np.ascontiguousarray(codes, dtype=np.uint32)
    return codes.view(f"U{codes.shape[1]}").reshape(len(codes))


def _replace_one(texts: Texts, place: Floats, pairs: tuple[tuple[str, str], ...]) -> Texts:
    # One of the pairs that occur in the text, and its first occurrence only.
    occurs = np.stack([np.strings.find(texts, old) >= 0 for old, _ in pairs], axis=1)
    rank = np.cumsum(occurs, axis=1)
    wanted = 1 + np.floor(place * rank[:, -1]).astype(np.int64)
    which = np.where(rank[:, -1] > 0, np.argmax(rank >= wanted[:, None], axis=1), -1)
    result = texts.astype("U64" if texts.dtype.itemsize < 256 else texts.dtype)
    for number, (old, new) in enumerate(pairs):
        mine = which == number
        if mine.any():
            result[mine] = np.strings.replace(texts[mine], old, new, count=1)
    return result
