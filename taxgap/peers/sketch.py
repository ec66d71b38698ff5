"""A bounded sample of returns by group, in parts that join into that of the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import InvalidDataError
from taxgap.peers.places import GROUPS

STANDS_FOR = "stands_for"
"""The column of the sample that says how many returns each of its rows stands for; it is no measure."""

PER_GROUP = 500
"""The most returns that are kept of a group."""


@dataclass(frozen=True, eq=False)
class PeerSketch:
    """What is kept of some returns to draw peers from: bounded, and sketches of parts join into one.

    Attributes
    ----------
    sample : DataFrame
        In each group the rows whose index has the smallest hash.
    counts : DataFrame
        The columns of `GROUPS` and `stands_for`: how many returns each group has; a group may recur.
    per_group : int
        The most rows kept of a group.
    """

    sample: pd.DataFrame
    counts: pd.DataFrame
    per_group: int

    @classmethod
    def of(cls, observed: pd.DataFrame, *, per_group: int = PER_GROUP) -> PeerSketch:
        """Sketch returns: raw measures with `trade_group` and `size_band`, by (taxpayer_id, period).

        Raises
        ------
        InvalidDataError
            A group column is missing.
        """
        check_groups(observed)
        return cls(_keep_smallest(observed, per_group), _count(observed), per_group)

    def weigh(self) -> pd.DataFrame:
        """Return the sample with `stands_for`: how many returns each of its rows stands for."""
        return self.sample.assign(**{STANDS_FOR: _stand_for(self.sample, self.counts)})

    def join(self, other: PeerSketch) -> PeerSketch:
        """Return the sketch of both."""
        sample = _keep_smallest(pd.concat([self.sample, other.sample]), self.per_group)
        return PeerSketch(sample, pd.concat([self.counts, other.counts]), self.per_group)


def check_groups(frame: pd.DataFrame) -> None:
    """Refuse returns without the columns that say who their peers are.

    Raises
    ------
    InvalidDataError
    """
    missing = [name for name in GROUPS if name not in frame.columns]
    if missing:
        raise InvalidDataError(
            f"Columns are missing: {', '.join(missing)}.",
            available=map(str, frame.columns),
            remedy="Peers are found by trade group and size band; the measures of a regime carry both.",
        )


def _keep_smallest(frame: pd.DataFrame, per_group: int) -> pd.DataFrame:
    order = np.argsort(pd.util.hash_pandas_object(frame.index).to_numpy(), kind="stable")
    groups = frame[list(GROUPS)].iloc[order].groupby(list(GROUPS), observed=True, dropna=False, sort=False)
    return frame.iloc[order[groups.cumcount().to_numpy() < per_group]]


def _count(frame: pd.DataFrame) -> pd.DataFrame:
    sizes = frame.groupby(list(GROUPS), observed=True, dropna=False, sort=False).size()
    return sizes.rename(STANDS_FOR).reset_index()


def _stand_for(sample: pd.DataFrame, counts: pd.DataFrame) -> NDArray[np.float64]:
    keys = pd.concat([sample[list(GROUPS)], counts[list(GROUPS)]])
    codes = keys.groupby(list(GROUPS), observed=True, dropna=False).ngroup().to_numpy()
    sampled, counted = codes[: len(sample)], codes[len(sample) :]
    returns = np.bincount(counted, weights=counts[STANDS_FOR].to_numpy(dtype=np.float64))
    each: NDArray[np.float64] = (returns / np.maximum(np.bincount(sampled, minlength=len(returns)), 1))[
        sampled
    ]
    return each
