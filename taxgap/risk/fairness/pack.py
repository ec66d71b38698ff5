"""Who bears the burden of enquiries under a fixed budget, ranking by ranking and group by group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.risk.arrays import Column
from taxgap.risk.card import to_plain
from taxgap.risk.fairness.budget import Chosen
from taxgap.risk.fairness.inputs import find_labels, read_request
from taxgap.risk.fairness.publishing import publish
from taxgap.risk.fairness.rendering import render_html, render_text
from taxgap.risk.fairness.tables import Tables, choose_references

MINIMUM = 50
"""The fewest cases of a level that are measured; with fewer, intervals say little."""

DISCOVERY_RATE = 0.05
"""The share of the departures named that may be chance."""


@dataclass(frozen=True)
class FairnessPack:
    """Measures of fairness of rankings under a budget, and of selections made.

    Parameters
    ----------
    by_group : DataFrame
        ``ranking, dimension, level, metric, value, low, high, n, taken, reason``: one row a measure. The
        ranking ``population`` holds what holds whatever the ranking; dimension and level ``all`` are
        everybody. `n` are cases of the level, `taken` those of them that are taken. Levels with too few cases
        have one row with neither ranking nor metric.
    differences : DataFrame
        ``ranking, less, dimension, level, metric, value, low, high, n``: each ranking less the one of
        reference, draw by draw.
    vertical_equity : DataFrame
        ``ranking, condition, bin, percentile_from, percentile_to, mean_income, value, low, high, n, reason``:
        audit rate by income, for ``all`` and for cases with like amounts; empty without incomes.
    summary : DataFrame
        ``ranking, metric, value, low, high, n``: measures of everybody, and of the curves over income.
    departures : DataFrame
        ``ranking, dimension, level, metric, difference, low, high, p, q, departs``: audit rate and no-change
        rate of each level less those of all other cases; `q` counts the looks.
    counts : DataFrame
        ``ranking, dimension, level, quantity, cases, weight``: what the rates are made of.
    settings : dict
        Budget, material amount, rankings, references, confidence, draws, seed, minimum, discovery rate.
    """

    by_group: pd.DataFrame
    differences: pd.DataFrame
    vertical_equity: pd.DataFrame
    summary: pd.DataFrame
    departures: pd.DataFrame
    counts: pd.DataFrame
    settings: dict[str, Any] = field(default_factory=dict)

    def value(self, metric: str, ranking: str, dimension: str = "all", level: str = "all") -> float:
        """Return one measure.

        Parameters
        ----------
        metric : str
            Such as ``"no_change_rate"``; of everybody also those of the summary, such as ``"concentration"``.
        ranking : str
            Whose measure, or ``"population"``.
        dimension, level : str
            Of whom; everybody where not given.

        Returns
        -------
        float

        Raises
        ------
        UsageError
            It was not measured.
        """
        table = self.by_group[(self.by_group["dimension"] == dimension) & (self.by_group["level"] == level)]
        if dimension == "all":
            table = pd.concat([table, self.summary])
        found = table[(table["metric"] == metric) & (table["ranking"] == ranking)]
        if found.empty:
            known = table.loc[table["ranking"] == ranking, "metric"].unique()
            raise UsageError(
                f"There is no {metric!r} of {ranking!r} for {dimension} {level}.",
                available=known if len(known) else self.by_group["ranking"].unique(),
            )
        return float(found["value"].iloc[0])

    def compare(self, metric: str, dimension: str) -> pd.DataFrame:
        """Return one measure by level, the rankings side by side.

        Parameters
        ----------
        metric : str
            Such as ``"audit_rate"``.
        dimension : str
            Such as ``"income decile"``.

        Returns
        -------
        DataFrame
            One row a level in its order, one column a ranking.
        """
        own = (self.by_group["metric"] == metric) & (self.by_group["dimension"] == dimension)
        if not own.any():
            raise UsageError(
                f"There is no {metric!r} by {dimension!r}.",
                available=self.by_group["dimension"].unique(),
            )
        table = self.by_group[own].pivot_table(
            index="level", columns="ranking", values="value", sort=False, dropna=False
        )
        return table.rename_axis(columns=None)

    def to_publish(self, *, threshold: int = 10, base: int = 5) -> pd.DataFrame:
        """Return counts and rates that may leave the room, after the simplest rules of disclosure control.

        Parameters
        ----------
        threshold : int, default 10
            Counts of fewer cases are withheld.
        base : int, default 5
            Counts are rounded to multiples of it.

        Returns
        -------
        DataFrame
            ``ranking, dimension, level, cases, taken, no_change, audit_rate, no_change_rate``, as text:
            ``[c]`` is withheld. Rates are made of rounded counts; no amounts of money are given.

        Notes
        -----
        Where one level of a dimension is withheld, the next smallest is too, so that it cannot be had by
        subtraction; and a level that stands in two dimensions is withheld in both. This is a first guard, not
        full disclosure control: tables that are linked to others, and releases that follow each other, need
        the tools of the publication room.
        """
        return publish(self.counts, threshold=threshold, base=base)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON; None where a measure is not defined."""
        tables = {
            "by_group": self.by_group,
            "differences": self.differences,
            "vertical_equity": self.vertical_equity,
            "summary": self.summary,
            "departures": self.departures,
        }
        return {
            "settings": to_plain(self.settings),
            **{name: to_plain(table.to_dict("records")) for name, table in tables.items()},
        }

    def to_text(self) -> str:
        """Return one screen for people: who is looked at more than their share of the gap, and no-change."""
        return render_text(self)

    def _repr_html_(self) -> str:
        return render_html(self)


