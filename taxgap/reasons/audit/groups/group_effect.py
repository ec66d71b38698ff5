"""The group effect in the open: who is flagged for the group he is in, and would not be for himself alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from taxgap.reasons.audit.bands import FEWEST
from taxgap.reasons.audit.figures import Estimate, Figure, draw_figure, tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.rules import Rule
from taxgap.reasons.baseline import PeerBaseline
from taxgap.records.periods import tax_year_of
from taxgap.risk.arrays import Floats, Integers

NAME = "group_effect"

RULES = (
    Rule(
        "group_share",
        NAME,
        "How many flags would not stand if every group began at the mean of the population?",
        "at most",
        0.25,
        fails="Trade and size alone bring many over the cut-off, and no reason says so, since peers share "
        "them. See by trade and nation whom; say it to whoever is asked about a flag, or rank within groups.",
    ),
    Rule(
        "trade_share",
        NAME,
        "How many flags would not stand if every trade began at the mean of all returns of the same size?",
        "at most",
        0.25,
        fails="Trade alone brings many over the cut-off, whatever their size. See by trade whom: rank within "
        "trades, or say to whoever is asked about a flag that the trade is part of it.",
    ),
)
"""The checks of this part; the bounds are assumptions of what is bearable."""

GROUPS = ("trade group", "nation", "income decile", "size decile", "size band")
"""What the share is told by, as far as it is known."""

NO_MODEL = "Only the library's own explanations against peers say what the group adds to a score."


def measure_group_effect(material: Material) -> Part:
    r"""Measure how many flags rest on the group of a return rather than on what is its own.

    Parameters
    ----------
    material : Material

    Returns
    -------
    Part
        Left out for another's model or explanations.

    Notes
    -----
    The effect of the group is what the peers' mean score lies above the population's,

    .. math:: g_i = s_i - m - \sum_j \phi_{ij}

    and a flag rests on it if :math:`s_i - g_i` lies below the cut-off of the tax year. The cut-off stays
    where it is, so the number of flags does not: ``would be flagged without`` is the share of the others that
    :math:`s_i - g_i` lifts above it, and ``leaves when as many are flagged`` the share of flags that a
    ranking by :math:`s_i - g_i` with the same number of flags a tax year would give to others. The
    probability, which a flagged return must reach too, is left as it is.
    The score is expected tax, so much of the effect is that of size: more is at stake. ``rests on the trade``
    therefore asks the same of the peers' mean above that of all returns of the same size band.
    """
    subject = material.subject
    if subject.model is None or not subject.ours:
        return Part(NAME, tidy(()), left_out=NO_MODEL)
    mean = PeerBaseline(subject.model, subject.regime, subject.peers).population_mean
    own = material.contributions.to_numpy(dtype=np.float64).sum(axis=1)
    return part_of(material, material.score - mean - own, material.score - own - _of_size(material))


def part_of(material: Material, effect: Floats, trade: Floats | None = None) -> Part:
    """Make the part of what the group adds to each score, in log units.

    Parameters
    ----------
    material : Material
    effect : ndarray of float64
        Above the mean of the population.
    trade : ndarray of float64, optional
        Above the mean of all returns of the same size band: what is left of it to the trade.

    Returns
    -------
    Part
    """
    flagged, draws = material.flagged, material.bootstrap
    alone = material.score - effect
    rests = np.where(flagged, (alone < material.cut).astype(np.float64), np.nan)
    lifted = np.where(flagged, np.nan, (alone >= material.cut).astype(np.float64))
    share = draws.mean(rests)
    figures = [
        _figure("rests on the group", share),
        _figure("would be flagged without", draws.mean(lifted)),
        _figure("leaves when as many are flagged", draws.mean(_leave(material, alone))),
        _figure("effect", draws.mean(np.where(flagged, effect, np.nan), share=False), unit="log"),
    ]
    figures += _by_group(material, "rests on the group", rests)
    figures += _by_group(material, "effect", effect, "log")
    findings = {"group_share": share}
    if trade is not None:
        fallen = np.where(flagged, (material.score - trade < material.cut).astype(np.float64), np.nan)
        findings["trade_share"] = draws.mean(fallen)
        figures.append(_figure("rests on the trade", findings["trade_share"]))
        figures += _by_group(material, "rests on the trade", fallen)
    return Part(NAME, tidy(figures), findings=findings)


def _of_size(material: Material) -> Floats:
    """Return the mean score in the population of all returns of each one's size band."""
    subject, peers = material.subject, material.subject.peers
    scores = subject.score(subject.regime.compare(peers.rows, peers)).score
    table = pd.DataFrame({"above": scores * peers.stands_for, "below": peers.stands_for})
    sums = table.groupby(peers.rows["size_band"].astype("str").to_numpy()).sum()
    overall = float(sums["above"].sum() / sums["below"].sum())
    bands = material.observed["size_band"].astype("str")
    return np.asarray(bands.map(sums["above"] / sums["below"]).fillna(overall), dtype=np.float64)


def _by_group(material: Material, measure: str, values: Floats, unit: str = "share") -> Iterator[Figure]:
    for by, codes, names in _groups(material):
        for number, name in enumerate(names):
            inside = (codes == number) & material.flagged
            if np.count_nonzero(inside) >= FEWEST:
                own = np.where(inside, values, np.nan)
                found = material.bootstrap.mean(own, share=unit == "share")
                yield _figure(measure, found, by=by, group=str(name), unit=unit)


def _leave(material: Material, alone: Floats) -> Floats:
    """Tell which flags go to others when as many are flagged of each tax year by what is their own alone."""
    years = tax_year_of(material.index.get_level_values("period").to_series()).to_numpy()
    leaves = np.full(len(material), np.nan)
    for year in pd.unique(years):
        own = np.flatnonzero(years == year)
        flagged, weight = material.flagged[own], material.weight[own]
        order = np.argsort(-alone[own], kind="stable")
        # The returns drawn stand for others: as many of these are flagged as are now.
        reached = np.cumsum(weight[order]) <= weight[flagged].sum() + 1e-9
        kept = np.zeros(len(own), dtype=np.bool_)
        kept[order] = reached
        leaves[own[flagged]] = ~kept[flagged]
    return leaves


def _groups(material: Material) -> Iterator[tuple[str, Integers, list[str]]]:
    known = material.groups.assign(**{"size band": material.observed["size_band"].array})
    for by in GROUPS:
        if by in known.columns:
            levels = pd.Categorical(known[by])
            yield by, np.asarray(levels.codes, dtype=np.int64), [str(name) for name in levels.categories]


def _figure(measure: str, found: Estimate, *, by: str = "", group: str = "", unit: str = "share") -> Figure:
    where = {"group_by": by, "group": group, "method": "contributions", "unit": unit}
    return draw_figure(NAME, measure, found, **where)
