"""What people truly earned: one row a person and tax year, before anyone decides what to report."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.synthetic.incomes import draw_other_incomes, draw_reliefs
from taxgap.synthetic.published import trades
from taxgap.synthetic.shocks import Shock
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.threshold import hold_back
from taxgap.synthetic.timeline import ALL_YEARS, BASE_YEAR, TAX_YEARS

GROWTH = np.array([0.90, 0.95, 1.00, 1.04, 1.08])
"""Nominal incomes of each of `ALL_YEARS` relative to the base year (assumption)."""

# Share of traders whose accounts do not end with the tax year (assumption), so that the year of transition
# taxes more than twelve months of them.
_OTHER_YEAR_END = 0.07

# Sellers who declare what the platform paid out, not what buyers paid, and the commission it kept
# (assumption).
_NET_OF_COMMISSION = 0.35
_COMMISSION = 0.14


def spread_over_years(people: pd.DataFrame, tax_years: tuple[str, ...]) -> pd.DataFrame:
    """Repeat each person for each tax year in which he is on the register.

    Returns
    -------
    DataFrame
        The columns of `people` and `year` (position in `ALL_YEARS`), by person, then
        year.
    """
    panel = people.loc[people.index.repeat(len(tax_years))].reset_index(drop=True)
    panel["year"] = np.tile([ALL_YEARS.index(year) for year in tax_years], len(people))
    present = panel["year"].between(panel["first_year"], panel["last_year"])
    return panel[present].reset_index(drop=True)


def draw_activity(
    panel: pd.DataFrame,
    streams: Streams,
    changes: tuple[Shock, ...] = (),
    difficulty: float = 1.0,
) -> pd.DataFrame:
    """Draw what each person truly earned and spent in each year.

    Parameters
    ----------
    panel : DataFrame
        From `spread_over_years`.
    streams : Streams
        One entity a row of `panel`: the person.
    changes : tuple of Shock
        Those of a trade change its turnover.
    difficulty : float, default 1
        Scales how far the costs of honest traders move from year to year.

    Returns
    -------
    DataFrame
        One row a row of `panel`: the primitive boxes of the return in GBP, and `annual_turnover`, that of the
        year before (`turnover_before`) and the shares `card`, `platform`, `contractor`, `cash` of both, which
        decide what others can report.
    """
    year = panel["year"].to_numpy()
    growth = GROWTH[year] * np.exp(_shocks(streams, year))
    gross = panel["gross"].to_numpy() * growth * trade_factor(panel["trade"].to_numpy(), year, changes)
    trade_share = _trade_share(panel, streams)
    activity = pd.DataFrame(index=panel.index)
    activity["annual_turnover"] = hold_back(gross * trade_share, year, streams)
    activity["turnover_before"] = _year_before(panel, activity["annual_turnover"].to_numpy())
    _add_trade(activity, panel, streams, difficulty)
    _add_property(activity, gross * (1 - trade_share) * (panel["kind"] != "employee"), streams, year)
    base = _base_profit(panel, trade_share, streams)
    other = np.maximum(panel["total_income"] - base, 0.0) * GROWTH[year]
    draw_other_incomes(activity, panel, other.to_numpy(), streams)
    draw_reliefs(activity, panel, streams)
    return activity


def trade_factor(trade: np.ndarray, year: np.ndarray, changes: tuple[Shock, ...]) -> Floats:
    """Return what shocks make of the turnover of each trade (row of `trades()`) in each year."""
    factor = np.ones(np.broadcast(trade, year).shape)
    names = list(trades()["name"])
    for shock in changes:
        if shock.kind == "trade":
            hit = (trade == names.index(shock.name)) & (year >= ALL_YEARS.index(shock.tax_year))
            factor = np.where(hit, factor * shock.factor, factor)
    return factor


def _year_before(panel: pd.DataFrame, turnover: Floats) -> Floats:
    # Nothing for a newcomer; before the first year that can be drawn, the same as in it.
    entity, year = panel["entity"].to_numpy(), panel["year"].to_numpy()
    follows = np.r_[False, (entity[1:] == entity[:-1]) & (np.diff(year) == 1)]
    return np.where(follows, np.r_[0.0, turnover[:-1]], np.where(year == 0, turnover, 0.0))


def _shocks(streams: Streams, year: np.ndarray) -> Floats:
    # A walk around the person's level: last year's shock fades by half, and a few years bring a large change.
    total = np.zeros(len(year))
    for step in range(int(year.max(initial=-1)) + 1):
        large = streams.happens(0.08, "large change", step)
        fresh = np.where(large, 0.50, 0.17) * streams.normal("change", step)
        total = np.where(step <= year, 0.5 * total + fresh, total)
    return total


def _trade_share(panel: pd.DataFrame, streams: Streams) -> Floats:
    both = 0.25 + 0.60 * streams.uniform("trade share")
    kind = panel["kind"].to_numpy()
    return np.where(kind == "self_employed", 1.0, np.where(kind == "both", both, 0.0))


def _cost_share(panel: pd.DataFrame, streams: Streams) -> Floats:
    usual = trades()["costs"].to_numpy()[panel["trade"]]
    size = np.log(np.maximum(panel["gross"], 1_000) / 30_000)
    odds = np.log(usual / (1 - usual)) - 0.66 + 0.30 * size + 1.05 * streams.normal("costs")
    return np.asarray(1 / (1 + np.exp(-odds)))


def _base_profit(panel: pd.DataFrame, trade_share: Floats, streams: Streams) -> Floats:
    trading = panel["gross"] * trade_share * (1 - _cost_share(panel, streams)) * (panel["trade"] >= 0)
    letting = panel["gross"] * (1 - trade_share) * 0.72
    return np.asarray(trading + letting)


def _add_trade(activity: pd.DataFrame, panel: pd.DataFrame, streams: Streams, difficulty: float) -> None:
    year = panel["year"].to_numpy()
    months = _accounts_months(panel, streams)
    turnover = activity["annual_turnover"] * months / 12
    has_trade = turnover.to_numpy() > 0
    activity["accounts_months"] = months
    activity["turnover"] = turnover
    extra = streams.happens(0.06, "other business income", year) * np.exp(6.5 + streams.normal("extra", year))
    activity["other_business_income"] = extra * has_trade
    odds = _cost_share(panel, streams)
    noisy = np.clip(odds * np.exp(0.42 * difficulty * streams.normal("cost noise", year) - 0.06), 0.0, 1.6)
    costs = np.asarray(turnover) * noisy
    for box, part in zip(EXPENSE_BOXES, _mix(panel, streams).T, strict=True):
        activity[box] = costs * part
    equips = streams.happens(0.22, "equips", year) & has_trade
    activity["capital_allowances"] = (
        equips * turnover * 0.10 * np.exp(0.8 * streams.normal("equipment", year))
    )
    loss = streams.happens(0.12, "old losses") & has_trade
    in_its_year = np.floor(len(TAX_YEARS) * streams.uniform("loss year")) == year
    later = (year >= len(TAX_YEARS)) & streams.happens(1 / len(TAX_YEARS), "loss year", year)
    in_its_year = in_its_year | later
    activity["losses_available"] = loss * in_its_year * np.exp(8.0 + streams.normal("loss"))
    for channel in ("card", "platform", "contractor", "cash"):
        usual = trades()[channel].to_numpy()[panel["trade"]]
        activity[channel] = np.clip(usual * np.exp(0.75 * streams.normal(channel)), 0, 1) * has_trade
    known = activity[["card", "platform", "contractor", "cash"]].sum(axis=1)
    for channel in ("card", "platform", "contractor", "cash"):
        activity[channel] /= np.maximum(known, 1.0)
    _declare_net(activity, streams)
    _estimate(activity, panel, streams)


def _declare_net(activity: pd.DataFrame, streams: Streams) -> None:
    # Neither the commission nor the part of the sale that paid it appears on the return: profit is the same.
    nets = streams.happens(_NET_OF_COMMISSION, "declares net")
    kept = np.minimum(
        nets * _COMMISSION * activity["platform"] * activity["turnover"], activity["other_expenses"]
    )
    activity["turnover"] -= kept
    activity["other_expenses"] -= kept


def _estimate(activity: pd.DataFrame, panel: pd.DataFrame, streams: Streams) -> None:
    # Some keep no exact books and fill in round figures, the careless more often.
    chance = 1 / (1 + np.exp(1.5 - 0.8 * panel["disposition"].to_numpy()))
    estimates = streams.happens(chance, "estimates")
    boxes = list(EXPENSE_BOXES)
    exact = activity[boxes].to_numpy()
    activity[boxes] = np.where(estimates[:, None], exact.round(-2), exact)


def _mix(panel: pd.DataFrame, streams: Streams) -> Floats:
    usual = np.array(trades()["mix"].tolist(), dtype=float)[panel["trade"]]
    year = panel["year"].to_numpy()
    noise = np.column_stack(
        [
            1.05 * streams.normal(f"mix {box}") + 0.60 * streams.normal(f"mix {box}", year)
            for box in EXPENSE_BOXES
        ]
    )
    weights = usual * np.exp(noise)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _accounts_months(panel: pd.DataFrame, streams: Streams) -> Floats:
    # In the year of transition the accounts run on from the old year end to 5 April: up to 23 months.
    extra = 1 + np.floor(11 * streams.uniform("year end"))
    begun = panel["trade"].ge(0) & panel["first_year"].lt(panel["year"])  # a newcomer has no old year end
    moves = streams.happens(_OTHER_YEAR_END, "other year end") & begun
    return np.where(moves & (panel["year"] == ALL_YEARS.index(BASE_YEAR)), 12.0 + extra, 12.0)


def _add_property(activity: pd.DataFrame, rents: pd.Series, streams: Streams, year: np.ndarray) -> None:
    activity["rents"] = rents * np.exp(0.25 * streams.normal("voids", year) - 0.03)
    repairs = 0.09 * np.exp(0.9 * streams.normal("repairs") + 0.9 * streams.normal("repairs", year))
    costs = 0.15 * np.exp(
        0.7 * streams.normal("property costs") + 0.3 * streams.normal("property costs", year)
    )
    large = streams.happens(0.14, "large repair", year) * (0.2 + 0.6 * streams.uniform("large repair", year))
    repairs = repairs + large  # a roof or a boiler, in some years
    bare = streams.happens(0.12, "claims no property costs")
    activity["property_repairs"] = np.where(bare, 0, np.minimum(repairs, 0.9)) * rents
    activity["property_costs"] = np.where(bare, 0, np.minimum(costs, 0.6)) * rents
    mortgaged = streams.happens(0.50, "mortgaged")
    activity["finance_costs"] = mortgaged * (0.08 + 0.34 * streams.uniform("loan to value")) * rents
