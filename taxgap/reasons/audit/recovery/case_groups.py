"""The groups that recovery is measured in: mechanism, behaviour, trade, income and nation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from taxgap.reasons.audit.bands import FEWEST
from taxgap.reasons.audit.material import Material
from taxgap.risk.arrays import Bools, Integers

OTHERS = "others, too few each"
"""What those together are called."""

UNKNOWN = "not known"

OF_CASES = ("mechanism", "behaviour")
"""What is known of a case; all else is known of its return."""

_OF_RETURNS = ("trade group", "income decile", "size decile", "nation")


class CaseGroup(NamedTuple):
    """Some of the cases.

    Attributes
    ----------
    by, group : str
        Such as ``mechanism`` and its name.
    inside : ndarray of bool
        Which cases.
    enough : bool
        Whether they are of at least `FEWEST` returns.
    """

    by: str
    group: str
    inside: Bools
    enough: bool


def groups_of_cases(material: Material, cases: pd.DataFrame) -> Iterator[CaseGroup]:
    """Yield the groups of cases, grouping by grouping; each divides all of them.

    Parameters
    ----------
    material : Material
    cases : DataFrame
        Rows of `taxgap.reasons.audit.planted.Planted.cases`.

    Yields
    ------
    CaseGroup
        By mechanism, behaviour, trade group, decile of income or size, and nation.
    """
    row = cases["row"].to_numpy(dtype=np.int64)
    for by in OF_CASES:
        yield from divide_cases(by, cases[by], row)
    for by in _OF_RETURNS:
        if by in material.groups:
            yield from divide_cases(by, material.groups[by].iloc[row], row)


def divide_cases(by: str, labels: pd.Series, row: Integers) -> Iterator[CaseGroup]:
    """Divide cases by their labels, and put together the groups of fewer than `FEWEST` returns.

    Examples
    --------
    >>> labels = pd.Series(["a"] * 40 + ["b", "c"])
    >>> groups = divide_cases("x", labels, np.arange(42))
    >>> [(each.group, int(each.inside.sum()), each.enough) for each in groups]
    [('a', 40, True), ('others, too few each', 2, False)]
    """
    named = labels.astype("object").fillna(UNKNOWN).astype("str").reset_index(drop=True)
    # Numbers are put in their order, and not 10 before 2.
    order = sorted(
        named.unique(), key=lambda name: (name.isdigit(), int(name) if name.isdigit() else 0, name)
    )
    returns = pd.DataFrame({"name": named, "row": row}).groupby("name", sort=False)["row"].nunique()
    name = named.where(named.map(returns) >= FEWEST, OTHERS)
    for group in (*(each for each in order if returns[each] >= FEWEST), OTHERS):
        inside = (name == group).to_numpy(dtype=np.bool_)
        if inside.any():
            yield CaseGroup(by, group, inside, len(np.unique(row[inside])) >= FEWEST)
