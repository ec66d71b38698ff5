"""Draws from peers: a return whose features are partly those of another of its own peer group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.peers import GROUPS, PeerGroups, level_codes
from taxgap.reasons.audit.material import Material
from taxgap.reasons.engines import compile_once, divide
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools, Floats, Integers

DRAWS = 16
"""So many rows of peers a return."""

FEWEST_PEERS = 50
"""With fewer, the next wider group is drawn from, as for contributions against peers."""


@dataclass(frozen=True, eq=False)
class Redraws:
    """Returns, the rows that are drawn for each, and what scores a mixture of the two.

    Attributes
    ----------
    features : tuple of str
        In the order of the columns.
    own : ndarray of float64, shape (returns, features)
        As the model sees them.
    drawn : ndarray of float64, shape (returns, draws, features)
    ask : callable
        Rows of features, and whose return each was, to scores in log units.
    """

    features: tuple[str, ...]
    own: Floats
    drawn: Floats
    ask: Callable[[Floats, Integers], Floats]

    def score(self, redrawn: Bools) -> Floats:
        """Score the returns with some of their features redrawn, all of them from the same row.

        Parameters
        ----------
        redrawn : ndarray of bool, shape (returns, features) or (features,)

        Returns
        -------
        ndarray of float64, shape (returns, draws)
        """
        returns, draws, features = self.drawn.shape
        mask = np.broadcast_to(redrawn, self.own.shape)[:, np.newaxis]
        mixed = np.where(mask, self.drawn, self.own[:, np.newaxis])
        rows = np.repeat(np.arange(returns), draws)
        return self.ask(mixed.reshape(-1, features), rows).reshape(returns, draws)

    def mean_score(self, redrawn: Bools) -> Floats:
        """Return the mean of `score` over the draws; the score itself where nothing is redrawn."""
        mean: Floats = self.score(redrawn).mean(axis=1)
        return mean


def draw_from_peers(material: Material, rows: Integers, draws: int = DRAWS, *, seed: int = 0) -> Redraws:
    """Draw whole rows of each return's own peers.

    Parameters
    ----------
    material : Material
    rows : ndarray of int
        Places of the returns.
    draws : int, default 16
        Rows a return, with replacement.
    seed : int, default 0
        Goes in beside that of the settings.

    Returns
    -------
    Redraws
        Features that are redrawn together come from one row, so that a mixture stays near what there is.

    Notes
    -----
    Peers share trade group and size band; where the sample holds fewer than `FEWEST_PEERS` of them, the draw
    is from the trade group, then from the size band, then from everyone. They take the trade and size of the
    return before they are compared, as for contributions against peers.
    """
    random = np.random.default_rng([material.settings.seed, 21, seed])
    seen, peers = material.seen.iloc[rows], material.subject.peers
    chosen = choose_peers(peers, seen, draws, random)
    return _lay_out(material, seen, chosen)


def draw_from_margins(material: Material, rows: Integers, draws: int = DRAWS, *, seed: int = 0) -> Redraws:
    """Draw every feature by itself from the population.

    Parameters
    ----------
    material, rows, draws, seed
        As for `draw_from_peers`.

    Returns
    -------
    Redraws
        Each feature of each draw is that of another row of the sample of peers, weighted by how many returns
        the row stands for. Mixtures may be unlike any return.
    """
    random = np.random.default_rng([material.settings.seed, 22, seed])
    regime, peers = material.regime, material.subject.peers
    names = list(regime.feature)
    values = regime.compare(_as_observed(peers.rows, regime), peers)[names].to_numpy(dtype=np.float64)
    chance = peers.stands_for / peers.stands_for.sum()
    drawn = np.empty((len(rows), draws, len(names)))
    for place in range(len(names)):
        drawn[:, :, place] = values[random.choice(len(values), drawn.shape[:2], p=chance), place]
    seen = material.seen.iloc[rows]
    return Redraws(tuple(names), seen[names].to_numpy(dtype=np.float64), drawn, _asker(material, seen))


def choose_peers(
    peers: PeerGroups, groups: pd.DataFrame, draws: int, random: np.random.Generator
) -> Integers:
    """Draw places in the sample of peers, of the same trade and size where there are enough.

    Parameters
    ----------
    peers : PeerGroups
    groups : DataFrame
        With `trade_group` and `size_band`.
    draws : int
    random : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (rows, draws)

    Examples
    --------
    >>> rows = pd.DataFrame({"trade_group": ["shops"] * 60 + ["making"] * 60, "size_band": "20k_30k"})
    >>> chosen = choose_peers(PeerGroups(rows), rows.tail(1), 5, np.random.default_rng(0))
    >>> bool((chosen >= 60).all())
    True
    """
    there, asked = (
        [
            level_codes(frame[name], levels).astype(np.int64)
            for name, levels in zip(GROUPS, peers.levels, strict=True)
        ]
        for frame in (peers.rows, groups)
    )
    # A code of -1 is an unknown trade or size, which nobody shares.
    width = len(peers.levels[1]) + 1
    chosen = np.empty((len(groups), draws), dtype=np.int64)
    for cell, places in divide((asked[0] + 1) * width + asked[1] + 1):
        trade, size = cell // width - 1, cell % width - 1
        same_trade, same_size = (there[0] == trade) & (trade >= 0), (there[1] == size) & (size >= 0)
        rungs = (same_trade & same_size, same_trade, same_size, np.ones(len(peers.rows), dtype=np.bool_))
        members = next(
            np.flatnonzero(rung)
            for rung in rungs
            if np.count_nonzero(rung) >= min(FEWEST_PEERS, len(peers.rows))
        )
        chosen[places] = random.choice(members, (len(places), draws))
    return chosen


def _lay_out(material: Material, seen: pd.DataFrame, chosen: Integers) -> Redraws:
    regime, peers = material.regime, material.subject.peers
    names = list(regime.feature)
    theirs = _as_observed(peers.rows, regime).iloc[chosen.ravel()].reset_index(drop=True)
    own = seen[list(GROUPS)].iloc[np.repeat(np.arange(len(seen)), chosen.shape[1])]
    theirs = theirs.assign(**{name: own[name].array for name in GROUPS})
    drawn = regime.compare(theirs, peers)[names].to_numpy(dtype=np.float64)
    return Redraws(
        tuple(names),
        seen[names].to_numpy(dtype=np.float64),
        drawn.reshape(*chosen.shape, len(names)),
        _asker(material, seen),
    )


def _as_observed(rows: pd.DataFrame, regime: Regime) -> pd.DataFrame:
    return rows.reindex(columns=list(regime.columns))


def _asker(material: Material, seen: pd.DataFrame) -> Callable[[Floats, Integers], Floats]:
    """Return what scores rows of features; each keeps the trade, the size and the name of its return."""
    names, model = list(material.regime.feature), material.subject.model
    if model is None:

        def ask(values: Floats, rows: Integers) -> Floats:
            own = seen.iloc[rows]
            mixed = pd.DataFrame(values, columns=names, index=own.index)
            mixed = mixed.assign(**{name: own[name].array for name in GROUPS})
            return material.subject.score(mixed[list(seen.columns)]).score

        return ask
    compiled, base = (
        compile_once(model.booster("expected_tax")),
        model.encode(seen[list(model.feature_names_in_)]),
    )
    used = [str(name) for name in model.feature_names_in_]
    to = [place for place, name in enumerate(used) if name not in GROUPS]
    of = [names.index(used[place]) for place in to]

    def ask_compiled(values: Floats, rows: Integers) -> Floats:
        matrix = base[rows]
        matrix[:, to] = values[:, of]
        return compiled.predict(matrix) + model.offset_

    return ask_compiled
