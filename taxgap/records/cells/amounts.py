"""Amounts, counts and fractions, read from the forms in which extracts write them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from taxgap.errors import UsageError
from taxgap.records.cells.distinct import Findings, mask_of, matches
from taxgap.records.cells.numerals import plain_numerals
from taxgap.records.cells.read_cells import Cells

LARGEST = 1e15
"""The largest number that is read: beyond it a float holds no pence any more."""


def read_amounts(
    texts: pd.Series, *, factor: float = 1.0, decimal: str = ".", exponents: bool = False
) -> Cells:
    """Read amounts of money.

    Parameters
    ----------
    texts : Series of str
        Empty or blank where there is no amount.
    factor : float
        What one of the unit is in pounds, a power of ten: 0.01 for pence, 1000 for thousands.
    decimal : {".", ","}
        What stands before the pence.
    exponents : bool
        Whether 1.5E+06 is taken as it stands. A spreadsheet shortens numbers so, and digits may be lost.

    Returns
    -------
    Cells
        Values are float64, in pounds: the float nearest to the number that is written.

    Raises
    ------
    UsageError
        `factor` is no power of ten, or `decimal` is another sign.

    Notes
    -----
    Read are a sign before or after the number, parentheses, CR (a credit: negative) and DR after it, a pound
    sign or GBP, and thousands in strict groups of three, parted by the comma (with a decimal comma: the
    point), a space or an apostrophe. ``0,500`` is not read: such a group is rather a fraction.

    Examples
    --------
    >>> read_amounts(pd.Series(["12.50", "(1,234.50)", "7.00CR", "1,23"])).values.tolist()
    [12.5, -1234.5, -7.0, nan]
    >>> read_amounts(pd.Series(["1235"]), factor=0.01).values.tolist()
    [12.35]
    """
    shift = _power_of_ten(factor)
    numerals = plain_numerals(texts, decimal=decimal, exponents=exponents)
    values = _floats(numerals.texts, np.full(len(texts), shift), numerals.findings)
    return _cells(values, texts, numerals.findings)


def read_fractions(texts: pd.Series, *, percent: bool = False, decimal: str = ".") -> Cells:
    """Read fractions, or percentages as fractions.

    Parameters
    ----------
    texts : Series of str
    percent : bool
        Whether a number without a percent sign is a percentage. One with the sign always is.
    decimal : {".", ","}

    Returns
    -------
    Cells
        Values are float64: 0.125 for ``12.5%``.

    Raises
    ------
    UsageError
        `decimal` is another sign.

    Examples
    --------
    >>> read_fractions(pd.Series(["0.125", "12.5%"])).values.tolist()
    [0.125, 0.125]
    >>> read_fractions(pd.Series(["12.5", "12.5 %"]), percent=True).values.tolist()
    [0.125, 0.125]
    """
    numerals = plain_numerals(texts, decimal=decimal, percent=True)
    shifts = np.where(numerals.percent | percent, -2, 0)
    return _cells(_floats(numerals.texts, shifts, numerals.findings), texts, numerals.findings)


def read_whole_numbers(texts: pd.Series, *, decimal: str = ".") -> Cells:
    """Read counts and years.

    Parameters
    ----------
    texts : Series of str
    decimal : {".", ","}

    Returns
    -------
    Cells
        Values are int64. There is no empty one: an empty cell is 0, under the fault ``empty_number``.

    Raises
    ------
    UsageError
        `decimal` is another sign.

    Notes
    -----
    ``3.0`` is 3, and ``3.000`` is not read: it may as well be three thousand.

    Examples
    --------
    >>> cells = read_whole_numbers(pd.Series(["003", "3.0", "1,200", "3.5", None]))
    >>> cells.values.tolist(), sorted(cells.faults)
    ([3, 3, 1200, 0, 0], ['empty_number', 'not_whole'])
    """
    numerals = plain_numerals(texts, decimal=decimal)
    array, findings = numerals.texts, numerals.findings
    findings.blame("empty_number", mask_of(array.is_null()))
    if pc.any(pc.match_substring(array, ".")).as_py():
        findings.blame("ambiguous_separator", matches(array, r"^-?[1-9][0-9]{0,2}\.000$"))
        findings.blame("not_whole", matches(array, r"\.0*[1-9]"))
        findings.mend("decimal_zeros", matches(array, r"\."))
        array = pc.replace_substring_regex(array, r"^(-?)\.", r"\10.")
        array = pc.replace_substring_regex(array, r"\.[0-9]*$", "")
    findings.blame("too_large", matches(array, r"^-?0*[1-9][0-9]{15}"))
    good = pc.if_else(pa.array(findings.unread), pa.scalar("0"), array)
    return _cells(pc.cast(good, pa.int64()).to_numpy(), texts, findings)


def _power_of_ten(factor: float) -> int:
    shift = round(math.log10(factor)) if 0.0 < factor < math.inf else 0
    if float(f"1e{shift}") != factor:
        raise UsageError("The factor of a unit must be a power of ten, such as 0.01 for pence.")
    return shift


def _floats(array: pa.Array, shifts: NDArray[np.int64], findings: Findings) -> NDArray[np.float64]:
    # The point is moved in the text: one rounding, where multiplying by 0.01 would take two.
    if shifts.any():
        moves = pa.DictionaryArray.from_arrays(*_coded(shifts)).cast(pa.string())
        array = pc.binary_join_element_wise(array, moves, "")
    values = pc.cast(array, pa.float64()).to_numpy(zero_copy_only=False)
    large = np.abs(values) > LARGEST
    findings.blame("too_large", large)
    numbers: NDArray[np.float64] = np.where(large, np.nan, values) + 0.0  # which makes 0 of -0
    return numbers


def _coded(shifts: NDArray[np.int64]) -> tuple[pa.Array, pa.Array]:
    distinct, codes = np.unique(shifts, return_inverse=True)
    return pa.array(codes.astype(np.int32)), pa.array([f"e{shift}" for shift in distinct])


def _cells(values: NDArray[np.float64] | NDArray[np.int64], texts: pd.Series, findings: Findings) -> Cells:
    return findings.cells(pd.Series(values, index=texts.index))
