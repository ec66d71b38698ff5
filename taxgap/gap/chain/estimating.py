"""`estimate_gap`: from a random programme to the tax gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from taxgap.gap.chain.bounding import bound_gap
from taxgap.gap.chain.building import build_chain
from taxgap.gap.chain.choosing import (
    NonDetection,
    check_options,
    choose_multiplier,
    choose_taxes,
    choose_years,
)
from taxgap.gap.chain.combining import build_waterfall, vary_inputs
from taxgap.gap.chain.components import Chain
from taxgap.gap.chain.detecting import control_regime
from taxgap.gap.chain.groups import COLUMNS, break_down
from taxgap.gap.chain.hidden import HiddenEconomy
from taxgap.gap.chain.multiplier import Multiplier
from taxgap.gap.chain.noting import collect_notes, doubt_hidden
from taxgap.gap.chain.reading import read_regime
from taxgap.gap.chain.result import NUMBERS, GapEstimate
from taxgap.gap.chain.scoring import models_by_regime, score_regime
from taxgap.gap.chain.tabulating import tabulate_chain
from taxgap.gap.detection import ControlledEstimate
from taxgap.records import Records
from taxgap.risk import RiskModel


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
    mean tax found by random enquiries, open ones filled in by the lags of those that closed (`Lags`); m the
    multiplier. This is the published chain (Measuring tax gaps, method annex); its interval and the variance
    of every link are ours. The interval is that of joint draws of all links. What is estimated is the gap of
    the returns on file: who files none is in it only by way of ``hidden``.
    """
    check_options(records, hidden, bounds=bounds, level=level, draws=draws)
    view = records if as_of is None else records.known_at(pd.Timestamp(as_of))
    taxes = choose_taxes(view, regimes)
    stated = {tax: choose_multiplier(non_detection, tax) for tax in taxes}
    wanted = choose_years(years)
    if bounds:
        return bound_gap(view, taxes, stated, wanted, level=level)
    models, chains, controlled = models_by_regime(model), [], {}
    for tax in taxes:
        data = read_regime(view, tax, wanted, pool=pool_years)
        scores = score_regime(view, data, models[tax], seed=seed) if tax in models else None
        multiplier = stated[tax]
        if not isinstance(multiplier, Multiplier):
            controlled[tax] = control_regime(data, scores, level)
            multiplier = controlled[tax].multiplier
        # One multiplier for all errs in all alike; those of a mapping, and estimated ones, by themselves.
        shared = "all" if isinstance(non_detection, Multiplier) else tax
        chains.append(build_chain(data, scores, multiplier, shared, pool=pool_years, level=level, seed=seed))
    parts = [part for chain in chains for part in chain.parts]
    table, whole = tabulate_chain(parts, hidden, level=level, draws=draws, seed=seed)
    how = {"level": level, "draws": draws, "seed": seed, "pool_years": pool_years}
    broken, said = pd.DataFrame(columns=COLUMNS), list[str]()
    if groups:
        broken, said = break_down(view, chains, table, level, hidden)
    return GapEstimate(
        **{name: whole[name] for name in NUMBERS},
        table=table,
        waterfall=build_waterfall(parts, hidden),
        sensitivity=vary_inputs(parts, level, hidden),
        groups=broken,
        waterfalls={chain.data.regime: build_waterfall(chain.parts) for chain in chains},
        made=_tell_making(view, chains, controlled, hidden) | how,
        notes=(*collect_notes(chains, controlled, models, taxes), *doubt_hidden(hidden, whole), *said),
    )


def _tell_making(
    records: Records,
    chains: Sequence[Chain],
    controlled: Mapping[str, ControlledEstimate],
    hidden: HiddenEconomy | None,
) -> dict[str, Any]:
    made = {
        "as_of": str(records.as_of.date()),
        "regimes": [chain.data.regime for chain in chains],
        "years": {chain.data.regime: chain.data.years for chain in chains},
        "multipliers": {chain.data.regime: chain.parts[0].multiplier.to_dict() for chain in chains},
        "detection": {tax: control.to_dict() for tax, control in controlled.items()},
        "formula": "net gap = found x multiplier + non-payment - compliance yield",
    }
    if hidden is not None:
        made |= {"hidden": hidden.to_dict(), "formula": f"{made['formula']} + hidden economy"}
    return made
