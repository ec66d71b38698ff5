"""What a fairness pack is made from, checked and turned into plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import Bools, Column, Floats, to_flags, to_floats
from taxgap.risk.evaluation.bootstrap import find_clusters
from taxgap.risk.evaluation.groups import Name, list_levels
from taxgap.risk.evaluation.metrics import make_key
from taxgap.risk.fairness.budget import Budget, Chosen, Queue
from taxgap.risk.fairness.equity import Curve, split_curves
from taxgap.risk.fairness.ranks import IncomeRank
from taxgap.risk.fairness.totals import POPULATION, Cases

EVERYBODY: Name = ("all", "all")
"""The dimension and level of everybody."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """What is measured, read and checked.

    Parameters
    ----------
    cases : Cases
    names : list of (str, str)
        Dimension and level of the first columns of the sums; the first is everybody.
    small : dict of (str, str) to int
        Levels with too few cases, and how many they have.
    curves : list of Curve
        Curves over income; none without incomes.
    """

    cases: Cases
    names: list[Name]
    small: dict[Name, int]
    curves: list[Curve]


def find_labels(
    rankings: Mapping[str, Column], groups: pd.DataFrame, amount: Column, index: pd.Index | None
) -> pd.Index:
    """Return the labels of the cases: those given, of the first ranking that has some, or of the groups."""
    if index is None:
        labelled = (values.index for values in rankings.values() if isinstance(values, pd.Series))
        index = next(labelled, groups.index if len(groups) == len(amount) else pd.RangeIndex(len(amount)))
    if len(index) == 0:
        raise InvalidDataError("There are no cases to measure.", where="amount")
    return index


def read_request(
    rankings: Mapping[str, Column],
    selected: Mapping[str, Column],
    groups: pd.DataFrame,
    labels: pd.Index,
    columns: Mapping[str, Column | None],
    *,
    budget_share: float,
    hours: float | None,
    material: float,
    minimum: int,
) -> Request:
    """Read and check every column.

    Parameters
    ----------
    rankings, selected, groups, budget_share, hours, material, minimum
        As for `taxgap.risk.fairness.measure_fairness`.
    labels : pandas.Index
        Labels of the cases.
    columns : mapping of str to array-like
        ``amount``; ``weight``, ``case_hours``, ``probability``, ``income`` as far as given.

    Returns
    -------
    Request
    """
    _check_names(rankings, selected)
    rows = len(labels)
    # Too much declared is no gap.
    tax = np.maximum(_read(columns["amount"], "amount", labels), 0.0)
    design = _read_positive(columns["weight"], "weight", labels)
    case_hours = (
        None if columns["case_hours"] is None else _read_positive(columns["case_hours"], "case_hours", labels)
    )
    budget = _make_budget(budget_share, hours, case_hours, design)
    key = make_key(labels)
    selections: dict[str, Queue | Chosen] = {
        name: Queue(_read_score(values, name, labels), key, budget) for name, values in rankings.items()
    }
    for name, flags in selected.items():
        chosen = Chosen(to_flags(flags, f"selected[{name!r}]", index=_index_of(flags, labels), rows=rows))
        if not chosen.flags.any():
            raise InvalidDataError(f"The selection {name!r} holds no case.", where="selected")
        selections[name] = chosen
    names, members, small = _split_levels(groups, labels, minimum)
    income = None if columns["income"] is None else _read_income(columns["income"], labels)
    curves: list[Curve] = []
    if income is not None:
        curves, bins = split_curves(income, tax, design, material, len(members))
        members = members + bins
    probability = columns["probability"]
    cases = Cases(
        selections=selections,
        tax=tax,
        material=material,
        design=design,
        cluster=find_clusters(labels),
        members=members,
        hours=case_hours,
        probability=None if probability is None else _read_probability(probability, labels),
        income=None if income is None else IncomeRank(income),
    )
    return Request(cases=cases, names=names, small=small, curves=curves)


def _check_names(rankings: Mapping[str, Column], selected: Mapping[str, Column]) -> None:
    if not rankings and not selected:
        raise UsageError("There is no ranking to measure.", where="rankings")
    both = sorted(set(rankings) & set(selected))
    if both or POPULATION in {*rankings, *selected}:
        raise UsageError(
            f"A ranking or selection may not be called {', '.join(both) or POPULATION}.",
            where="rankings",
            remedy="Give each a name of its own.",
        )


def _make_budget(share: float, hours: float | None, case_hours: Floats | None, design: Floats) -> Budget:
    if hours is None:
        if not 0 < share <= 1:
            raise UsageError(f"budget_share lies above 0 and up to 1, not at {share}.", where="budget_share")
        return Budget(share, np.ones(len(design)))
    if case_hours is None:
        raise UsageError(
            "A budget in hours needs the hours of each case.",
            where="hours",
            remedy="Pass case_hours=, such as the model's expected hours, or a budget_share.",
        )
    if not hours > 0:
        raise UsageError(f"hours must be above 0, not {hours}.", where="hours")
    return Budget(hours / float(design.sum()), case_hours)


def _split_levels(
    groups: pd.DataFrame, labels: pd.Index, minimum: int
) -> tuple[list[Name], list[Bools], dict[Name, int]]:
    names, members, small = [EVERYBODY], [np.ones(len(labels), dtype=np.bool_)], {}
    for name, inside in list_levels(groups, labels).items():
        count = int(inside.sum())
        if count >= minimum:
            names.append(name)
            members.append(inside)
        elif count:
            small[name] = count
    return names, members, small


def _index_of(values: Column | None, labels: pd.Index) -> pd.Index | None:
    # Rows that are only numbered are taken in their order.
    if isinstance(values, pd.Series) and not isinstance(values.index, pd.RangeIndex):
        return labels
    return None


def _read(values: Column | None, name: str, labels: pd.Index) -> Floats:
    if values is None:
        raise UsageError(f"{name} is missing.", where=name)
    return to_floats(values, name, index=_index_of(values, labels), rows=len(labels))


def _read_positive(values: Column | None, name: str, labels: pd.Index) -> Floats:
    if values is None:
        return np.ones(len(labels))
    read = _read(values, name, labels)
    if (read <= 0).any():
        raise InvalidDataError(f"{name} must be above 0 in every row.", where=name)
    return read


def _read_probability(values: Column, labels: pd.Index) -> Floats:
    read = _read(values, "probability", labels)
    if read.min() < 0 or read.max() > 1:
        raise InvalidDataError("probability must lie between 0 and 1 in every row.", where="probability")
    return read


def _read_score(values: Column, name: str, labels: pd.Index) -> Floats:
    score = pd.Series(np.asarray(values, dtype=np.float64), index=getattr(values, "index", None))
    # A missing score comes last.
    return _read(score.fillna(-np.finfo(np.float64).max).clip(-1e300, 1e300), f"rankings[{name!r}]", labels)


def _read_income(values: Column, labels: pd.Index) -> Floats:
    income = pd.Series(np.asarray(values, dtype=np.float64), index=getattr(values, "index", None))
    missing = income.isna().to_numpy()
    if missing.all():
        raise InvalidDataError("No income is known.", where="income", remedy="Leave income out.")
    return np.where(missing, np.nan, _read(income.fillna(0.0), "income", labels))
