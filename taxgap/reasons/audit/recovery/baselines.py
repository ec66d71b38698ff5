"""Naive explanations that look at no model's workings: what ours must beat to be worth anything."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.reasons.audit.material import Material, measure_some
from taxgap.reasons.audit.planted import LEVELS
from taxgap.reasons.audit.recovery.ranked import (
    Ranked,
    Whole,
    hash_pairs,
    lay_by_feature,
    names_of,
    rank_features,
    rank_scores,
)
from taxgap.risk.arrays import Floats

BASELINES = ("random", "global", "z_score")
"""The naive explanations by name."""

MOST_FLAGGED = 2_000
"""So many flagged returns at most say what another's model holds for important as a whole."""

_TWO_TO_53 = 2.0**53


def rank_by_baselines(material: Material) -> dict[str, Ranked]:
    """Explain the returns by every naive method.

    Parameters
    ----------
    material : Material

    Returns
    -------
    dict of str to Ranked
        By the names of `BASELINES`.
    """
    every = (rank_at_random(material), rank_alike(material), rank_by_z_score(material))
    return {ranked.method: ranked for ranked in every}


def rank_at_random(material: Material) -> Ranked:
    """Rank in random order, drawn for each return from its own key: the order of rows has no say.

    Parameters
    ----------
    material : Material

    Returns
    -------
    Ranked
    """
    regime, index = material.regime, material.index
    # A draw of its own at each level, else families with many features would come first.
    scores = {
        level: _to_shares(hash_pairs(index, names_of(regime, level), salt=1_000 + material.settings.seed))
        for level in LEVELS
    }
    return rank_scores(regime, index, scores, "random")


def rank_alike(material: Material) -> Ranked:
    """Rank alike for everyone: by what the features gained in training, all their splits together.

    Parameters
    ----------
    material : Material

    Returns
    -------
    Ranked
        Where the model is not the library's own, by the mean positive contribution over flagged returns:
        the first `MOST_FLAGGED` of all in the order of a hash of their names. Neither depends on which
        returns are audited.
    """
    regime = material.regime
    alike = weigh_features(material)
    table = np.broadcast_to(alike, (len(material), len(alike)))
    return rank_features(regime, material.index, table, "global")


def weigh_features(material: Material) -> Floats:
    """Return how much each feature of the regime matters to the model as a whole; see `rank_alike`."""
    features = list(material.regime.feature)
    model = material.subject.model
    if model is None:
        found = lay_by_feature(material.regime, _explain_flagged(material))
        mean: Floats = np.maximum(np.nan_to_num(found), 0.0).mean(axis=0)
        return mean
    gains = model.booster("expected_tax").feature_importance("gain")
    gained = dict(zip(model.feature_names_in_, gains, strict=True))
    return np.array([gained.get(name, 0.0) for name in features], dtype=np.float64)


def _explain_flagged(material: Material) -> pd.DataFrame:
    """Return contributions of flagged returns that are the same whichever returns were drawn."""
    chosen = material.every_flagged[:MOST_FLAGGED]
    known = material.contributions.set_axis(material.index)
    if chosen.isin(material.index).all():
        return known.loc[chosen]
    observed = measure_some(material.records, material.regime, chosen)
    try:
        return material.subject.explain(material.regime.compare(observed, material.subject.peers))
    except UsageError:
        if material.subject.follows:
            raise
        return known[material.flagged]  # a frame need not hold more than what is audited


def rank_by_z_score(material: Material) -> Ranked:
    """Rank by the distance from the peers' median, on the side that is of concern.

    Parameters
    ----------
    material : Material

    Returns
    -------
    Ranked
        A code, and a family, is as far out as the furthest of its features.

    Notes
    -----
    The distance is that of `taxgap.peers.PeerGroups.position`, in units of half the peers' middle half. It
    ends at 10, so that there are ties.
    """
    regime = material.regime
    known = [name for name in regime.feature if name in material.subject.peers.measures]
    away = lay_by_feature(regime, material.subject.peers.positions(material.observed, known))
    sides = np.array([feature.side for feature in regime.features], dtype=np.float64)
    concerned = np.nan_to_num(away * sides)
    return rank_features(
        regime, material.index, concerned, "z_score", join=lambda own: own.max(axis=1, initial=0.0)
    )


def _to_shares(numbers: Whole) -> Floats:
    shares: Floats = ((numbers >> np.uint64(11)).astype(np.float64) + 0.5) / _TWO_TO_53
    return shares
