"""Choosing cases: from scores, hours and limits to a caseload with everyone's probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from taxgap.cases.balanced import Balance
from taxgap.cases.caseload import REASONS, Caseload
from taxgap.cases.drawing import draw
from taxgap.cases.fitting import fit_within, list_within
from taxgap.cases.hours import read_hours
from taxgap.cases.limits import Caps, Coverage, Hours, Limits, read_limits, say_unlimited
from taxgap.cases.limits_told import tell_misses
from taxgap.cases.plans import Plan, Planned, plan_cases
from taxgap.cases.probabilities import STEEPNESS, spread_evenly
from taxgap.cases.reading import (
    NEEDED,
    add_region,
    check_kinds,
    name_columns,
    read_scores,
    read_spread,
)
from taxgap.cases.treatments import Thresholds, choose_treatments
from taxgap.cases.windows import find_windows
from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap.streams import stream
from taxgap.records import Records
from taxgap.risk.arrays import Bools, Column, Floats

_CERTAIN = 1 - 1e-9

_LATER = "Returns received after the day of the selection, not considered: {count}."
_WITHOUT_RECORDS = "Enquiry windows are not known: give records."
_ALIKE = "The score is untested: its error is taken to be as large for every return."
_UNTESTED = {
    "balanced": f"{_ALIKE} Among cases drawn by chance, expected tax raises the probability only a little, "
    "more so close to the certain cases. Give earlier random cases.",
    "stratified": f"{_ALIKE} It makes the strata, but none is drawn more often for its expected tax. Give "
    "earlier random cases.",
}
_NO_ESTIMATE = (
    "No total can be estimated from these cases: some returns could not be drawn. Give a random share."
)


def select_cases(
    scores: pd.DataFrame,
    *,
    hours: Hours,
    design: str = "balanced",
    random_share: float | None = None,
    steepness: float = STEEPNESS,
    case_hours: float | str | Mapping[str, float] | None = None,
    coverage: Coverage | None = None,
    region: str = "region",
    caps: Caps | None = None,
    earlier_scores: Column | None = None,
    earlier_y: Column | None = None,
    records: Records | None = None,
    as_of: str | pd.Timestamp | None = None,
    thresholds: Thresholds | None = None,
    seed: int = 7,
) -> Caseload:
    """Choose the cases to work, and record everyone's probability of being chosen.

    Parameters
    ----------
    scores : DataFrame
        As `taxgap.score` gives it: ``taxpayer_id, period, regime, expected_tax`` (GBP)``, probability``, and
        the columns that other arguments name. One row a return.
    hours : float or mapping
        Officers' hours to spend, in all or by skill; by skill the scores have a column ``skill``.
    design : str, default "balanced"
        ``balanced``, the most tax at a given error of the estimated gap; ``top_yield``, the most expected
        tax; ``random``; ``stratified`` by score; ``proportional`` to the score; ``adaptive_bins``.
    random_share : float, optional
        Share of the hours that goes to cases drawn by chance (balanced, default 0.5), or is spread evenly
        over everyone (proportional 0.25, adaptive_bins 0.1, top_yield 0). 0 to 1. Not for random and
        stratified.
    steepness : float, default 2
        Of adaptive bins alone, 0 or more.
    case_hours : float, str or mapping, optional
        Hours of a case: one number, a column, or by ``case_type`` (by ``regime`` if there is no such column).
        By default the column ``expected_hours``, else an assumption by regime.
    coverage : int or mapping, optional
        Least cases of each region, or by region.
    region : str, default "region"
        The column of the region; taken from the records where the scores lack it.
    caps : mapping, optional
        By column (an income decile, a group) the largest share of all hours that one of its groups may bear,
        or such a share by group. 0 to 1. All hours are those given, or what all returns would take where that
        is less; of the hours that are drawn, which are fewer, a group may bear a larger share.
    earlier_scores, earlier_y : array-like of float, optional
        Expected and found tax (GBP) of at least 100 earlier random cases: the test of the score. Without it
        the score's error is taken to be as large for every return: in ``balanced`` expected tax then raises
        the probability of a chance case only a little, more so close to the certain ones; in ``stratified``
        it makes the strata, and none is drawn more often for its tax. Other designs make no use of it.
    records : Records, optional
        Where dates of receipt and regions stand, opened. Without it nothing is said of enquiry windows.
    as_of : str or Timestamp, optional
        The day of the selection; that of the records by default.
    thresholds : Thresholds, optional
        Of treatments.
    seed : int, default 7
        The same seed chooses the same cases, whatever the order of rows.

    Returns
    -------
    Caseload

    Raises
    ------
    InvalidDataError
        A column is missing, returns stand twice, an amount is negative, or no caseload keeps the limits: the
        error says which, and by how much.
    UsageError
        An option cannot be used, or the scores or records are not what they should be.

    Notes
    -----
    Probabilities are made by `plan_cases`. ``top_yield`` under limits is solved as a linear programme; the
    others go to the best or the nearest probabilities that keep the limits (`fit_within`). Cases are drawn by
    the cube method with exactly these probabilities (`draw`): the hours of each skill are never passed; for
    that the longest case is held back. Coverage and caps hold for what the probabilities expect, with a case
    to spare (a cap that is hardly a case wide: half of it). A draw may miss one all the same: the notes then
    give what was asked, expected and drawn. `Caseload.limits` has that for every limit.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> scores = pd.DataFrame({
    ...     "taxpayer_id": [f"T{i:05}" for i in range(2_000)], "period": "2023-24",
    ...     "regime": "self_assessment", "probability": 0.3, "expected_tax": rng.lognormal(6, 1, 2_000),
    ... })
    >>> chosen = select_cases(scores, hours=1_500, case_hours=15, random_share=0.4)
    >>> len(chosen.cases), chosen.hours, chosen.estimable
    (100, 1500.0, True)
    >>> round(float(chosen.frame["inclusion_probability"].sum()), 6)
    100.0
    """
    plan = Plan(design, random_share, steepness)
    check_kinds(scores, records)
    frame = add_region(read_scores(scores), region, records)
    windows = find_windows(frame, records, as_of)
    named = name_columns(frame, hours, case_hours, region, caps)
    later = windows["received_on"].isna().to_numpy() & (records is not None)
    open_ = ~windows["out_of_time"].fillna(False).to_numpy(dtype=bool) & ~later
    _check_open(open_, later)
    taken, notes = read_hours(frame, case_hours)
    asked: dict[str, Any] = {"hours": hours, "coverage": coverage, "caps": caps}
    limits = read_limits(frame, taken, region=region, open_=open_ * 1.0, **asked)
    spread = read_spread(frame, earlier_scores, earlier_y)
    returns = _Returns.of(frame, taken, open_, spread)
    planned = _plan(plan, returns, limits)
    chance = planned.probability
    chosen = draw(chance, stream(seed, "caseload", design), _kept(limits, planned))
    told = limits.tell(chance, chosen.astype(np.float64))
    notes += _say_test(design, tested=spread is not None)
    notes += [_WITHOUT_RECORDS] if records is None else []
    spent = taken * chosen
    notes += say_unlimited(frame, caps, spent) + _say_unspent(limits, spent, taken)
    notes += [*tell_misses(told), *([] if (chance[open_] > 0).all() else [_NO_ESTIMATE])]
    notes += [_LATER.format(count=later.sum())] if later.any() else []
    made = pd.concat([_describe(frame, planned, chosen, returns, later), windows], axis=1)
    by_chance = chosen & (chance < _CERTAIN)
    made["treatment"] = choose_treatments(frame, chosen, by_chance, thresholds or Thresholds())
    made = made.assign(**{name: frame[name] for name in named}).sort_index().set_axis(scores.index)
    settings = {**asked, "random_share": plan.share, "case_hours": case_hours}
    settings["steepness"] = steepness if design == "adaptive_bins" else None
    settings["as_of"] = None if records is None else str(as_of or records.as_of)[:10]
    return Caseload(made, design, seed, settings, tuple(notes), told)


def _check_open(open_: Bools, later: Bools) -> None:
    if not open_.any():
        raise InvalidDataError(
            f"None of {len(open_)} returns can be chosen: {int(later.sum())} were received after the day of "
            "the selection, the others are out of time.",
            where="as_of",
            remedy="Give the day on which cases are chosen, and scores of returns that were known then.",
        )


def _say_unspent(limits: Limits, spent: Floats, taken: Floats) -> list[str]:
    """Say that hours are left, where it is more than the draw leaves."""
    left = limits.total - float(spent.sum())
    if left <= 2 * limits.budgets * float(taken.max()):
        return []
    return [f"{left:,.0f} of {limits.total:,.0f} hours are not spent: the limits leave no room for more."]


def _say_test(design: str, *, tested: bool) -> list[str]:
    if tested:
        return [] if design in _UNTESTED else [f"The design {design} makes no use of earlier cases."]
    return [_UNTESTED[design]] if design in _UNTESTED else []


@dataclass(frozen=True)
class _Returns:
    """Returns to choose from: tax expected, hours, whether they may be chosen, spread about the score."""

    value: Floats
    hours: Floats
    open: Bools
    spread: Floats | None

    @classmethod
    def of(cls, frame: pd.DataFrame, hours: Floats, open_: Bools, spread: Floats | None) -> _Returns:
        return cls(frame["expected_tax"].to_numpy(dtype=np.float64), hours, open_, spread)


def _plan(plan: Plan, returns: _Returns, limits: Limits) -> Planned:
    """Plan each skill by itself, then bring all within the other limits."""
    rows = len(returns.value)
    chance, stratum, bounds = np.zeros(rows), np.full(rows, -1, dtype=np.int64), limits.bounds.copy()
    # of the balanced design: what each skill weighs
    weight, least = np.zeros(rows), np.zeros(rows)
    for k in range(limits.budgets):
        own = (limits.columns[:, k] > 0) & returns.open
        bounds[k] = budget = _hold_back(returns.hours[own], float(limits.bounds[k]), limits.names[k])
        if budget >= returns.hours[own].sum():
            chance[own] = least[own] = 1.0
            stratum[own] = stratum.max() + 1
            continue
        spread = None if returns.spread is None else returns.spread[own]
        made = plan_cases(plan, returns.value[own], returns.hours[own], budget, spread=spread)
        chance[own] = made.probability
        if made.stratum is not None:
            stratum[own] = made.stratum + stratum.max() + 1
        if made.aim is not None:
            weight[own], least[own] = made.aim.weight, made.aim.least
    held = replace(limits, bounds=bounds)
    if limits.only_hours or (held.excess(chance) <= 1e-6 * np.abs(bounds)).all():
        whole = plan.stratified and bool((stratum[returns.open] >= 0).all())
        return Planned(chance, stratum if whole else None)
    aim = Balance(np.maximum(returns.value, 1e-9), _known(returns), weight, least)
    return Planned(_fit(plan, returns, held, chance, aim if plan.design == "balanced" else None))


def _fit(plan: Plan, returns: _Returns, held: Limits, chance: Floats, aim: Balance | None) -> Floats:
    most = returns.open.astype(np.float64)
    if plan.design == "top_yield":
        budget = float(held.bounds[: held.budgets].sum())
        least = plan.share * float(spread_evenly(returns.hours[returns.open], budget)[0]) * most
        return list_within(returns.value, held, least, most)
    return _trim(fit_within(chance, held, most, aim), held)


def _known(returns: _Returns) -> Floats:
    return np.ones(len(returns.value)) if returns.spread is None else returns.spread


def _hold_back(hours: Floats, budget: float, name: str) -> float:
    """Return the hours that can be planned, so that no draw passes the budget."""
    if not len(hours):
        return budget
    if budget >= hours.sum():
        return budget
    longest = float(hours.max())
    left = np.floor(budget / longest + 1e-9) * longest if np.ptp(hours) == 0 else budget - longest
    if left <= 0:
        raise UsageError(
            f"{budget:,.0f} {name} do not reach for a caseload: a case takes up to {longest:,.0f}.",
            where="hours",
            remedy=f"Give more than {longest:,.0f} hours.",
        )
    return float(left)


def _trim(chance: Floats, limits: Limits) -> Floats:
    """Return probabilities of which no skill expects more hours than it has, to the last decimal."""
    made = chance.copy()
    for k in range(limits.budgets):
        column = limits.columns[:, k]
        free = (column > 0) & (made < 1)
        over = float(made @ column) - float(limits.bounds[k])
        if over > 0 and free.any():
            made[free] *= 1 - over / float(made[free] @ column[free])
    return made


def _kept(limits: Limits, planned: Planned) -> Floats:
    """Return the sums that the draw keeps, hours first: those given up first have the most room."""
    room = -limits.excess(planned.probability) / np.maximum(np.abs(limits.bounds), 1.0)
    room[: limits.budgets] = -1.0
    columns = [limits.columns[:, np.argsort(room, kind="stable")]]
    if planned.stratum is not None:
        columns.append(
            np.asarray(planned.stratum[:, None] == np.arange(planned.stratum.max() + 1), dtype=np.float64)
        )
    return np.column_stack([*columns, np.ones(len(limits.columns))])


def _describe(
    frame: pd.DataFrame, planned: Planned, chosen: Bools, returns: _Returns, later: Bools
) -> pd.DataFrame:
    kinds = [later, ~returns.open, chosen & (planned.probability >= _CERTAIN), chosen]
    reasons = np.select(kinds, ["not_received", "out_of_time", "certain", "chance"], "not_selected")
    strata = np.full(len(frame), pd.NA) if planned.stratum is None else planned.stratum
    return frame[list(NEEDED)].assign(
        inclusion_probability=planned.probability,
        selected=chosen,
        reason=pd.Categorical(reasons, categories=REASONS),
        treatment="none",
        hours=returns.hours,
        stratum=pd.array(strata, dtype="Int64"),
    )
