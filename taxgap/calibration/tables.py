"""The gap by tax, size of company, customer group and behaviour, beside the published tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from taxgap.calibration.estimates import Gaps
from taxgap.calibration.hidden import GHOSTS, MOONLIGHTERS
from taxgap.calibration.row import Group, Interval, Row
from taxgap.synthetic.published import published

CUSTOMERS = {
    "small": "Small businesses",
    "mid_sized": "Mid-sized businesses",
    "large": "Large businesses",
    "criminals": "Criminals",
    "wealthy": "Wealthy people",
    "individuals": "Individuals",
}
"""Customer groups by their name in ``published.toml``."""

BEHAVIOURS = {
    "failure_to_take_reasonable_care": "Failure to take reasonable care",
    "error": "Error",
    "evasion": "Evasion",
    "non_payment": "Non-payment",
    "criminal_attacks_and_hidden_economy": "Criminal attacks and the hidden economy",
    "legal_interpretation_and_avoidance": "Legal interpretation and avoidance",
}
"""Behaviours, and pairs of them, by their name in ``published.toml``."""

HIDDEN_CUSTOMER = {**dict.fromkeys(GHOSTS, "small"), **dict.fromkeys(MOONLIGHTERS, "individuals")}
"""The customer group of unregistered people (assumption: the published one could not be read)."""

_SIZES = {"small": "Small companies", "mid_sized": "Mid-sized companies", "large": "Large companies"}


@dataclass(frozen=True)
class _Tax:
    """A line of the table by tax: its title, its fact, which figure of it, and the cells it is made of."""

    title: str
    fact: str
    column: int | None
    regimes: tuple[str, ...]
    business_only: bool = False
    hidden: tuple[str, ...] = ()

    def share(self) -> float:
        found = published()[self.fact]
        return float(found["share"] if self.column is None else found["share"][self.column])

    def pounds(self) -> float:
        found = published()[self.fact]
        amount = float(found["amount"] if self.column is None else found["amount"][self.column])
        return amount if amount > 1e6 else amount * 1e9


_TAXES = (
    _Tax("VAT", "gap_by_tax", 0, ("vat",), hidden=("vat",)),
    _Tax("Corporation Tax", "gap_by_tax", 1, ("corporation_tax",)),
    _Tax(
        "Income Tax, National Insurance and Capital Gains Tax",
        "gap_by_tax",
        2,
        ("self_assessment", "employer_paye"),
        hidden=("self_assessment",),
    ),
    _Tax("Self Assessment", "sa_gap", None, ("self_assessment",)),
    _Tax("Self Assessment, business", "gap_of_sa_business", None, ("self_assessment",), business_only=True),
    _Tax("Employers", "gap_of_employers", None, ("employer_paye",)),
)


def compare_gaps(gaps: Gaps, taxpayers: float) -> list[Row]:
    """Compare the estimated gap with the published tables.

    Parameters
    ----------
    gaps : Gaps
    taxpayers : float
        The size of the population.

    Returns
    -------
    list of Row
        None without the truth: what officers miss cannot be said.
    """
    if not gaps.multipliers:
        return []
    return [
        *_by_tax(gaps, taxpayers),
        *_by_size(gaps, taxpayers),
        *_by_customer(gaps, taxpayers),
        *_by_behaviour(gaps, taxpayers),
        *_in_pounds(gaps, taxpayers),
        *_as_it_is(gaps, taxpayers),
    ]


def _by_tax(gaps: Gaps, taxpayers: float) -> list[Row]:
    rows: list[Row] = []
    for tax in _TAXES:
        group = Group("The tax gap by tax", published()[tax.fact], taxpayers)
        hidden = sum(map(gaps.hidden_from, tax.hidden))
        if _is_known(gaps, tax.regimes):
            group.add(tax.title, tax.share(), gaps.share_of_liability(_cells(gaps, tax), hidden))
        rows += group.rows
    return rows


def _by_size(gaps: Gaps, taxpayers: float) -> list[Row]:
    fact = published()["gap_of_companies"]
    group = Group("The Corporation Tax gap by size of company", fact, taxpayers)
    for size, share in zip(fact["size"], fact["share"], strict=True):
        cells = gaps.cells_named("corporation_tax", size)
        if gaps.theoretical[cells].sum() > 0:
            group.add(_SIZES[size], share, gaps.share_of_liability(cells))
    return group.rows


def _by_customer(gaps: Gaps, taxpayers: float) -> list[Row]:
    fact = published()["gap_by_customer"]
    group = Group("The tax gap by customer group", fact, taxpayers)
    attacks = _behaviour(gaps, ["criminal_attacks"])
    for customer, share in zip(fact["customer"], fact["share"], strict=True):
        if customer == "criminals":
            part = _of_misreported(gaps, attacks)
        else:
            mine = (gaps.table["customer"] == customer).astype(float)
            part = mine * (1 - _of_misreported(gaps, attacks))
        outside = _hidden_lost(gaps, [kind for kind, group in HIDDEN_CUSTOMER.items() if group == customer])
        group.add(CUSTOMERS[customer], share, gaps.share_of_total(part, outside))
    return group.rows


def _by_behaviour(gaps: Gaps, taxpayers: float) -> list[Row]:
    rows: list[Row] = []
    for name in ("gap_by_behaviour", "gap_by_behaviour_derived"):
        fact = published()[name]
        group = Group("The tax gap by behaviour", fact, taxpayers)
        for behaviour, share in zip(fact["behaviour"], fact["share"], strict=True):
            group.add(BEHAVIOURS[behaviour], share, _share_of_behaviour(gaps, behaviour))
        rows += group.rows
    return rows


def _share_of_behaviour(gaps: Gaps, behaviour: str) -> Interval:
    if behaviour == "non_payment":
        return gaps.share_of_debt()
    names = behaviour.split("_and_") if behaviour.endswith(("_hidden_economy", "_avoidance")) else [behaviour]
    part = _of_misreported(gaps, _behaviour(gaps, names))
    return gaps.share_of_total(part, _hidden_lost(gaps) if "hidden_economy" in names else 0.0)


def _in_pounds(gaps: Gaps, taxpayers: float) -> list[Row]:
    rows: list[Row] = []
    for tax in _TAXES:
        group = Group("The tax gap in pounds", published()[tax.fact], taxpayers)
        hidden = sum(map(gaps.hidden_from, tax.hidden))
        if _is_known(gaps, tax.regimes):
            amount = gaps.amount(_cells(gaps, tax), hidden)
            group.add(
                tax.title, tax.pounds(), amount, unit="GBP", is_target=False, tolerance=0.25 * tax.pounds()
            )
        rows += group.rows
    return rows


def _as_it_is(gaps: Gaps, taxpayers: float) -> list[Row]:
    # The same shares without sampling or detection: what the estimates above would be if officers saw all.
    rows: list[Row] = []
    for tax in _TAXES:
        group = Group("The tax gap as it truly is", published()[tax.fact], taxpayers)
        cells, hidden = _cells(gaps, tax), sum(map(gaps.hidden_from, tax.hidden))
        part = gaps.table[cells]
        due = float(part["declared"].sum() + part["lost"].sum()) + hidden
        gap = float(part["lost"].sum() + part["written_off"].sum() - part["yield"].sum()) + hidden
        if due > 0:
            interval = (gap / due, float("nan"), float("nan"))
            group.add(tax.title, tax.share(), interval, is_target=False)
        rows += group.rows
    return rows


def _is_known(gaps: Gaps, regimes: Sequence[str]) -> bool:
    returns = gaps.table["returns"].groupby(level="regime").sum()
    return bool((returns.loc[list(regimes)] > 0).all())


def _cells(gaps: Gaps, tax: _Tax) -> pd.Series:
    return gaps.cells(
        lambda regime, cell, _: regime in tax.regimes and (not tax.business_only or "business" in cell)
    )


def _behaviour(gaps: Gaps, names: Sequence[str]) -> pd.Series:
    known = [name for name in names if name in gaps.behaviours.columns]
    return gaps.behaviours[known].sum(axis=1).astype(float)


def _of_misreported(gaps: Gaps, share: pd.Series) -> pd.Series:
    """Turn a share of what is misreported into one of the cell's gap, which includes what was written off."""
    misreported = gaps.table["gross"] - gaps.table["yield"]
    return share * (misreported / gaps.net.where(gaps.net != 0, 1.0))


def _hidden_lost(gaps: Gaps, kinds: Sequence[str] | None = None) -> float:
    kind = gaps.hidden.index.get_level_values("kind")
    mine = gaps.hidden if kinds is None else gaps.hidden[kind.isin(list(kinds))]
    return float(mine["lost"].sum())
