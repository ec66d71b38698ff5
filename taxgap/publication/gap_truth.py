"""The true tax gap of the returns that an estimate is about, summed from a synthetic population's truth."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from taxgap.errors import UsageError
from taxgap.gap.chain import GapEstimate
from taxgap.gap.chain.groups import UNKNOWN
from taxgap.gap.chain.reading import assemble, read_cases
from taxgap.publication.gap_intervals import OF_TAX, whole_rows
from taxgap.publication.gap_words import HIDDEN, has_hidden_economy, taxes_of
from taxgap.reasons.audit.planted import check_same_population
from taxgap.records import Records, Truth
from taxgap.records.periods import tax_year_of
from taxgap.regimes.returns import KEY
from taxgap.risk.fairness.groups import groups_of

GROUPED = ("nation", "customer group")
"""The breakdowns whose truth is summed too."""


def sum_truth(
    estimate: GapEstimate, records: Records, truth: Truth, *, years: Sequence[str] | None = None
) -> dict[str, float]:
    """Sum the tax that is truly lost on the returns of an estimate.

    Parameters
    ----------
    estimate : GapEstimate
        An estimate or bounds; its taxes, years and day say which returns.
    records : Records
        What it was made from.
    truth : Truth
        Of the same population.
    years : sequence of str, optional
        The tax years that were asked for. An estimate knows its own; bounds do not, and take those in which
        an enquiry has closed.

    Returns
    -------
    dict of str to float
        GBP, for `GapEstimate.beside`: ``net, gross, under_declared``, and ``net: <tax>`` for each tax; with
        the hidden economy in net, gross and an amount of its own where the estimate has one; and
        ``net: <breakdown>: <group>`` for the groups of `GROUPED` that the estimate is broken down by.

    Raises
    ------
    IncompatibleError
        The truth is of another population.
    UsageError
        It does not know some of the returns.

    Notes
    -----
    net = tax lost + non-payment - compliance yield. Tax lost is the truth's, overpaid tax taken off; the
    other two are as the estimate counts them: nothing else is known of them.
    """
    check_same_population(records, truth)
    view = records.known_at(pd.Timestamp(str(estimate.made["as_of"])))
    lost = truth.table("enquiries", [*KEY, "regime", "tax_lost"])
    by_tax = whole_rows(estimate).set_index("regime")
    hidden, told, sums = 0.0, {}, dict.fromkeys(("net", "gross", "under_declared"), 0.0)
    groups: list[pd.Series] = []
    for tax in taxes_of(estimate):
        known = lost[(lost["regime"] == tax).to_numpy()].set_index(KEY)["tax_lost"]
        index = _read_index(view, tax, _years(estimate, tax, years))
        place = known.index.get_indexer(index)
        if (place < 0).any():
            raise UsageError(
                f"The truth does not know {(place < 0).sum():,} of {len(index):,} returns of {tax}.",
                where="truth",
                remedy="Name the folder 'truth' that `taxgap generate` wrote beside these records.",
            )
        each = known.to_numpy(dtype="float64")[place]
        under = float(each.sum())
        if len(estimate.groups):
            groups += _sum_groups(view, tax, pd.Series(each, index))
        debts, came = (float(by_tax.loc[tax, name]) for name in ("non_payment", "compliance_yield"))
        told[f"{OF_TAX}{tax}"] = under + debts - came
        if has_hidden_economy(estimate):
            hidden += _sum_hidden(truth, tax, index)
        for name, amount in zip(sums, (under + debts - came, under + debts, under), strict=True):
            sums[name] += amount
    if has_hidden_economy(estimate):
        told[HIDDEN] = hidden
        sums |= {name: sums[name] + hidden for name in ("net", "gross")}
    return {**sums, **told, **_add_counted(estimate, groups)}


def _sum_groups(records: Records, tax: str, lost: pd.Series) -> list[pd.Series]:
    """Sum what is lost on returns of a tax by group, a series a breakdown."""
    known = groups_of(records, lost.index, regime=tax)
    found = []
    for name in GROUPED:
        group = known[name].astype(object)
        summed = lost.groupby(group.where(group.notna(), UNKNOWN).astype(str).to_numpy()).sum()
        found.append(summed.rename(lambda each, name=name: f"{name}: {each}"))
    return found


def _add_counted(estimate: GapEstimate, groups: Sequence[pd.Series]) -> dict[str, float]:
    """Return the net gap of each group that the estimate has: taxes together, with what it counts of it."""
    if not groups:
        return {}
    lost = pd.concat(groups)
    lost = lost.groupby(level=0).sum()
    rows = estimate.groups[estimate.groups["dimension"].isin(GROUPED)]
    names = rows["dimension"] + ": " + rows["group"].astype(str)
    counted = (rows["non_payment"] - rows["compliance_yield"]).set_axis(names)
    true = (lost.reindex(names, fill_value=0.0) + counted).add_prefix(OF_TAX)
    return {str(name): float(amount) for name, amount in true.items()}


def _sum_hidden(truth: Truth, tax: str, filed: pd.MultiIndex) -> float:
    """Sum the tax of unregistered people in the years of some returns; who filed one of these is left out."""
    table = truth.table("unregistered", [*KEY, "regime", "tax_lost"], {"regime": tax})
    years = tax_year_of(pd.Series(filed.get_level_values("period"))).unique()
    mine = tax_year_of(table["period"].astype(object)).isin(years)
    files = filed.get_indexer(pd.MultiIndex.from_frame(table[KEY])) >= 0
    return float(table["tax_lost"][mine & ~files].sum())


def _years(estimate: GapEstimate, tax: str, years: Sequence[str] | None) -> list[str]:
    own = (estimate.made.get("years") or {}).get(tax)
    return list(own or years or ())


def _read_index(records: Records, tax: str, years: list[str]) -> pd.MultiIndex:
    """Return (taxpayer_id, period) of the returns on file, as the chain reads them."""
    cases = read_cases(records, tax)
    if not years:
        years = sorted(map(str, cases["year"][cases["lag"].notna()].unique()))
    return assemble(records, tax, cases, years).index
