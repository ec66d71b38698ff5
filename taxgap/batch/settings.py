"""How to score: checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import pandas as pd

from taxgap.errors import UsageError
from taxgap.reasons import MOST_REASONS
from taxgap.risk.ranking import RankBy


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """The settings of a scoring; see `taxgap.batch.score` for what each means.

    Raises
    ------
    UsageError
        Settings are out of range; all are named at once.
    """

    reasons: int = 4
    explain_share: float = 1.0
    periods: tuple[str, ...] | None = None
    as_of: str | None = None
    capacity_share: float = 0.05
    cutoff: float | None = None
    validate: bool = True
    rank_by: RankBy = "expected_tax"
    hourly_cost: float | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        shares = {"explain_share": self.explain_share, "capacity_share": self.capacity_share}
        if self.cutoff is not None:
            shares["cutoff"] = self.cutoff
        wrong = [
            f"{name} is {value}, not from 0 to 1" for name, value in shares.items() if not 0 <= value <= 1
        ]
        if self.rank_by not in get_args(RankBy):
            wrong.append(f"rank_by is {self.rank_by!r}, not one of {', '.join(get_args(RankBy))}")
        if self.hourly_cost is not None and not self.hourly_cost >= 0:
            wrong.append(f"hourly_cost is {self.hourly_cost}, below 0")
        if self.threads is not None and self.threads < 1:
            wrong.append(f"threads is {self.threads}, below 1")
        if not 0 <= self.reasons <= MOST_REASONS:
            wrong.append(f"reasons is {self.reasons}, not from 0 to {MOST_REASONS}")
        if not all(isinstance(period, str) for period in self.periods or ()):
            wrong.append("periods holds what is not text, such as '2023-24'")
        if wrong:
            raise UsageError(f"These settings cannot be used: {'; '.join(wrong)}.", where="settings")

    @property
    def explains(self) -> bool:
        """Whether any return is given reasons."""
        return self.reasons > 0 and self.explain_share > 0

    @property
    def explains_all(self) -> bool:
        """Whether every return is given reasons."""
        return self.explains and self.explain_share >= 1

    def check_explains(self) -> None:
        """Refuse to give the contributions to scores of which none is explained.

        Raises
        ------
        UsageError
        """
        if not self.explains:
            raise UsageError(
                "Nothing is explained, so there are no contributions.",
                where="contributions",
                remedy="Ask for reasons, and for a share of the returns above 0.",
            )

    @classmethod
    def of(
        cls,
        *,
        periods: Sequence[str] | str | None = None,
        as_of: str | pd.Timestamp | None = None,
        **others: Any,
    ) -> ScoreSettings:
        """Build settings from the arguments of `taxgap.batch.score`."""
        return cls(
            periods=(periods,) if isinstance(periods, str) else None if periods is None else tuple(periods),
            as_of=str(as_of.date()) if isinstance(as_of, pd.Timestamp) else as_of,
            **others,
        )

    def flag_rule(self, cutoff: float) -> str:
        """Say in words which returns are flagged.

        Examples
        --------
        >>> ScoreSettings().flag_rule(0.5)
        'Flagged if the probability is at least 0.5 and the rank is within the first 5% of the tax year.'
        """
        order = "" if self.rank_by == "expected_tax" else f" by {self.rank_by.replace('_', ' ')}"
        return (
            f"Flagged if the probability is at least {cutoff:.4g} "
            f"and the rank{order} is within the first {100 * self.capacity_share:.4g}% of the tax year."
        )
