"""Whether the cases opened can stand for all returns: weights, support, and what follows if they cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.risk.arrays import Bools, Column, Floats, to_flags
from taxgap.risk.card import to_plain

FLOOR = 0.002
"""A return opened less often than once in 500 stands for too many others (a choice of ours, not a law)."""

LIMITS: Mapping[str, float] = {
    "effective_cases": 50.0,
    "largest_share": 0.10,
    "below_floor": 0.02,
    "region_cases": 5.0,
}
"""Fewest effective cases; largest share of one weight; most of the population below the floor; and how many
openings chance would give a region before it counts that it has none."""

# The weights of the cases must add up to the population within this many standard errors.
_TOTAL_ERRORS = 5.0
_SMALL_REGION = 0.001


@dataclass(frozen=True)
class Overlap:
    """Whether weighted cases can speak for the population, and why.

    Parameters
    ----------
    identified : bool
        Whether an estimate by weights is worth its name.
    reason : str
        One sentence.
    facts : dict
        ``cases``, ``population``, ``effective_cases`` (Kish), ``largest_share`` (of all weight, in one case),
        ``lowest`` probability, ``below_floor`` (share of the population), ``total_ratio`` (weights of the
        cases over the population) and ``total_error`` (its standard error).
    regions : DataFrame
        ``feature, region, share, cases, effective_cases, expected``: support by region of the features.
    """

    identified: bool
    reason: str
    facts: dict[str, float]
    regions: pd.DataFrame

    def require(self, claim: str = "An estimate for all returns") -> Overlap:
        """Return this, or refuse.

        Parameters
        ----------
        claim : str
            What was going to be claimed.

        Returns
        -------
        Overlap

        Raises
        ------
        NotIdentifiedError
            If there is no overlap.
        """
        if not self.identified:
            raise NotIdentifiedError(
                f"{claim} is not identified: {self.reason}",
                where="opening probability",
                remedy="Draw some returns at random, state bounds (bound_outcomes), or claim it only for the "
                "returns that had a chance of being opened.",
            )
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "identified": self.identified,
            "reason": self.reason,
            "facts": to_plain(self.facts),
            "regions": to_plain(self.regions.to_dict("records")),
        }

    def to_text(self) -> str:
        """Return the verdict and the figures behind it."""
        facts = self.facts
        return (
            f"{'Identified' if self.identified else 'Not identified'}: {self.reason}\n"
            f"{facts['cases']:,.0f} cases count as {facts['effective_cases']:,.0f}; the largest weight is "
            f"{facts['largest_share']:.1%} of all; lowest probability {facts['lowest']:.4f}; "
            f"{facts['below_floor']:.1%} of the returns lie below the floor."
        )

    def _repr_html_(self) -> str:
        return f"<pre>{self.to_text()}</pre>{self.regions.to_html(index=False, float_format='{:.3g}'.format)}"


def diagnose_overlap(
    probability: Column,
    *,
    opened: Column | None = None,
    population: int | None = None,
    X_all: pd.DataFrame | None = None,
    floor: float = FLOOR,
    seen: bool = True,
) -> Overlap:
    """Diagnose whether opened cases can stand for all returns.

    Parameters
    ----------
    probability : array-like
        Probability of being opened: of all returns if ``opened`` is given (missing where it is not known,
        which is allowed for unopened returns), of the opened cases alone if not.
    opened : array-like of bool, optional
        Which returns were opened.
    population : int, optional
        How many returns there are; the number of rows of ``opened`` where that is given.
    X_all : DataFrame, optional
        Features of all returns: support is looked at by thirds of each number and by each level.
    floor : float, default 0.002
        A return with a lower probability counts as not supported.
    seen : bool, default True
        Whether the choice is known to depend on recorded facts alone. False where officers chose by what no
        record shows: weights then do not identify anything, whatever they look like.

    Returns
    -------
    Overlap

    Raises
    ------
    InvalidDataError
        If an opened case has a probability that is missing, zero, below zero or above one.

    Notes
    -----
    Effective cases: (sum w)^2 / sum w^2. The share of the population below the floor is counted where all
    probabilities are known, and else estimated by the weights of the cases; then returns that could not be
    opened at all leave no trace but one: the weights add up to fewer returns than there are.

    Examples
    --------
    >>> diagnose_overlap(np.full(200, 0.05), population=4000).identified
    True
    >>> print(diagnose_overlap(np.full(200, 0.05), population=9000).reason)
    The cases stand for 44% of the 9,000 returns (4,000): the others had no chance of being opened, or ...
    """
    values, flags = _read(probability, opened)
    if X_all is not None and len(X_all) != len(flags):
        raise UsageError(f"X_all has {len(X_all)} rows; {len(flags)} were expected.", where="X_all")
    weight = 1.0 / values[flags]
    rows = population if opened is None else len(flags)
    facts = _measure(values, flags, weight, rows, floor)
    regions = _support(X_all, flags, weight) if X_all is not None else _no_regions()
    problem = _find_problem(facts, regions, rows, floor) if seen else _HIDDEN
    reason = problem or (
        f"{facts['cases']:,.0f} cases count as {facts['effective_cases']:,.0f}, and every kind of return had "
        "its chance."
    )
    return Overlap(problem is None, reason, facts, regions)


_HIDDEN = "officers chose by what the records do not show, and no probability from the records undoes that."


def _read(probability: Column, opened: Column | None) -> tuple[Floats, Bools]:
    values = np.asarray(probability, dtype=np.float64)
    flags = np.ones(len(values), bool) if opened is None else to_flags(opened, "opened", rows=len(values))
    own = values[flags]
    if not len(own):
        raise NotIdentifiedError("No return was opened: there is nothing to weigh.", where="opened")
    outside = int((~((own > 0) & (own <= 1))).sum())
    if outside:
        raise InvalidDataError(
            f"The opening probability is missing, not above 0 or above 1 in {outside} of {len(own)} cases.",
            where="probability",
            remedy="Estimate it from the features of all returns (estimate_opening).",
        )
    return values, flags


def _measure(
    values: Floats, flags: Bools, weight: Floats, rows: int | None, floor: float
) -> dict[str, float]:
    total = float(weight.sum())
    whole = not np.isnan(values).any() and rows == len(values)
    below = np.mean(values < floor) if whole else weight[values[flags] < floor].sum() / total
    known = values[~np.isnan(values)]
    return {
        "cases": float(len(weight)),
        "population": float("nan") if rows is None else float(rows),
        "effective_cases": float(total**2 / (weight**2).sum()),
        "largest_share": float(weight.max() / total),
        "lowest": float(known.min()),
        "below_floor": float(below),
        "total_ratio": float("nan") if rows is None else total / rows,
        "total_error": float("nan") if rows is None else float(np.sqrt((weight * (weight - 1)).sum())) / rows,
    }


def _support(X_all: pd.DataFrame, flags: Bools, weight: Floats) -> pd.DataFrame:
    """Cut each feature into thirds or levels, with missing as a region, and count who was opened there."""
    parts = []
    chance = flags.mean()
    for name in X_all.columns:
        region = _cut(X_all[name])
        frame = pd.DataFrame({"region": region, "opened": flags.astype(np.float64)})
        frame["weight"] = 0.0
        frame.loc[flags, "weight"] = weight
        frame["square"] = frame["weight"] ** 2
        table = frame.groupby("region", observed=True).agg(
            n=("opened", "size"), cases=("opened", "sum"), weight=("weight", "sum"), square=("square", "sum")
        )
        parts.append(
            pd.DataFrame(
                {
                    "feature": name,
                    "region": table.index.astype(str),
                    "share": (table["n"] / len(flags)).to_numpy(),
                    "cases": table["cases"].to_numpy(),
                    "effective_cases": (table["weight"] ** 2 / table["square"].replace(0, np.nan))
                    .fillna(0.0)
                    .to_numpy(),
                    "expected": (table["n"] * chance).to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _cut(column: pd.Series) -> np.ndarray:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.astype(object).fillna("missing").astype(str))
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(values)
    region = np.full(len(values), "missing", dtype=object)
    if known.any():
        low, high = np.quantile(values[known], [1 / 3, 2 / 3])
        third = np.where(values <= low, "low", np.where(values <= high, "middle", "high"))
        region[known] = third[known]
    return region


def _no_regions() -> pd.DataFrame:
    return pd.DataFrame(columns=["feature", "region", "share", "cases", "effective_cases", "expected"])


def _check_total(facts: dict[str, float], rows: int) -> str | None:
    """Say what is wrong where the weights do not add up to the returns there are."""
    slack = max(_TOTAL_ERRORS * facts["total_error"], LIMITS["below_floor"])
    ratio = facts["total_ratio"]
    if ratio > 1 + 2 * slack:
        return f"The cases stand for {ratio:.1f} times the {rows:,} returns: the probabilities are too low."
    if ratio < 1 - slack:
        return (
            f"The cases stand for {ratio:.0%} of the {rows:,} returns ({ratio * rows:,.0f}): the "
            "others had no chance of being opened, or the probabilities are too high."
        )
    return None


def _find_problem(
    facts: dict[str, float], regions: pd.DataFrame, rows: int | None, floor: float
) -> str | None:
    wrong_total = None if rows is None else _check_total(facts, rows)
    if wrong_total:
        return wrong_total
    if facts["below_floor"] > LIMITS["below_floor"]:
        return f"{facts['below_floor']:.1%} of the returns had a chance of being opened below {floor:g}."
    if facts["effective_cases"] < LIMITS["effective_cases"]:
        return (
            f"The {facts['cases']:,.0f} cases count as {facts['effective_cases']:.0f}, and "
            f"{LIMITS['effective_cases']:.0f} are needed."
        )
    if facts["largest_share"] > LIMITS["largest_share"]:
        return f"One case carries {facts['largest_share']:.0%} of all weight."
    bare = regions[
        (regions["cases"] == 0)
        & (regions["expected"] >= LIMITS["region_cases"])
        & (regions["share"] >= _SMALL_REGION)
    ]
    if len(bare):
        worst = bare.sort_values("share").iloc[-1]
        where = f"{worst['feature']} is {worst['region']}"
        return f"No return was opened where {where}, which is {worst['share']:.1%} of all."
    return None
