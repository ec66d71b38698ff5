"""Labels of periods: tax years, months in which a period ends, and which tax year each belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

_YEAR = re.compile(r"[0-9]{4}-[0-9]{2}")


def tax_year_of(labels: pd.Series) -> pd.Series:
    """Find the tax year that each period belongs to.

    Parameters
    ----------
    labels : Series of str
        Tax years such as ``2023-24``, or months in which a period ends such as ``2023-07``.

    Returns
    -------
    Series of str
        A tax year stands for itself; a month belongs to the tax year that holds its last day. Anything else
        stays as it is. Up to ``2011-12`` a label could be read either way and counts as a tax year.

    Examples
    --------
    >>> tax_year_of(pd.Series(["2023-24", "2023-03", "2023-04"])).tolist()
    ['2023-24', '2022-23', '2023-24']
    """
    codes, distinct = pd.factorize(labels)
    years = np.array([*(_year_of(label) for label in distinct), None], dtype=object)
    return pd.Series(years[codes], index=labels.index, name=labels.name, dtype=labels.dtype)


def tax_years_among(labels: Iterable[str]) -> list[str]:
    """List the tax years that some periods belong to, oldest first.

    Examples
    --------
    >>> tax_years_among(["2024-03", "2023-07", "2024-25"])
    ['2023-24', '2024-25']
    """
    return sorted({_year_of(label) for label in labels})


def shift_tax_year(label: str, years: int) -> str:
    """Return the label of the tax year some years later, or earlier if negative.

    Examples
    --------
    >>> shift_tax_year("2023-24", -1), shift_tax_year("1999-00", 1)
    ('2022-23', '2000-01')
    """
    return _label(int(label[:4]) + years)


def _year_of(label: str) -> str:
    if not isinstance(label, str) or not _YEAR.fullmatch(label):
        return label
    year, last = int(label[:4]), int(label[5:])
    if last == (year + 1) % 100 or not 1 <= last <= 12:
        return label
    return _label(year if last >= 4 else year - 1)  # a month's last day lies after 5 April from April on


def _label(start: int) -> str:
    return f"{start}-{(start + 1) % 100:02d}"
