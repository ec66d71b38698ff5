"""How much officers miss, by maximum likelihood, with a diagnosis of whether the data can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import chi2

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.gap.detection.drawing import draw_multipliers, expect_multiplier
from taxgap.gap.detection.likelihood import Caseload, Fit, expect_shares, maximise
from taxgap.risk.arrays import Floats, Integers, to_floats
from taxgap.risk.card import to_plain
from taxgap.risk.selection.detection import ALLOCATION_LIMIT, FEWEST_CASES, FEWEST_OFFICERS
from taxgap.risk.selection.officers import check_allocation

if TYPE_CHECKING:
    from taxgap.gap.chain.multiplier import Multiplier

LEAST_FOUND = 0.4
"""Share of the tax that officers are assumed to find at least, where data cannot tell (an assumption)."""

_ALIKE = 0.05
_WEAK = 1.6
_DRAWS = 400
_SOURCE = "detection-controlled estimation"


@dataclass(frozen=True)
class ControlledEstimate:
    """What there is, from what officers found.

    Parameters
    ----------
    identified : bool
        Whether officers differ, so that the data tell how much they miss.
    problems : tuple of str
        Why not, or what to keep in mind.
    share_found : float
        Share of the tax of these cases that their officers found; NaN where not identified.
    multiplier : Multiplier
        Its reciprocal with limits; where not identified, a band from nothing missed to the least found.
    total, found : float
        Tax there in these cases by the model, and what was found (GBP).
    officers : DataFrame
        By officer: ``cases, found`` (GBP), ``share``. Officers are persons: `to_dict` leaves them out.
    facts : dict
        Cases, officers, spread, test of alikeness, allocation, assumptions.
    """

    identified: bool
    problems: tuple[str, ...]
    share_found: float
    multiplier: Multiplier
    total: float
    found: float
    officers: pd.DataFrame
    facts: dict[str, Any]

    def say_basis(self) -> str:
        """Say in a sentence what the multiplier is and what it rests on."""
        low, high = self.multiplier.limits
        value = f"{self.multiplier.value:.2f} ({low:.2f} to {high:.2f})"
        if not self.identified:
            return (
                f"the multiplier is not identified; a band that is an assumption, {value}, stands in its "
                f"place ({'; '.join(self.problems)})."
            )
        least, most = self.facts["best_range"]
        weak = f" ({'; '.join(self.problems)})" if self.problems else ""
        return (
            f"the multiplier is {value}. How officers differ is in the data; how much the best of them find "
            f"is assumed: {self.facts['best_finds']:.2f} of the tax, {least:.2f} to {most:.2f}{weak}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data. Officers are counted, not listed."""
        plain: dict[str, Any] = to_plain(
            {
                "identified": self.identified,
                "problems": list(self.problems),
                "share_found": self.share_found,
                "multiplier": self.multiplier.to_dict(),
                "total": self.total,
                "found": self.found,
                "facts": self.facts,
            }
        )
        return plain

    def to_text(self) -> str:
        """Return it in a few lines."""
        low, high = self.multiplier.limits
        said = (
            "identified" if self.identified else "NOT IDENTIFIED: the multiplier is a band, not an estimate"
        )
        line = f"{self.facts['cases']:,} cases of {self.facts['officers']} officers: {said}."
        value = f"Multiplier {self.multiplier.value:.2f} ({low:.2f} to {high:.2f})."
        return "\n".join([line, value, *(f"Note: {problem}." for problem in self.problems)])


