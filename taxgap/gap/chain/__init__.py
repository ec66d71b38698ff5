"""The chain from a random programme to the tax gap."""

from __future__ import annotations

from taxgap.gap.chain.estimating import estimate_gap
from taxgap.gap.chain.hidden import HiddenEconomy
from taxgap.gap.chain.multiplier import Multiplier
from taxgap.gap.chain.result import GapEstimate

__all__ = ["GapEstimate", "HiddenEconomy", "Multiplier", "estimate_gap"]
