"""The table of an estimate: a row a tax and year, one a tax, and one for all, with the intervals of draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from taxgap.gap.chain.combining import Draws, draw_chain, sampling_limits
from taxgap.gap.chain.components import Part
from taxgap.gap.chain.hidden import HiddenEconomy, describe_hidden, draw_hidden
from taxgap.risk.arrays import Floats

ALL_YEARS = "all years"
"""What the table calls the years of a tax together."""

ALL_TAXES = "all"
"""What it calls all taxes together."""


def tabulate_chain(
    parts: Sequence[Part], hidden: HiddenEconomy | None, *, level: float, draws: int, seed: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw the chain, and tabulate what it gives.

    Parameters
    ----------
    parts : sequence of Part
        Of all taxes and years.
    hidden : HiddenEconomy, optional
        Has a row of its own, and is in that of all.
    level : float
        Confidence.
    draws : int
        Draws of the chain.
    seed : int

    Returns
    -------
    table : DataFrame
        As in `GapEstimate`.
    whole : dict
        The row of all, with ``value`` for its net gap; in the table too where there is more than one tax.
    """
    drawn = draw_chain(parts, draws=draws, seed=seed)
    rows, taxes = [], list(dict.fromkeys(part.regime for part in parts))
    for tax in taxes:
        mine = [k for k, part in enumerate(parts) if part.regime == tax]
        rows += [_tabulate(parts, drawn, [k], tax=tax, year=parts[k].year, level=level) for k in mine]
        if len(mine) > 1:
            rows.append(_tabulate(parts, drawn, mine, tax=tax, year=ALL_YEARS, level=level))
    every = list(range(len(parts)))
    more = (0.0 if hidden is None else hidden.value, draw_hidden(hidden, draws, seed))
    whole = _tabulate(parts, drawn, every, tax=ALL_TAXES, year=ALL_YEARS, level=level, more=more)
    if hidden is not None:
        rows.append(describe_hidden(hidden, more[1], level))
    if len(taxes) > 1 or hidden is not None:
        rows.append(whole)
    return pd.DataFrame(rows), {"value": whole["net"], **whole}


def _tabulate(
    parts: Sequence[Part],
    drawn: Draws,
    rows: list[int],
    *,
    tax: str,
    year: str,
    level: float,
    more: tuple[float, Floats | float] = (0.0, 0.0),
) -> dict[str, Any]:
    """Return a row of the table; ``more`` is added to gap and liability: an amount, and its draws."""
    mine = [parts[k] for k in rows]
    ends = [(1 - level) / 2, (1 + level) / 2]
    net, gross = drawn.net[rows].sum(axis=0) + more[1], drawn.gross[rows].sum(axis=0) + more[1]
    theoretical = drawn.theoretical[rows].sum(axis=0) + more[1]
    due = sum(part.theoretical for part in mine) + more[0]
    value = sum(part.net for part in mine) + more[0]
    low, high = np.quantile(net, ends)
    gross_low, gross_high = np.quantile(gross, ends)
    percents = 100 * np.quantile(net / theoretical, ends) if due > 0 else (np.nan, np.nan)
    sampling = sampling_limits(mine)
    return {
        "regime": tax,
        "year": year,
        "gross": sum(part.gross for part in mine) + more[0],
        "gross_low": float(gross_low),
        "gross_high": float(gross_high),
        "net": value,
        # Two rules for skewed errors: one for draws, one for sampling alone. More doubt is never less width.
        "low": min(float(low), value, sampling[0] + more[0]),
        "high": max(float(high), value, sampling[1] + more[0]),
        "sampling_low": sampling[0] + more[0],
        "sampling_high": sampling[1] + more[0],
        "percent": 100 * value / due if due > 0 else float("nan"),
        "percent_low": float(percents[0]),
        "percent_high": float(percents[1]),
        "theoretical": due,
        "found": sum(part.found.value for part in mine),
        "multiplier": sum(part.under_declared for part in mine)
        / max(sum(part.found.value for part in mine), 1e-300),
        "non_payment": sum(part.non_payment.value for part in mine),
        "compliance_yield": sum(part.compliance_yield.value for part in mine),
        "cases": sum(part.cases for part in mine),
        "open_cases": sum(part.open_cases for part in mine),
        "method": ", ".join(dict.fromkeys(part.found.method for part in mine)),
        "scores": ", ".join(dict.fromkeys(part.scored for part in mine)),
    }
