"""The measures of fairness, as formulas of sums by level."""

from __future__ import annotations

import numpy as np

from taxgap.risk.arrays import Floats, Integers
from taxgap.risk.evaluation.metrics import divide
from taxgap.risk.fairness.totals import POPULATION, Totals

SHARES = {
    "audit_rate": (POPULATION, ""),
    "strike_rate": ("", ""),
    "no_change_rate": ("", ""),
    "precision": ("", ""),
    "tpr": (POPULATION, "_any"),
    "tpr_material": (POPULATION, "_material"),
    "fpr": (POPULATION, "_none"),
    "any_share": (POPULATION, ""),
    "material_share": (POPULATION, ""),
}
"""Proportions of cases: of whom they are taken (population, or the cases taken), and of which of them."""

COMPARED = (
    *("audit_rate", "audit_share", "burden_ratio", "strike_rate", "no_change_rate", "precision"),
    *("tpr", "tpr_material", "fpr", "share_of_gap", "yield_per_audit", "yield_per_hour"),
)
"""Measures that are held against each other between rankings."""

_ROUNDING = 1e-9


def rate_population(totals: Totals) -> dict[str, Floats]:
    """Return what holds whatever the ranking, one row a draw and one column a level.

    Parameters
    ----------
    totals : Totals

    Returns
    -------
    dict of str to ndarray
        ``population_share``, ``gap_share``; ``any_share`` and ``material_share``, the base rates;
        ``mean_tax`` (GBP); ``calibration_gap``, mean probability less material share, where given.
    """
    weight, tax = totals[POPULATION, "weight"], totals[POPULATION, "tax"]
    rates = {
        "population_share": divide(weight, weight[:, :1]),
        "gap_share": divide(tax, tax[:, :1]),
        "any_share": divide(totals[POPULATION, "any"], weight),
        "material_share": divide(totals[POPULATION, "material"], weight),
        "mean_tax": divide(tax, weight),
    }
    if (POPULATION, "probability") in totals:
        rates["calibration_gap"] = divide(totals[POPULATION, "probability"], weight) - rates["material_share"]
    return rates


def rate_selection(totals: Totals, name: str, reference: Integers) -> dict[str, Floats]:
    """Return the measures of one selection, one row a draw and one column a level.

    Parameters
    ----------
    totals : Totals
    name : str
        Ranking, or selection made.
    reference : ndarray of int
        For each level, the column of the level that it is held against.

    Returns
    -------
    dict of str to ndarray
        See `taxgap.risk.fairness.measure_fairness` for each.
    """
    every = {q: totals[POPULATION, q] for q in ("weight", "any", "material", "tax")}
    taken = {q: values for (selection, q), values in totals.items() if selection == name}
    rate = divide(taken["weight"], every["weight"])
    strike = divide(taken["any"], taken["weight"])
    audit_share = divide(taken["weight"], taken["weight"][:, :1])
    gap_share = divide(every["tax"], every["tax"][:, :1])
    rates = {
        "audit_rate": rate,
        "audit_ratio": divide(rate, rate[:, :1]),
        "reference_ratio": divide(rate, np.take(rate, reference, axis=1)),
        "audit_share": audit_share,
        "burden_ratio": divide(audit_share, gap_share),
        "strike_rate": strike,
        "no_change_rate": 1.0 - strike,
        "precision": divide(taken["material"], taken["weight"]),
        "tpr": divide(taken["any"], every["any"]),
        "tpr_material": divide(taken["material"], every["material"]),
        "fpr": divide(
            _trim(taken["weight"] - taken["any"]),
            _trim(every["weight"] - every["any"]),
        ),
        "share_of_gap": divide(taken["tax"], every["tax"]),
        "yield_per_audit": divide(taken["tax"], taken["weight"]),
    }
    if "hours" in taken:
        rates["yield_per_hour"] = divide(taken["tax"], taken["hours"])
    return rates


def find_worth(counts: Totals, name: str, metric: str) -> Floats | None:
    """Return how many equally weighted cases a proportion rests on, one value a level.

    Parameters
    ----------
    counts : Totals
        From `Cases.count`.
    name : str
        Ranking, selection made, or the population.
    metric : str

    Returns
    -------
    ndarray or None
        Kish's effective number; None where the measure is no proportion of cases.
    """
    if metric not in SHARES:
        return None
    whose, of = SHARES[metric]
    who = whose or name
    if of == "_none":
        weight = counts[who, "sum"] - counts[who, "sum_any"]
        square = counts[who, "square"] - counts[who, "square_any"]
    else:
        weight, square = counts[who, f"sum{of}"], counts[who, f"square{of}"]
    worth: Floats = divide(_trim(weight) ** 2, _trim(square), empty=0.0)[0]
    return worth


def _trim(values: Floats) -> Floats:
    # What is left of a difference of equal sums is rounding.
    trimmed: Floats = np.where(values > _ROUNDING, values, 0.0)
    return trimmed
