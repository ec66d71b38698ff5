"""One package a tax: its features, reason codes and sentences; other taxes plug in here."""

from __future__ import annotations

from taxgap.regimes.base import Regime
from taxgap.regimes.declaration import FAMILIES, Feature, ReasonCode
from taxgap.regimes.registry import get_regime, regime_names

__all__ = ["FAMILIES", "Feature", "ReasonCode", "Regime", "get_regime", "regime_names"]
