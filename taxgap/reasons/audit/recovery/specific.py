"""Are reasons particular to a return: named where a mechanism is planted, and not where it is not.

Some codes can reveal many mechanisms, so that a few codes given to everybody are right of most returns. What
gives them away is that they are named as often where nothing of the kind was planted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TypeAlias

import numpy as np
import pandas as pd

from taxgap.reasons.audit.figures import Bootstrap, Estimate, Figure, draw_figure
from taxgap.reasons.audit.planted import Planted
from taxgap.reasons.audit.recovery.case_groups import divide_cases
from taxgap.reasons.audit.recovery.metrics import Target, draw_shares, estimate_of
from taxgap.reasons.audit.recovery.ranked import Ranked, names_of
from taxgap.reasons.selection import NONE
from taxgap.risk.arrays import Bools, Floats, Integers

Shares: TypeAlias = tuple[Floats, Floats]
"""Shares of all, and of each draw."""

MOST_ALIKE = "most_alike"
"""The method that gives everybody the codes that serve most returns: it knows the truth of them together."""


@dataclass(frozen=True, eq=False)
class Specific:
    """What is named of returns with and without each mechanism.

    Attributes
    ----------
    bootstrap : Bootstrap
    target : Target
        By code.
    cases : DataFrame
        What the target was made of.
    planted : Planted
    k : int
        How many reasons are looked at.

    Notes
    -----
    A return without a mechanism may hold another that the same codes reveal, and they are then named there
    for a good reason. So the share named elsewhere is no rate of errors; a method is held against another.
    """

    bootstrap: Bootstrap
    target: Target
    cases: pd.DataFrame
    planted: Planted
    k: int

    @cached_property
    def names(self) -> list[str]:
        """The mechanisms with enough returns that a code can reveal."""
        groups = divide_cases("mechanism", self.cases["mechanism"], self.target.row)
        return [each.group for each in groups if self.planted.evidence.get(each.group)]

    @cached_property
    def has(self) -> Bools:
        """Which returns hold each mechanism; shape (returns, mechanisms)."""
        has = np.zeros((self.target.rows, len(self.names)), dtype=np.bool_)
        place = pd.Index(self.names).get_indexer(self.cases["mechanism"].astype("object"))
        has[self.target.row[place >= 0], place[place >= 0]] = True
        return has

    @cached_property
    def evidence(self) -> Bools:
        """Which codes can reveal each mechanism; shape (mechanisms, codes)."""
        codes = names_of(self.planted.regime, "code")
        return np.array(
            [[code in self.planted.evidence[name] for code in codes] for name in self.names], dtype=np.bool_
        ).reshape(len(self.names), len(codes))

    def names_evidence(self, ranked: Ranked) -> Bools:
        """Tell whether the first reasons of each return could reveal each mechanism, were it there."""
        named = name_codes(ranked.positions["code"][:, : self.k], self.evidence.shape[1])
        could: Bools = named.astype(np.int64) @ self.evidence.T.astype(np.int64) > 0
        return could

    def measure(self, ranked: Mapping[str, Ranked]) -> dict[str, Shares]:
        """Return, by method, how often each mechanism's evidence is named where it is, and then elsewhere."""
        rows = self.target.cases > 0
        there, absent = self.has & rows[:, np.newaxis], ~self.has & rows[:, np.newaxis]
        below = np.concatenate([there, absent], axis=1).astype(np.float64)
        return {
            method: draw_shares(self.bootstrap, below * np.tile(self.names_evidence(each), (1, 2)), below)
            for method, each in ranked.items()
        }

    def figures(self, part: str, shares: Mapping[str, Shares]) -> Iterator[Figure]:
        """Yield the lines of figures: by method, the means over mechanisms; of ours, each mechanism's."""
        for method, (values, drawn) in shares.items():
            yield from self._over_mechanisms(part, method, values, drawn)
            if method == "reasons":
                yield from self._by_mechanism(part, values, drawn)

    def lead(self, shares: Mapping[str, Shares], others: Collection[str]) -> tuple[Estimate, str]:
        """Return by how much the reasons are more specific than the most specific of others, and which it is.

        Parameters
        ----------
        shares : mapping
            From `measure`.
        others : collection of str
            Methods.
        """
        apart = {method: tuple(map(self._apart, both)) for method, both in shares.items()}
        best = max(others, key=lambda name: float(np.nan_to_num(apart[name][0], nan=-np.inf)))
        value, drawn = (own - theirs for own, theirs in zip(apart["reasons"], apart[best], strict=True))
        return estimate_of(self.bootstrap, float(value), drawn, self._returns), best

    @property
    def _returns(self) -> int:
        return int((self.target.cases > 0).sum())

    def _apart(self, shares: Floats) -> Floats:
        some = len(self.names)
        return _mean(shares[..., :some] - shares[..., some:])

    def _over_mechanisms(self, part: str, method: str, values: Floats, drawn: Floats) -> Iterator[Figure]:
        some, n = len(self.names), self._returns
        for measure, parts in (
            (f"recall@{self.k} over mechanisms", (values[:some], drawn[:, :some])),
            (f"named elsewhere@{self.k}", (values[some:], drawn[:, some:])),
            (f"specificity@{self.k}", (values[:some] - values[some:], drawn[:, :some] - drawn[:, some:])),
        ):
            found = estimate_of(self.bootstrap, float(_mean(parts[0])), _mean(parts[1]), n)
            chance = 0.0 if measure.startswith("specificity") else np.nan
            yield draw_figure(part, measure, found, level="code", method=method, chance=chance)

    def _by_mechanism(self, part: str, values: Floats, drawn: Floats) -> Iterator[Figure]:
        some = len(self.names)
        for i, name in enumerate(self.names):
            where = {"level": "code", "group_by": "mechanism", "group": name}
            held = int(self.has[:, i].sum())
            elsewhere = estimate_of(self.bootstrap, values[some + i], drawn[:, some + i], held)
            yield draw_figure(part, f"named elsewhere@{self.k}", elsewhere, **where)
            apart = drawn[:, i] - drawn[:, some + i]
            more = estimate_of(self.bootstrap, values[i] - values[some + i], apart, held)
            yield draw_figure(part, f"specificity@{self.k}", more, chance=0.0, **where)


