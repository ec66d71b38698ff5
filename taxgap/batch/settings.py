"""How to score: checked before anything is read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, get_args

import numpy as np
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
        for name, value in vars(self).items():
            if isinstance(value, np.generic):  # plain numbers go into plans and queries as they are
                object.__setattr__(self, name, value.item())
        wrong = [
            _out_of("explain_share", self.explain_share, 0, 1),
            _out_of("capacity_share", self.capacity_share, 0, 1),
            _out_of("cutoff", 0 if self.cutoff is None else self.cutoff, 0, 1),
            _out_of("hourly_cost", 0 if self.hourly_cost is None else self.hourly_cost, 0),
            _out_of("threads", 1 if self.threads is None else self.threads, 1, whole=True),
            _out_of("reasons", self.reasons, 0, MOST_REASONS, whole=True),
        ]
        if self.rank_by not in get_args(RankBy):
            wrong.append(f"rank_by is {self.rank_by!r}, not one of {', '.join(get_args(RankBy))}")
        if not all(isinstance(period, str) for period in self.periods or ()):
            wrong.append("periods holds what is not text, such as '2023-24'")
        _refuse(wrong)

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


def check_run(*, workers: int | None = 1, together: int = 1, max_rejected: float = 0.0) -> None:
    """Refuse options of a run that are out of range; all are named at once.

    Parameters
    ----------
    workers : int or None, default 1
        Processes, at least 1; None is one a processor.
    together : int, default 1
        Returns, at least 1.
    max_rejected : float, default 0
        A share of rows, from 0 to 1.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> check_run(workers=2, max_rejected=0.05)
    """
    _refuse(
        [
            _out_of("workers", 1 if workers is None else workers, 1, whole=True),
            _out_of("together", together, 1, whole=True),
            _out_of("max_rejected", max_rejected, 0, 1),
        ]
    )


def check_threads(threads: int | None) -> None:
    """Refuse threads where several processes, or those of a cluster, share the work: each has one.

    Raises
    ------
    UsageError
    """
    if threads is not None and threads > 1:
        raise UsageError(
            f"threads is {threads}, but each of several processes explains with one thread.",
            where="threads",
            remedy="Leave threads out, or ask for one worker here: workers=1.",
        )


def _out_of(name: str, value: object, low: float, high: float = math.inf, *, whole: bool = False) -> str:
    """Say that a number is out of its range, or nothing."""
    kind = Integral if whole else Real
    if not isinstance(value, kind) or isinstance(value, bool):
        return f"{name} is {value!r}, not a {'whole ' if whole else ''}number"
    if low <= float(value) <= high:
        return ""
    return f"{name} is {value}, " + (f"below {low}" if high == math.inf else f"not from {low} to {high}")


def _refuse(wrong: Iterable[str]) -> None:
    if told := [each for each in wrong if each]:
        raise UsageError(
            f"These settings cannot be used: {'; '.join(told)}.",
            where="settings",
            remedy="Choose values within these ranges, or leave them out.",
        )
