"""What a scoring came to, on one screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.records.periods import tax_year_of

TOP_REASONS = 8


@dataclass(frozen=True)
class ScoreSummary:
    """What a scoring came to.

    Attributes
    ----------
    periods : DataFrame
        One row a tax year: `period, returns, flagged, explained, expected_tax` (GBP, of the flagged).
    reasons : Series
        How often each code is the first reason of a flagged return.
    without_reason : int
        Flagged returns on which no single reason stands out.
    highest : float
        The highest probability of all returns, by which to choose a cut-off where none is flagged.
    """

    periods: pd.DataFrame
    reasons: pd.Series
    without_reason: int
    highest: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "periods": self.periods.to_dict("records"),
            "first_reasons": {str(code): int(count) for code, count in self.reasons.items()},
            "without_reason": self.without_reason,
            "highest_probability": self.highest,
        }

    def to_text(self) -> str:
        """Return the summary as text for a terminal."""
        lines = ["tax year    returns    flagged  explained   tax expected of the flagged"]
        for row in self.periods.itertuples():
            counts = f"{row.returns:>10,} {row.flagged:>10,} {row.explained:>10,}"
            lines.append(f"{row.period:<8} {counts} {f'£{row.expected_tax:,.0f}':>29}")
        if not self.periods["flagged"].any():
            words = f"Nothing is flagged: the highest probability is {self.highest:.2f}; see --cutoff."
            return "\n".join([*lines, "", words])
        lines += ["", "First reasons of the flagged:"]
        lines += [f"  {count:>6,}  {code}" for code, count in self.reasons.head(TOP_REASONS).items()]
        lines += [f"  {self.without_reason:>6,}  no single reason stands out", ""]
        return "\n".join([*lines, "A flag is a reason to look, not a finding."])


def summarise(scores: pd.DataFrame) -> ScoreSummary:
    """Count flags and first reasons.

    Parameters
    ----------
    scores : DataFrame
        From `taxgap.batch.score`.

    Returns
    -------
    ScoreSummary
    """
    counted = scores.assign(
        explained=scores["population_mean"].notna(), tax=scores["expected_tax"].where(scores["flagged"], 0.0)
    )
    periods = counted.groupby(tax_year_of(counted["period"])).agg(
        returns=("score", "size"),
        flagged=("flagged", "sum"),
        explained=("explained", "sum"),
        expected_tax=("tax", "sum"),
    )
    flagged = counted[counted["flagged"] & counted["explained"]]
    first = flagged.get("reason_1_code", pd.Series(dtype="str")).astype("str")
    known = first[flagged.get("reason_1_code", pd.Series(dtype="str")).notna()]
    return ScoreSummary(
        periods.reset_index(), known.value_counts(), len(flagged) - len(known), _highest(scores)
    )


def _highest(scores: pd.DataFrame) -> float:
    return float(scores["probability"].max()) if len(scores) else 0.0
