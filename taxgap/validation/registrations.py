"""Rules on registrations: what they say of a VAT scheme, and the returns that they should cover."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from taxgap.schemas import RETURN_TABLES
from taxgap.tax import vat_law
from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule, as_mask
from taxgap.validation.sums import exceeds

_MONTHS = {"monthly": 1, "quarterly": 3, "annual": 12}
_NEVER = pd.Timestamp("2200-01-01")
_DAYS_IN_MONTH = 365.25 / 12
_RETURNS = {
    "self_assessment": "Self Assessment",
    "vat": "VAT",
    "corporation_tax": "Corporation Tax",
    "employer_paye": "PAYE",
}


def covering(table: str, returns: pd.DataFrame, context: Context, *columns: str) -> pd.DataFrame:
    """Pair returns with the kept registrations that hold on some day of their period.

    Parameters
    ----------
    table : str
        A table of returns: registrations for its tax are taken.
    returns : DataFrame
        All of its rows.
    context : Context
    *columns : str
        Columns of the registrations.

    Returns
    -------
    DataFrame
        One row a pair: `position` of the return, its `period_start` and `period_end`, `effective_from` and
        `deregistered_on` of the registration, and the columns asked.
    """
    spans = context.kept("registrations", "regime", "effective_from", "deregistered_on", *columns)
    keys = context.kept_key("registrations", "taxpayer")
    ours = np.flatnonzero(as_mask(spans["regime"] == table))
    asked = context.key(table, "taxpayer")
    rows = pd.DataFrame({"key": asked, "position": np.arange(len(asked))})
    pairs = rows.merge(pd.DataFrame({"key": keys[ours], "span": ours}), on="key")
    found = returns[["period_start", "period_end"]].iloc[pairs["position"].to_numpy()]
    held = spans.drop(columns="regime").iloc[pairs["span"].to_numpy()]
    pairs = pd.concat(
        [pairs[["position"]], found.reset_index(drop=True), held.reset_index(drop=True)], axis="columns"
    )
    begun = pairs["effective_from"] <= pairs["period_end"]
    not_ended = pairs["deregistered_on"].isna() | (pairs["deregistered_on"] >= pairs["period_start"])
    return pairs[begun & not_ended]


def _is_outside(table: str, returns: pd.DataFrame, context: Context) -> Mask:
    outside = np.ones(len(returns), dtype=np.bool_)
    outside[covering(table, returns, context)["position"].to_numpy()] = False
    return outside


def _scheme_fails(registrations: pd.DataFrame, _context: Context) -> pd.Series:
    scheme, rate = registrations["scheme"], registrations["flat_rate"]
    on_flat_rate = scheme == "flat_rate"
    return (on_flat_rate != rate.notna()) | (scheme.notna() & (registrations["regime"] != "vat"))


def _has_other_length(returns: pd.DataFrame, context: Context) -> Mask:
    pairs = covering("vat", returns, context, "frequency")
    length = (pairs["period_end"] - pairs["period_start"]).dt.days + 1
    frequency = pairs["frequency"].cat
    months = pd.Series(
        np.array([*map(_MONTHS.get, frequency.categories), np.nan])[frequency.codes], pairs.index
    )
    # The first period of a registration and the last may be longer or shorter.
    at_an_end = (pairs["period_start"] <= pairs["effective_from"]) | (
        pairs["deregistered_on"] <= pairs["period_end"]
    )
    agrees = months.isna() | ((length / _DAYS_IN_MONTH).round() == months) | at_an_end
    other = np.zeros(len(returns), dtype=np.bool_)
    other[pairs["position"].to_numpy()] = True
    other[pairs.loc[agrees, "position"].to_numpy()] = False
    return other


def _output_tax_is_high(returns: pd.DataFrame, context: Context) -> Mask:
    # Under the flat rate scheme box 6 holds sales with VAT, and box 1 a rate of its own.
    schemes = covering("vat", returns, context, "scheme")
    standard = np.ones(len(returns), dtype=np.bool_)
    standard[schemes.loc[schemes["scheme"] == "flat_rate", "position"].to_numpy()] = False
    # Box 1 also holds the VAT on imports whose payment is put off to the return.
    most = (returns["sales"] + returns["purchases"]) * vat_law(
        "2021-22"
    ).standard_rate  # the same on every day
    return as_mask(exceeds(returns["output_tax"], most)) & standard


def _overlaps(registrations: pd.DataFrame, context: Context) -> Mask:
    # A registration that ends on the day on which the next one begins does not overlap with it.
    spans = context.kept("registrations", "regime", "effective_from", "deregistered_on")
    spans = spans.assign(taxpayer=context.kept_key("registrations", "taxpayer"))
    spans = spans.sort_values(["taxpayer", "regime", "effective_from"], kind="stable")
    open_until = spans["deregistered_on"].fillna(_NEVER)
    group = spans.groupby(["taxpayer", "regime"], observed=True, sort=False)
    ended = open_until.groupby([spans["taxpayer"], spans["regime"]], observed=True, sort=False).cummax()
    before = ended.shift().where(group.cumcount() > 0)
    late = before > spans["effective_from"]
    return as_mask(late.reindex(registrations.index, fill_value=False))


RULES = (
    Rule(
        code="registrations_overlap",
        table="registrations",
        severity="warn",
        columns=("effective_from", "deregistered_on", "taxpayer_id", "regime"),
        sentence="The taxpayer was registered for the same tax already.",
        remedy="End the earlier registration, unless there are two schemes that run side by side.",
        check=_overlaps,
    ),
    Rule(
        code="vat_scheme",
        table="registrations",
        severity="warn",
        columns=("scheme", "flat_rate", "regime"),
        sentence="A flat rate stands without its scheme, or the scheme without a rate or for another tax.",
        remedy="Give a scheme for VAT only, and a rate exactly where the scheme is flat_rate.",
        check=_scheme_fails,
    ),
    *(
        Rule(
            code="outside_registration",
            table=table,
            severity="warn",
            columns=("period_start", "period_end", "taxpayer_id"),
            needs=("registrations",),
            sentence=f"No registration for {_RETURNS[table]} covers the period.",
            remedy="Compare with the register: it may be late or incomplete.",
            check=partial(_is_outside, table),
        )
        for table in RETURN_TABLES
    ),
    Rule(
        code="period_length",
        table="vat",
        severity="warn",
        columns=("period_end", "period_start", "taxpayer_id"),
        needs=("registrations",),
        sentence="The period is not as long as the registration says: a month, a quarter or a year.",
        remedy="Compare with the register: how often the trader files may have changed.",
        check=_has_other_length,
    ),
    Rule(
        code="output_tax_rate",
        table="vat",
        severity="warn",
        columns=("output_tax", "sales", "period_start", "period_end", "taxpayer_id"),
        needs=("registrations",),
        sentence="Output tax is above the standard rate on sales, outside the flat rate scheme.",
        remedy="Look for corrections of earlier periods, fuel scale charges or a mistyped box.",
        check=_output_tax_is_high,
    ),
)
