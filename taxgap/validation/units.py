"""A whole table in another unit: the amounts of a tax year lie far from those of the year before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.records.periods import shift_tax_year, tax_year_of
from taxgap.validation.rule import Wording
from taxgap.validation.table_part import TablePart

MAIN_AMOUNT = {
    "self_assessment": "total_income",
    "vat": "sales",
    "corporation_tax": "turnover",
    "employer_paye": "pay",
    "third_party": "amount",
    "payments": "liability",
}
"""The amount that tells in which unit a table is written."""

SHIFT = 30.0
"""How far medians of two years may lie apart: pence are a hundred times as many as pounds."""

FEWEST = 20
"""Amounts that a year must have for its median to say something."""

UNIT_SHIFT = Wording(
    code="unit_shift",
    severity="warn",
    sentence="The middle amount of a tax year is thirty times that of the year before, or a thirtieth of it.",
    remedy="Look for an extract that switched between pounds and pence, or thousands.",
)

Tally: TypeAlias = Mapping[str, NDArray[np.int64]]
"""By tax year how many amounts lie in each of the bins; tallies of partitions add up."""

_BINS_A_DECADE = 64
_LOWEST, _BINS = -2, 16 * _BINS_A_DECADE  # from a penny


class Shift(NamedTuple):
    """A year whose amounts are in general far from those of the year before."""

    tax_year: str
    amounts: int


def tally(part: TablePart) -> Tally:
    """Count the kept positive amounts of a table by tax year and size."""
    column = MAIN_AMOUNT.get(part.name)
    if column is None or not part.complete or column in part.absent:
        return {}
    rows = part.kept(["period", column])
    amounts = rows[column].to_numpy()
    positive = amounts > 0
    size = (np.log10(amounts[positive]) - _LOWEST) * _BINS_A_DECADE
    bins = np.clip(size, 0, _BINS - 1).astype(np.int64)
    codes, labels = pd.factorize(rows["period"])
    of_label, years = pd.factorize(tax_year_of(pd.Series(labels, dtype="str")))
    counts = np.bincount(of_label[codes[positive]] * _BINS + bins, minlength=len(years) * _BINS)
    found = zip(years, counts.reshape(-1, _BINS), strict=True)
    return {str(year): of_year for year, of_year in sorted(found, key=lambda item: str(item[0]))}


def add_up(tallies: Sequence[Tally]) -> Tally:
    """Add up the tallies of partitions.

    Examples
    --------
    >>> one, two = {"2023-24": np.array([1, 2])}, {"2023-24": np.array([0, 5])}
    >>> add_up([one, two])
    {'2023-24': array([1, 7])}
    """
    total: dict[str, NDArray[np.int64]] = {}
    for counts in tallies:
        for year, bins in counts.items():
            total[year] = total.get(year, np.zeros_like(bins)) + bins
    return total


def shifts(counts: Tally) -> Iterator[Shift]:
    """Find the years whose median lies far from that of the year before; by bins, so within four per cent."""
    medians = {
        year: int(np.searchsorted(np.cumsum(bins), bins.sum() / 2))
        for year, bins in counts.items()
        if bins.sum() >= FEWEST
    }
    for year in sorted(medians):
        before = medians.get(shift_tax_year(year, -1))
        if before is not None and abs(medians[year] - before) > np.log10(SHIFT) * _BINS_A_DECADE:
            yield Shift(year, int(counts[year].sum()))
