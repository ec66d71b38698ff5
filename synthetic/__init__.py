"""The population: who exists, what they truly earned, what they chose to report, what others know of it."""

from __future__ import annotations

from taxgap.synthetic.form import Mechanism
from taxgap.synthetic.generation import generate
from taxgap.synthetic.mechanisms import mechanisms
from taxgap.synthetic.shocks import Shock

__all__ = ["Mechanism", "Shock", "generate", "mechanisms"]
