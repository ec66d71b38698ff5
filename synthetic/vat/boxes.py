"""The VAT return: what truly belongs in its boxes, and those that follow from others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.published import trades
from taxgap.synthetic.register import Integers
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import LOOKBACK, TAX_YEARS
from taxgap.synthetic.trading import Trading
from taxgap.synthetic.vat.chains import ROLES, missing_trader_chains, spread
from taxgap.tax import vat_law

PRIMITIVE_BOXES = (
    "output_tax",
    "acquisition_tax",
    "input_tax",
    "sales",
    "purchases",
    "goods_to_eu",
    "goods_from_eu",
)
"""The boxes a trader fills in; all others follow from them."""

RATE = vat_law(TAX_YEARS[0]).standard_rate
_REDUCED = vat_law(TAX_YEARS[0]).reduced_rate

# Assumptions about what the books do to a period.
_PURCHASES_SLIP = 0.20  # months of purchases that are entered a period early or late (standard deviation)
_SALES_SLIP = 0.06  # likewise of sales
_RATE_DRIFTS = 0.22  # how far the share of sales at the zero rate moves from period to period (in log)
_INPUTS_DRIFT = 0.25  # how far the share of purchases that bears VAT moves (in log-odds)
_CAPITAL_YEARS = 0.30  # share of years in which a firm without accounts of its assets buys equipment
_CAPITAL = 0.09  # its median, as a share of turnover
_SETS_UP, _SETTING_UP = (
    0.6,
    0.05,
)  # share that buys before it trades, and what in a month, as a share of a year's sales
_FLAT_RATE_CAPITAL = 2_000.0 / (
    1 + RATE
)  # the least, without VAT, that is reclaimed under the flat rate (VAT Notice 733)
_REVERSE_CHARGED = 0.85  # of sales to other builders, those under the domestic reverse charge
_DE_MINIMIS, _DE_MINIMIS_SHARE = 625.0, 0.5  # GBP of exempt input tax a month that is recovered all the same
_BUYS_AS_CONTRACTOR = (
    0.2  # share of sales to contractors from which a trade's own subcontractors are reverse-charged
)


def fill_in_truthfully(
    trading: Trading, periods: pd.DataFrame, shares: pd.DataFrame, schemes: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn the months of true trading into truthful returns.

    Parameters
    ----------
    trading : Trading
        Registered firms.
    periods : DataFrame
        From `lay_out`.
    shares, schemes : DataFrame
        From `supplies` and `draw_schemes`.

    Returns
    -------
    activity : DataFrame
        One row a period, in GBP: `supply_tax` (VAT on own sales), `import_tax`, `full_input_tax` (before
        partial exemption), `chain_sales`, `chain_tax`, `cost_tax` (VAT on overheads), and shares of sales.
    boxes : DataFrame
        `PRIMITIVE_BOXES`, in whole pounds.
    """
    firm = periods["firm"].to_numpy()
    streams = trading.streams[firm]
    mine, scheme = shares.iloc[firm], schemes.iloc[firm]
    activity = _shares_of_sales(mine, streams, periods["last"].to_numpy())
    sales = _summed(trading, "turnover", periods, _SALES_SLIP)
    bought = _purchases(trading, periods, mine, streams)
    chain = _chain(trading, periods)
    contractor = trading.firms["contractor"].to_numpy()[firm] * (_is_building(trading)[firm])
    charged = (
        RATE * activity["standard"] * (1 - _REVERSE_CHARGED * contractor) + _REDUCED * activity["reduced"]
    )
    activity["supply_tax"] = sales * charged
    activity["import_tax"] = RATE * bought["imports"]
    activity["cost_tax"] = bought["cost_tax"]
    activity["chain_sales"], activity["chain_tax"] = chain["sales"], chain["output_tax"]
    boxes = pd.DataFrame(
        {
            "output_tax": activity["supply_tax"] + activity["import_tax"],
            "acquisition_tax": RATE * bought["from_eu"],
            "sales": sales,
            "purchases": bought["purchases"],
            "goods_to_eu": mine["to_eu"].to_numpy() * sales,
            "goods_from_eu": bought["from_eu"],
        }
    )
    full = bought["input_tax"] + activity["import_tax"] + boxes["acquisition_tax"]
    activity["full_input_tax"] = full
    boxes["input_tax"] = full * _recovered(full, activity["exempt"], periods["months"])
    _use_flat_rate(boxes, activity, bought["capital"], scheme)
    for box in ("output_tax", "input_tax", "sales", "purchases"):
        boxes[box] += chain[box]
    return activity, boxes[list(PRIMITIVE_BOXES)].clip(lower=0.0).round()


