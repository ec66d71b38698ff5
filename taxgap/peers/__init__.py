"""Peers: whom a return is compared with, by trade group and size band."""

from __future__ import annotations

from taxgap.peers.groups import FURTHEST, PeerGroups, level_codes
from taxgap.peers.places import GROUPS, SIZE_BANDS, size_band, trade_group_of, trade_groups
from taxgap.peers.sketch import PER_GROUP, STANDS_FOR, PeerSketch

__all__ = [
    "FURTHEST",
    "GROUPS",
    "PER_GROUP",
    "SIZE_BANDS",
    "STANDS_FOR",
    "PeerGroups",
    "PeerSketch",
    "level_codes",
    "size_band",
    "trade_group_of",
    "trade_groups",
]
