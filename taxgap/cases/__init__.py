"""Which cases to work: caseloads that find tax and keep the estimate of the gap alive."""

from __future__ import annotations

from taxgap.cases.caseload import Caseload
from taxgap.cases.economy import Economy, Year
from taxgap.cases.frontier import Frontier
from taxgap.cases.probabilities import DESIGNS
from taxgap.cases.selecting import select_cases
from taxgap.cases.simulating import simulate_programme
from taxgap.cases.treatments import Thresholds

__all__ = [
    "DESIGNS",
    "Caseload",
    "Economy",
    "Frontier",
    "Thresholds",
    "Year",
    "select_cases",
    "simulate_programme",
]
