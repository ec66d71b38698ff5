"""Peers as a baseline: the returns that a score is held against, on the first rung with enough of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.peers import GROUPS, PeerGroups, level_codes
from taxgap.regimes import Regime
from taxgap.risk.arrays import Floats, Integers
from taxgap.risk.boosting import score_raw
from taxgap.risk.model import RiskModel
from taxgap.risk.predicting import Kind

RUNGS = ("trade_and_size", "trade", "size", "everyone")
"""The ladder of peers, from the narrowest to the widest."""


class PeerBaseline:
    """The peers of each trade group and size band, as the rows of a background.

    Parameters
    ----------
    model : RiskModel
        Whose scores are explained.
    regime : Regime
        The tax it was trained for.
    peers : PeerGroups
        The sample that it was trained with.
    minimum : int, default 50
        The fewest peers of a rung; with fewer, the next wider one is taken.
    most : int, default 500
        The most peers of a background: those whose measures have the smallest hash, so always the same.

    Raises
    ------
    InvalidDataError
        The sample is empty.
    UsageError
        `minimum` or `most` is below 1.

    Notes
    -----
    Every trade group and size band has a group of its own, with the number that `place` gives. Where the
    sample holds fewer than `minimum` returns of both, the peers are those of the trade group, then of the
    size band, then everyone; an unknown or missing trade or size widens too. On a wider rung the peers take
    the trade group and size band of the return that is explained, before they are compared: what defines the
    peers is then the same for both and explains nothing, and a relative feature is a position in the return's
    own group.

    The sample holds at most a fixed number of returns of each group. The mean over the population is weighted
    by how many returns each row stands for (`PeerGroups.stands_for`); within a background every row counts
    alike.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> regime = get_regime("self_assessment")
    >>> rows = pd.DataFrame({name: np.arange(300.0) for name in regime.columns})
    >>> rows["trade_group"] = pd.Categorical(["shops"] * 300)
    >>> rows["size_band"] = pd.Categorical(["10k_20k"] * 30 + ["20k_30k"] * 270)
    >>> X = rows[["expenses_to_turnover", "size_band"]]
    >>> model = RiskModel(n_estimators=2, folds=2).fit(X, amount=2_000.0 * (rows["days_late"] > 200))
    >>> baseline = PeerBaseline(model, regime, PeerGroups(rows))
    >>> baseline.describe().loc[baseline.place(rows.iloc[[0, 299]]), ["rung", "peers"]].values.tolist()
    [['trade', 300], ['trade_and_size', 270]]
    """

    def __init__(
        self, model: RiskModel, regime: Regime, peers: PeerGroups, *, minimum: int = 50, most: int = 500
    ) -> None:
        if minimum < 1 or most < 1:
            raise UsageError(
                f"There must be at least one peer, not {min(minimum, most)}.", where="minimum, most"
            )
        if peers.rows.empty:
            raise InvalidDataError("There are no peers to compare with.", where="peers")
        self.model, self.regime, self.peers = model, regime, peers
        self.minimum, self.most = minimum, most
        known = model.frame_.levels
        # What the model tells apart must be told apart here, or the background could not take the same value.
        self._levels = [
            list(known.get(name, levels)) for name, levels in zip(GROUPS, peers.levels, strict=True)
        ]
        self._trade, self._size = (
            level_codes(peers.rows[name], levels) for name, levels in zip(GROUPS, self._levels, strict=True)
        )
        measures = peers.rows[peers.measures]
        self._order = np.argsort(pd.util.hash_pandas_object(measures, index=False).to_numpy(), kind="stable")
        self._held: dict[int, Floats] = {}
        self._populations: dict[Kind, float] = {}
        self._scores: dict[Kind, Floats] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the backgrounds that are held: another process builds those it needs."""
        return {**self.__dict__, "_held": {}}

    def place(self, seen: pd.DataFrame) -> Integers:
        """Return the number of each row's peer group.

        Parameters
        ----------
        seen : DataFrame
            With `trade_group` and `size_band`.

        Returns
        -------
        ndarray of int64
            Row numbers of `describe`; the last trade and size of it stand for one that is unknown or missing.
        """
        trade, size = (
            level_codes(seen[name], levels).astype(np.int64)
            for name, levels in zip(GROUPS, self._levels, strict=True)
        )
        trades, sizes = self._shape
        return (trade % trades) * sizes + size % sizes

    def background(self, number: int) -> Floats:
        """Return the peers of a group, as the matrix that the boosters read; see `RiskModel.encode`."""
        found = self._held.get(int(number))
        return self._build([int(number)])[int(number)] if found is None else found

    def hold(self, numbers: Iterable[int]) -> None:
        """Build the backgrounds of some groups together, and keep them until others are asked for.

        Together takes a tenth of the time of one by one. A group takes 8 bytes a peer and feature.
        """
        wanted = {int(number) for number in numbers}
        kept = {number: matrix for number, matrix in self._held.items() if number in wanted}
        missing = sorted(wanted - set(kept))
        self._held = {**kept, **self._build(missing)} if missing else kept

    @property
    def population_mean(self) -> float:
        """The mean ranking score of the population that the peers were drawn from, in log pounds."""
        return self.mean_over_population("expected_tax")

    def mean_over_population(self, kind: Kind = "expected_tax") -> float:
        """Return the mean score of one of the boosters, each return compared with its own group.

        Parameters
        ----------
        kind : {"expected_tax", "probability", "hours"}, default "expected_tax"
            The ranking score in log pounds; log odds before calibration; log hours.
        """
        if kind not in self._populations:
            weights = self.peers.stands_for
            self._populations[kind] = float(np.average(self._score_population(kind), weights=weights))
        return self._populations[kind]

    def mean_over_trade(self, number: int, kind: Kind = "expected_tax") -> float:
        """Return the mean score of everyone in the trade of a peer group, whatever their size.

        It parts what the group adds: this mean less that of the population is what the trade adds, and the
        rest is what size adds within the trade.

        Parameters
        ----------
        number : int
            From `place`.
        kind : {"expected_tax", "probability", "hours"}, default "expected_tax"
            As for `mean_over_population`.

        Returns
        -------
        float
            Missing where the trade is unknown or nobody in the sample is in it.
        """
        trade = number // self._shape[1]
        inside = self._trade == trade
        if trade == len(self._levels[0]) or not inside.any():
            return float("nan")
        scores = self._score_population(kind)[inside]
        return float(np.average(scores, weights=self.peers.stands_for[inside]))

    def describe(self) -> pd.DataFrame:
        """List the peer groups.

        Returns
        -------
        DataFrame
            By `number`, which only tells the groups apart: `trade_group`, `size_band` (missing for those that
            are unknown), `rung`, how wide the group had to be taken, and `peers`, how many it then has: the
            rows of its background.
        """
        return self._groups.copy()

    @cached_property
    def _groups(self) -> pd.DataFrame:
        trades, sizes = self._shape
        cells = np.zeros((trades, sizes), dtype=np.int64)
        np.add.at(cells, (self._trade, self._size), 1)
        counts = np.stack(
            [
                cells,
                np.broadcast_to(cells.sum(axis=1)[:, np.newaxis], cells.shape),
                np.broadcast_to(cells.sum(axis=0), cells.shape),
                np.full(cells.shape, cells.sum()),
            ]
        )
        enough = counts >= self.minimum
        enough[0, -1] = enough[1, -1] = False  # an unknown trade or size is no common one
        enough[0, :, -1] = enough[2, :, -1] = False
        enough[3] = True
        rung = enough.argmax(axis=0)
        peers = np.minimum(np.take_along_axis(counts, rung[np.newaxis], axis=0)[0], self.most)
        trade, size = (
            np.array([*levels, None], dtype=object)[place.ravel()]
            for levels, place in zip(self._levels, np.indices(cells.shape), strict=True)
        )
        return pd.DataFrame(
            {
                GROUPS[0]: pd.array(trade, dtype="str"),
                GROUPS[1]: pd.array(size, dtype="str"),
                "rung": pd.Categorical.from_codes(rung.ravel(), list(RUNGS)),
                "peers": peers.ravel(),
            },
            index=pd.RangeIndex(trades * sizes, name="number"),
        )

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self._levels[0]) + 1, len(self._levels[1]) + 1

    def _members(self, trade: int, size: int) -> Integers:
        rung = self._groups["rung"].iloc[trade * self._shape[1] + size]
        inside = np.ones(len(self._order), dtype=np.bool_)
        if rung in RUNGS[:2]:
            inside &= self._trade[self._order] == trade
        if rung in (RUNGS[0], RUNGS[2]):
            inside &= self._size[self._order] == size
        return self._order[inside][: self.most]

    def _build(self, numbers: list[int]) -> dict[int, Floats]:
        cells = [divmod(number, self._shape[1]) for number in numbers]
        members = [self._members(trade, size) for trade, size in cells]
        lengths = [len(places) for places in members]
        own = {
            name: pd.Categorical.from_codes(
                np.where(codes < len(levels), codes, -1), levels, ordered=name in self.model.frame_.ordered
            )
            for name, codes, levels in zip(
                GROUPS, np.repeat(cells, lengths, axis=0).T, self._levels, strict=True
            )
        }
        matrix = self._encode(self.peers.rows.iloc[np.concatenate(members)].assign(**own))
        return dict(zip(numbers, np.split(matrix, np.cumsum(lengths)[:-1]), strict=True))

    def _encode(self, rows: pd.DataFrame) -> Floats:
        seen = self.regime.compare(rows, self.peers)
        return self.model.encode(seen[list(self.model.feature_names_in_)])

    def _score_population(self, kind: Kind) -> Floats:
        if kind not in self._scores:
            self._scores[kind] = self._score(self._encode(self.peers.rows), kind)
        return self._scores[kind]

    def _score(self, matrix: Floats, kind: Kind) -> Floats:
        raw = score_raw(self.model.booster(kind), matrix, self.model.n_threads)
        return raw + self.model.parts_.offsets.get(kind, 0.0)
