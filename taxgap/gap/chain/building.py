"""The chain of one tax, year by year, from its data."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from taxgap.gap.cautions import EstimateWarning
from taxgap.gap.chain.components import (
    Amount,
    Chain,
    Part,
    estimate_found,
    find_spread_of_yield,
    find_yield,
    project_cases,
    share_open_of_oldest,
)
from taxgap.gap.chain.debts import find_non_payment, find_spread_of_debts
from taxgap.gap.chain.multiplier import Multiplier
from taxgap.gap.chain.reading import RegimeData, fill_cases
from taxgap.gap.chain.scoring import Scores
from taxgap.gap.chain.tabulating import ALL_YEARS
from taxgap.gap.estimate import Estimate

MUCH_OPEN = 0.03
"""Share of the oldest cases from which those that take longer than any was watched matter (ours)."""


def build_chain(
    data: RegimeData,
    scores: Scores | None,
    multiplier: Multiplier,
    together: str,
    *,
    pool: bool,
    level: float,
    seed: int,
) -> Chain:
    """Return the chain of a tax: a part a year, or one for all years.

    Parameters
    ----------
    data : RegimeData
    scores : Scores or None
    multiplier : Multiplier
    together : str
        Taxes with the same word share the error of the multiplier.
    pool : bool
        Whether years are taken together.
    level, seed
        As for `estimate_gap`.

    Returns
    -------
    Chain
    """
    filled, lags = fill_cases(data)
    gone, owed = find_non_payment(data)
    came, paid = find_yield(data, filled)
    everything = np.ones(len(data.index), dtype=np.bool_)
    spans = [(ALL_YEARS, everything)] if pool else [(year, data.rows_of(year)) for year in data.years]
    parts = []
    for year, rows in spans:
        mine = rows[filled["row"].to_numpy()]
        cases, returns = filled[mine], int(rows.sum())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EstimateWarning)  # its cautions are kept in the notes
            found, notes = estimate_found(cases, rows, scores, np.flatnonzero(mine), level=level, seed=seed)
        later, spread, unsupported = project_cases(cases, lags, returns)
        parts.append(
            Part(
                regime=data.regime,
                year=year,
                found=found,
                projected=later,
                projected_spread=spread,
                multiplier=multiplier,
                together=together,
                non_payment=Amount.on(gone + owed, rows, find_spread_of_debts(data, rows)),
                compliance_yield=Amount.on(came, rows, find_spread_of_yield(data, filled, rows, paid)),
                declared=float(data.declared[rows].sum()),
                cases=len(cases),
                open_cases=int(cases["open"].sum()),
                scored="none" if scores is None else "cross-fitted" if scores.crossfitted else "model",
                notes=[*notes, *_warn_of_open(filled, unsupported), *_read_cautions(found)],
            )
        )
    return Chain(data, filled, scores, parts)


def _warn_of_open(filled: pd.DataFrame, unsupported: int) -> list[str]:
    notes = []
    if unsupported:
        older = "open case is" if unsupported == 1 else "open cases are"
        notes.append(
            f"{unsupported} {older} older than any that closed: what they may bring follows from how amounts "
            "grow with the time that cases take."
        )
    if (slow := share_open_of_oldest(filled)) > MUCH_OPEN:
        notes.append(
            f"{slow:.0%} of the oldest tenth of the cases are still open: if the slowest find most, what "
            "they will find is underestimated."
        )
    return notes


def _read_cautions(found: Estimate) -> list[str]:
    return [str(caution) for caution in found.diagnostics.get("cautions", ())]
