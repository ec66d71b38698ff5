"""Which tax years train, and which later one evaluates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from taxgap.errors import NotIdentifiedError
from taxgap.records.periods import tax_year_of
from taxgap.risk.observing import years_of
from taxgap.risk.outcomes import MINIMUM_RANDOM

EVALUATION_CASES = 500
"""The fewest closed random enquiries of a tax year that can tell how good a model is."""

CLOSED_SHARE = 0.6
"""The share of a year's random enquiries that must be closed: the first to close are not like the rest."""


@dataclass(frozen=True)
class Window:
    """Which tax years train, and which one evaluates.

    Parameters
    ----------
    train : tuple of str
        Tax years that train, oldest first.
    evaluate : str
        The later tax year whose random enquiries evaluate.
    """

    train: tuple[str, ...]
    evaluate: str

    @property
    def all(self) -> list[str]:
        """All of them, oldest first."""
        return [*self.train, self.evaluate]


def split_periods(
    labels: pd.DataFrame, *, closed: Mapping[str, float] | None = None, cases: int = EVALUATION_CASES
) -> Window:
    """Choose the tax year that evaluates, and those before it, which train.

    Parameters
    ----------
    labels : DataFrame
        As `build_labels` gives them.
    closed : mapping of str to float, optional
        Tax year to the share of its random enquiries that are closed; all are where not given.
    cases : int, default 500
        The fewest closed random enquiries that evaluate.

    Returns
    -------
    Window

    Raises
    ------
    NotIdentifiedError
        If no tax year has enough random enquiries, or none before it does.

    Examples
    --------
    >>> periods = [range(600), ["2021-22", "2022-23"]]
    >>> index = pd.MultiIndex.from_product(periods, names=["taxpayer_id", "period"])
    >>> split_periods(pd.DataFrame({"random": True}, index=index))
    Window(train=('2021-22',), evaluate='2022-23')
    """
    drawn = labels["random"].groupby(years_of(labels.index).to_numpy()).sum().sort_index()
    counts = {str(period): int(count) for period, count in drawn.items()}
    shares = closed or {}
    enough = [
        period
        for period, count in counts.items()
        if count >= cases and shares.get(period, 1.0) >= CLOSED_SHARE
    ]
    if not enough:
        listed = ", ".join(
            f"{count} in {period} ({shares.get(period, 1.0):.0%} of those opened)"
            for period, count in counts.items()
        )
        raise NotIdentifiedError(
            f"To evaluate, a tax year needs {cases} closed random enquiries, and "
            f"{CLOSED_SHARE:.0%} of those opened closed: {listed}.",
            where="enquiries",
            remedy="Wait until more are closed; make more synthetic taxpayers; or ask for fewer, at the cost "
            "of wider intervals (evaluation_cases).",
        )
    evaluate_on = enough[-1]
    earlier = tuple(period for period in counts if period < evaluate_on)
    trained = sum(counts[period] for period in earlier)
    if trained < MINIMUM_RANDOM:
        raise NotIdentifiedError(
            f"Only {trained} closed random enquiries are of periods before {evaluate_on}; calibration needs "
            f"{MINIMUM_RANDOM}.",
            where="enquiries",
            remedy="Give records of earlier periods.",
        )
    return Window(earlier, evaluate_on)


def closed_share(enquiries: pd.DataFrame, *, weighted: bool = False) -> dict[str, float]:
    """Return the share of each tax year's random enquiries that are closed.

    Parameters
    ----------
    enquiries : DataFrame
        With `period`, `programme` and `closed_on`, of one tax.
    weighted : bool, default False
        Whether enquiries of every programme count.

    Returns
    -------
    dict of str to float
    """
    drawn = enquiries if weighted else enquiries[enquiries["programme"] == "random"]
    shares = drawn["closed_on"].notna().groupby(tax_year_of(drawn["period"])).mean()
    return {str(period): float(share) for period, share in shares.items()}
