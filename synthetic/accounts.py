"""Accounts: what companies and partnerships truly turned over, spent, kept and paid out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.synthetic.activity import GROWTH, draw_activity, spread_over_years, trade_factor
from taxgap.synthetic.payroll import payroll_of, usual_pay
from taxgap.synthetic.people import draw_people
from taxgap.synthetic.published import trades
from taxgap.synthetic.register import Integers
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.threshold import hold_back
from taxgap.synthetic.timeline import LOOKBACK
from taxgap.synthetic.trading import Trading, exists, walk

SECOND_DIRECTOR = 0.30  # share of owned companies that pay a spouse a director's salary as well (assumption)
_MARGIN_BY_SIZE = [5.0, 6.0, 7.0, 7.5, 8.0, 8.5, 9.0], [1.45, 1.30, 0.85, 0.44, 0.36, 0.46, 0.46]
"""Turnover (log10 of GBP) and the margin relative to the trade's: set so that Corporation Tax divides over
small, mid-sized and large companies about as published (assumption)."""
_WIDEST_MARGIN = 0.45  # (assumption)
_GOODS_VARY = 0.12  # how far the share of goods in the costs moves from year to year, in log (assumption)
_CORPORATION_TAX = 0.20  # of the profit that dividends come from, on average


def trade_companies(firms: pd.DataFrame, paid_to_filers: Floats, settings: Settings) -> Trading:
    """Work out what companies truly turned over, spent, paid and kept.

    Parameters
    ----------
    firms : DataFrame
        From `draw_firms`.
    paid_to_filers : ndarray, shape (firms, `settings.columns`)
        Pay of their employees who are on the Self Assessment register, in GBP; it is part of their wages.
    settings : Settings

    Returns
    -------
    Trading
        Beside what all firms have: `other_income`, `profit` (before tax, by the accounts), `premises`,
        `travel`, `other`, `entertaining`, `depreciation`, `capital_allowances`, `research` (spending on
        research and development), `dividends`, `loan` (to directors, at the end), `net_assets`.
    """
    streams = Streams(settings.seed, firms["entity"])
    there = exists(firms, settings.columns)
    turnover = _turnover(firms, streams, settings) * there
    salary, dividends = _from_owner(firms["owner"].to_numpy(), settings)
    salary, dividends = salary * there, dividends * there
    profit = np.where(
        dividends > 0, _behind(dividends, streams), _margin(firms, streams, settings.columns) * turnover
    )
    directors = np.where(firms["owner"].to_numpy()[:, None] >= 0, salary, 0.0) + _other_directors(
        firms, turnover, streams
    )
    annual = {"profit": profit * there, "dividends": dividends, "directors_pay": directors * there}
    annual["other_income"] = _other_income(turnover, streams)
    # A company that pays out more than a small turnover could bear has turned over more.
    least = (np.maximum(profit, 0.0) + directors) / 0.90
    annual["turnover"] = np.maximum(turnover, least) * there
    costs = np.maximum(
        annual["turnover"] + annual["other_income"] - annual["profit"] - annual["directors_pay"], 0.0
    )
    annual |= _costs(firms, costs, paid_to_filers, streams, vary=_GOODS_VARY * settings.difficulty)
    annual["filers_pay"] = paid_to_filers
    spent = [annual[name] for name in ("goods", "overheads", "staff_costs", "directors_pay")]
    annual["profit"] = annual["turnover"] + annual["other_income"] - np.sum(spent, axis=0)
    annual |= _distribution(annual, firms, streams)
    return Trading(firms, annual, streams)


def trade_partnerships(firms: pd.DataFrame, settings: Settings) -> Trading:
    """Work out what partnerships truly turned over, spent and left to their partners (`profit`)."""
    streams = Streams(settings.seed, firms["entity"])
    turnover = _turnover(firms, streams, settings) * exists(firms, settings.columns)
    usual = trades()["costs"].to_numpy()[firms["trade"]]
    odds = np.log(usual / (1 - usual)) + 0.35 + 0.7 * streams.normal("costs")
    yearly = np.column_stack([streams.normal("cost noise", y) for y in range(settings.columns)])
    share = np.clip(1 / (1 + np.exp(-odds))[:, None] * np.exp(0.12 * yearly), 0.02, 1.2)
    none = np.zeros_like(turnover)
    annual = {"turnover": turnover, "directors_pay": none, "other_income": none}
    annual |= _costs(firms, share * turnover, none, streams, vary=_GOODS_VARY * settings.difficulty)
    wear, guests = (0.24 * annual["other"]).round(), (0.02 * annual["other"]).round()
    annual |= {"depreciation": wear, "entertaining": guests, "other": annual["other"] - wear - guests}
    annual["profit"] = turnover - annual["goods"] - annual["overheads"] - annual["staff_costs"]
    return Trading(firms, annual, streams)


def _turnover(firms: pd.DataFrame, streams: Streams, settings: Settings) -> Floats:
    growth = GROWTH[np.maximum(np.arange(settings.columns) - LOOKBACK, 0)]
    calm = 1 / (1 + np.clip(np.log10(firms["gross"].to_numpy() / 1e6), 0, 4))
    changes = walk(streams, settings.columns) * calm[:, None]
    year = np.arange(settings.columns) - LOOKBACK
    hit = trade_factor(firms["trade"].to_numpy()[:, None], year[None, :], settings.shocks)
    wanted = firms["gross"].to_numpy()[:, None] * growth * np.exp(changes) * hit
    held = [
        hold_back(wanted[:, column], np.full(len(firms), column - LOOKBACK), streams)
        for column in range(settings.columns)
    ]
    return np.column_stack(held)


def _from_owner(owner: Integers, settings: Settings) -> tuple[Floats, Floats]:
    """Return the salary and dividends that each owner truly had, year by year, as his own return has them."""
    salary, dividends = np.zeros((2, len(owner), settings.columns))
    owned = np.flatnonzero(owner >= 0)
    if not len(owned):
        return salary, dividends
    people = draw_people(Streams(settings.seed, owner[owned]), settings.register)
    people["row"] = owned
    panel = spread_over_years(people, settings.panel)
    streams = Streams(settings.seed, panel["entity"])
    activity = draw_activity(panel, streams, settings.shocks, settings.difficulty)
    place = panel["row"].to_numpy(), panel["year"].to_numpy() + LOOKBACK
    salary[place] = activity["employment_pay"].to_numpy().round()
    dividends[place] = activity["dividends"].to_numpy().round()
    salary[:, 0], dividends[:, 0] = salary[:, 1], dividends[:, 1]
    return salary, dividends


def _behind(dividends: Floats, streams: Streams) -> Floats:
    # What is paid out follows the profit loosely: some is kept, and some of what was kept is paid out later.
    own = 0.40 * streams.normal("payout")[:, None]
    now = 0.45 * np.column_stack([streams.normal("payout", y) for y in range(dividends.shape[1])])
    return np.asarray(dividends / (1 - _CORPORATION_TAX) / 0.88 * np.exp(own + now))


def _margin(firms: pd.DataFrame, streams: Streams, columns: int) -> Floats:
    usual = 0.16 * (1 - trades()["costs"].to_numpy()[firms["trade"]]) / 0.5
    size = np.interp(np.log10(firms["gross"].to_numpy()), *_MARGIN_BY_SIZE)
    spread = np.interp(np.log10(firms["gross"].to_numpy()), [7.0, 9.0], [0.6, 0.3])
    own = np.minimum(usual * size * np.exp(spread * streams.normal("margin")), _WIDEST_MARGIN)
    yearly = np.column_stack([streams.normal("margin", y) for y in range(columns)])
    rarely = np.interp(np.log10(firms["gross"].to_numpy()), [7.0, 9.0], [0.22, 0.08])
    loses = np.column_stack([streams.uniform("loses", y) for y in range(columns)]) < rarely[:, None]
    return np.asarray(np.where(loses, -0.06, own[:, None]) * np.exp(0.35 * yearly))


def _other_directors(firms: pd.DataFrame, turnover: Floats, streams: Streams) -> Floats:
    owned = (firms["owner"] >= 0).to_numpy()
    spouse = owned & streams.happens(SECOND_DIRECTOR, "second director")
    own = 22_000 * np.exp(0.6 * streams.normal("directors"))[:, None] * (turnover / 3e5) ** 0.45
    own = np.minimum(own, 0.18 * turnover)
    return np.asarray(
        np.where(owned[:, None], spouse[:, None] * np.minimum(9_100.0, 0.1 * turnover), own).round()
    )


def _other_income(turnover: Floats, streams: Streams) -> Floats:
    some = streams.happens(0.35, "other income")[:, None]
    share = 0.004 * np.exp(1.2 * streams.normal("other income"))[:, None]
    return np.asarray(some * np.minimum(share, 0.2) * turnover)


def _costs(
    firms: pd.DataFrame, costs: Floats, paid: Floats, streams: Streams, *, vary: float
) -> dict[str, Floats]:
    trade = firms["trade"].to_numpy()
    usual = np.array(trades()["mix"].tolist(), dtype=float)[trade]
    names = ("goods", "subcontractors", "staff", "travel", "premises", "office", "rest")
    size = np.clip(np.log10(firms["gross"].to_numpy() / 5e4), 0, 2)
    usual[:, names.index("staff")] *= 0.3 + 1.3 * size
    usual[:, names.index("goods")] *= 0.8 + 0.9 * size
    noise = np.column_stack([streams.normal(f"mix {name}") for name in names])
    weight = usual * np.exp(0.45 * noise)
    weight /= weight.sum(axis=1, keepdims=True)
    part = {name: costs * weight[:, [i]] for i, name in enumerate(names)}
    yearly = np.column_stack([streams.normal("mix of the year", year) for year in range(costs.shape[1])])
    part["goods"] = part["goods"] * np.exp(vary * yearly)
    wages, employees = _wages(part["staff"] / 1.08, usual_pay(trade)[:, None], paid, streams)
    payroll = payroll_of(wages, employees)
    staff_costs = (wages + payroll["employer_nics"]).round()
    rest = np.maximum(costs - staff_costs, 0.0)  # what is left of the costs, in the same proportions
    scale = rest / np.maximum(
        np.sum([amount for name, amount in part.items() if name != "staff"], axis=0), 1.0
    )
    subcontractors = (part["subcontractors"] * scale).round()
    travel, premises = (part["travel"] * scale).round(), (part["premises"] * scale).round()
    other = ((part["office"] + part["rest"]) * scale).round()
    goods = (part["goods"] * scale).round() + subcontractors
    return {
        "goods": goods,
        "subcontractors": subcontractors,
        "travel": travel,
        "premises": premises,
        "other": other,
        "overheads": travel + premises + other,
        "wages": wages,
        "employees": employees,
        "staff_costs": staff_costs,
        **payroll,
    }


def _wages(wanted: Floats, usual: Floats, paid: Floats, streams: Streams) -> tuple[Floats, Floats]:
    wages = np.maximum(np.where(wanted < 0.4 * usual, 0.0, wanted), 1.02 * paid).round()
    mean = usual * np.exp(0.22 * streams.normal("mean pay"))[:, None]
    employees = np.where(wages > 0, np.maximum(np.round(wages / mean), 1.0), 0.0)
    return wages, employees


def _distribution(annual: dict[str, Floats], firms: pd.DataFrame, streams: Streams) -> dict[str, Floats]:
    profit, owned = annual["profit"], (firms["owner"] >= 0).to_numpy()[:, None]
    others = annual["dividends"] * (1 + _other_shareholders(streams, profit.shape[1]))
    dividends = np.where(owned, others, _paid_out(profit, streams)).round()
    overheads = _spread_overheads(annual, streams)
    wear = np.column_stack([streams.normal("allowances", y) for y in range(profit.shape[1])])
    allowances = (overheads["depreciation"] * np.exp(0.45 * wear)).round()
    does = streams.happens(_RESEARCHES[firms["trade"].to_numpy()], "researches")[:, None]
    effort = 0.06 + 0.22 * streams.uniform("research")[:, None]
    research = does * effort * (annual["staff_costs"] + 0.3 * annual["directors_pay"])
    start = 0.25 * firms["gross"].to_numpy()[:, None] * np.exp(0.8 * streams.normal("assets"))[:, None]
    kept = np.cumsum(0.8 * profit - dividends, axis=1)
    return {
        **overheads,
        "dividends": dividends,
        "capital_allowances": allowances,
        "research": research.round(),
        "loan": _loans(annual["turnover"], owned, streams).round(),
        "net_assets": (start + kept).round(),
    }


def _other_shareholders(streams: Streams, columns: int) -> Floats:
    # What a spouse or other shareholders are paid beside the owner, as a share of his dividends (assumption).
    some = streams.happens(0.6, "other shareholders") * 1.2 * streams.uniform("other shareholders")
    return np.asarray(some[:, None] * np.exp(0.7 * _by_year(streams, "other shareholders", columns)))


def _paid_out(profit: Floats, streams: Streams) -> Floats:
    # Companies that nobody on the register owns pay out of the profits of several years (assumption).
    share = streams.happens(0.6, "pays out") * 0.55 * streams.uniform("pays out")
    usual = 0.5 * profit.mean(axis=1, keepdims=True) + 0.5 * profit
    now = np.exp(0.7 * _by_year(streams, "pays out", profit.shape[1]) - 0.25)
    return np.asarray(share[:, None] * now * np.maximum(0.8 * usual, 0.0))


def _spread_overheads(annual: dict[str, Floats], streams: Streams) -> dict[str, Floats]:
    # From year to year the overheads divide somewhat differently over their lines; the total stays.
    moved = {
        name: annual[name] * np.exp(0.16 * _by_year(streams, name, annual["overheads"].shape[1]))
        for name in ("travel", "premises", "other")
    }
    scale = annual["overheads"] / np.maximum(np.sum(list(moved.values()), axis=0), 1.0)
    travel, premises = (moved["travel"] * scale).round(), (moved["premises"] * scale).round()
    other = annual["overheads"] - travel - premises
    own = np.exp(0.6 * streams.normal("depreciation"))[:, None]
    wear = (
        np.minimum(0.20 * own * np.exp(0.25 * _by_year(streams, "depreciation", other.shape[1])), 0.6) * other
    ).round()
    fond = 0.012 * np.exp(0.9 * streams.normal("entertaining"))[:, None]
    guests = (
        np.minimum(fond * np.exp(0.4 * _by_year(streams, "entertaining", other.shape[1])), 0.2) * other
    ).round()
    return {
        "travel": travel,
        "premises": premises,
        "depreciation": wear,
        "entertaining": guests,
        "other": other - wear - guests,
    }


def _loans(turnover: Floats, owned: NDArray[np.bool_], streams: Streams) -> Floats:
    # Loans made to directors in a year that are still owed nine months after it.
    lends = owned & streams.happens(0.22, "lends")[:, None]
    now = np.column_stack([streams.happens(0.45, "lends now", y) for y in range(turnover.shape[1])])
    size = (
        9_000
        * np.exp(0.8 * streams.normal("loan"))[:, None]
        * np.exp(0.6 * _by_year(streams, "loan", turnover.shape[1]))
    )
    return np.asarray(lends * now * size * (turnover > 0))


def _by_year(streams: Streams, name: str, columns: int) -> Floats:
    return np.column_stack([streams.normal(f"{name} now", y) for y in range(columns)])


_RESEARCHES = np.array(
    [
        {"computing": 0.30, "manufacturing": 0.24, "professional": 0.12, "wholesale": 0.04}.get(name, 0.015)
        for name in trades()["name"]
    ]
)
"""Share of companies of each trade that claim the relief for research and development (assumption)."""
