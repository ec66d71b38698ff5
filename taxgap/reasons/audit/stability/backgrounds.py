"""Would the reasons be the same had other peers been drawn: two disjoint halves of each peer group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from taxgap.peers import PeerGroups
from taxgap.reasons.audit.bands import FEWEST, band
from taxgap.reasons.audit.figures import Estimate, Figure, draw_figure, tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.rules import Rule
from taxgap.reasons.audit.stability.agreement import agree
from taxgap.reasons.audit.stability.naming import Naming
from taxgap.reasons.audit.stability.refitting import draw_flagged, family_numbers
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.contributions import contributions
from taxgap.regimes import Regime
from taxgap.risk.arrays import Floats, Integers
from taxgap.risk.model import RiskModel

NAME = "backgrounds"

RULES = (
    Rule(
        "background_agreement",
        NAME,
        "Do two halves of the same peers give the same first reason?",
        "at least",
        0.90,
        fails="The peers that were drawn decide what is named. Keep more of each group, or widen small "
        "groups sooner.",
    ),
)
"""The check of this part, with its bound, an assumption of what is bearable."""

MOST = 3_000
"""At most so many flagged returns are explained again, drawn at random."""

PEERS = (100.0, 250.0)
"""Ends of the bands of how many peers a return was compared with."""

NO_MODEL = "Only explanations of the library's own can be held against other peers."


class HalfBaseline(PeerBaseline):
    """One half of each peer group: what is in one is not in the other.

    Parameters
    ----------
    model, regime, peers
        As for `PeerBaseline`.
    half : {0, 1}
        Which of the two.
    seed : int, default 0
        Another seed divides the groups in another way.
    """

    def __init__(
        self, model: RiskModel, regime: Regime, peers: PeerGroups, *, half: int, seed: int = 0
    ) -> None:
        super().__init__(model, regime, peers)
        self._half, self._seed = half, seed

    def background(self, number: int) -> Floats:
        """Return one half of the peers of a group."""
        return super().background(number)[self.members(number)]

    def members(self, number: int) -> Integers:
        """Return the places of this half among the peers of a group."""
        whole = int(self._groups["peers"].iloc[int(number)])
        order = np.random.default_rng([self._seed, 17, int(number)]).permutation(whole)
        return np.sort(order[self._half :: 2])


def measure_backgrounds(material: Material, *, most: int = MOST) -> Part:
    r"""Measure how far reasons and contributions depend on the peers that were drawn.

    Parameters
    ----------
    material : Material
    most : int, default 3000
        The most flagged returns.

    Returns
    -------
    Part
        Left out for another's model or explanations.

    Notes
    -----
    The relative change is the mean distance of a contribution between the halves over its mean size,

    .. math:: \sum |\phi^1_{ij} - \phi^2_{ij}| \, / \, \tfrac12 \sum (|\phi^1_{ij}| + |\phi^2_{ij}|)

    A half has half the peers, and two of them differ by the chance of both: the peers as they are leave about
    half of that distance to chance, so the figures here are on the safe side.
    """
    subject = material.subject
    if subject.model is None or not subject.ours:
        return Part(NAME, tidy(()), left_out=NO_MODEL)
    naming = Naming.of(material, draw_flagged(material, most))
    seen, seed = material.seen[naming.rows], material.settings.seed
    halves, of_peers = [], np.zeros(0)
    for half in (0, 1):
        baseline = HalfBaseline(subject.model, subject.regime, subject.peers, half=half, seed=seed)
        found = contributions(subject.model, seen, baseline=baseline)
        halves.append(found.values)
        of_peers = found.peers["peers"].to_numpy(dtype=np.float64)
    return compare_halves(material, naming, (halves[0], halves[1]), of_peers)


def compare_halves(
    material: Material, naming: Naming, halves: tuple[pd.DataFrame, pd.DataFrame], of_peers: Floats
) -> Part:
    """Make the part of two sets of contributions of the same returns.

    Parameters
    ----------
    material : Material
    naming : Naming
        Of these returns.
    halves : tuple of DataFrame
        The contributions against either half.
    of_peers : ndarray of float64
        How many peers both halves have together.

    Returns
    -------
    Part
    """
    codes, family = [naming.choose(half) for half in halves], family_numbers(material)
    most, rows = material.settings.reasons, naming.rows
    against = agree(rows, codes[0], [codes[1]], family=family, most=most)
    as_given = agree(rows, naming.given, codes, family=family, most=most)
    one, other = (half.to_numpy(dtype=np.float64) for half in halves)
    moved = np.abs(one - other).sum(axis=1)
    size = (np.abs(one) + np.abs(other)).sum(axis=1) / 2
    draws = material.bootstrap
    agreed = draws.mean(against.lay_out(against.same))
    change = draws.ratio(*(np.nan_to_num(against.lay_out(values)) for values in (moved, size)))
    figures = [
        _figure("top-1 agreement", agreed, chance=against.chance),
        _figure("top-1 agreement with the whole", draws.mean(as_given.lay_out(as_given.same))),
        _figure("top-1 agreement", draws.mean(against.lay_out(against.same_family)), level="family"),
        _figure(f"in common@{most}", draws.mean(against.lay_out(against.in_common))),
        _figure("relative change", change, level="field"),
    ]
    bands = band(against.lay_out(of_peers), PEERS)
    for number, name in enumerate(bands.categories):
        inside = np.asarray(bands.codes) == number
        if np.count_nonzero(inside) >= FEWEST:
            estimate = draws.mean(np.where(inside, against.lay_out(against.same), np.nan))
            figures.append(_figure("top-1 agreement", estimate, group_by="peers", group=str(name)))
    return Part(NAME, tidy(figures), findings={"background_agreement": agreed})


def _figure(measure: str, found: Estimate, **where: Any) -> Figure:
    return draw_figure(NAME, measure, found, method="halves", **({"level": "code"} | where))
