"""Which reasons other contributions of the same returns would give: codes alone, without sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.recovery.ranked import rank_reasons
from taxgap.reasons.selection import NONE, Positions, select_reasons
from taxgap.reasons.table import is_unusual, look_up
from taxgap.risk.arrays import Bools, Floats


@dataclass(frozen=True, eq=False)
class Naming:
    """The library's rules for reasons, for some returns of a material.

    Attributes
    ----------
    material : Material
    rows : ndarray of bool
        Which of its returns.
    visible : DataFrame of bool
        As for `taxgap.reasons.select_reasons`.
    """

    material: Material
    rows: Bools
    visible: pd.DataFrame

    @classmethod
    def of(cls, material: Material, rows: Bools) -> Naming:
        """Look up what of these returns lies beyond the peers' middle half."""
        return cls(material, rows, find_visible(material, material.observed[rows]))

    @property
    def given(self) -> Positions:
        """The codes that were given, by place in the regime; -1 where there is no further reason."""
        return given_codes(self.material)[self.rows]

    def choose(self, contributions: pd.DataFrame, visible: pd.DataFrame | None = None) -> Positions:
        """Choose the codes that contributions of these returns give.

        Parameters
        ----------
        contributions : DataFrame
            One row a return, one column a feature.
        visible : DataFrame of bool, optional
            Where the returns say something else than they did.

        Returns
        -------
        ndarray of int64, shape (returns, 4)
        """
        regime = self.material.regime
        known = [name for name in contributions.columns if name in regime.feature]
        seen = self.visible if visible is None else visible
        return select_reasons(regime, contributions[known], seen, noise=self.material.noise).codes


def find_visible(material: Material, observed: pd.DataFrame) -> pd.DataFrame:
    """Tell which measures lie beyond the peers' middle half, on the side that their sentence speaks of."""
    regime = material.regime
    found = np.zeros((len(observed), len(regime.feature)), dtype=np.bool_)
    for rows, values, quartiles in look_up(regime, observed, material.subject.peers):
        found[rows] = is_unusual(regime, values, quartiles)
    return pd.DataFrame(found, index=observed.index, columns=list(regime.feature))


def given_codes(material: Material) -> Positions:
    """Return the codes of the reasons as given, by place in the regime.

    Parameters
    ----------
    material : Material

    Returns
    -------
    ndarray of int64, shape (returns, 4)
        -1 where there is no further reason.
    """
    return rank_reasons(material.regime, material.reasons).positions["code"]


def count_reasons(codes: Positions) -> Floats:
    """Count the reasons of each return.

    Examples
    --------
    >>> count_reasons(np.array([[3, 1, -1, -1], [-1, -1, -1, -1]])).tolist()
    [2.0, 0.0]
    """
    return np.asarray((codes != NONE).sum(axis=1), dtype=np.float64)


def share_in_common(one: Positions, other: Positions) -> Floats:
    """Return how many codes two lists of each return share, of all that either names.

    Parameters
    ----------
    one, other : ndarray of int64, shape (returns, reasons)
        A code at most once a row; -1 for none.

    Returns
    -------
    ndarray of float64
        The Jaccard index; 1 where neither names any.

    Examples
    --------
    >>> share_in_common(np.array([[1, 2, 3], [4, -1, -1], [-1, -1, -1]]), np.array([[3, 2, 5], [5, -1, -1],
    ...     [-1, -1, -1]])).tolist()
    [0.5, 0.0, 1.0]
    """
    alike = (one[:, :, np.newaxis] == other[:, np.newaxis, :]) & (one != NONE)[:, :, np.newaxis]
    common = alike.sum(axis=(1, 2)).astype(np.float64)
    either = count_reasons(one) + count_reasons(other) - common
    return np.where(either == 0, 1.0, common / np.maximum(either, 1.0))
