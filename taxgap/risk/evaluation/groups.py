"""How a ranking serves each group of cases, such as trade, nation, region, income decile or tax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.evaluation.metrics import Ranking, average, divide

MINIMUM = 50
"""The fewest cases of a level that are measured; with fewer, intervals say little."""

NOT_KNOWN = "not known"
"""The level of those whose group is missing."""

Name = tuple[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Level:
    """The cases of one level of one group.

    Parameters
    ----------
    name : tuple of str
        Group and level, such as ``("nation", "Wales")``.
    inside : ndarray of bool
        Whether a case belongs to it.
    score, tax : ndarray
        Score and tax (GBP) of all cases.
    key : ndarray of int
        Breaks ties.
    material : float
        Amount from which an under-declaration is material (GBP).
    errors : mapping of str to ndarray
        Predicted less observed, of all cases, by the name of the measure.
    """

    name: Name
    inside: Bools
    score: Floats
    tax: Floats
    key: Integers
    material: float
    errors: Mapping[str, Floats]

    @cached_property
    def places(self) -> Integers:
        """Places of its cases."""
        return np.flatnonzero(self.inside)

    @cached_property
    def _ranking(self) -> Ranking:
        own = self.places
        return Ranking(self.score[own], self.key[own], self.tax[own], self.material)

    def measure(self, weights: Floats, top: Integers, taken: Floats) -> dict[str, Floats]:
        """Return each measure of the level, one value a draw.

        Parameters
        ----------
        weights : ndarray, shape (draws, cases)
            Weights of all cases.
        top : ndarray of int
            The cases that the common cut-off takes.
        taken : ndarray, shape (draws, len(top))
            How much of each.

        Returns
        -------
        dict of str to ndarray
            ``material_share``, ``mean_tax`` (GBP), ``auc``, ``taken_share`` (of the level's cases, above the
            common cut-off), ``share_of_gap`` (of the level's own gap, found there), ``precision`` (there),
            and the mean of each of `errors`.
        """
        own = np.take(weights, self.places, axis=1)
        tax = self.tax[self.places]
        here = np.flatnonzero(self.inside[top])
        part, part_tax = taken[:, here], self.tax[top[here]]
        part_sum, part_material = part.sum(axis=1), part[:, part_tax >= self.material].sum(axis=1)
        measured = {
            "material_share": average(tax >= self.material, own),
            "mean_tax": average(tax, own),
            "auc": self._ranking.measure(own, ())["auc", None],
            "taken_share": divide(part_sum, own.sum(axis=1)),
            "share_of_gap": divide(np.einsum("ij,j->i", part, part_tax), np.einsum("ij,j->i", own, tax)),
            "precision": divide(part_material, part_sum),
        }
        return measured | {name: average(error[self.places], own) for name, error in self.errors.items()}


def list_levels(groups: pd.DataFrame | None, index: pd.Index) -> dict[Name, Bools]:
    """Return which cases belong to each level of each column.

    Parameters
    ----------
    groups : DataFrame, optional
        One row a case, one column a group.
    index : pandas.Index
        Labels of the cases; a frame with other labels is refused, unless its rows are only numbered.

    Returns
    -------
    dict of (group, level) to ndarray of bool
        Levels in their own order; those whose group is missing are ``not known``.

    Raises
    ------
    UsageError
        If the rows are not those of the cases.

    Examples
    --------
    >>> found = list_levels(pd.DataFrame({"nation": ["Wales", None]}), pd.RangeIndex(2))
    >>> {name: inside.tolist() for name, inside in found.items()}
    {('nation', 'Wales'): [True, False], ('nation', 'not known'): [False, True]}
    """
    if groups is None:
        return {}
    rows = len(index)
    if len(groups) != rows or not (isinstance(groups.index, pd.RangeIndex) or groups.index.equals(index)):
        raise UsageError(
            f"The {len(groups)} rows of groups are not those of the {rows} cases.",
            where="groups",
            remedy="Align the frame first, for example with groups.reindex(X.index).",
        )
    found: dict[Name, Bools] = {}
    for column in groups.columns:
        codes, levels = pd.factorize(groups[column].to_numpy(), sort=True)
        if isinstance(groups[column].dtype, pd.CategoricalDtype):
            codes, levels = groups[column].cat.codes.to_numpy(), groups[column].cat.categories
        for code, level in enumerate(levels):
            found[str(column), str(level)] = codes == code
        if (codes < 0).any():
            found[str(column), NOT_KNOWN] = codes < 0
    return found
