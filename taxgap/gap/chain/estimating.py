"""`estimate_gap`: from a random programme to the tax gap."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.gap.cautions import EstimateWarning
from taxgap.gap.chain.bounding import bound_gap
from taxgap.gap.chain.combining import build_waterfall, vary_inputs
from taxgap.gap.chain.components import (
    Amount,
    Part,
    estimate_found,
    find_non_payment,
    find_variance_of_debts,
    find_variance_of_yield,
    find_yield,
    project_cases,
)
from taxgap.gap.chain.detecting import control_regime
from taxgap.gap.chain.groups import COLUMNS, Chain, break_down
from taxgap.gap.chain.hidden import HiddenEconomy
from taxgap.gap.chain.multiplier import Multiplier
from taxgap.gap.chain.reading import RegimeData, fill_cases, read_regime
from taxgap.gap.chain.result import NUMBERS, GapEstimate
from taxgap.gap.chain.scoring import Scores, models_by_regime, score_regime
from taxgap.gap.chain.tabulating import ALL_YEARS, tabulate_chain
from taxgap.gap.detection import ControlledEstimate
from taxgap.records import Records
from taxgap.risk import RiskModel
from taxgap.schemas.codes import REGIMES

NonDetection: TypeAlias = Multiplier | Literal["estimated"] | Mapping[str, Multiplier | Literal["estimated"]]


def estimate_gap(
    records: Records,
    model: RiskModel | Mapping[str, RiskModel] | None = None,
    *,
    non_detection: NonDetection,
    regimes: Sequence[str] | str | None = None,
    years: Sequence[str] | str | None = None,
    as_of: date | str | None = None,
    pool_years: bool = False,
    bounds: bool = False,
    groups: bool = True,
    hidden: HiddenEconomy | None = None,
    level: float = 0.95,
    draws: int = 4_000,
    seed: int = 0,
) -> GapEstimate:
    """Estimate the tax gap from random enquiries.

    Parameters
    ----------
    records : Records
        With returns, ``enquiries`` (a random programme with its probabilities) and ``payments``.
    model : RiskModel or mapping of str to RiskModel, optional
        Its scores make the estimate sharper and can never bias it; where it was trained on these cases, trees
        are grown again without them.
    non_detection : Multiplier, "estimated", or mapping of tax to either
        Tax there over tax found; there is no default, for nothing in a random programme tells it.
        ``estimated``: detection-controlled estimation over officers (`control_detection`), a band where it is
        not identified. A multiplier for all taxes errs in all of them alike; those of a mapping err
        independently.
    regimes : sequence of str or str, optional
        The taxes; all with enquiries where not given.
    years : sequence of str or str, optional
        Tax years; of each tax those with random cases where not given.
    as_of : date, optional
        Nothing known later is seen.
    pool_years : bool, default False
        One estimate for all years of a tax together, where years have few cases.
    bounds : bool, default False
        Where a tax has chosen cases alone: give bounds in the place of refusing. All taxes are then bounded.
    groups : bool, default True
        Break the gap down by tax, customer group, trade, nation, region, authority and behaviour.
    hidden : HiddenEconomy, optional
        Tax lost by people who file nothing, added to the gap of all taxes and years together as a link and a
        row of its own. Not with ``bounds``.
    level : float, default 0.95
        Confidence of all intervals.
    draws : int, default 4000
        Draws of the chain.
    seed : int, default 0
        Seed of all that is drawn.

    Returns
    -------
    GapEstimate

    Raises
    ------
    UsageError
        If an option is unknown, or a tax has no multiplier.
    InvalidDataError
        If a table is missing or a case cannot be used.
    NotIdentifiedError
        If there are no random cases of a tax or year, fewer than 30, or nothing was found in any.

    Notes
    -----
    net gap = N u m + non-payment - compliance yield, for each tax and year, + hidden economy for all; u the
    mean tax found by random enquiries, open ones filled in by the lags of those that closed (`Tail`); m the
    multiplier. This is the published chain (Measuring tax gaps, method annex); its interval and the variance
    of every link are ours. The interval is that of joint draws of all links. What is estimated is the gap of
    the returns on file: who files none is in it only by way of ``hidden``.
    """
    _check_options(records, hidden, level, draws)
    view = records if as_of is None else records.known_at(pd.Timestamp(as_of))
    taxes = _choose_taxes(view, regimes)
    stated = {tax: _choose_multiplier(non_detection, tax) for tax in taxes}
    wanted = _choose_years(years)
    if bounds and hidden is not None:
        raise UsageError(
            "Bounds hold no hidden economy.",
            where="hidden",
            remedy="Leave it out, and add it to both bounds.",
        )
    if bounds:
        return bound_gap(view, taxes, stated, wanted, level=level)
    models = models_by_regime(model)
    chains, controlled = [], {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimateWarning)  # they are kept in the notes
        for tax in taxes:
            data = read_regime(view, tax, wanted, pool=pool_years)
            scores = score_regime(view, data, models[tax], seed=seed) if tax in models else None
            multiplier, control = _find_multiplier(stated[tax], data, scores, level)
            if control is not None:
                controlled[tax] = control
            chains.append(_build_chain(data, scores, multiplier, pool=pool_years, level=level, seed=seed))
    how = {"level": level, "draws": draws, "seed": seed, "pool_years": pool_years}
    made = _tell_making(view, chains, controlled, hidden, how)
    parts = [part for chain in chains for part in chain.parts]
    table, whole = tabulate_chain(parts, hidden, level=level, draws=draws, seed=seed)
    broken, said = (
        break_down(view, chains, table, level, hidden) if groups else (pd.DataFrame(columns=COLUMNS), [])
    )
    notes = [*_collect_notes(chains, controlled, models, taxes), *_doubt_hidden(hidden, whole), *said]
    return GapEstimate(
        value=whole["net"],
        **{name: whole[name] for name in NUMBERS if name != "value"},
        table=table,
        waterfall=build_waterfall(parts, hidden),
        sensitivity=vary_inputs(parts, level, hidden),
        groups=broken,
        waterfalls={chain.data.regime: build_waterfall(chain.parts) for chain in chains},
        made=made,
        notes=tuple(notes),
    )


def _check_options(records: object, hidden: object, level: float, draws: int) -> None:
    if not isinstance(records, Records):
        raise UsageError(
            f"The records are a {type(records).__name__}, not opened records.",
            where="records",
            remedy="Open them first: taxgap.Records.open('economy/records').",
        )
    if hidden is not None and not isinstance(hidden, HiddenEconomy):
        raise UsageError(
            f"The hidden economy is a {type(hidden).__name__}, which says nothing of its limits.",
            where="hidden",
            remedy="Write HiddenEconomy(2.1e9, low=1.4e9, high=3.0e9), in GBP.",
        )
    if not 0 < level < 1 or draws < 100:
        raise UsageError("The level lies between 0 and 1, and at least 100 draws are needed.", where="level")


def _choose_years(years: Sequence[str] | str | None) -> list[str] | None:
    if years is None:
        return None
    wanted = [years] if isinstance(years, str) else [str(year) for year in years]
    for year in wanted:
        first, _, last = year.partition("-")
        if not (len(first) == 4 and first.isdigit() and last == f"{(int(first) + 1) % 100:02d}"):
            meant = f"{year[:4]}-{(int(year[:4]) + 1) % 100:02d}" if year[:4].isdigit() else "2022-23"
            raise UsageError(f"'{year}' is no tax year.", where="years", remedy=f"Write {meant}.")
    return wanted


def _tell_making(
    records: Records,
    chains: Sequence[Chain],
    controlled: Mapping[str, ControlledEstimate],
    hidden: HiddenEconomy | None,
    how: Mapping[str, float],
) -> dict[str, Any]:
    made = {
        "as_of": str(records.as_of.date()),
        **how,
        "regimes": [chain.data.regime for chain in chains],
        "years": {chain.data.regime: chain.data.years for chain in chains},
        "multipliers": {chain.data.regime: chain.parts[0].multiplier.to_dict() for chain in chains},
        "detection": {tax: control.to_dict() for tax, control in controlled.items()},
        "formula": "net gap = found x multiplier + non-payment - compliance yield",
    }
    if hidden is not None:
        made |= {"hidden": hidden.to_dict(), "formula": f"{made['formula']} + hidden economy"}
    return made


def _choose_taxes(records: Records, regimes: Sequence[str] | str | None) -> list[str]:
    held = [name for name in REGIMES if name in records.tables]
    if regimes is None:
        opened = (
            set(records.read("enquiries", ["regime"])["regime"].astype(str))
            if "enquiries" in records.tables
            else set()
        )
        chosen = [name for name in held if name in opened] or held
    else:
        chosen = [regimes] if isinstance(regimes, str) else list(regimes)
    unknown = [name for name in chosen if name not in held]
    if unknown or not chosen:
        raise UsageError(
            f"The records hold no returns of: {', '.join(unknown) or 'any tax'}.",
            where="regimes",
            available=held,
        )
    return chosen


def _choose_multiplier(given: NonDetection, tax: str) -> Multiplier | str:
    one = given.get(tax) if isinstance(given, Mapping) else given
    if isinstance(one, Multiplier) or (isinstance(one, str) and one == "estimated"):
        return one
    said = f"There is no non-detection multiplier for {tax}."
    if one is not None:
        said = f"The non-detection multiplier for {tax} is neither a Multiplier nor 'estimated': {one!r}."
    raise UsageError(
        said,
        where="non_detection",
        remedy="Write Multiplier(1.9, low=1.5, high=2.3), Multiplier(1.9) if it is certain, or 'estimated'.",
    )


def _find_multiplier(
    stated: Multiplier | str, data: RegimeData, scores: Scores | None, level: float
) -> tuple[Multiplier, ControlledEstimate | None]:
    if isinstance(stated, Multiplier):
        return stated, None
    control = control_regime(data, scores, level)
    return control.multiplier, control


def _build_chain(
    data: RegimeData, scores: Scores | None, multiplier: Multiplier, *, pool: bool, level: float, seed: int
) -> Chain:
    filled, tail = fill_cases(data)
    debts, (came, paid) = find_non_payment(data), find_yield(data, filled)
    spans = (
        [(ALL_YEARS, np.ones(len(data.index), dtype=np.bool_))]
        if pool
        else [(y, data.rows_of(y)) for y in data.years]
    )
    parts = []
    for year, rows in spans:
        mine = rows[filled["row"].to_numpy()]
        cases = filled[mine]
        found, notes = estimate_found(cases, rows, scores, np.flatnonzero(mine), level=level, seed=seed)
        later, variance, unsupported = project_cases(cases, tail, int(rows.sum()))
        if unsupported:
            older = "open case is" if unsupported == 1 else "open cases are"
            notes.append(f"{unsupported} {older} older than any that closed, and counted as the mean of all.")
        notes += [str(caution) for caution in found.diagnostics.get("cautions", ())]
        parts.append(
            Part(
                data.regime,
                year,
                found,
                later,
                variance,
                multiplier,
                Amount(
                    float(debts[rows].sum()),
                    find_variance_of_debts(data, debts, rows),
                    np.where(rows, debts, 0.0),
                ),
                Amount(
                    float(came[rows].sum()),
                    find_variance_of_yield(data, filled, rows, paid),
                    np.where(rows, came, 0.0),
                ),
                float(data.declared[rows].sum()),
                len(cases),
                int(cases["open"].sum()),
                "none" if scores is None else "cross-fitted" if scores.crossfitted else "model",
                notes,
            )
        )
    return Chain(data, filled, scores, parts)


def _collect_notes(
    chains: Sequence[Chain],
    controlled: Mapping[str, ControlledEstimate],
    models: Mapping[str, RiskModel],
    taxes: Sequence[str],
) -> list[str]:
    notes = [note for chain in chains for note in chain.data.notes]
    for chain in chains:
        tax, years = chain.data.regime.replace("_", " "), {}  # type: ignore[var-annotated]
        for part in chain.parts:
            for note in part.notes:
                years.setdefault(note, []).append(part.year)
        notes += [f"{tax}, {' and '.join(when)}: {note}" for note, when in years.items()]
    for tax, control in controlled.items():
        notes.append(f"{tax.replace('_', ' ')}: {control.say_basis()}")
    notes += [
        f"The model for {tax} was not used: the tax is not estimated." for tax in models if tax not in taxes
    ]
    return notes


def _doubt_hidden(hidden: HiddenEconomy | None, whole: Mapping[str, Any]) -> list[str]:
    if hidden is None:
        return []
    notes, others = [], whole["gross"] - hidden.value
    if hidden.low is None:
        notes.append("The hidden economy counts as certain: no limits were given, which is hardly so.")
    if hidden.value > others:
        notes.append(
            f"The hidden economy is {hidden.value / max(others, 1.0):,.1f} times the gross gap of all "
            "returns: check that it is in pounds, and of these taxpayers and years."
        )
    return notes
