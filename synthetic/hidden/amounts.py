"""What hidden people take, earn and do not pay, year by year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.synthetic.activity import GROWTH
from taxgap.synthetic.hidden.people import figures
from taxgap.synthetic.published import trades
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import ALL_YEARS
from taxgap.tax import personal_tax, property_allowance, trading_allowance

_ALLOWANCE = 1_000.0  # the trading and the property allowance: who takes less need not register
_PENSION_AGE = 66
_VAT_FRACTION = 1 / 6


@dataclass(frozen=True)
class Amounts:
    """Hidden money of some people; shape (n, len(ALL_YEARS)), GBP, zero while they do not take part.

    Attributes
    ----------
    takings : ndarray of float64
        Sales or rents.
    costs : ndarray of float64
        What they spent to get them.
    """

    takings: Floats
    costs: Floats

    @property
    def active(self) -> NDArray[np.bool_]:
        """Who takes part in which year."""
        return np.asarray(self.takings > 0)


def draw_amounts(people: pd.DataFrame, seed: int) -> Amounts:
    """Draw what hidden people take and spend in each year of `ALL_YEARS`.

    Parameters
    ----------
    people : DataFrame
        From `taxgap.synthetic.hidden.people.draw_hidden_people`.
    seed : int

    Returns
    -------
    Amounts
        Takings are above the allowance of GBP 1,000; those of large traders above the VAT threshold of the
        year, those of all others below it.
    """
    streams, large = Streams(seed, people["entity"].to_numpy()), people["large"].to_numpy()
    table = pd.DataFrame({name: figures()["takings"][name] for name in ("kind", "median", "spread")})
    level = table.set_index("kind").loc[np.where(large, "large", people["kind"].astype(str))]
    usual = level["median"] * np.exp(level["spread"] * streams.normal("hidden takings"))
    share = _cost_share(people, streams)
    takings = np.zeros((len(people), len(ALL_YEARS)))
    for year, label in enumerate(ALL_YEARS):
        threshold = vat_threshold(label)
        change = np.exp(figures()["takings"]["change"] * streams.normal("hidden change", year))
        excess = usual.to_numpy() * GROWTH[ALL_YEARS.index(label)] * change
        amount = np.where(large, threshold + excess, np.minimum(_ALLOWANCE + excess, 0.99 * threshold))
        there = people["first_year"].le(year) & people["last_year"].ge(year)
        takings[:, year] = np.where(there, np.maximum(amount.round(), _ALLOWANCE + 1), 0.0)
    return Amounts(takings, (takings * share[:, None]).round())


def vat_threshold(tax_year: str) -> float:
    """Return the turnover from which a trader must register for VAT, in GBP.

    Examples
    --------
    >>> vat_threshold("2024-25")
    90000.0
    """
    table = figures()["vat_threshold"]
    return float(table["threshold"][table["tax_year"].index(tax_year)])


def unregistered(people: pd.DataFrame, amounts: Amounts, tax_years: tuple[str, ...]) -> pd.DataFrame:
    """Make the truth about hidden people: one row a person, tax and tax year in which they take part.

    Parameters
    ----------
    people : DataFrame
    amounts : Amounts
        Of the same people.
    tax_years : tuple of str

    Returns
    -------
    DataFrame
        The columns of `taxgap.schemas.truth.Unregistered`. `income` is the hidden profit for Self
        Assessment and the takings for VAT. A trader above the VAT threshold has a row for each tax.

    Notes
    -----
    Income Tax and National Insurance: the liability on pay and hidden profit less that on pay alone. VAT: a
    sixth of the takings less the costs that bear VAT. Interest and income from accounts abroad are left out
    of both.
    """
    parts = []
    for label in tax_years:
        year = ALL_YEARS.index(label)
        rows = np.flatnonzero(amounts.active[:, year])
        mine = people.iloc[rows].assign(period=label)
        takings, costs = amounts.takings[rows, year], amounts.costs[rows, year]
        profit = _profit(mine, takings, costs, label)
        tax = _tax_on_top(mine, profit, label)
        parts.append(mine.assign(regime="self_assessment", income=profit, tax_lost=tax))
        large = mine["large"].to_numpy()
        vat = np.maximum(takings - figures()["costs"]["taxed"] * costs, 0.0) * _VAT_FRACTION
        parts.append(
            mine[large].assign(
                regime="vat", kind="unregistered_trader", income=takings[large], tax_lost=vat[large].round(2)
            )
        )
    table = pd.concat(parts, ignore_index=True)
    sic = np.array([*trades()["sic2007"], None], dtype=object)
    table["sic2007"] = pd.Series(sic[table["trade"].to_numpy()], dtype="str")
    return table


def _cost_share(people: pd.DataFrame, streams: Streams) -> Floats:
    usual = trades()["costs"].to_numpy()[people["trade"]]
    small = 1 / (1 + np.exp(-(np.log(usual / (1 - usual)) - 0.6 + 0.8 * streams.normal("hidden costs"))))
    rank = streams.uniform("hidden costs")
    (low, high), (least, most) = (figures()["costs"][who] for who in ("large", "landlord"))
    share = np.where(people["large"], low + (high - low) * rank, small)
    lets = (people["kind"] == "undeclared_landlord").to_numpy()
    return np.asarray(np.where(lets, least + (most - least) * rank, share))


def _profit(people: pd.DataFrame, takings: Floats, costs: Floats, tax_year: str) -> Floats:
    trade = takings - trading_allowance(takings, costs, tax_year)
    rents = takings - property_allowance(takings, costs, tax_year)
    return np.where(people["kind"] == "undeclared_landlord", rents, trade)


def _tax_on_top(people: pd.DataFrame, profit: Floats, tax_year: str) -> Floats:
    lets = (people["kind"] == "undeclared_landlord").to_numpy()
    age = int(tax_year[:4]) - people["birth_year"].to_numpy()
    known = pd.DataFrame(
        {
            "employment": people["pay"].to_numpy() * GROWTH[ALL_YEARS.index(tax_year)],
            "self_employment": 0.0,
            "property": 0.0,
            "interest": 0.0,
            "dividends": 0.0,
            "nation": people["nation"].to_numpy(),
            "over_state_pension_age": age > _PENSION_AGE,
        }
    )
    true = known.assign(self_employment=np.where(lets, 0.0, profit), property=np.where(lets, profit, 0.0))
    lost = personal_tax(true, tax_year)["total"] - personal_tax(known, tax_year)["total"]
    return np.asarray(lost.clip(lower=0.0).round(2))
