"""Reasons: why a return ranks where it does, in codes and sentences that add up to its score."""

from __future__ import annotations

from taxgap.reasons.baseline import RUNGS, PeerBaseline
from taxgap.reasons.contributions import Contributions, contributions
from taxgap.reasons.engines import ENGINES
from taxgap.reasons.selection import MOST_REASONS, Selection, select_reasons
from taxgap.reasons.sentences import GROUP_STANDS_OUT, NOTHING_STANDS_OUT, write_sentence
from taxgap.reasons.table import give_reasons, reason_columns

__all__ = [
    "ENGINES",
    "GROUP_STANDS_OUT",
    "MOST_REASONS",
    "NOTHING_STANDS_OUT",
    "RUNGS",
    "Contributions",
    "PeerBaseline",
    "Selection",
    "contributions",
    "give_reasons",
    "reason_columns",
    "select_reasons",
    "write_sentence",
]
