"""What every measure is made of: weighted sums by level, on the cases as they are and on bootstrap draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.evaluation.metrics import draw_counts
from taxgap.risk.fairness.budget import Chosen, Queue
from taxgap.risk.fairness.ranks import IncomeRank

POPULATION = "population"
"""Stands in the place of a ranking for what holds whatever the ranking."""

# Cells of the draws held in memory at once.
_CELLS = 500_000

Totals = dict[tuple[str, str], Floats]
"""(ranking or population, quantity) to one row a draw and one column a level."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cases:
    """The cases, who is chosen, and the levels they are summed by.

    Parameters
    ----------
    selections : mapping of str to Queue or Chosen
        Rankings under a budget, and selections made, by name.
    tax : ndarray
        Tax found or lost (GBP), not below 0.
    material : float
        Amount from which an under-declaration is material (GBP).
    design : ndarray
        Design weights.
    cluster : ndarray of int
        Whose case it is: what is drawn; codes from 0.
    members : list of ndarray of bool
        The cases of each level; the first is everybody.
    hours : ndarray, optional
        Officer hours of each case.
    probability : ndarray, optional
        Probability of a material under-declaration.
    income : IncomeRank, optional
        Places of the cases by income.
    """

    selections: Mapping[str, Queue | Chosen]
    tax: Floats
    material: float
    design: Floats
    cluster: Integers
    members: list[Bools]
    hours: Floats | None = None
    probability: Floats | None = None
    income: IncomeRank | None = None

    @cached_property
    def _matrix(self) -> sparse.csc_array:
        rows = [np.flatnonzero(inside) for inside in self.members]
        level = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        places = np.concatenate(rows)
        shape = (len(rows), len(self.tax))
        return sparse.csc_array((np.ones(len(places)), (level, places)), shape=shape)

    @cached_property
    def _outcomes(self) -> dict[str, Floats]:
        found = {
            "any": self.tax > 0,
            "material": self.tax >= self.material,
            "tax": self.tax,
            "squares": self.tax**2,
        }
        return {name: values.astype(np.float64) for name, values in found.items()}

    def measure(self, weights: Floats) -> Totals:
        """Return the sums under some weights.

        Parameters
        ----------
        weights : ndarray, shape (draws, cases)
            How often each case was drawn times its design weight.

        Returns
        -------
        Totals
            Of the population ``weight``, ``any`` (cases with anything found), ``material``, ``tax`` (GBP),
            ``squares`` (of the tax), ``probability``; of each selection, over the cases taken, ``weight``,
            ``any``, ``material``, ``tax``, ``squares``, ``hours``; and ``income_rank``, one column: the mean
            place by income, of the population's gap and of the cases taken.
        """
        values = dict(self._outcomes)
        if self.probability is not None:
            values["probability"] = self.probability
        totals = self._add_up(POPULATION, None, weights, values)
        ranks = None if self.income is None else self.income.of(weights)
        if ranks is not None:
            totals[POPULATION, "income_rank"] = ranks.average(None, weights * self.tax)
        values = dict(self._outcomes)
        if self.hours is not None:
            values["hours"] = self.hours
        for name, selection in self.selections.items():
            places, taken = selection.take(weights)
            totals |= self._add_up(name, places, taken, values)
            if ranks is not None:
                totals[name, "income_rank"] = ranks.average(places, taken)
        return totals

    def draw(self, draws: int, seed: int) -> Totals:
        """Return the sums on the cases as they are (first row), and on bootstrap draws by taxpayer."""
        rng, clusters = np.random.default_rng([seed, 5]), int(self.cluster.max()) + 1
        chunks = [self.measure(self.design[None, :])]
        size = max(1, min(draws, _CELLS // len(self.tax)))
        for start in range(0, draws, size):
            counts = draw_counts(clusters, min(size, draws - start), rng)
            chunks.append(self.measure(counts[:, self.cluster] * self.design))
        return {key: np.concatenate([chunk[key] for chunk in chunks]) for key in chunks[0]}

    def count(self) -> Totals:
        """Return how many cases, unweighted, each sum rests on; and squares, for how much weights are worth.

        Returns
        -------
        Totals
            ``weight``, ``any``, ``material`` are counts of cases; ``sum``, ``sum_any``, ``sum_material`` sums
            of weights, and ``square``, ``square_any``, ``square_material`` of their squares. One row.
        """
        flags = {name: self._outcomes[name] for name in ("any", "material")}
        found: Totals = {}
        for name, selection in {POPULATION: None, **self.selections}.items():
            places: Integers | None = None
            taken = self.design[None, :]
            if selection is not None:
                places, taken = selection.take(taken)
            found |= self._add_up(name, places, (taken > 0).astype(np.float64), flags)
            sums, squares = (self._add_up(name, places, v, flags) for v in (taken, taken**2))
            for quantity, end in {"weight": "", "any": "_any", "material": "_material"}.items():
                found[name, f"sum{end}"] = sums[name, quantity]
                found[name, f"square{end}"] = squares[name, quantity]
        return found

    def _add_up(
        self, name: str, places: Integers | None, taken: Floats, values: Mapping[str, Floats]
    ) -> Totals:
        matrix, columns = self._matrix, dict(values)
        if places is not None:
            matrix = matrix[:, places]
            columns = {quantity: column[places] for quantity, column in values.items()}
        sums = {"weight": taken} | {quantity: taken * column for quantity, column in columns.items()}
        # Sparse sums do not depend on the number of threads.
        return {(name, quantity): (matrix @ np.ascontiguousarray(v.T)).T for quantity, v in sums.items()}