def control_detection(
    cases: pd.DataFrame,
    *,
    best_finds: float = 0.92,
    best_range: tuple[float, float] = (0.6, 0.98),
    least_found: float = LEAST_FOUND,
    level: float = 0.95,
) -> ControlledEstimate:
    """Estimate how much officers miss, from how what they find differs on like cases.

    Parameters
    ----------
    cases : DataFrame
        Closed enquiries: ``officer_id``, ``tax_found`` (GBP, not negative); and, where known, ``expected``
        (tax an enquiry may be expected to find, above 0) and ``group`` (such as the programme).
    best_finds : float, default 0.92
        What an officer at the 95th percentile finds of the tax. An assumption: no data tell it.
    best_range : tuple of float, default (0.6, 0.98)
        Between what this may lie: the limits span it. Wide, because nothing in the cases narrows it.
    least_found : float, default 0.4
        Where the data cannot tell: what officers find at least (an assumption).
    level : float, default 0.95
        Confidence of the limits.

    Returns
    -------
    ControlledEstimate

    Raises
    ------
    InvalidDataError
        If a column is missing, an amount is negative or missing, or nothing was found at all.
    UsageError
        If an assumption is not above 0 and below 1, or not in order.

    Notes
    -----
    Likelihood: `taxgap.gap.detection.likelihood.maximise`. Officers are held alike in a second fit: twice the
    difference of log likelihoods against half a chi-squared with one and half one with two degrees of freedom
    (the spread lies on its border). Not rejected at 5%, or fewer than 10 officers with 20 cases: not
    identified. Cases must have been given to officers as good as at random; it is tested on ``expected``.
    Multiplier: the sum over officers of found E(1 / D), D his share given his cases, over the sum of found
    (`expect_multiplier`). Limits: those of sampling (`draw_multipliers`; ``sampling_limits`` in ``facts``),
    and what the ends of ``best_range`` would give, added in quadrature on each side. Where the best find less
    than ``best_finds`` the value is too low, and only the limits tell.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> officer = rng.integers(0, 20, 3000)
    >>> finds = np.linspace(0.3, 0.95, 20)[officer]
    >>> tax = np.where(rng.random(3000) < 0.5, rng.lognormal(7, 0.8, 3000) * finds, 0.0)
    >>> found = control_detection(pd.DataFrame({"officer_id": officer, "tax_found": tax}))
    >>> found.identified, found.multiplier.low < 1.6 < found.multiplier.high
    (True, True)
    """
    _check(cases, best_finds, best_range, least_found, level)
    amounts = to_floats(cases["tax_found"], "tax_found")
    if (amounts < 0).any() or not (amounts > 0).any():
        raise InvalidDataError(
            "Tax found is negative in some cases, or nowhere above 0.",
            where="tax_found",
            remedy="Give closed enquiries of which some found tax, or state the multiplier.",
        )
    names, officer = np.unique(cases["officer_id"].astype(str).to_numpy(dtype=object), return_inverse=True)
    many = int((np.bincount(officer) >= FEWEST_CASES).sum())
    if many < FEWEST_OFFICERS:
        reason = f"officers with {FEWEST_CASES} closed cases or more: {many}; {FEWEST_OFFICERS} are needed"
        facts = {"cases": len(cases), "officers": len(names), "best_finds": best_finds}
        return _give_band((reason,), amounts, _tabulate(names, officer, amounts, None), least_found, facts)
    load = Caseload.of(amounts, officer.astype(np.int64), _read_covariates(cases))
    fit = maximise(load, best_finds)
    alike = maximise(load, best_finds, start=fit.value, alike=True)
    statistic = max(2 * (fit.log_likelihood - alike.log_likelihood), 0.0)
    p_value = float(0.5 * chi2.sf(statistic, 1) + 0.5 * chi2.sf(statistic, 2))
    allocation = _check_allocation(cases, officer)
    shares = expect_shares(load, fit)
    about: dict[str, Any] = {
        "cases": len(cases),
        "officers": len(names),
        "spread": float(np.exp(fit.value[-2])),
        "officers_alike_p": p_value,
        "allocation_p": allocation,
        "best_finds": best_finds,
        "best_range": list(best_range),
        "least_found": least_found,
    }
    problems = _list_problems(p_value, allocation)
    table = _tabulate(names, officer, amounts, shares)
    if p_value > _ALIKE or allocation < ALLOCATION_LIMIT:
        return _give_band(problems, amounts, table, least_found, about)
    return _give_estimate(load, fit, amounts, table, problems, about, best_range, level)


def _give_estimate(  # noqa: PLR0917  what the fit gave, handed on
    load: Caseload,
    fit: Fit,
    amounts: Floats,
    officers: pd.DataFrame,
    problems: tuple[str, ...],
    facts: dict[str, Any],
    best_range: tuple[float, float],
    level: float,
) -> ControlledEstimate:
    found = officers["found"].to_numpy(dtype=np.float64)
    value = expect_multiplier(load, fit, found)
    drawn = draw_multipliers(load, fit, found, draws=_DRAWS, seed=0)
    sampling = np.log(np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]) / value)
    if_less, if_more = (
        float(np.log(expect_multiplier(load, maximise(load, end, start=fit.value), found) / value))
        for end in best_range
    )
    low, high = (
        float(value * np.exp(sign * np.hypot(max(sign * reach, 0.0), max(sign * shift, 0.0))))
        for sign, reach, shift in ((-1, sampling[0], if_more), (1, sampling[1], if_less))
    )
    weak = high / max(low, 1.0) > _WEAK
    if weak:
        problems = (*problems, "identification is weak: the limits are wide")
    value = max(1.0, value)
    multiplier = _multiplier(value, min(max(low, 1.0), value), max(high, value), level=level, source=_SOURCE)
    ends = [max(1.0, float(end)) for end in value * np.exp(sampling)]
    facts = facts | {"sampling_limits": ends, "weak": weak}
    total = float(amounts.sum())
    return ControlledEstimate(True, problems, 1 / value, multiplier, value * total, total, officers, facts)


