"""Everything that a return is held against, gathered row by row: the year before, reports, registrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.regimes.base import Tables
from taxgap.regimes.inputs import previous_period
from taxgap.regimes.self_assessment.amounts import within_a_year
from taxgap.regimes.self_assessment.yearly import summarise_years
from taxgap.schemas.codes import REPORT_SOURCES

KEY = ["taxpayer_id", "period"]


@dataclass(frozen=True)
class Panel:
    """Returns and what they are held against; all share the index (taxpayer_id, period).

    Attributes
    ----------
    returns : DataFrame
        The latest version of each return, with `first_received_on`, the date of its original, and
        `vat_share`, the share of the year's days on which its taxpayer was registered for VAT.
    now, before : DataFrame
        The year in figures that can be compared with another year, and the same of the year before
        (`taxgap.regimes.self_assessment.yearly`).
    reports, taxed : DataFrame
        What others report, and the tax that they took off, in pounds: one column a kind of reporter.
    due_on : Series of datetime
        When the return was due.
    sic2007 : Series of str
        The trade on the register.
    size : Series of float64
        Pounds a year: business receipts and rents, or all other income where there are none.
    """

    returns: pd.DataFrame
    now: pd.DataFrame
    before: pd.DataFrame
    reports: pd.DataFrame
    taxed: pd.DataFrame
    due_on: pd.Series
    sic2007: pd.Series
    size: pd.Series


def build_panel(tables: Tables, periods: Sequence[str]) -> Panel:
    """Gather the returns of some tax years and what they are held against.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        `self_assessment`, `third_party`, `registrations`, `obligations`, `taxpayers`, with the years before.
    periods : sequence of str
        The tax years.

    Returns
    -------
    Panel
    """
    every = _latest_versions(tables["self_assessment"])
    every["vat_share"] = _vat_share(every, tables["registrations"])
    years = summarise_years(every)
    wanted = every.index.get_level_values("period").isin(list(periods))
    returns = every[wanted]
    index = returns.index
    due = tables["obligations"]
    due = due[due["regime"] == "self_assessment"].drop_duplicates(KEY).set_index(KEY)["due_on"]
    register = tables["taxpayers"].drop_duplicates("taxpayer_id").set_index("taxpayer_id")["sic2007"]
    reports = tables["third_party"]
    return Panel(
        returns=returns,
        now=years[wanted],
        before=years.reindex(_year_before(index)).set_axis(index),
        reports=_sum_by_source(reports, "amount", index),
        taxed=_sum_by_source(reports, "tax_deducted", index),
        due_on=due.reindex(index),
        sic2007=register.reindex(index.get_level_values("taxpayer_id")).set_axis(index),
        size=_size(returns),
    )


def _latest_versions(table: pd.DataFrame) -> pd.DataFrame:
    ordered = table.sort_values([*KEY, "version"], kind="stable")
    originals = ordered.drop_duplicates(KEY)["received_on"].to_numpy()
    latest = ordered.drop_duplicates(KEY, keep="last").assign(first_received_on=originals)
    return latest.set_index(KEY)


def _year_before(index: pd.MultiIndex) -> pd.MultiIndex:
    labels = index.levels[1]
    return index.set_levels([previous_period(label) for label in labels], level=1, verify_integrity=False)


def _vat_share(returns: pd.DataFrame, registrations: pd.DataFrame) -> pd.Series:
    vat = registrations[registrations["regime"] == "vat"]
    spells = (
        returns[["period_start", "period_end"]]
        .reset_index()
        .merge(vat[["taxpayer_id", "effective_from", "deregistered_on"]], on="taxpayer_id")
    )
    first = spells["effective_from"].clip(lower=spells["period_start"])
    last = spells["deregistered_on"].fillna(spells["period_end"]).clip(upper=spells["period_end"])
    year = (spells["period_end"] - spells["period_start"]).dt.days + 1
    share = ((last - first).dt.days + 1).clip(lower=0) / year
    total = share.groupby([spells["taxpayer_id"], spells["period"]]).sum()
    return total.reindex(returns.index, fill_value=0.0).clip(upper=1.0)


def _sum_by_source(reports: pd.DataFrame, column: str, index: pd.MultiIndex) -> pd.DataFrame:
    rows = index.get_indexer(pd.MultiIndex.from_frame(reports[KEY]))
    sums = {}
    for source in REPORT_SOURCES:
        own = (rows >= 0) & (reports["source"] == source).to_numpy()
        sums[source] = np.bincount(rows[own], reports[column].to_numpy()[own], minlength=len(index))
    return pd.DataFrame(sums, index=index)


def _size(returns: pd.DataFrame) -> pd.Series:
    known = returns.select_dtypes("number").fillna(0.0)
    receipts = within_a_year(known["turnover"] + known["other_business_income"], known["accounts_months"])
    receipts = receipts + known["rents"]
    others = ["employment_pay", "pension", "interest", "dividends", "foreign_income", "other_income"]
    return receipts.where(receipts > 0, known[others].sum(axis=1))
