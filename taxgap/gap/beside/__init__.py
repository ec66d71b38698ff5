"""Estimates beside the chain: from above, large businesses, the hidden economy, revisions."""

from __future__ import annotations

from taxgap.gap.beside.extremes import TailEstimate, estimate_large
from taxgap.gap.beside.recapture import HiddenEstimate, recapture_lists, recapture_two
from taxgap.gap.beside.revisions import analyse_revisions, revise_gap
from taxgap.gap.beside.top_down import TopDown, estimate_from_above, read_top_down

__all__ = [
    "HiddenEstimate",
    "TailEstimate",
    "TopDown",
    "analyse_revisions",
    "estimate_from_above",
    "estimate_large",
    "read_top_down",
    "recapture_lists",
    "recapture_two",
    "revise_gap",
]
