"""What monitoring found: frames, alarms with their stated rate, and whether to train again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

_SHOWN = 12


@dataclass(frozen=True)
class MonitoringReport:
    """Whether a model still fits what comes in.

    Attributes
    ----------
    model_id, regime, as_of : str
    reference : tuple of str
        The tax years of the reference; what is new is held against the latest.
    periods : DataFrame
        One row a tax year: `period, returns, share_in` (of the returns of the reference's latest year),
        `flag_rate`, `flag_rate_before`, `psi_score`.
    drift : DataFrame
        Every comparison; see `taxgap.monitoring.drift.compare`, with `alarm`.
    outcomes : DataFrame
        What enquiries found; see `taxgap.monitoring.outcomes.judge_outcomes`, with `alarm`.
    answers : DataFrame
        What officers said; see `taxgap.monitoring.outcomes.judge_answers`, with `alarm`.
    alarms : DataFrame
        One row an alarm: `family, period, what, where, value, tolerance, p, sentence`.
    false_alarm : float
        The most probable it is that a report has any alarm when nothing moved by more than its tolerance.
    retrain : bool
    reasons : tuple of str
        Why, or why not, to train again.
    notes : tuple of str
        What could not be judged.
    """

    model_id: str
    regime: str
    as_of: str
    reference: tuple[str, ...]
    periods: pd.DataFrame
    drift: pd.DataFrame
    outcomes: pd.DataFrame
    answers: pd.DataFrame
    alarms: pd.DataFrame
    false_alarm: float
    retrain: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        frames = {
            name: getattr(self, name)
            .astype(object)
            .where(getattr(self, name).notna(), None)
            .to_dict("records")
            for name in ("periods", "outcomes", "answers", "alarms")
        }
        return {
            "model_id": self.model_id,
            "regime": self.regime,
            "as_of": self.as_of,
            "reference": list(self.reference),
            "comparisons": len(self.drift),
            "false_alarm": self.false_alarm,
            "retrain": self.retrain,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
            **frames,
        }

    def to_text(self) -> str:
        """Return the report as text for a terminal."""
        lines = [
            f"Model {self.model_id} ({self.regime}) at {self.as_of}, held against {self.reference[-1]}.",
            *(
                f"{row.period}: {row.returns:,} returns; {row.flag_rate:.1%} reach the model's cut-off, "
                f"before {row.flag_rate_before:.1%}; the score moved by {row.psi_score:.3f}."
                for row in self.periods.itertuples()
            ),
            f"{len(self.drift):,} comparisons, {len(self.alarms):,} alarms.",
            f"If nothing moved beyond its tolerance, any alarm is at most {self.false_alarm:.0%} likely.",
            *(f"  {sentence}" for sentence in self.alarms["sentence"].head(_SHOWN)),
        ]
        left = len(self.alarms) - _SHOWN
        lines += [f"  and {left:,} more."] if left > 0 else []
        lines += list(self._list_outcomes())
        lines += [*self.notes, "Train again." if self.retrain else "No need to train again.", *self.reasons]
        return "\n".join(lines)

    def _list_outcomes(self) -> Iterator[str]:
        for row in self.outcomes.itertuples():
            judged = "" if pd.notna(row.p) else ", not judged"
            ratio = "" if pd.isna(row.ratio) else f", {row.ratio:.2f} times what was expected"
            yield (
                f"{row.period}, {row.programme} enquiries, {row.measure}: {row.cases:,} closed "
                f"({row.closed_share:.0%}){ratio}{judged}."
            )
        for row in self.answers.itertuples():
            if row.code == "all" and pd.notna(row.value):
                yield f"Officers' answers, {row.measure}: {row.value:.2f} over {row.reviews:,} reviews."

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.to_text())}</pre>"
