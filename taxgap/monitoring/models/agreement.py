"""How far two models agree on all returns: the order they give, and whom they flag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.batch import score
from taxgap.records import Records
from taxgap.records.periods import tax_year_of
from taxgap.risk.card import to_plain
from taxgap.risk.model import RiskModel


@dataclass(frozen=True)
class Agreement:
    """How far two models agree.

    Parameters
    ----------
    periods : tuple of str
        The tax years whose returns were scored.
    returns : int
        How many these are.
    rank_correlation : float
        Spearman's, of the ranks within each tax year; missing where there is one return.
    flagged_by_both, flagged_by_challenger, flagged_by_other : int
        Returns that both flag, and those that one alone flags.
    """

    periods: tuple[str, ...]
    returns: int
    rank_correlation: float
    flagged_by_both: int
    flagged_by_challenger: int
    flagged_by_other: int

    @property
    def overlap(self) -> float:
        """Returns that both flag, of those that either does; missing where none is flagged."""
        either = self.flagged_by_both + self.flagged_by_challenger + self.flagged_by_other
        return self.flagged_by_both / either if either else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        told: dict[str, Any] = to_plain({**asdict(self), "overlap": self.overlap})
        return told

    def to_text(self) -> str:
        """Return two sentences."""
        flagged = (
            f"{self.flagged_by_both:,} are flagged by both, {self.flagged_by_challenger:,} by the challenger "
            f"alone, {self.flagged_by_other:,} by the other alone"
        )
        overlap = "" if np.isnan(self.overlap) else f" (overlap {self.overlap:.0%})"
        return (
            f"On all {self.returns:,} returns of {', '.join(self.periods)} the ranks correlate at "
            f"{self.rank_correlation:.2f}. Of them {flagged}{overlap}."
        )


def measure_agreement(
    records: Records,
    challenger: RiskModel,
    other: RiskModel,
    *,
    periods: Sequence[str],
    capacity_share: float,
) -> Agreement:
    """Score all returns with both models, as `taxgap.score` does, and compare.

    Parameters
    ----------
    records : Records
        As they stand.
    challenger, other : RiskModel
        Of one regime.
    periods : sequence of str
        Tax years.
    capacity_share : float
        Share of the returns of a tax year that can be worked.

    Returns
    -------
    Agreement
    """
    own, theirs = (_score(records, model, periods, capacity_share) for model in (challenger, other))
    flags = own["flagged"].to_numpy(np.bool_), theirs["flagged"].to_numpy(np.bool_)
    ranks = own["share"].to_numpy(np.float64), theirs["share"].to_numpy(np.float64)
    told = len(own) > 1 and min(float(np.std(each)) for each in ranks) > 0
    return Agreement(
        periods=tuple(periods),
        returns=len(own),
        rank_correlation=float(np.corrcoef(*ranks)[0, 1]) if told else float("nan"),
        flagged_by_both=int((flags[0] & flags[1]).sum()),
        flagged_by_challenger=int((flags[0] & ~flags[1]).sum()),
        flagged_by_other=int((~flags[0] & flags[1]).sum()),
    )


def _score(records: Records, model: RiskModel, periods: Sequence[str], capacity_share: float) -> pd.DataFrame:
    # The same records give the same returns in the same order, whatever the model.
    scores = score(records, model, reasons=0, periods=periods, capacity_share=capacity_share, validate=False)
    year = tax_year_of(scores["period"])
    # Tax years may differ in size: a rank is taken as a share of its year.
    share = scores["rank"] / year.map(year.value_counts()).astype("float64")
    return pd.DataFrame({"flagged": scores["flagged"], "share": share})
