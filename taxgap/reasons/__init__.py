"""Reasons: why a return ranks where it does, in codes and sentences that add up to its score."""

from __future__ import annotations

from taxgap.reasons.baseline import RUNGS, PeerBaseline
from taxgap.reasons.contributions import Contributions, contributions
from taxgap.reasons.effects import effect_factor, effect_pounds, reason_effects
from taxgap.reasons.engines import ENGINES
from taxgap.reasons.families import families_disagree, family_of, family_values, first_family, sum_families
from taxgap.reasons.lowering import list_lowering
from taxgap.reasons.noise import annotate_noise, measure_noise
from taxgap.reasons.refits import Refits, fit_refits
from taxgap.reasons.selection import MOST_REASONS, Selection, select_reasons
from taxgap.reasons.sentences import GROUP_STANDS_OUT, NOTHING_STANDS_OUT, write_sentence, write_sentences
from taxgap.reasons.shapley import CompiledModel, compile_model, shapley_values
from taxgap.reasons.table import ReasonTable, give_reasons, reason_columns
from taxgap.reasons.telling import ReasonText, describe_lowering, describe_reasons

__all__ = [
    "ENGINES",
    "GROUP_STANDS_OUT",
    "MOST_REASONS",
    "NOTHING_STANDS_OUT",
    "RUNGS",
    "CompiledModel",
    "Contributions",
    "PeerBaseline",
    "ReasonTable",
    "ReasonText",
    "Refits",
    "Selection",
    "annotate_noise",
    "compile_model",
    "contributions",
    "describe_lowering",
    "describe_reasons",
    "effect_factor",
    "effect_pounds",
    "families_disagree",
    "family_of",
    "family_values",
    "first_family",
    "fit_refits",
    "give_reasons",
    "list_lowering",
    "measure_noise",
    "reason_columns",
    "reason_effects",
    "select_reasons",
    "shapley_values",
    "sum_families",
    "write_sentence",
    "write_sentences",
]