def complete(boxes: pd.DataFrame) -> pd.DataFrame:
    """Add the boxes that follow from the others.

    Parameters
    ----------
    boxes : DataFrame
        `PRIMITIVE_BOXES`, in GBP.

    Returns
    -------
    DataFrame
        With `total_output_tax` (boxes 1 and 2) and `net_vat` (box 3 less box 4; negative where VAT is
        repaid).

    Examples
    --------
    >>> boxes = pd.DataFrame([[500.0, 0.0, 200.0, 2_500.0, 1_000.0, 0.0, 0.0]], columns=list(PRIMITIVE_BOXES))
    >>> float(complete(boxes)["net_vat"].iloc[0])
    300.0
    """
    total = boxes["output_tax"].to_numpy() + boxes["acquisition_tax"].to_numpy()
    return boxes.assign(total_output_tax=total, net_vat=total - boxes["input_tax"].to_numpy())


def imported(trading: Trading, shares: pd.DataFrame) -> Floats:
    """Return the value of the goods that firms import in each month, shape (firms, months), in GBP."""
    return np.asarray(trading.monthly("goods") * shares["imports"].to_numpy()[:, None])


def _shares_of_sales(mine: pd.DataFrame, streams: Streams, counter: Integers) -> pd.DataFrame:
    table = mine[["standard", "reduced", "zero", "exempt"]].reset_index(drop=True)
    table["zero"] *= np.exp(_RATE_DRIFTS * streams.normal("vat zero drifts", counter))
    return table.div(table.sum(axis=1), axis=0)


def _summed(trading: Trading, name: str, periods: pd.DataFrame, slip: float) -> Floats:
    """Sum an amount over periods, some of which is entered in the period before or after."""
    firm, first, last = (periods[column].to_numpy() for column in ("firm", "first", "last"))
    total = trading.over(name, firm, first, last)
    streams, month = trading.streams[firm], total / (last - first + 1)
    late = streams.normal(f"vat {name} slips", last), streams.normal(f"vat {name} slips", first - 1)
    return np.asarray(np.maximum(total + slip * month * (late[1] - late[0]), 0.0))


def _purchases(
    trading: Trading, periods: pd.DataFrame, mine: pd.DataFrame, streams: Streams
) -> dict[str, Floats]:
    firm, last = periods["firm"].to_numpy(), periods["last"].to_numpy()
    goods = _summed(trading, "goods", periods, _PURCHASES_SLIP)
    worn = trading.over("depreciation", firm, periods["first"].to_numpy(), last)
    costs = np.maximum(_summed(trading, "overheads", periods, _PURCHASES_SLIP) - worn, 0.0)
    capital = _capital(trading, periods)
    subcontracted = trading.over("subcontractors", firm, periods["first"].to_numpy(), last)
    reverse = np.minimum(subcontracted * _is_building(trading)[firm], goods)
    imports, from_eu = (mine[name].to_numpy() * goods for name in ("imports", "from_eu"))
    odds = np.log(mine["taxed"].to_numpy() / (1 - mine["taxed"].to_numpy()))
    taxed = 1 / (1 + np.exp(-odds - _INPUTS_DRIFT * streams.normal("vat taxed drifts", last)))
    at_home = np.maximum(goods - imports - from_eu - reverse, 0.0)
    return {
        "purchases": goods + costs + capital,
        "imports": imports * taxed,
        "from_eu": from_eu,
        "capital": capital,
        "cost_tax": RATE * taxed * costs,
        "input_tax": RATE * (taxed * (at_home + costs) + capital),
    }


