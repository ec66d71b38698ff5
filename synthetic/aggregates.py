"""Aggregates: what a statistical office would estimate of the whole economy, with an error it states."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.economy import Economy
from taxgap.synthetic.published import trades
from taxgap.synthetic.register import FORMS, form_of
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import ALL_YEARS, LOOKBACK

_ERROR = {
    "gross_output": 0.025,
    "wages_and_salaries": 0.010,
    "intermediate_consumption": 0.030,
    "operating_surplus_of_companies": 0.035,
    "vat_theoretical_liability": 0.015,
}
"""Relative standard error of each measure (assumption)."""


def sum_economy(economy: Economy) -> pd.DataFrame:
    """Sum what is true of a partition's firms by measure, tax year and industry, times what each stands for.

    Returns
    -------
    DataFrame
        `measure`, `period`, `industry`, `amount` in GBP.
    """
    trading, weights = economy.trading, economy.register.weights
    weight = np.array([weights.get(form, 0.0) for form in FORMS])[trading.firms["legal_form"]]
    industry = trades()["divisions"].to_numpy()[trading.firms["trade"]]
    annual = trading.annual
    profit = annual["profit"] * (trading.firms["legal_form"] == FORMS.index("company")).to_numpy()[:, None]
    measured = {
        "gross_output": annual["turnover"],
        "wages_and_salaries": annual["wages"] + annual["directors_pay"],
        "intermediate_consumption": annual["goods"] + annual["overheads"],
        "operating_surplus_of_companies": profit,
    }
    parts = [
        _by_industry(measure, amount, weight, industry, economy.settings)
        for measure, amount in measured.items()
    ]
    return pd.concat([*parts, _vat(economy)], ignore_index=True)


def estimate(sums: list[pd.DataFrame], settings: Settings) -> pd.DataFrame:
    """Add up the sums of all partitions and estimate each with its error: the table ``aggregates``."""
    key = ["measure", "period", "industry"]
    table = pd.concat(sums, ignore_index=True).groupby(key, sort=True, as_index=False)["amount"].sum()
    whole = table.groupby(["measure", "period"], as_index=False)["amount"].sum().assign(industry="all")
    table = pd.concat([table[table["industry"] != "all"], whole], ignore_index=True)
    table = table.sort_values(key, ignore_index=True)
    error = table["amount"].abs() * table["measure"].map(_ERROR)
    names = list(pd.util.hash_array(table[key].agg("/".join, axis=1).to_numpy(dtype=object)))
    drawn = Streams(settings.seed, names).normal("error of the estimate")
    published = pd.to_datetime(table["period"].str.slice(0, 4).astype(int).add(2).astype(str) + "-10-31")
    return table.assign(
        amount=(table["amount"] + drawn * error).round(-3),
        standard_error=error.round(-3),
        received_on=published,
    )


def _by_industry(
    measure: str, amount: np.ndarray, weight: np.ndarray, industry: np.ndarray, settings: Settings
) -> pd.DataFrame:
    years = [ALL_YEARS.index(label) + LOOKBACK for label in settings.tax_years]
    frame = pd.DataFrame(amount[:, years] * weight[:, None], columns=list(settings.tax_years))
    summed = frame.groupby(industry).sum().melt(var_name="period", value_name="amount", ignore_index=False)
    return summed.rename_axis("industry").reset_index().assign(measure=measure)


def _vat(economy: Economy) -> pd.DataFrame:
    scene = economy.scenes["vat"]
    due = scene.form.charge(scene.form.complete(scene.boxes))
    form = form_of(scene.panel["entity"].to_numpy())
    weights = economy.register.weights
    weight = np.array([weights.get(name, 0.0) for name in FORMS])[form]
    period = np.array(ALL_YEARS, dtype=object)[scene.year]
    summed = pd.Series(due * weight).groupby(period).sum()
    return (
        summed.rename_axis("period")
        .rename("amount")
        .reset_index()
        .assign(measure="vat_theoretical_liability", industry="all")
    )