def measure_fairness(
    rankings: Mapping[str, Column],
    groups: pd.DataFrame,
    *,
    amount: Column,
    selected: Mapping[str, Column] | None = None,
    material: float = 1000.0,
    weight: Column | None = None,
    budget_share: float = 0.05,
    hours: float | None = None,
    case_hours: Column | None = None,
    probability: Column | None = None,
    income: Column | None = None,
    reference: str | None = None,
    reference_levels: Mapping[str, str] | None = None,
    index: pd.Index | None = None,
    minimum: int = MINIMUM,
    confidence: float = 0.95,
    draws: int = 400,
    seed: int = 0,
) -> FairnessPack:
    """Measure whom rankings would choose under a fixed budget, and what is found there, group by group.

    Parameters
    ----------
    rankings : mapping of str to array-like
        Scores by name, such as expected tax and probability; larger comes first, a missing one last.
    groups : DataFrame
        One row a case, one column a dimension; see `groups_of`. They are measured by, never ranked by.
    amount : array-like
        Tax found in each case, or truly lost (GBP); below 0 it counts as 0.
    selected : mapping of str to array-like of bool, optional
        Selections made, such as the enquiries opened, measured beside the rankings whatever the budget.
    material : float, default 1000
        Amount from which an under-declaration is material (GBP).
    weight : array-like, optional
        Design weights, 1 / inclusion probability; equal where not given.
    budget_share : float, default 0.05
        Share of all cases (by weight) that can be worked.
    hours : float, optional
        A budget in officer hours instead: cases are taken in rank order until the hours are used up.
    case_hours : array-like, optional
        Officer hours of each case; with them the yield per hour is measured.
    probability : array-like, optional
        Calibrated probability of a material under-declaration, for calibration by level.
    income : array-like, optional
        GBP a year, missing where not known, for the curves over income; see `declared_income`.
    reference : str, optional
        The ranking that others are held against; the first where not given.
    reference_levels : mapping of str to str, optional
        Dimension to the level that audit rates are held against; the largest where not given.
    index : pandas.Index, optional
        Labels of the cases where no ranking is a Series; they break ties, and cases with the same
        ``taxpayer_id`` are drawn together.
    minimum : int, default 50
        Levels with fewer cases are listed, not measured.
    confidence : float, default 0.95
        Confidence of the intervals.
    draws : int, default 400
        Bootstrap draws.
    seed : int, default 0
        Seed of the draws.

    Returns
    -------
    FairnessPack

    Raises
    ------
    UsageError, InvalidDataError
        If columns do not fit each other, hold what cannot be measured, or options lie outside their range.

    Notes
    -----
    With S taken, A the amount, g a level: ``audit_rate`` P(S | g), ``audit_ratio`` and ``reference_ratio`` to
    everybody and to the reference level; ``audit_share`` of all cases taken; ``burden_ratio`` share of cases
    taken over share of the gap; ``strike_rate`` P(A > 0 | S, g) and ``no_change_rate`` its complement, whose
    parity is predictive parity; ``precision`` P(A >= material | S, g); ``tpr`` P(S | A > 0, g), whose parity
    is equal opportunity, and ``tpr_material``; ``fpr`` P(S | A = 0, g), the burden on the compliant;
    ``share_of_gap`` of the level's own gap; ``yield_per_audit`` and ``yield_per_hour`` (GBP). Of the
    population: ``population_share``, ``gap_share``, base rates ``any_share`` and ``material_share``,
    ``mean_tax`` (GBP), ``calibration_gap`` (probability less outcome).

    Over income: ``concentration`` 2 cov(S, place) / mean(S), from -1 (all audits at the bottom) to 1, and
    ``concentration_less_gap``; ``slope``, the rise of the audit rate from bottom to top; ``falls``, the share
    of audits that would have to move for the rate never to fall, and ``falls_by_chance``, what rates that are
    equal at all incomes would show: falls above its interval are no chance. Those that end in
    ``_given_amount`` compare only cases with like amounts: nothing, under material, up to five times that,
    more.

    Bootstrap by taxpayer, the budget anew on each draw and all rankings on the same draws. Intervals are
    percentiles; those of proportions no shorter than Wilson's. Ties are broken by a fixed hash of the label,
    and of the last case only the part is taken that the budget pays for. Departures are controlled at a false
    discovery rate of 5% (Benjamini and Hochberg) within each ranking and measure. Levels are never merged.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> tax = np.where(rng.random(1000) < 0.2, 2000.0, 0.0)
    >>> nation = pd.DataFrame({"nation": rng.choice(["England", "Wales"], 1000)})
    >>> pack = measure_fairness({"perfect": tax, "random": rng.random(1000)}, nation, amount=tax, draws=50)
    >>> pack.value("no_change_rate", "perfect")
    0.0
    >>> pack.value("audit_rate", "random")
    0.05
    """
    _check_options(confidence, draws, minimum)
    made = dict(selected or {})
    first = _find_reference(reference, [*rankings, *made])
    labels = find_labels(rankings, groups, amount, index)
    columns = {"amount": amount, "weight": weight, "case_hours": case_hours}
    columns |= {"probability": probability, "income": income}
    limits: dict[str, Any] = {
        "budget_share": budget_share,
        "hours": hours,
        "material": material,
        "minimum": minimum,
    }
    request = read_request(rankings, made, groups, labels, columns, **limits)
    tables = Tables(
        request=request,
        totals=request.cases.draw(draws, seed),
        counts=request.cases.count(),
        references=choose_references(request, reference_levels or {}),
        confidence=confidence,
        seed=seed,
    )
    budget = {"budget_share": budget_share if hours is None else None, "hours": hours}
    return _collect(tables, {"reference": first, **budget, "minimum": minimum, "draws": draws})


