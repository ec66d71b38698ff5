"""Bounds of the gap where cases were chosen: what can be said without a random programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from taxgap.errors import NotIdentifiedError, UsageError
from taxgap.gap.chain.components import find_yield
from taxgap.gap.chain.debts import find_non_payment
from taxgap.gap.chain.groups import COLUMNS
from taxgap.gap.chain.lags import Projection, fill_open
from taxgap.gap.chain.multiplier import Multiplier
from taxgap.gap.chain.reading import RegimeData, assemble, read_cases
from taxgap.gap.chain.result import GapEstimate
from taxgap.gap.intervals import find_limits
from taxgap.records import Records
from taxgap.risk.arrays import Floats

_ASSUMPTION = (
    "The upper bound assumes that returns which were not chosen have no more under-declared on average than "
    "those that were. If officers choose worse than by lot, it does not hold."
)

_OPEN = "{count} of {of} cases are still open, and count with what such cases may be expected to bring."


def bound_gap(
    records: Records,
    taxes: Sequence[str],
    multipliers: Mapping[str, Multiplier | str],
    years: Sequence[str] | None,
    *,
    level: float,
) -> GapEstimate:
    """Return bounds of the net gap from cases of any programme.

    Parameters
    ----------
    records : Records
    taxes : sequence of str
    multipliers : mapping of str to Multiplier
        ``estimated`` is not possible here.
    years : sequence of str or None
    level : float

    Returns
    -------
    GapEstimate
        With ``bounds`` True; ``low`` and ``high`` are the bounds, ``value`` their middle.

    Raises
    ------
    NotIdentifiedError
        If no enquiry of a tax has closed.

    Notes
    -----
    Lower: what the closed cases found times the low limit of the multiplier, all others assumed in order.
    Upper: N times the mean of all cases, open ones filled in by the lags of those that closed (`Lags`: quick
    cases are small), at the upper limit of that mean, times the high limit (monotone selection, Manski and
    Pepper, Econometrica 68 (2000)).
    """
    rows, notes, declared = [], [_ASSUMPTION], 0.0
    for tax in taxes:
        multiplier = multipliers[tax]
        if not isinstance(multiplier, Multiplier):
            raise UsageError("Bounds need a stated Multiplier.", where="non_detection")
        data, cases = _read_opened(records, tax, years)
        notes += data.notes
        amount, lag, age = (cases[name].to_numpy(dtype=np.float64) for name in ("tax_found", "lag", "age"))
        found, is_open, later = fill_open(amount, lag, age, np.ones(len(cases)))
        if is_open.any():
            notes.append(f"{tax.replace('_', ' ')}: {_OPEN.format(count=int(is_open.sum()), of=len(cases))}")
        low, high = multiplier.limits
        upper = len(data.index) * _limit_mean(found, later, level) * high
        gone, owed = find_non_payment(data)
        random = cases["programme"] == "random"
        came, _ = find_yield(data, cases[random].assign(y=found[random]))
        least = float(found[~is_open].sum()) * low
        declared += float(data.declared.sum())
        sums = {"debts": float((gone + owed).sum()), "came": float(came.sum())}
        rows.append(_tabulate(tax, least, max(upper, least), **sums, cases=len(cases)))
    return _assemble(
        pd.DataFrame(rows), declared, notes, multipliers=multipliers, level=level, records=records
    )


def _limit_mean(found: Floats, later: Projection, level: float) -> float:
    """Return an upper limit of the mean of cases, for the draw and for what open ones will bring."""
    if len(found) < 3 or not np.ptp(found):
        return float("inf")
    _, above = find_limits((found - found.mean()) / len(found), level)
    wide = float(ndtri((1 + level) / 2)) * later.spread.variance**0.5 / len(found)
    return float(found.mean()) + float(np.hypot(above, wide))


def _read_opened(records: Records, tax: str, years: Sequence[str] | None) -> tuple[RegimeData, pd.DataFrame]:
    cases = read_cases(records, tax)
    closed = cases[cases["lag"].notna()]
    if years is not None:
        closed = closed[closed["year"].isin(list(years))]
    if closed.empty:
        raise NotIdentifiedError(
            f"No enquiry into {tax} has closed: nothing bounds the gap.",
            where="enquiries",
            available=sorted(map(str, cases["year"].unique())),
            remedy="Choose other years or taxes.",
        )
    wanted = sorted(map(str, closed["year"].unique()))
    data = assemble(records, tax, cases, wanted)
    return data, pd.concat([data.cases, data.chosen], ignore_index=True)


def _tabulate(
    tax: str, low: float, high: float, *, debts: float, came: float, cases: int
) -> dict[str, object]:
    return {
        "regime": tax,
        "year": "all years",
        "gross_low": low + debts,
        "gross_high": high + debts,
        "low": low + debts - came,
        "high": high + debts - came,
        "non_payment": debts,
        "compliance_yield": came,
        "cases": cases,
    }


def _assemble(
    table: pd.DataFrame,
    declared: float,
    notes: Sequence[str],
    *,
    multipliers: Mapping[str, Multiplier | str],
    level: float,
    records: Records,
) -> GapEstimate:
    low, high, gross_low, gross_high = (
        float(table[name].sum()) for name in ("low", "high", "gross_low", "gross_high")
    )
    percents = [100 * end / (declared + gross) for end, gross in ((low, gross_low), (high, gross_high))]
    made = {
        "as_of": str(records.as_of.date()),
        "level": level,
        "multipliers": {
            tax: one.to_dict() for tax, one in multipliers.items() if isinstance(one, Multiplier)
        },
        "formula": "bounds from chosen cases",
    }
    empty = pd.DataFrame()
    return GapEstimate(
        (low + high) / 2,
        low,
        high,
        float("nan"),
        float("nan"),
        (gross_low + gross_high) / 2,
        gross_low,
        gross_high,
        sum(percents) / 2,
        percents[0],
        percents[1],
        table,
        empty,
        empty,
        pd.DataFrame(columns=COLUMNS),
        made=made,
        notes=tuple(notes),
        bounds=True,
    )
