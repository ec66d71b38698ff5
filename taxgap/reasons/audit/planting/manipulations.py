"""Manipulations: what an evaluator does to a copy of his own returns, and which reasons must be named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from taxgap.errors import UsageError

MOST_EVIDENCE = 3
"""More codes than these would make it easy to be right by chance."""

Change: TypeAlias = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]
Applies: TypeAlias = Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class Manipulation:
    """One way to make a return untrue.

    Attributes
    ----------
    name : str
        Such as ``rent_left_out``.
    change : callable
        ``change(returns, random)`` takes the returns it acts on, indexed by (taxpayer_id, period), and gives
        the boxes that change, on the same index, as whole columns. Random numbers come from `random` alone.
        Totals need not be changed: they follow.
    evidence : tuple of str
        One to three reason codes of the regime, any of which reveals it; fixed before a model is looked at.
    applies : callable
        ``applies(returns)`` tells which returns it can be done to, looking at each by itself.
    title : str
        What happens, in plain words.

    Raises
    ------
    UsageError
        It has no evidence, or more than three codes of it.

    Examples
    --------
    >>> fewer_dividends = Manipulation(
    ...     "dividends_left_out",
    ...     change=lambda returns, random: 0.0 * returns[["dividends"]],
    ...     evidence=("change.savings",),
    ...     applies=lambda returns: returns["dividends"] > 500,
    ... )
    """

    name: str
    change: Change
    evidence: tuple[str, ...]
    applies: Applies
    title: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.evidence) <= MOST_EVIDENCE:
            raise UsageError(
                f"The manipulation '{self.name}' has {len(self.evidence)} codes of evidence.",
                where="evidence",
                remedy=f"Name 1 to {MOST_EVIDENCE} codes.",
            )


_SHARE_LEFT_OUT = 0.30
_SHARE_INVENTED = 0.40
_EXPENSES = ("cost_of_goods", "staff_costs", "other_expenses")


def _pays_tax(returns: pd.DataFrame) -> pd.Series:
    # Little is lost on incomes that the allowance covers.
    return returns["total_income"] > 15_000


def _claims_expenses(returns: pd.DataFrame) -> pd.Series:
    return (returns["turnover"] > 5_000) & (returns["trading_allowance"] == 0) & _pays_tax(returns)


def _less_turnover(returns: pd.DataFrame, _random: np.random.Generator) -> pd.DataFrame:
    return ((1 - _SHARE_LEFT_OUT) * returns[["turnover"]]).round()


def _more_expenses(returns: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    pick = random.integers(0, len(_EXPENSES), len(returns))[:, np.newaxis] == np.arange(len(_EXPENSES))
    extra = (_SHARE_INVENTED * returns["turnover"].to_numpy()).round()[:, np.newaxis]
    return returns[list(_EXPENSES)] + pick * extra


def _more_travel(returns: pd.DataFrame, _random: np.random.Generator) -> pd.DataFrame:
    private = (0.15 * returns["turnover"]).round()
    return pd.DataFrame({"travel_costs": returns["travel_costs"] + private})


def _no_interest(returns: pd.DataFrame, _random: np.random.Generator) -> pd.DataFrame:
    return 0.0 * returns[["interest"]]


def _twice_the_pension(returns: pd.DataFrame, _random: np.random.Generator) -> pd.DataFrame:
    return 2.0 * returns[["pension_contributions"]]


def _half_the_rent(returns: pd.DataFrame, _random: np.random.Generator) -> pd.DataFrame:
    rents = (0.5 * returns["rents"]).round()
    # The allowance covers no more than the rent.
    return pd.DataFrame(
        {"rents": rents, "property_allowance": returns["property_allowance"].clip(upper=rents)}
    )


SELF_ASSESSMENT_MANIPULATIONS: tuple[Manipulation, ...] = (
    Manipulation(
        "turnover_less",
        _less_turnover,
        ("third_party.takings", "expenses.total", "change.turnover"),
        _claims_expenses,
        "Turnover is declared 30% too low, with all of its costs",
    ),
    Manipulation(
        "expenses_up",
        _more_expenses,
        ("expenses.total", "expenses.other", "margin.gross"),
        _claims_expenses,
        "Goods, wages or other expenses are raised by 40% of turnover",
    ),
    Manipulation(
        "private_travel",
        _more_travel,
        ("expenses.travel", "expenses.total"),
        _claims_expenses,
        "Private travel of 15% of turnover is claimed",
    ),
    Manipulation(
        "interest_left_out",
        _no_interest,
        ("third_party.interest", "change.savings"),
        lambda returns: (returns["interest"] > 1_500) & _pays_tax(returns),
        "Interest from banks is left out",
    ),
    Manipulation(
        "pension_relief_doubled",
        _twice_the_pension,
        ("reliefs.pension",),
        # Relief at the basic rate is given at source, and costs nobody anything on the return.
        lambda returns: (returns["pension_contributions"] > 1_000) & (returns["total_income"] > 55_000),
        "Pension payments are claimed twice",
    ),
    Manipulation(
        "rent_left_out",
        _half_the_rent,
        ("change.rent", "property.costs", "property.finance"),
        lambda returns: (returns["rents"] > 3_000) & _pays_tax(returns),
        "Half of the rent is left out, with none of its costs",
    ),
)
"""Ready-made ones for the Self Assessment return. Sizes are assumptions: large enough to matter."""
