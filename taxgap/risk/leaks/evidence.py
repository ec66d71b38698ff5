"""What is examined: columns as numbers, the label, and two halves of the cases, to search and to confirm."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.risk.arrays import Bools, Floats, Integers

SAMPLE = 20_000
"""Most rows on which relations with the label are measured; keys are looked for in all."""

_SEED = 20_260_101


@dataclass(frozen=True)
class Evidence:
    """Features as numbers beside what is known of each case.

    Parameters
    ----------
    names : tuple of str
        The features.
    numbers : ndarray of shape (rows, features)
        Numbers; days, levels and texts as codes; missing as NaN.
    levels : ndarray of bool
        Which features are levels or texts, whose codes have no order.
    material : ndarray of bool
        The label.
    found : ndarray, optional
        Tax found (GBP).
    weight : ndarray, optional
        Design weights.
    """

    names: tuple[str, ...]
    numbers: Floats
    levels: Bools
    material: Bools
    found: Floats | None = None
    weight: Floats | None = None
    halves: tuple[Integers, Integers] = field(init=False)

    def __post_init__(self) -> None:
        # Fixed draws: the same frame gives the same halves. Each has half of either label.
        order = np.random.default_rng(_SEED).permutation(len(self.material))
        by_label = order[np.argsort(self.material[order], kind="stable")]
        object.__setattr__(self, "halves", (np.sort(by_label[0::2]), np.sort(by_label[1::2])))

    @property
    def judged(self) -> bool:
        """Whether there are both labels, so that a relation can be seen at all."""
        return bool(self.material.any() and not self.material.all())

    def take(self, rows: Integers) -> Evidence:
        """Return the evidence of some rows only."""
        found = None if self.found is None else self.found[rows]
        weight = None if self.weight is None else self.weight[rows]
        return Evidence(self.names, self.numbers[rows], self.levels, self.material[rows], found, weight)

    def sample(self, most: int = SAMPLE) -> Evidence:
        """Return at most so many rows, drawn the same way each time and kept in order."""
        rows = len(self.material)
        if rows <= most:
            return self
        return self.take(np.sort(np.random.default_rng(_SEED).permutation(rows)[:most]))

    def draw(self, half: int, most: int, *, where: Bools | None = None) -> Integers:
        """Return rows of one half in mixed order, at most so many of each label, or of those in ``where``."""
        rows = np.random.default_rng(_SEED + half).permutation(self.halves[half])
        if where is not None:
            chosen: Integers = rows[where[rows]][:most]
            return chosen
        both = [rows[self.material[rows] == label][:most] for label in (True, False)]
        return np.random.default_rng(_SEED).permutation(np.concatenate(both))


def gather(X: pd.DataFrame, material: Bools, found: Floats | None, weight: Floats | None) -> Evidence:
    """Turn a feature frame into evidence.

    Parameters
    ----------
    X : DataFrame
        Features of any kind.
    material, found, weight : ndarray
        As for `Evidence`.

    Returns
    -------
    Evidence
    """
    if not X.columns.is_unique:
        repeated = sorted({str(name) for name in X.columns[X.columns.duplicated()]})
        raise UsageError(f"Names of features repeat: {', '.join(repeated)}.", where="X")
    columns = [_to_numbers(X[name]) for name in X.columns]
    values = np.column_stack([numbers for numbers, _ in columns]) if columns else np.empty((len(X), 0))
    levels = np.array([level for _, level in columns], dtype=np.bool_)
    return Evidence(tuple(str(name) for name in X.columns), values, levels, material, found, weight)


def _to_numbers(column: pd.Series) -> tuple[Floats, bool]:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        days = (column - pd.Timestamp(0, tz=column.dt.tz)) / pd.Timedelta(days=1)
        return days.to_numpy(dtype=np.float64), False
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan), False
    is_levels = isinstance(column.dtype, pd.CategoricalDtype)
    codes = column.cat.codes.to_numpy() if is_levels else pd.factorize(column, sort=False)[0]
    return np.where(codes < 0, np.nan, codes.astype(np.float64)), True
