"""Forms in which numbers are written, brought into one: ``(£1,234.50)`` is ``-1234.50``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from taxgap.errors import UsageError
from taxgap.records.cells.distinct import (
    Findings,
    Mask,
    Reading,
    is_excel_error,
    mask_of,
    matches,
    read_once,
    trimmed,
)

_PLAIN_BYTES = np.zeros(256, dtype=np.bool_)
_PLAIN_BYTES[[*b"0123456789.-"]] = True

# Signs that look or mean the same; a pound sign in UTF-8 that was taken for Windows-1252 stands as two.
_SAME_SIGNS = {
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
    "\u2019": "'",
    "\u2212": "-",
    "\u00c2\u00a3": "\u00a3",
    "\uffe1": "\u00a3",
}
_BEFORE, _AFTER = "-+(\u00a3 GBPgbp", "-+)\u00a3% GBPCRDgbpcrd"
_EXPONENT = re.compile(r"[-+]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)[eE][-+]?[0-9]+")
_NOT_FINITE = re.compile(r"[-+]?(?:inf(?:inity)?|s?nan|1[.,]#(?:inf|ind|[qs]?nan|j)[0-9]*)", re.IGNORECASE)
_CURRENCY = re.compile(r"[$\u20ac\u00a5\u20b9]|\b(?:EUR|USD|CHF|JPY|AUD|CAD)", re.IGNORECASE)

# The sign of a number by what stands before and after it, currency and percent signs left out.
_SIGNS: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("", ""): ("", ()),
    ("-", ""): ("-", ()),
    ("+", ""): ("", ()),
    ("", "-"): ("-", ("sign_after_number",)),
    ("", "+"): ("", ("sign_after_number",)),
    ("(", ")"): ("-", ("parentheses",)),
    ("", "CR"): ("-", ("credit_or_debit",)),
    ("", "DR"): ("", ("credit_or_debit",)),
}

_DIGITS = 24  # before the point, leading zeros not counted: no number of ours has more


@dataclass(frozen=True)
class Numerals:
    """A column of numbers in their plain form.

    Attributes
    ----------
    texts : pyarrow.Array
        A minus sign or none, and digits with a point among them, before or behind them, or none; empty where
        the text stood for nothing or cannot be read.
    percent : ndarray of bool
        Cells with a percent sign, which is no part of the text any more.
    findings : Findings
    """

    texts: pa.Array
    percent: Mask
    findings: Findings


def plain_numerals(
    texts: pd.Series, *, decimal: str = ".", exponents: bool = False, percent: bool = False
) -> Numerals:
    """Bring numbers into their plain form.

    Parameters
    ----------
    texts : Series of str
    decimal : {".", ","}
        What stands before the fraction.
    exponents : bool
        Whether 1.5E+06 is taken as it stands.
    percent : bool
        Whether a percent sign may follow.

    Returns
    -------
    Numerals

    Raises
    ------
    UsageError
        `decimal` is another sign.

    Examples
    --------
    >>> plain_numerals(pd.Series(["(\u00a31,234.50)", "7-"])).texts.to_pylist()
    ['-1234.50', '-7']
    """
    if decimal not in (".", ","):
        raise UsageError("The decimal sign must be a point or a comma.", available=[".", ","])
    array = trimmed(texts)
    findings, percents = Findings(len(array)), np.zeros(len(array), dtype=np.bool_)
    if decimal == "." and _are_all_plain(array):
        return Numerals(_without_long_ones(array, findings), percents, findings)
    odd = mask_of(array.is_valid()) & ~matches(array, rf"^-?[0-9]+(?:[{decimal}][0-9]+)?$")
    plain = pc.replace_substring(array, ",", ".") if decimal == "," else array
    if odd.any():
        places = np.flatnonzero(odd)
        part = _read_odd(array.take(pa.array(places)), decimal, exponents, percent)
        findings.absorb(places, part.findings)
        percents[places] = part.percent
        plain = pc.replace_with_mask(plain, pa.array(odd), part.texts)
    return Numerals(_without_long_ones(plain, findings), percents, findings)


def _are_all_plain(array: pa.Array) -> bool:
    # A look at the bytes and one conversion take a tenth of the time of a pattern.
    _, offsets, content = array.buffers()
    if content is None or offsets is None:
        return not len(array) or array.null_count == len(array)
    ends = np.frombuffer(offsets, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    if not _PLAIN_BYTES[np.frombuffer(content, dtype=np.uint8)[ends[0] : ends[-1]]].all():
        return False
    try:
        pc.cast(array, pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _read_odd(array: pa.Array, decimal: str, exponents: bool, percent: bool) -> Numerals:
    array = _in_same_signs(array)
    findings = Findings(len(array))
    separator = "," if decimal == "." else "."
    number = pc.utf8_rtrim(pc.utf8_ltrim(array, _BEFORE), _AFTER)
    found = matches(number, f"^(?:{_number_pattern(decimal, separator)})$")
    findings.blame("ambiguous_separator", matches(number, rf"^0[0-9]*[{separator}][0-9]{{3}}$"))
    findings.blame("ambiguous_separator", ~found & matches(number, "^[0-9][0-9., ']*$"))
    signs, percents = _read_affixes(_where(found, array), percent, findings)
    findings.mend("thousands_separator", found & matches(number, rf"[{separator} ']"))
    numerals = pc.binary_join_element_wise(signs, _digits(number, decimal, separator), "")
    rest = ~found & ~findings.unread
    if rest.any():
        values = read_once(
            _where(rest, array), lambda text: _read_rest(text, exponents), pa.string(), findings
        )
        numerals = pc.if_else(pa.array(rest), values, numerals)
    return Numerals(_where(~findings.unread, numerals), percents & ~findings.unread, findings)


def _in_same_signs(array: pa.Array) -> pa.Array:
    if not mask_of(pc.string_is_ascii(array)).all():
        for sign, same in _SAME_SIGNS.items():
            array = pc.replace_substring(array, sign, same)
    return array


def _number_pattern(decimal: str, separator: str) -> str:
    grouped = "|".join(
        rf"[0-9]{{1,3}}(?:[{sign}][0-9]{{3}})+(?:[{decimal}][0-9]*)?" for sign in (separator, " ", "'")
    )
    return rf"[0-9]+(?:[{decimal}][0-9]*)?|[{decimal}][0-9]+|{grouped}"


def _digits(number: pa.Array, decimal: str, separator: str) -> pa.Array:
    for sign in (separator, " ", "'"):
        number = pc.replace_substring(number, sign, "")
    return pc.replace_substring(number, decimal, ".")


def _where(mask: Mask, array: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(mask), array, pa.scalar(None, pa.string()))


def _read_affixes(array: pa.Array, percent: bool, findings: Findings) -> tuple[pa.Array, Mask]:
    # What stands around numbers is the same few signs throughout a column.
    affixes = pc.replace_substring_regex(array, "[0-9.,][0-9., ']*", "|")
    signs = read_once(affixes, lambda text: _read_affix(text, percent), pa.string(), findings)
    return pc.replace_substring(signs, "%", ""), mask_of(pc.ends_with(signs, "%"))


def _read_affix(text: str, percent: bool) -> Reading:
    bare = text.replace(" ", "").upper().replace("GBP", "\u00a3")
    mended = ("currency_sign",) if "\u00a3" in bare else ()
    before, after = bare.replace("\u00a3", "", 1).split("|")
    mark = "%" if percent and after.endswith("%") else ""
    found = _SIGNS.get((before, after.removesuffix(mark)))
    if found is None or (mark and mended):
        return Reading(fault="not_an_amount")
    percent_sign = ("percent_sign",) if mark else ()
    return Reading(found[0] + mark, mended=(*mended, *found[1], *percent_sign))


def _read_rest(text: str, exponents: bool) -> Reading:
    if is_excel_error(text):
        return Reading(fault="excel_error")
    if _NOT_FINITE.fullmatch(text):
        return Reading(fault="not_finite")
    if _EXPONENT.fullmatch(text):
        return _read_exponent(text) if exponents else Reading(fault="exponent")
    foreign = _CURRENCY.search(text) and any("0" <= sign <= "9" for sign in text)
    return Reading(fault="other_currency" if foreign else "not_an_amount")


def _read_exponent(text: str) -> Reading:
    mantissa, exponent = re.split("[eE]", text.replace(",", "."))
    if len(exponent.lstrip("+-").lstrip("0")) > 4:
        return Reading(fault="not_finite")
    number = Decimal(mantissa).scaleb(int(exponent))
    if number and number.adjusted() >= _DIGITS:
        return Reading(fault="too_large")
    return Reading(f"{number:f}", mended=("exponent",))


def _without_long_ones(array: pa.Array, findings: Findings) -> pa.Array:
    if (pc.max(pc.binary_length(array)).as_py() or 0) <= _DIGITS:
        return array
    short = matches(array, rf"^-?0*[0-9]{{0,{_DIGITS}}}(?:\.[0-9]*)?$")
    findings.blame("too_large", mask_of(array.is_valid()) & ~short)
    return _where(short, array)
