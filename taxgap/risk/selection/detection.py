"""How much of what is there officers find: how they differ, and what follows if the best miss little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.risk.arrays import Column, Floats, Integers, to_floats
from taxgap.risk.card import to_plain
from taxgap.risk.selection.influence import Measured
from taxgap.risk.selection.officers import Spread, check_allocation, measure_spread, relate_to_best

FEWEST_OFFICERS = 10
FEWEST_CASES = 20
"""Fewest officers, and fewest cases of one, that can tell how officers differ."""

ALLOCATION_LIMIT = 0.001
"""Cases are called unevenly allotted where chance alone would show as much with this probability."""

_CAP = 0.95
_DIFFER = 0.05


@dataclass(frozen=True)
class Detection:
    """What is known of partial detection.

    Parameters
    ----------
    officers : DataFrame
        By ``officer_id``: ``cases``; ``amount_effect, amount_low, amount_high``, the tax an officer finds
        over what the average officer would find; ``strike_effect, strike_low, strike_high``, likewise for how
        often he finds any. 1 is the average; all are drawn to it.
    relative : Measured
        Tax that all officers find over what they would find if each were as good as the best tenth. Rests on
        the allocation of cases alone.
    share_found : Measured
        Share of the tax there that officers find, if the best tenth find ``best_finds`` of it.
    missed_whole : Measured
        Share of the returns that are wrong on which an officer finds nothing, if the best tenth find
        something on ``best_strikes`` of them.
    identified : bool
        Whether the three measures above are worth their names.
    problems : tuple of str
        Why not, or what to keep in mind.
    facts : dict
        Cases, officers, spreads, p-values and assumptions.
    """

    officers: pd.DataFrame
    relative: Measured
    share_found: Measured
    missed_whole: Measured
    identified: bool
    problems: tuple[str, ...]
    facts: dict[str, Any]

    def multiplier(self) -> Measured:
        """Return what tax found is to be multiplied with to reach the tax there.

        Returns
        -------
        Measured
            ``1 / share_found``, with its interval: sampling and the stated assumption.

        Raises
        ------
        NotIdentifiedError
            If the officers tell nothing of the level.
        """
        if not self.identified:
            raise NotIdentifiedError(
                f"How much officers miss is not identified: {'; '.join(self.problems)}.",
                where="officer_id",
                remedy="Take a multiplier from elsewhere and state it as an assumption.",
            )
        found = self.share_found
        return Measured(1 / found.value, 1 / found.high, 1 / found.low)

    def adjust(self, labels: pd.DataFrame) -> pd.Series:
        """Return tax found as the average officer would have found it.

        Parameters
        ----------
        labels : DataFrame
            With ``officer_id`` and ``tax_found`` (GBP).

        Returns
        -------
        Series
            ``tax_found`` over the effect of its officer; unchanged where the officer is unknown here. The
            effects are drawn to the average, and nothing becomes something.

        Raises
        ------
        InvalidDataError
            If a column is missing.
        """
        _check_columns(labels)
        effect = labels["officer_id"].map(self.officers["amount_effect"]).astype(np.float64).fillna(1.0)
        return (labels["tax_found"] / effect).rename("tax_found")

    def lift(self, probability: Column) -> pd.DataFrame:
        """Return the chance that something is there, from the chance that an officer finds something.

        A case in which nothing was found is a negative only as far as its officer would have seen it.

        Parameters
        ----------
        probability : array-like
            Chance that an enquiry finds something.

        Returns
        -------
        DataFrame
            ``value, low, high``: the chance over ``1 - missed_whole``, at most 1; indexed as a Series is.
        """
        index = probability.index if isinstance(probability, pd.Series) else None
        found = to_floats(probability, "probability")
        missed = self.missed_whole
        ends = {"value": missed.value, "low": missed.low, "high": missed.high}
        return pd.DataFrame({k: np.minimum(1.0, found / (1 - m)) for k, m in ends.items()}, index=index)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data. Officers are persons: they are counted, not listed."""
        named = {name: getattr(self, name) for name in ("relative", "share_found", "missed_whole")}
        return {
            "identified": self.identified,
            "problems": list(self.problems),
            "facts": to_plain(self.facts),
            **{name: to_plain(vars(measured)) for name, measured in named.items()},
        }

    def to_text(self) -> str:
        """Return the measures, what they assume, and what is wrong with them."""
        facts = self.facts
        low, high = facts["best_finds"]
        lines = [
            f"{facts['cases']:,} cases of {facts['officers']} officers.",
            f"Against the best tenth, officers find {_show(self.relative)} of the tax.",
            f"If the best find {low:.0%} to {high:.0%} of what is there: {_show(self.share_found)}.",
            f"Nothing is found on {_show(self.missed_whole)} of the returns that are wrong.",
            *(f"Note: {problem}." for problem in self.problems),
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{self.to_text()}</pre>{self.officers.to_html(float_format='{:.3f}'.format)}"


def estimate_detection(
    cases: pd.DataFrame,
    *,
    best_share: float = 0.1,
    best_finds: tuple[float, float] = (0.8, 1.0),
    best_strikes: tuple[float, float] = (0.9, 1.0),
    confidence: float = 0.95,
) -> Detection:
    """Estimate partial detection from how officers differ on cases allotted as good as at random.

    Parameters
    ----------
    cases : DataFrame
        Closed cases: ``officer_id``, ``tax_found`` (GBP); and, where known, ``expected`` (tax an enquiry may
        be expected to find, out of fold) and ``expected_strike`` (probability that it finds any): the
        allocation is tested on them, and they take out what officers' cases differ in.
    best_share : float, default 0.1
        Share of officers called the best.
    best_finds : tuple of float, default (0.8, 1.0)
        What the best find of the tax there: an assumption, no data tell it. The value is given for the
        middle of this range, the interval spans it.
    best_strikes : tuple of float, default (0.9, 1.0)
        Likewise, on how many of the wrong returns the best find anything.
    confidence : float, default 0.95
        Confidence of the intervals.

    Returns
    -------
    Detection

    Raises
    ------
    NotIdentifiedError
        If fewer than 10 officers have 20 cases each.
    InvalidDataError
        If a column is missing or holds what it may not.

    Notes
    -----
    Detection-controlled estimation (Feinstein 1990, 1991) in its simplest form: if cases are allotted as good
    as at random, officers differ in what they find only because they differ in what they detect. The spread
    of log effects between officers, freed of sampling noise, tells what the average finds against the best
    tenth, under a log-normal spread. Scale is not identified but by assuming what the best find. Amounts are
    capped at their 95% quantile, so that a few very large settlements do not make an officer good or bad.
    What that hides is not known: the interval spans two readings, that a good officer finds no more in capped
    cases, and that he finds more in the same proportion as elsewhere; the value is for the middle.
    Officers with fewer than 20 cases count in the average only.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> officer = rng.integers(0, 40, 8000)
    >>> skill = np.exp(0.3 * rng.normal(size=40) - 1.0)
    >>> tax = np.where(rng.random(8000) < 0.4, rng.exponential(2000, 8000) * skill[officer], 0.0)
    >>> cases = pd.DataFrame({"officer_id": officer.astype(str), "tax_found": tax})
    >>> found = estimate_detection(cases).relative
    >>> found.low < 0.61 < found.high
    True
    """
    _check_columns(cases)
    _check_assumptions(best_share, best_finds, best_strikes, confidence)
    kept = cases[cases.groupby("officer_id")["tax_found"].transform("size") >= FEWEST_CASES]
    names, officer = np.unique(kept["officer_id"].to_numpy(dtype=object).astype(str), return_inverse=True)
    if len(names) < FEWEST_OFFICERS:
        raise NotIdentifiedError(
            f"{len(names)} officers have {FEWEST_CASES} closed cases or more; {FEWEST_OFFICERS} are needed "
            "to tell how officers differ.",
            where="officer_id",
            remedy="Take detection from elsewhere and state it as an assumption.",
        )
    found = to_floats(kept["tax_found"], "tax_found")
    amounts, strikes, elasticity = _measure_both(kept, found, officer, confidence)
    p_value = _find_imbalance(kept, officer)
    problems = list(_list_problems(p_value, amounts, strikes))
    relative = _relate(amounts, best_share, elasticity)
    strike = _relate(strikes, best_share, 1.0)
    missed = _scale(strike, best_strikes)
    return Detection(
        officers=_tabulate(names, officer, amounts, strikes, confidence),
        relative=relative,
        share_found=_scale(relative, best_finds),
        missed_whole=Measured(1 - missed.value, 1 - missed.high, 1 - missed.low),
        identified=not (p_value < ALLOCATION_LIMIT or amounts.p_value > _DIFFER),
        problems=tuple(problems),
        facts={
            "cases": len(kept),
            "officers": len(names),
            "spread": float(np.sqrt(amounts.between)),
            "elasticity": elasticity,
            "strike_spread": float(np.sqrt(strikes.between)),
            "officers_alike_p": amounts.p_value,
            "strikes_alike_p": strikes.p_value,
            "allocation_p": p_value,
            "best_share": best_share,
            "best_finds": list(best_finds),
            "best_strikes": list(best_strikes),
        },
    )


def _check_columns(cases: pd.DataFrame) -> None:
    missing = [name for name in ("officer_id", "tax_found") if name not in cases.columns]
    if missing:
        raise InvalidDataError(
            f"The cases lack {', '.join(missing)}.", where="cases", available=map(str, cases.columns)
        )


def _check_assumptions(
    share: float, finds: tuple[float, float], strikes: tuple[float, float], confidence: float
) -> None:
    ordered = all(0 < low <= high <= 1 for low, high in (finds, strikes))
    if not ordered or not 0 < share <= 0.5 or not 0 < confidence < 1:
        raise UsageError(
            "best_finds and best_strikes are ranges above 0 and up to 1, best_share is above 0 and up to "
            "0.5, and the confidence lies between 0 and 1."
        )


def _measure_both(
    kept: pd.DataFrame, found: Floats, officer: Integers, confidence: float
) -> tuple[Spread, Spread, float]:
    if not (found > 0).any() or (found < 0).any():
        raise InvalidDataError("Tax found is negative in some cases, or nowhere above 0.", where="tax_found")
    capped = np.minimum(found, np.quantile(found[found > 0], _CAP))
    struck = (found > 0).astype(np.float64)
    # The middle of two readings; `_relate` spans both.
    elasticity = float(found[found <= capped.max()].sum() / capped.sum())
    amounts = measure_spread(
        capped,
        _read_expected(kept, "expected"),
        officer,
        binary=False,
        confidence=confidence,
        elasticity=float(np.sqrt(elasticity)),
    )
    expected = _read_expected(kept, "expected_strike")
    strikes = measure_spread(struck, expected, officer, binary=True, confidence=confidence)
    return amounts, strikes, elasticity


def _read_expected(kept: pd.DataFrame, name: str) -> Floats:
    if name not in kept.columns:
        return np.ones(len(kept))
    values = to_floats(kept[name], name)
    if (values <= 0).any():
        raise InvalidDataError("What is expected of a case must be above 0.", where=name)
    # A few cases of very large expected tax would carry an officer, as a few large settlements would.
    return np.minimum(values, np.quantile(values, 0.99))


def _find_imbalance(kept: pd.DataFrame, officer: Integers) -> float:
    """Return the smallest p-value of the allocation tests, times their number; NaN where none is possible."""
    known = [name for name in ("expected", "expected_strike") if name in kept.columns]
    values = np.array([check_allocation(to_floats(kept[name], name), officer) for name in known])
    values = values[~np.isnan(values)]
    return float(min(1.0, values.min() * len(values))) if len(values) else float("nan")


def _list_problems(p_value: float, amounts: Spread, strikes: Spread) -> list[str]:
    problems = []
    if np.isnan(p_value):
        problems.append(
            "whether cases were allotted as good as at random was not tested, for want of expected"
        )
    elif p_value < ALLOCATION_LIMIT:
        problems.append(
            f"cases were not allotted as good as at random (p = {p_value:.1g}): officers differ in their "
            "cases, so that what they find tells little of what they see"
        )
    if amounts.p_value > _DIFFER:
        problems.append(
            "officers do not differ more in tax found than chance would make them "
            f"(p = {amounts.p_value:.2f}); they may all find, or all miss, alike"
        )
    if strikes.p_value > _DIFFER:
        problems.append(
            f"officers do not differ more in how often they find anything than chance would make them "
            f"(p = {strikes.p_value:.2f}): what is missed whole rests on the assumption alone"
        )
    return problems


def _relate(spread: Spread, share: float, elasticity: float) -> Measured:
    ends = (spread.between, spread.high / elasticity, spread.low * elasticity)
    value, low, high = (relate_to_best(between, share) for between in ends)
    return Measured(value, low, high)


def _scale(relative: Measured, best: tuple[float, float]) -> Measured:
    return Measured(relative.value * (best[0] + best[1]) / 2, relative.low * best[0], relative.high * best[1])


def _tabulate(
    names: np.ndarray, officer: Integers, amounts: Spread, strikes: Spread, confidence: float
) -> pd.DataFrame:
    columns: dict[str, Any] = {"cases": np.bincount(officer)}
    for kind, spread in (("amount", amounts), ("strike", strikes)):
        value, low, high = (np.exp(v) for v in spread.shrink(confidence))
        level = float(np.average(value, weights=columns["cases"]))
        columns |= {f"{kind}_effect": value / level, f"{kind}_low": low / level, f"{kind}_high": high / level}
    return pd.DataFrame(columns, index=pd.Index(names, name="officer_id"))


def _show(measured: Measured) -> str:
    return f"{measured.value:.0%} ({measured.low:.0%} to {measured.high:.0%})"
