"""UK taxpayer identifiers: format and check digit, one vectorised test for each kind."""

from __future__ import annotations

import re

import pandas as pd
from stdnum.gb import utr, vat

# NIM39110: letters never used first or second, prefixes never issued, suffix A to D. QQ is the official
# dummy prefix: never issued, outside the pattern, and so the mark of a synthetic number here.
_NINO = re.compile(
    r"(?:QQ|(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z])[0-9]{6}[A-D]", re.ASCII
)
_COMPANY = re.compile(r"[0-9]{8}|(?:SC|NI|OC|SO|NC|FC|SF|NF|LP|SL|NL|R0|IP|RS|SP|CE|CS)[0-9A-Z]{6}", re.ASCII)
_UTR = re.compile(r"[0-9]{10}", re.ASCII)
_VRN = re.compile(r"[0-9]{9}", re.ASCII)


def is_utr(values: pd.Series) -> pd.Series:
    """Test Unique Taxpayer References: ten digits, the first a check digit.

    Parameters
    ----------
    values : Series of str

    Returns
    -------
    Series of bool

    Examples
    --------
    >>> is_utr(pd.Series(["1955839661", "2955839661"])).tolist()
    [True, False]
    """
    return _test(
        values, lambda text: bool(_UTR.fullmatch(text)) and utr.calc_check_digit(text[1:]) == text[0]
    )


def is_vrn(values: pd.Series) -> pd.Series:
    """Test VAT registration numbers: nine digits, the last two a check.

    Parameters
    ----------
    values : Series of str

    Returns
    -------
    Series of bool

    Examples
    --------
    >>> is_vrn(pd.Series(["980780684", "980780685"])).tolist()
    [True, False]
    """
    return _test(values, lambda text: bool(_VRN.fullmatch(text)) and vat.is_valid(text))


def is_nino(values: pd.Series) -> pd.Series:
    """Test National Insurance numbers by format; the dummy prefix QQ is allowed.

    Parameters
    ----------
    values : Series of str

    Returns
    -------
    Series of bool

    Examples
    --------
    >>> is_nino(pd.Series(["QQ123456A", "BG123456A"])).tolist()
    [True, False]
    """
    return _test(values, lambda text: bool(_NINO.fullmatch(text)))


def is_company_number(values: pd.Series) -> pd.Series:
    """Test numbers of the companies register: eight digits, or a prefix of two characters and six more.

    Parameters
    ----------
    values : Series of str

    Returns
    -------
    Series of bool

    Examples
    --------
    >>> is_company_number(pd.Series(["99000001", "SC123456", "1234567"])).tolist()
    [True, True, False]
    """
    return _test(values, lambda text: bool(_COMPANY.fullmatch(text)))


def _test(values: pd.Series, rule: object) -> pd.Series:
    # Each distinct value is tested once: references repeat over years.
    codes, distinct = pd.factorize(values.to_numpy(dtype=object))
    passed = pd.array([rule(str(value)) for value in distinct], dtype=bool)  # type: ignore[operator]
    result = pd.Series(True, index=values.index)
    present = codes >= 0
    result[present] = passed[codes[present]]
    return result
