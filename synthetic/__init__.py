"""The population: who exists, what they truly earned, what they chose to report."""

from __future__ import annotations

from taxgap.synthetic.generation import generate
from taxgap.synthetic.mechanisms import MECHANISMS, Mechanism
from taxgap.synthetic.settings import Settings

__all__ = ["MECHANISMS", "Mechanism", "Settings", "generate"]
