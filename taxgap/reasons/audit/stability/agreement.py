"""How far other explanations of the same returns agree with the reasons as given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from taxgap.reasons.audit.figures import spread
from taxgap.reasons.audit.stability.naming import share_in_common
from taxgap.reasons.selection import NONE, Positions
from taxgap.reasons.uncertainty import STABLE
from taxgap.risk.arrays import Bools, Floats

FEWEST_REFITS = 10
"""With fewer, nine in ten of them cannot be told from all of them."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """What others make of the reasons of some returns; one row a return.

    Attributes
    ----------
    rows : ndarray of bool
        Which returns of the material; all else has a row for each of these.
    own : ndarray of int64
        The first code as given, by place; -1 where no reason stands out.
    others : ndarray of int64, shape (explanations, returns)
        The first code of each other explanation.
    kept : ndarray of float64
        The share of the others that have the first code among their first few; where there is none, that
        have none.
    in_common : ndarray of float64
        What the lists of the first few share, see `share_in_common`; the mean over the others.
    same_set : ndarray of float64
        The share of the others whose first few are the same, in whatever order.
    family : ndarray of int64
        The family of each code by place, and last -1, for no code.
    """

    rows: Bools
    own: Positions
    others: Positions
    kept: Floats
    in_common: Floats
    same_set: Floats
    family: Positions

    def __len__(self) -> int:
        """Return how many others there are."""
        return len(self.others)

    @property
    def same(self) -> Floats:
        """The share of the others that have the same first code."""
        return np.asarray((self.others == self.own).mean(axis=0), dtype=np.float64)

    @property
    def same_family(self) -> Floats:
        """The share of the others whose first code is of the same family."""
        mine = self.family[self.others] == self.family[self.own]
        return np.asarray(mine.mean(axis=0), dtype=np.float64)

    @property
    def stable(self) -> Bools:
        """Whether at least `STABLE` of the others have the same first code."""
        return is_stable(self.same)

    @property
    def too_few(self) -> str:
        """Why no check of the stable share can be asked, in words; empty where there are refits enough."""
        if len(self) >= FEWEST_REFITS:
            return ""
        return (
            f"Stable means that nine in ten refits agree; with {len(self)} refits that is more than can be "
            f"told. {FEWEST_REFITS} are needed."
        )

    @property
    def chance(self) -> float:
        r"""The agreement by chance alone.

        Notes
        -----
        .. math:: \sum_c p_c q_c

        where p and q are how often the code c comes first as given, and in the others: what would agree were
        the first codes of the others dealt out among the returns.
        """
        p, q = self._frequencies()
        return float(p @ q)

    @property
    def chance_stable(self) -> float:
        """The share of returns that would be stable by chance alone: binomial, see `chance`."""
        p, q = self._frequencies()
        least = int(np.ceil(STABLE * len(self) - 1e-9))
        return float(p @ binom.sf(least - 1, len(self), q))

    def lay_out(self, values: Floats | Bools) -> Floats:
        """Lay out what is known of these returns for all of the material; missing for the others."""
        return spread(values, self.rows, len(self.rows))

    def _frequencies(self) -> tuple[Floats, Floats]:
        size = len(self.family)
        p, q = (np.bincount(codes.ravel() % size, minlength=size) for codes in (self.own, self.others))
        return p / max(p.sum(), 1), q / max(q.sum(), 1)


def agree(
    rows: Bools, own: Positions, others: Iterable[Positions], *, family: Positions, most: int
) -> Agreement:
    """Compare the reasons of returns with others of the same returns.

    Parameters
    ----------
    rows : ndarray of bool
        Which returns of the material they are.
    own : ndarray of int64, shape (returns, reasons)
        Codes by place, the first reason first; -1 where there is no further one.
    others : iterable of ndarray of int64
        In the same form.
    family : ndarray of int64
        The family of each code, and last -1.
    most : int
        So many reasons are looked at.

    Returns
    -------
    Agreement

    Examples
    --------
    >>> own, other = np.array([[0, 1], [2, -1]]), np.array([[1, 0], [2, -1]])
    >>> both = np.array([True, True])
    >>> found = agree(both, own, [own, other], family=np.array([0, 0, 1, -1]), most=2)
    >>> found.same.tolist(), found.same_family.tolist(), found.kept.tolist(), found.stable.tolist()
    ([0.5, 1.0], [1.0, 1.0], [1.0, 1.0], [False, True])
    """
    mine = own[:, :most]
    firsts, kept, common, same = [], np.zeros(len(own)), np.zeros(len(own)), np.zeros(len(own))
    for codes in others:
        theirs = codes[:, :most]
        shared = share_in_common(mine, theirs)
        among = (theirs == own[:, :1]) & (own[:, :1] != NONE)
        nothing = (own[:, 0] == NONE) & (codes[:, 0] == NONE)
        firsts.append(codes[:, 0])
        kept += among.any(axis=1) | nothing
        common += shared
        same += shared == 1.0
    size = max(len(firsts), 1)
    table = np.stack(firsts) if firsts else np.zeros((0, len(own)), dtype=np.int64)
    return Agreement(rows, own[:, 0], table, kept / size, common / size, same / size, family)


def is_stable(share: Floats) -> Bools:
    """Tell which shares reach the mark: whole numbers over others, which must not miss it by rounding.

    Examples
    --------
    >>> is_stable(np.array([0.85, 18 / 20])).tolist()
    [False, True]
    """
    marked: Bools = share >= STABLE - 1e-9
    return marked
