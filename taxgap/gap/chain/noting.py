"""What a reader of an estimate should know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from taxgap.gap.chain.components import Chain
from taxgap.gap.chain.hidden import HiddenEconomy
from taxgap.gap.detection import ControlledEstimate
from taxgap.risk import RiskModel


def collect_notes(
    chains: Sequence[Chain],
    controlled: Mapping[str, ControlledEstimate],
    models: Mapping[str, RiskModel],
    taxes: Sequence[str],
) -> list[str]:
    """Return what a reader should know of taxes, years and multipliers, each once."""
    notes = [note for chain in chains for note in chain.data.notes]
    for chain in chains:
        tax, years = chain.data.regime.replace("_", " "), {}  # type: ignore[var-annotated]
        for part in chain.parts:
            for note in part.notes:
                years.setdefault(note, []).append(part.year)
        notes += [f"{tax}, {' and '.join(when)}: {note}" for note, when in years.items()]
    for tax, control in controlled.items():
        notes.append(f"{tax.replace('_', ' ')}: {control.say_basis()}")
    notes += [
        f"The model for {tax} was not used: the tax is not estimated." for tax in models if tax not in taxes
    ]
    return notes


def doubt_hidden(hidden: HiddenEconomy | None, whole: Mapping[str, Any]) -> list[str]:
    """Return why an amount for the hidden economy may not be what was meant."""
    if hidden is None:
        return []
    notes, others = [], whole["gross"] - hidden.value
    if hidden.low is None:
        notes.append("The hidden economy counts as certain: no limits were given, which is hardly so.")
    if hidden.value > others:
        notes.append(
            f"The hidden economy is {hidden.value / max(others, 1.0):,.1f} times the gross gap of all "
            "returns: check that it is in pounds, and of these taxpayers and years."
        )
    return notes