def _check_options(confidence: float, draws: int, minimum: int) -> None:
    if not 0 < confidence < 1 or draws < 2 or minimum < 1:
        raise UsageError("The confidence lies between 0 and 1; draws are 2 or more, the minimum 1 or more.")


def _find_reference(asked: str | None, names: list[str]) -> str:
    if asked is not None and asked not in names:
        raise UsageError(f"There is no ranking {asked!r}.", where="reference", available=names)
    return asked if asked is not None else next(iter(names), "")


def _collect(tables: Tables, settings: dict[str, Any]) -> FairnessPack:
    cases = tables.request.cases
    made = [name for name, selection in cases.selections.items() if isinstance(selection, Chosen)]
    settings = {
        "rankings": [name for name in cases.selections if name not in made],
        "selected": made,
        **settings,
        "reference_levels": dict(tables.references),
        "material": cases.material,
        "cases": len(cases.tax),
        "taxpayers": int(cases.cluster.max()) + 1,
        "income_not_known": None if cases.income is None else int(np.isnan(cases.income.income).sum()),
        "discovery_rate": DISCOVERY_RATE,
        "confidence": tables.confidence,
        "seed": tables.seed,
    }
    return FairnessPack(
        by_group=tables.list_groups(),
        differences=tables.list_differences(settings["reference"]),
        vertical_equity=tables.list_curves(settings["minimum"]),
        summary=tables.list_summary(),
        departures=tables.list_departures(DISCOVERY_RATE),
        counts=tables.list_counts(),
        settings=settings,
    )
