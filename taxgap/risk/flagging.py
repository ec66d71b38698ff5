"""Ranks within a period, and what follows from them: who is flagged, who is given reasons."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.risk.arrays import Integers


def rank_within(periods: pd.Series, scores: pd.Series, taxpayer_ids: pd.Series) -> Integers:
    """Rank returns by score, from 1 for the highest of each period.

    Parameters
    ----------
    periods, scores, taxpayer_ids : Series
        One value a return.

    Returns
    -------
    ndarray of int64
        Equal scores are ranked by a hash of the taxpayer, which favours nobody and never changes.

    Examples
    --------
    >>> same_year = pd.Series(["2023-24", "2023-24"])
    >>> rank_within(same_year, pd.Series([1.0, 2.0]), pd.Series(["A", "B"])).tolist()
    [2, 1]
    """
    codes = pd.factorize(periods)[0]
    order = np.lexsort((draw_lots(taxpayer_ids), -scores.to_numpy(dtype=np.float64), codes))
    sizes = np.bincount(codes) if len(codes) else np.zeros(0, dtype=np.int64)
    ranks = np.empty(len(codes), dtype=np.int64)
    ranks[order] = np.concatenate([np.arange(1, size + 1) for size in sizes] or [np.zeros(0, dtype=np.int64)])
    return ranks


def within_share(periods: pd.Series, ranks: Sequence[int] | Integers, share: float) -> NDArray[np.bool_]:
    """Tell which ranks lie within a share of their period, rounded down to whole returns.

    Examples
    --------
    >>> within_share(pd.Series(["2023-24"] * 5), [1, 2, 3, 4, 5], 0.5).tolist()
    [True, True, False, False, False]
    """
    returns = periods.map(periods.value_counts()).to_numpy(dtype=np.float64)
    # Shares such as 0.29 of 100 must give 29 although 0.29 * 100 is a little less.
    return np.asarray(np.asarray(ranks) <= np.floor(share * returns + 1e-9))


def draw_lots(taxpayer_ids: pd.Series) -> NDArray[np.uint64]:
    """Return a hash of each taxpayer, by which equal scores are ranked."""
    which, names = pd.factorize(taxpayer_ids)
    digests = b"".join(blake2b(str(name).encode(), digest_size=8, person=b"rank").digest() for name in names)
    lots: NDArray[np.uint64] = np.frombuffer(digests, dtype="<u8")[which]
    return lots