def name_codes(places: Integers, codes: int) -> Bools:
    """Tell which codes are named of each return; shape (returns, codes)."""
    named = np.zeros((len(places), codes), dtype=np.bool_)
    rows, columns = np.nonzero(places != NONE)
    named[rows, places[rows, columns]] = True
    return named


def rank_most_alike(target: Target, weight: Floats, most: int) -> Ranked:
    """Give everybody the same codes: those that together have the highest recall, chosen with the truth.

    Parameters
    ----------
    target : Target
        By code.
    weight : ndarray of float64
        Of each return.
    most : int
        So many codes. Every choice of them is tried.

    Returns
    -------
    Ranked
        It says what recall is worth by itself, since nothing in it is particular to a return. The code that
        serves most comes first.

    Examples
    --------
    >>> relevant = np.array([[True, True, False], [True, False, False], [False, False, True]])
    >>> target = Target("code", np.arange(3), relevant, 3)
    >>> rank_most_alike(target, np.ones(3), 2).positions["code"][0].tolist()
    [0, 2]
    """
    left = (weight / np.maximum(target.cases, 1.0))[target.row]
    # Cases of a mechanism are alike, so that few lines are left to try the choices on.
    lines, of = np.unique(target.relevant, axis=0, return_inverse=True)
    size = np.bincount(of.ravel(), left, len(lines))
    served = size @ lines
    useful = np.flatnonzero(served > 0)
    choices = np.array(list(combinations(useful, min(most, len(useful)))), dtype=np.int64)
    gained = sum(size[i] * lines[i][choices].any(axis=1) for i in range(len(lines)))
    best = choices[int(np.argmax(gained))] if choices.size else np.empty(0, dtype=np.int64)
    best = best[np.argsort(-served[best], kind="stable")]
    return Ranked(MOST_ALIKE, {"code": np.tile(best, (target.rows, 1))}, {})


def _mean(values: Floats) -> Floats:
    mean: Floats = values.mean(axis=-1) if values.shape[-1] else np.full(values.shape[:-1], np.nan)
    return mean
