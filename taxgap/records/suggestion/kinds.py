"""What the values of a column look like: numbers, days, yes or no, codes, references, labels of periods."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
from stdnum.gb import utr, vat

from taxgap.records.suggestion.days import EXCEL, Days, look_for_days
from taxgap.schemas.identifiers import is_company_number, is_nino

DISTINCT = 400
"""Texts of a column that are looked at; which ones is settled by their order of appearance."""

FEW = 60
"""Up to so many distinct texts a column may be one of codes."""

MOST = 0.9
"""Share of the values from which on a column is said to be of a kind: extracts are never wholly clean."""

NOTHING = frozenset(
    [
        "NULL",
        "(NULL)",
        "<NULL>",
        "N/A",
        "NA",
        "#N/A",
        "NONE",
        "NAN",
        "-",
        "--",
        "---",
        ".",
        "?",
        "UNKNOWN",
        "NOT KNOWN",
        "UNK",
        "NOT APPLICABLE",
        "BLANK",
        "\\N",
        "9999-12-31",
        "31/12/9999",
        "12/31/9999",
        "99991231",
        "31.12.9999",
        "31-DEC-9999",
        "0000-00-00",
        "00/00/0000",
        "00000000",
    ]
)
"""Texts that often stand for nothing; none of them is a level, or a word for 0."""

_NUMBER = re.compile(
    r"[-+(£ ]*([0-9]{1,3}(?:[,.' ][0-9]{3})+|[0-9]+)?([.,][0-9]*)?\s*[%)]?\s*(?:CR|DR|-)?", re.ASCII
)
_COMMA = re.compile(
    r"[-+(£ ]*(?:[0-9]+|[0-9]{1,3}(?:[. '][0-9]{3})+),(?:[0-9]{1,2}|[0-9]{4,})[-)% ]*", re.ASCII
)
_POINT = re.compile(r"[^.]*\.(?:[0-9]{0,2}|[0-9]{4,})[-)% ]*", re.ASCII)
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}", re.IGNORECASE)
_TAX_YEAR = re.compile(r"(?:20)?([0-9]{2})[-/](?:20)?([0-9]{2})", re.ASCII)
_MONTH = re.compile(r"20[0-9]{2}-?(?:0[1-9]|1[0-2])", re.ASCII)
_SIC = re.compile(r"[0-9]{5}|[0-9]{2}\.[0-9]{2}/?[0-9]", re.ASCII)


@dataclass(frozen=True)
class Numbers:
    """What a column of numbers comes to.

    Attributes
    ----------
    share : float
        Values that are numbers.
    whole, negative : float
        Numbers without decimals, and below 0, as shares of them.
    low, high : float
    values : ndarray of float
        By row; not a number where there is none.
    decimal : str
        The sign before decimals: a point, or a comma.
    same_length : bool
        All have the same number of digits, five or more, as references do.
    """

    share: float = 0.0
    whole: float = 0.0
    negative: float = 0.0
    low: float = 0.0
    high: float = 0.0
    values: np.ndarray = field(default_factory=lambda: np.empty(0))
    decimal: str = "."
    same_length: bool = False


@dataclass(frozen=True)
class Observed:
    """What a sample of a column looks like.

    Attributes
    ----------
    name : str
    rows, filled, distinct : int
        Of the sample; `filled` without what stands for nothing.
    nothing : tuple of str
        Texts in it that stand for nothing.
    typed : {"", "number", "date", "yes/no"}
        What the source itself says of its type; empty for text.
    numbers : Numbers
    days : Days
    forms : dict of str to float
        Share of the values in the form of a reference or label: utr, vrn, nino, company_number, sic2007,
        postcode, tax_year, month, period (either).
    codes : dict of str to int
        Texts and how often they stand there, where there are few of them.
    """

    name: str
    rows: int
    filled: int
    distinct: int
    nothing: tuple[str, ...]
    typed: str
    numbers: Numbers
    days: Days
    forms: dict[str, float]
    codes: dict[str, int]

    @property
    def kind(self) -> str:
        """The kind in a word, for people."""
        if not self.filled:
            return "empty"
        named = [form for form in _FORM_NAMES if self.forms.get(form, 0.0) >= MOST]
        if self.days.share >= MOST and self.days.form != EXCEL:
            return "date"
        if named:
            return _FORM_NAMES[named[0]]
        if self.typed == "yes/no" or (self.distinct <= 2 and self.filled > self.distinct):
            return "yes/no" if self.distinct else "empty"
        if self.numbers.share >= MOST:
            return "whole number" if self.numbers.whole == 1 else "number"
        return "code" if self.codes else "text"


_FORM_NAMES = {
    "tax_year": "tax year", "month": "month", "period": "period", "utr": "UTR",
    "nino": "National Insurance number", "vrn": "VAT number", "company_number": "company number",
    "postcode": "postcode", "sic2007": "SIC",
}  # fmt: skip


def observe(name: str, values: pa.ChunkedArray) -> Observed:
    """Look at a sample of a column.

    Parameters
    ----------
    name : str
    values : pyarrow.ChunkedArray
        As readers give it: text, or a type of the source's own.

    Examples
    --------
    >>> observe("AMT", pa.chunked_array([["1.50", "NULL", "27.00", "3.25"]])).kind
    'number'
    """
    texts = _texts(values)
    upper = texts.str.upper()
    empty = (texts == "") | upper.isin(NOTHING)
    nothing = sorted({*texts[empty & (texts != "")]})
    filled = texts[~empty]
    codes, found = pd.factorize(filled.to_numpy(dtype=object))
    counts = np.bincount(codes, minlength=len(found))
    looked = pd.Series(found[:DISTINCT], dtype=object)
    weights = counts[:DISTINCT].astype(float)
    numbers = _numbers(looked, weights, codes, np.flatnonzero(~empty.to_numpy()), len(texts))
    days = look_for_days(looked, weights)
    plain = (numbers.share >= MOST and numbers.whole < 1) or (days.share >= MOST and not numbers.same_length)
    forms = (
        {} if plain or not len(looked) else {f: _share(looked, weights, test) for f, test in _FORMS.items()}
    )
    return Observed(
        name=name,
        rows=len(texts),
        filled=len(filled),
        distinct=len(found),
        nothing=tuple(nothing),
        typed=_type(values.type),
        numbers=numbers,
        days=days,
        forms=forms,
        codes=dict(zip(found, counts.tolist(), strict=True)) if _are_codes(found, len(filled)) else {},
    )


def tax_year_label(text: str) -> str | None:
    """Return the label of a tax year in the schema's form, or nothing.

    Examples
    --------
    >>> tax_year_label("2023/24"), tax_year_label("23-24"), tax_year_label("2023-25")
    ('2023-24', '2023-24', None)
    """
    found = _TAX_YEAR.fullmatch(text)
    if found is None or (int(found[1]) + 1) % 100 != int(found[2]):
        return None
    return f"20{found[1]}-{found[2]}"


def _texts(values: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_floating(values.type):
        numbers = values.to_pandas()
        texts = numbers.map(lambda value: f"{value:.15g}", na_action="ignore")
    else:
        texts = values.cast(pa.string()).to_pandas()
    return texts.astype("str").fillna("").str.strip()


def _type(found: pa.DataType) -> str:
    types = pa.types
    if types.is_boolean(found):
        return "yes/no"
    if types.is_date(found) or types.is_timestamp(found):
        return "date"
    is_number = types.is_integer(found) or types.is_floating(found) or types.is_decimal(found)
    return "number" if is_number else ""


def _numbers(
    looked: pd.Series, weights: np.ndarray, codes: np.ndarray, places: np.ndarray, rows: int
) -> Numbers:
    fits = _mask(looked, lambda text: bool(_NUMBER.fullmatch(text)) and any(map(str.isdigit, text)))
    if not fits.any():
        return Numbers()
    commas, points = (int(_mask(looked[fits], p.fullmatch).sum()) for p in (_COMMA, _POINT))
    decimal = "," if commas > points else "."
    read = np.full(len(looked), np.nan)
    read[fits] = [_to_number(text, decimal) for text in looked[fits]]
    values = np.full(rows, np.nan)
    known = codes < len(looked)
    values[places[known]] = read[codes[known]]
    numbers, weight = read[fits], weights[fits]
    digits = looked[fits].str.replace(r"[^0-9]", "", regex=True).str.len()
    return Numbers(
        share=float(weight.sum() / weights.sum()),
        whole=float(weight[numbers == np.floor(numbers)].sum() / weight.sum()),
        negative=float(weight[numbers < 0].sum() / weight.sum()),
        low=float(numbers.min()),
        high=float(numbers.max()),
        values=values,
        decimal=decimal,
        same_length=bool(digits.min() == digits.max() and digits.iloc[0] >= 5 and fits.sum() > 1),
    )


def _to_number(text: str, decimal: str) -> float:
    sign = -1.0 if "(" in text or "-" in text or text.rstrip().upper().endswith("CR") else 1.0
    plain = re.sub(r"[^0-9.,]", "", text)
    plain = plain.replace("." if decimal == "," else ",", "").replace(",", ".")
    return sign * float(plain) if plain.count(".") <= 1 and plain.strip(".") else np.nan


def _mask(looked: pd.Series, test: Callable[[str], object]) -> np.ndarray:
    return np.array([bool(test(text)) for text in looked], dtype=np.bool_)


def _share(looked: pd.Series, weights: np.ndarray, test: Callable[[pd.Series], np.ndarray]) -> float:
    return float(weights[test(looked)].sum() / weights.sum())


def _are_codes(found: np.ndarray, filled: int) -> bool:
    # A code stands there more than once, and is short: names and addresses are neither.
    few = 0 < len(found) <= FEW and (2 * len(found) <= filled or len(found) <= 2)
    return few and max(len(text) for text in found) <= 40


def _squeezed(values: pd.Series) -> pd.Series:
    return values.str.replace(r"[\s.]", "", regex=True)


def _is_utr(values: pd.Series) -> np.ndarray:
    bare = _squeezed(values).str.replace(r"(?i)^k|k$", "", regex=True)
    return _mask(bare, lambda text: bool(re.fullmatch("[0-9]{10}", text, re.ASCII)) and _utr_holds(text))


def _utr_holds(text: str) -> bool:
    return bool(utr.calc_check_digit(text[1:]) == text[0])


def _is_vrn(values: pd.Series) -> np.ndarray:
    bare = _squeezed(values).str.replace(r"(?i)^gb", "", regex=True)
    return _mask(bare, lambda text: bool(re.fullmatch("[0-9]{9}", text, re.ASCII)) and vat.is_valid(text))


_FORMS: dict[str, Callable[[pd.Series], np.ndarray]] = {
    "utr": _is_utr,
    "vrn": _is_vrn,
    "nino": lambda values: is_nino(_squeezed(values).str.upper()).to_numpy(),
    "company_number": lambda values: is_company_number(_squeezed(values).str.upper()).to_numpy(),
    "sic2007": lambda values: _mask(values, _SIC.fullmatch),
    "postcode": lambda values: _mask(values, _POSTCODE.fullmatch),
    "tax_year": lambda values: _mask(values, tax_year_label),
    "month": lambda values: _mask(values, _MONTH.fullmatch),
    "period": lambda values: _mask(values, lambda text: tax_year_label(text) or _MONTH.fullmatch(text)),
}