def _capital(trading: Trading, periods: pd.DataFrame) -> Floats:
    """Return what firms spend on equipment in each period: on setting up, and one purchase in some years."""
    streams = trading.streams
    bought = _setting_up(trading)
    rows = np.arange(len(trading))
    accounts = trading.annual["capital_allowances"]
    for year in range(trading.columns):
        buys = streams.happens(_CAPITAL_YEARS, "vat equips", year)
        own = trading.annual["turnover"][:, year] * np.minimum(
            _CAPITAL * np.exp(0.9 * streams.normal("vat equipment", year)), 0.6
        )
        month = np.floor(12 * streams.uniform("vat equipment month", year)).astype(np.int64)
        known = (accounts > 0).any(axis=1)
        bought[rows, 12 * year + month] += np.where(known, accounts[:, year], buys * own)
    sums = np.concatenate([np.zeros((len(trading), 1)), np.cumsum(bought, axis=1)], axis=1)
    firm, first, last = (periods[column].to_numpy() for column in ("firm", "first", "last"))
    return np.asarray(sums[firm, last + 1] - sums[firm, first])


def _setting_up(trading: Trading) -> Floats:
    """Return what firms that have registered before they trade spend in each month until then."""
    streams, first = trading.streams, trading.firms["first_year"].to_numpy()
    before = np.arange(trading.months) < 12 * (first + LOOKBACK)[:, None]
    usual = trading.firms["gross"].to_numpy() * _SETTING_UP * np.exp(0.8 * streams.normal("vat sets up"))
    spends = np.where(streams.happens(_SETS_UP, "vat sets up"), usual, 0.0)
    return np.asarray(spends[:, None] * (before & (first > 0)[:, None]))


def _is_building(trading: Trading) -> Floats:
    usual = trades()["contractor"].to_numpy() > _BUYS_AS_CONTRACTOR
    return np.asarray(usual[trading.firms["trade"].to_numpy()], dtype=np.float64)


def _recovered(full: pd.Series, exempt: pd.Series, months: pd.Series) -> Floats:
    little = (full * exempt <= _DE_MINIMIS * months.to_numpy()) & (exempt <= _DE_MINIMIS_SHARE)
    return np.where(little, 1.0, 1.0 - exempt)


def _use_flat_rate(
    boxes: pd.DataFrame, activity: pd.DataFrame, capital: Floats, scheme: pd.DataFrame
) -> None:
    # Box 6 holds sales with VAT, box 1 a share of them; only the VAT on large purchases of equipment is
    # reclaimed.
    flat = scheme["flat"].to_numpy()
    large = np.where(capital >= _FLAT_RATE_CAPITAL, capital, 0.0)
    boxes["sales"] += flat * activity["supply_tax"]
    activity["supply_tax"] = np.where(
        flat, scheme["rate"].to_numpy() * boxes["sales"], activity["supply_tax"]
    )
    boxes["output_tax"] = np.where(flat, activity["supply_tax"], boxes["output_tax"])
    boxes["purchases"] = np.where(flat, large, boxes["purchases"])
    boxes["input_tax"] = np.where(flat, RATE * large, boxes["input_tax"])
    for box in ("acquisition_tax", "goods_from_eu", "goods_to_eu"):
        boxes[box] = np.where(flat, 0.0, boxes[box])
    activity["import_tax"] *= ~flat


def _chain(trading: Trading, periods: pd.DataFrame) -> dict[str, Floats]:
    """Return what members of chains with a missing trader sell and buy beside their trade, by period."""
    members = missing_trader_chains(
        trading.streams.entity.astype(np.int64), trading.streams.seed, trading.months
    )
    firm, first, last = (periods[column].to_numpy() for column in ("firm", "first", "last"))
    role = np.full(len(trading), -1)
    role[members["row"]] = members["role"]
    amounts = {}
    for name, what in (("sales", "sells"), ("purchases", "buys")):
        sums = np.cumsum(spread(members, len(trading), what, trading.months), axis=1)
        sums = np.concatenate([np.zeros((len(trading), 1)), sums], axis=1)
        amounts[name] = sums[firm, last + 1] - sums[firm, first]
    at_home = role[firm] != ROLES.index("broker")  # the last sells abroad, at the zero rate
    amounts["output_tax"] = RATE * amounts["sales"] * at_home
    amounts["input_tax"] = RATE * amounts["purchases"] * (role[firm] > 0)
    return amounts