def _multiplier(*numbers: Any, **how: Any) -> Multiplier:
    from taxgap.gap.chain.multiplier import Multiplier  # noqa: PLC0415  the chain itself reads this module

    return Multiplier(*numbers, **how)


def _give_band(
    problems: tuple[str, ...], amounts: Floats, officers: pd.DataFrame, least: float, facts: dict[str, Any]
) -> ControlledEstimate:
    """Return a band in the place of an estimate: from nothing missed to the least that is assumed found."""
    middle = (1 + 1 / least) / 2
    source = "assumed band: how much officers miss is not identified"
    band = _multiplier(middle, 1.0, 1 / least, "uniform", source=source)
    found = float(amounts.sum())
    return ControlledEstimate(
        False, problems, float("nan"), band, middle * found, found, officers, facts | {"least_found": least}
    )


def _read_covariates(cases: pd.DataFrame) -> Floats:
    columns = []
    if "expected" in cases.columns:
        expected = to_floats(cases["expected"], "expected")
        if (expected <= 0).any():
            raise InvalidDataError("What is expected of a case must be above 0.", where="expected")
        logs = np.asarray(np.log(expected), dtype=np.float64)
        columns.append((logs - logs.mean()) / max(float(logs.std()), 1e-9))
    if "group" in cases.columns:
        codes, levels = pd.factorize(cases["group"].astype(str), sort=True)
        columns += [(codes == level).astype(np.float64) for level in range(1, len(levels))]
    return np.column_stack(columns) if columns else np.zeros((len(cases), 0))


def _check_allocation(cases: pd.DataFrame, officer: Integers) -> float:
    if "expected" not in cases.columns:
        return float("nan")
    return check_allocation(to_floats(cases["expected"], "expected"), officer)


def _list_problems(p_value: float, allocation: float) -> tuple[str, ...]:
    problems = []
    if p_value > _ALIKE:
        problems.append(
            f"officers do not differ more than chance would make them (p = {p_value:.2f}): they may all "
            "find, or all miss, alike, so that how much they miss is not identified"
        )
    if np.isnan(allocation):
        problems.append("whether cases were given to officers as good as at random was not tested")
    elif allocation < ALLOCATION_LIMIT:
        problems.append(
            f"cases were not given to officers as good as at random (p = {allocation:.1g}): what they find "
            "tells of their cases, so that how much they miss is not identified"
        )
    return tuple(problems)


def _tabulate(names: np.ndarray, officer: Integers, amounts: Floats, shares: Floats | None) -> pd.DataFrame:
    columns = {
        "cases": np.bincount(officer),
        "found": np.bincount(officer, amounts),
        "share": np.full(len(names), np.nan) if shares is None else shares,
    }
    return pd.DataFrame(columns, index=pd.Index(names, name="officer_id"))


def _check(
    cases: pd.DataFrame, best: float, best_range: tuple[float, float], least: float, level: float
) -> None:
    missing = [name for name in ("officer_id", "tax_found") if name not in cases.columns]
    if missing:
        raise InvalidDataError(
            f"The cases lack {', '.join(missing)}.", where="cases", available=map(str, cases.columns)
        )
    if cases["officer_id"].isna().any():
        raise InvalidDataError(
            "Some cases have no officer.",
            where="officer_id",
            remedy="Leave them out, or state the multiplier.",
        )
    if cases.empty:
        raise NotIdentifiedError("There are no closed cases.", where="cases", remedy="State the multiplier.")
    low, high = best_range
    if not (0 < low <= best <= high < 1 and 0 < least < 1 and 0 < level < 1):
        raise UsageError(
            "best_range must hold best_finds, and all shares and the level lie above 0 and below 1.",
            where="best_finds",
        )
