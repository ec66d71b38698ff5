"""What a scoring came to, on one screen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.batch.scorer import LIKELIHOOD
from taxgap.records.periods import tax_year_of

TOP_REASONS = 8

SUMMARISED = (
    *("period", "score", "probability", "population_mean", "group_effect", "expected_tax", "flagged"),
    *("reason_1_code", LIKELIHOOD),
)
"""The columns that `summarise` reads; the last two are there where reasons were asked for."""


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
    group_share : float
        Share of the flagged whose group effect is larger than all of their own contributions together, that
        is, who are flagged mainly because of the group; missing where none is explained.
    differing_share : float
        Share of the flagged whose first reason would be another, or none, for the likelihood instead of the
        ranking score; missing where none is explained.
    highest : float
        The highest probability of all returns, by which to choose a cut-off where none is flagged.
    """

    periods: pd.DataFrame
    reasons: pd.Series
    without_reason: int
    group_share: float
    differing_share: float
    highest: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "periods": self.periods.to_dict("records"),
            "first_reasons": {str(code): int(count) for code, count in self.reasons.items()},
            "without_reason": self.without_reason,
            "mainly_because_of_group_share": _or_none(self.group_share),
            "first_reason_differs_by_likelihood_share": _or_none(self.differing_share),
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
        others = int(self.reasons.iloc[TOP_REASONS:].sum())
        lines += [f"  {others:>6,}  others"] if others else []
        lines += [f"  {self.without_reason:>6,}  no single reason stands out", ""]
        return "\n".join([*lines, *self._shares(), "A flag is a reason to look, not a finding."])

    def _shares(self) -> list[str]:
        said = {
            "are so mainly because of their group: trade and size add more than all else.": self.group_share,
            "would have another first reason, were they ranked by probability.": self.differing_share,
        }
        told = {words: share for words, share in said.items() if not math.isnan(share)}
        return [f"{share:.0%} of the flagged {words}" for words, share in told.items()]


def summarise(scores: pd.DataFrame) -> ScoreSummary:
    """Count flags and first reasons.

    Parameters
    ----------
    scores : DataFrame
        From `taxgap.batch.score`; `SUMMARISED` is enough of it.

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
    first = _codes(flagged, "reason_1_code")
    known = first[first != ""]
    return ScoreSummary(
        periods.reset_index(),
        known.value_counts(),
        len(flagged) - len(known),
        _group_share(flagged),
        _differing_share(flagged, first),
        _highest(scores),
    )


def _codes(scores: pd.DataFrame, column: str) -> pd.Series:
    # As text, so that having no reason is an answer that can be compared.
    if column not in scores:
        return pd.Series("", index=scores.index, dtype="str")
    return scores[column].astype("str").fillna("")


def _group_share(flagged: pd.DataFrame) -> float:
    if "group_effect" not in flagged:
        return math.nan
    own = flagged["score"] - flagged["population_mean"] - flagged["group_effect"]
    return float((flagged["group_effect"] > own.clip(lower=0.0)).mean())


def _differing_share(flagged: pd.DataFrame, first: pd.Series) -> float:
    if LIKELIHOOD not in flagged:
        return math.nan
    return float((first != _codes(flagged, LIKELIHOOD)).mean())


def _or_none(share: float) -> float | None:
    return None if math.isnan(share) else share


def _highest(scores: pd.DataFrame) -> float:
    return float(scores["probability"].max()) if len(scores) else 0.0
