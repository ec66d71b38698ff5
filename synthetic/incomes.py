"""Incomes beside trade and property, and the reliefs claimed against them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.published import published
from taxgap.synthetic.streams import Floats, Streams

# Interest rates relative to the base year (assumption: the policy rate rose from near zero to above five per
# cent, and has fallen since).
_INTEREST = np.array([0.20, 0.50, 1.00, 1.12, 1.00])

_FOREIGN = 0.04  # share of filers with income from abroad (assumption)
_DIRECTOR_SALARY = 12_570.0


def draw_other_incomes(activity: pd.DataFrame, panel: pd.DataFrame, amount: Floats, streams: Streams) -> None:
    """Divide the income from other sources into pay, pensions, dividends, interest and the rest, in place.

    Parameters
    ----------
    activity : DataFrame
        Receives `employment_pay`, `pension`, `dividends`, `interest`, `foreign_income`, `other_income`.
    panel : DataFrame
        One row a person and year.
    amount : ndarray of float64
        Income from all other sources, in GBP.
    streams : Streams
        One entity a row.
    """
    year = panel["year"].to_numpy()
    age = panel["year"].to_numpy() + 2021 - panel["birth_year"].to_numpy()
    director = (panel["company"] >= 0).to_numpy()
    retired = (age >= 67) & ~director
    invested = _invested_share(panel, streams)
    salary = np.minimum(amount, _DIRECTOR_SALARY)
    earned = amount * (1 - invested)
    activity["employment_pay"] = np.where(director, salary, np.where(retired, 0.0, earned))
    activity["pension"] = np.where(retired, earned, 0.0)
    varies = np.exp(0.60 * streams.normal("dividend", year) - 0.18)
    activity["dividends"] = varies * np.where(director, amount - salary, amount * invested)
    activity["interest"] = _interest(panel, streams)
    foreign = streams.happens(_FOREIGN, "foreign") * np.exp(7.4 + 1.4 * streams.normal("foreign"))
    activity["foreign_income"] = foreign * np.exp(0.3 * streams.normal("foreign", year))
    activity["other_income"] = streams.happens(0.02, "other", year) * np.exp(
        6.5 + streams.normal("other", year)
    )


def draw_reliefs(activity: pd.DataFrame, panel: pd.DataFrame, streams: Streams) -> None:
    """Draw `employment_expenses`, `pension_contributions` and `gift_aid`, in place."""
    year = panel["year"].to_numpy()
    pay = activity["employment_pay"].to_numpy()
    total = np.maximum(panel["total_income"].to_numpy(), 1.0)
    claims = streams.happens(0.22, "employment expenses") & (pay > 8_000)
    spread = streams.normal("employment expenses") + 0.4 * streams.normal("claims", year)
    activity["employment_expenses"] = claims * np.minimum(0.03 * np.exp(spread), 0.3) * pay
    saves = streams.happens(np.clip(0.24 + 0.12 * np.log(total / 20_000), 0.12, 0.60), "pension saver")
    spread = streams.normal("pension saving") + 0.5 * streams.normal("pension saving", year)
    activity["pension_contributions"] = saves * np.minimum(0.10 * total * np.exp(spread), 40_000)
    gives = streams.happens(np.clip(0.16 + 0.06 * np.log(total / 20_000), 0.08, 0.45), "giver")
    spread = streams.normal("gift", year)
    activity["gift_aid"] = gives * np.minimum(0.015 * total * np.exp(spread), 0.3 * total)


def _invested_share(panel: pd.DataFrame, streams: Streams) -> Floats:
    holds = streams.happens(
        np.clip(0.21 + 0.08 * np.log(panel["total_income"] / 30_000), 0.08, 0.75), "shares"
    )
    # Set, with its fall, so that mean dividends by band of total income come near the published ones.
    usual = 0.088 * (panel["total_income"].to_numpy() / 60_000.0) ** -0.45
    return np.where(holds, np.minimum(usual * np.exp(1.1 * streams.normal("shares")), 0.8), 0.0)


def _interest(panel: pd.DataFrame, streams: Streams) -> Floats:
    # The mean by band of total income is published; the spread around it is an assumption.
    table = published()["income_by_band"]
    mean = np.array(table["interest_amount"]) / np.array(table["interest_count"])
    band = np.clip(np.searchsorted(table["lower"], panel["total_income"], side="right") - 1, 0, None)
    spread = 1.25
    level = mean[band] * np.exp(spread * streams.normal("savings") - spread**2 / 2)
    noise = np.exp(0.15 * streams.normal("savings", panel["year"].to_numpy()))
    saves = streams.happens(0.72, "has savings")
    return np.asarray(saves * level * noise * _INTEREST[panel["year"].to_numpy()])
