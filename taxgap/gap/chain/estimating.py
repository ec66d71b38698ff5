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
from taxgap.gap.chain.combining import Draws, build_waterfall, draw_chain, sampling_limits, vary_inputs
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
from taxgap.gap.chain.hidden import HiddenEconomy, describe_hidden, draw_hidden
from taxgap.gap.chain.multiplier import Multiplier
from taxgap.gap.chain.reading import RegimeData, fill_cases, read_regime
from taxgap.gap.chain.result import GapEstimate
from taxgap.gap.chain.scoring import Scores, models_by_regime, score_regime
from taxgap.gap.detection import ControlledEstimate
from taxgap.records import Records
from taxgap.risk import RiskModel
from taxgap.risk.arrays import Floats
from taxgap.schemas.codes import REGIMES

ALL = "all years"
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
    if not 0 < level < 1 or draws < 100:
        raise UsageError("The level lies between 0 and 1, and at least 100 draws are needed.", where="level")
    view = records if as_of is None else records.known_at(pd.Timestamp(as_of))
    taxes = _choose_taxes(view, regimes)
    stated = {tax: _choose_multiplier(non_detection, tax) for tax in taxes}
    wanted = [years] if isinstance(years, str) else years
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
    how = {"level": level, "draws": draws, "seed": seed}
    made = _tell_making(view, chains, controlled, hidden, **how, pool_years=pool_years)
    broken, said = break_down(view, chains, level, hidden) if groups else (pd.DataFrame(columns=COLUMNS), [])
    notes = [*_collect_notes(chains, controlled, models, taxes), *said]
    return _assemble(chains, broken, made, notes, hidden=hidden, level=level, draws=draws, seed=seed)


def _tell_making(
    records: Records,
    chains: Sequence[Chain],
    controlled: Mapping[str, ControlledEstimate],
    hidden: HiddenEconomy | None,
    *,
    pool_years: bool,
    **how: float,
) -> dict[str, Any]:
    made = {
        "as_of": str(records.as_of.date()),
        **how,
        "regimes": [chain.data.regime for chain in chains],
        "years": {chain.data.regime: chain.data.years for chain in chains},
        "pool_years": pool_years,
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
    raise UsageError(
        f"There is no non-detection multiplier for {tax}.",
        where="non_detection",
        remedy="Give a Multiplier, such as Multiplier(1.9, low=1.5, high=2.3), or 'estimated'.",
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
        [(ALL, np.ones(len(data.index), dtype=np.bool_))]
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
            notes.append(
                f"{unsupported} open cases are older than any that closed: they got the mean of all."
            )
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


def _assemble(
    chains: Sequence[Chain],
    broken: pd.DataFrame,
    made: dict[str, Any],
    notes: Sequence[str],
    *,
    hidden: HiddenEconomy | None,
    level: float,
    draws: int,
    seed: int,
) -> GapEstimate:
    parts = [part for chain in chains for part in chain.parts]
    drawn = draw_chain(parts, draws=draws, seed=seed)
    rows = []
    for tax in dict.fromkeys(part.regime for part in parts):
        mine = [k for k, part in enumerate(parts) if part.regime == tax]
        rows += [_tabulate(parts, drawn, [k], tax=tax, year=parts[k].year, level=level) for k in mine]
        if len(mine) > 1:
            rows.append(_tabulate(parts, drawn, mine, tax=tax, year=ALL, level=level))
    more = (0.0 if hidden is None else hidden.value, draw_hidden(hidden, draws, seed))
    whole = _tabulate(parts, drawn, list(range(len(parts))), tax="all", year=ALL, level=level, more=more)
    if hidden is not None:
        rows.append(describe_hidden(hidden, more[1], level))
    if len(chains) > 1 or hidden is not None:
        rows.append(whole)
    by_tax = {chain.data.regime: build_waterfall(chain.parts) for chain in chains}
    return GapEstimate(
        value=whole["net"],
        low=whole["low"],
        high=whole["high"],
        sampling_low=whole["sampling_low"],
        sampling_high=whole["sampling_high"],
        gross=whole["gross"],
        gross_low=whole["gross_low"],
        gross_high=whole["gross_high"],
        percent=whole["percent"],
        percent_low=whole["percent_low"],
        percent_high=whole["percent_high"],
        table=pd.DataFrame(rows),
        waterfall=build_waterfall(parts, hidden),
        sensitivity=vary_inputs(parts, level, hidden),
        groups=broken,
        waterfalls=by_tax,
        made=made,
        notes=tuple(notes),
    )


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
        "low": min(float(low), value),
        "high": max(float(high), value),
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


def _collect_notes(
    chains: Sequence[Chain],
    controlled: Mapping[str, ControlledEstimate],
    models: Mapping[str, RiskModel],
    taxes: Sequence[str],
) -> list[str]:
    notes = [note for chain in chains for note in chain.data.notes]
    for chain in chains:
        for part in chain.parts:
            notes += [f"{part.regime.replace('_', ' ')}, {part.year}: {note}" for note in part.notes]
    for tax, control in controlled.items():
        if not control.identified:
            notes.append(
                f"{tax.replace('_', ' ')}: the multiplier is not identified; a band that is an assumption "
                f"stands in its place ({'; '.join(control.problems)})."
            )
    notes += [
        f"The model for {tax} was not used: the tax is not estimated." for tax in models if tax not in taxes
    ]
    return notes
