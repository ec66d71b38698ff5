"""References and free text: identifiers as they were before a spreadsheet took them for numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

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
from taxgap.records.cells.read_cells import Cells

# Control characters but for white space; those of the second range are other signs of Windows-1252.
_CONTROLS = r"[\x00-\x08\x0e-\x1f\x7f-\x{9f}]"
# In an identifier no white space but the blank, and nothing that cannot be seen.
_UNSEEN = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"
_UNSEEN_CATEGORIES = ("Cc", "Cf", "Zl", "Zp")

_EXPONENT = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
_SURE_EXPONENT = re.compile(r"[-+]?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+")
# Three zeros may be thousands.
_DECIMAL_ZEROS = re.compile(r"([0-9]+)[.](?:0{1,2}|0{4,})")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")


@dataclass(frozen=True)
class _Kind:
    """A kind of reference: its form, and the steps that may lead to it with the codes of what they mend."""

    form: re.Pattern[str]
    digits: bool
    steps: tuple[tuple[str, Callable[[str], str]], ...]


def _without_spaces(text: str) -> str:
    return "".join(text.split())


def _upper(text: str) -> str:
    return text.upper() if text.isascii() else text


def _without_decimal_zeros(text: str) -> str:
    found = _DECIMAL_ZEROS.fullmatch(text)
    return found[1] if found else text


def _without_separators(text: str) -> str:
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def _without_k(text: str) -> str:
    return text[:-1] if text[-1:] in ("K", "k") else text.removeprefix("K").removeprefix("k")


def _without_country(text: str) -> str:
    return text[2:] if text[:2].upper() in ("GB", "XI") else text


def _company_zeros(text: str) -> str:
    return text.zfill(8) if text.isdecimal() and text.strip("0") else text


def _sic_zero(text: str) -> str:
    # Divisions begin at 01, and there is no 04: four digits that begin so are a class, not a code cut short.
    return f"0{text}" if len(text) == 4 and text.isdecimal() and text[0] not in "04" else text


def _without_points(text: str) -> str:
    # 62.02/0 is the subclass 62020; 62.02 alone is a class, which may have several.
    return re.sub(r"^([0-9]{2})[.]([0-9]{2})[/.]([0-9])$", r"\1\2\3", text)


_NUMBER_STEPS = (
    ("decimal_zeros", _without_decimal_zeros),
    ("thousands_separator", _without_separators),
)
_SPACES = ("inner_spaces", _without_spaces)

_KINDS = {
    "utr": _Kind(
        re.compile("[0-9]{10}"), digits=True, steps=(_SPACES, ("letter_k", _without_k), *_NUMBER_STEPS)
    ),
    "vrn": _Kind(
        re.compile("[0-9]{9}"),
        digits=True,
        steps=(_SPACES, ("country_prefix", _without_country), *_NUMBER_STEPS),
    ),
    "nino": _Kind(re.compile("[A-Z]{2}[0-9]{6}[A-D]"), digits=False, steps=(_SPACES, ("lower_case", _upper))),
    "company_number": _Kind(
        re.compile("[0-9]{8}|[A-Z][A-Z0-9][0-9A-Z]{6}"),
        digits=True,
        steps=(_SPACES, ("lower_case", _upper), *_NUMBER_STEPS, ("leading_zero", _company_zeros)),
    ),
    "sic2007": _Kind(
        re.compile("[0-9]{5}"),
        digits=True,
        steps=(
            _SPACES,
            ("inner_points", _without_points),
            *_NUMBER_STEPS,
            ("leading_zero", _sic_zero),
        ),
    ),
}


def read_references(texts: pd.Series, kind: str) -> Cells:
    """Read references and other identifiers.

    Parameters
    ----------
    texts : Series of str
        Empty or blank where there is no reference.
    kind : {"utr", "vrn", "nino", "company_number", "sic2007", ""}
        What they are; empty for identifiers of a form that is not known, which are left as they stand.

    Returns
    -------
    Cells
        Values are text.

    Raises
    ------
    UsageError
        There is no such kind.

    Notes
    -----
    A text is mended only where it then has the form of its kind: spaces, small letters, a ``K`` beside a UTR,
    the country before a VRN, ``.0`` and thousands separators of a spreadsheet, and zeros that it took from
    the front where the form fixes the length. What has another form is left as it stands: whether it is
    right, check digits included, is for validation to say. No zero is put before a UTR: its first digit is a
    check digit, and that is never 0.

    Examples
    --------
    >>> read_references(pd.Series(["1955839661.0", "19558 39661", "1.96E+09"]), "utr").values.tolist()
    ['1955839661', '1955839661', nan]
    >>> read_references(pd.Series(["1234567", "sc123456"]), "company_number").values.tolist()
    ['01234567', 'SC123456']
    """
    if kind and kind not in _KINDS:
        raise UsageError("There is no such kind of reference.", available=["", *_KINDS])
    array = trimmed(texts)
    findings = Findings(len(array))
    present = mask_of(array.is_valid())
    if kind:
        odd = present & ~matches(array, f"^(?:{_KINDS[kind].form.pattern})$")
    else:
        odd = matches(array, rf"^#|[eE]\+|{_UNSEEN}")
    return _read_odd(texts, array, odd, lambda text: _read_reference(text, kind), findings)


def read_texts(texts: pd.Series) -> Cells:
    r"""Read free text, such as names: white space at its ends is left out, the rest stands as it is.

    Parameters
    ----------
    texts : Series of str

    Returns
    -------
    Cells
        Values are text. One with control characters other than white space cannot be read.

    Examples
    --------
    >>> read_texts(pd.Series([" Greater  London ", "a\0b"])).values.tolist()
    ['Greater  London', nan]
    """
    array = trimmed(texts)
    return _read_odd(texts, array, matches(array, rf"^#|{_CONTROLS}"), _read_text, Findings(len(array)))


def _read_odd(
    texts: pd.Series, array: pa.Array, odd: Mask, read: Callable[[str], Reading], findings: Findings
) -> Cells:
    if odd.any():
        places = np.flatnonzero(odd)
        part = Findings(len(places))
        values = read_once(array.take(pa.array(places)), read, pa.string(), part)
        findings.absorb(places, part)
        array = pc.replace_with_mask(array, pa.array(odd), values)
    return findings.cells(pd.Series(array, dtype="str", index=texts.index))


def _read_text(text: str) -> Reading:
    if is_excel_error(text):
        return Reading(fault="excel_error")
    if re.search(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]", text):
        return Reading(fault="control_character")
    return Reading(text)


def _read_reference(text: str, kind: str) -> Reading:
    if is_excel_error(text):
        return Reading(fault="excel_error")
    if _has_unseen(text):
        return Reading(fault="control_character")
    if not kind:
        return Reading(fault="exponent") if _SURE_EXPONENT.fullmatch(text) else Reading(text)
    rules, found, mended = _KINDS[kind], text, []
    for code, step in rules.steps:
        before, found = found, step(found)
        if found != before:
            mended.append(code)
    if rules.form.fullmatch(found):
        return Reading(found, mended=tuple(mended))
    exponent = _EXPONENT if rules.digits else _SURE_EXPONENT
    return Reading(fault="exponent") if exponent.fullmatch(text) else Reading(text)


def _has_unseen(text: str) -> bool:
    return not text.isprintable() and any(unicodedata.category(sign) in _UNSEEN_CATEGORIES for sign in text)
