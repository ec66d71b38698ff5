"""The links of the chain for one tax and year: what was found, what is to come, debts, yield."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from taxgap.errors import NotIdentifiedError
from taxgap.gap.chain.debts import share_paid
from taxgap.gap.chain.lags import Lags, Spread
from taxgap.gap.chain.multiplier import Multiplier
from taxgap.gap.chain.reading import RegimeData
from taxgap.gap.chain.scoring import Scores
from taxgap.gap.estimate import Estimate
from taxgap.gap.totals import estimate_total
from taxgap.risk.arrays import Bools, Floats, Integers

_EQUAL = 1e-6
_OFF = 0.1


@dataclass(frozen=True)
class Amount:
    """An amount that is taken off or added.

    Parameters
    ----------
    value : float
        GBP.
    spread : Spread
        Of what is not yet known of it; 0 where all has settled.
    each : ndarray
        Its part on each return of the tax.
    """

    value: float
    spread: Spread
    each: Floats

    @classmethod
    def on(cls, each: Floats, rows: Bools, spread: Spread) -> Amount:
        """Return what an amount on each return comes to on some of them."""
        return cls(float(each[rows].sum()), spread, np.where(rows, each, 0.0))


@dataclass(frozen=True)
class Part:
    """The chain of one tax and year, or of several years taken together.

    Parameters
    ----------
    regime, year : str
        ``year`` is ``all years`` where they are taken together.
    found : Estimate
        Tax that a full check of all returns would find, open cases filled in (GBP).
    projected : float
        What of it rests on cases still open.
    projected_spread : Spread
        How far that may lie from what they will find.
    multiplier : Multiplier
        Tax there over tax found.
    together : str
        Parts with the same word here share the error of their multiplier.
    non_payment, compliance_yield : Amount
        Debts written off and to be written off; tax found by enquiries, as far as it is paid.
    declared : float
        Tax declared.
    cases, open_cases : int
        Random cases, and those still open.
    scored : str
        ``none``, ``model`` or ``cross-fitted``.
    notes : list of str
    """

    regime: str
    year: str
    found: Estimate
    projected: float
    projected_spread: Spread
    multiplier: Multiplier
    together: str
    non_payment: Amount
    compliance_yield: Amount
    declared: float
    cases: int
    open_cases: int
    scored: str
    notes: list[str] = field(default_factory=list)

    @property
    def under_declared(self) -> float:
        """Tax under-declared: found times the multiplier."""
        return self.found.value * self.multiplier.value

    @property
    def gross(self) -> float:
        """The gross gap: under-declared and not paid."""
        return self.under_declared + self.non_payment.value

    @property
    def net(self) -> float:
        """The net gap: the gross gap less compliance yield."""
        return self.gross - self.compliance_yield.value

    @property
    def theoretical(self) -> float:
        """Theoretical liability: declared and under-declared."""
        return self.declared + self.under_declared


@dataclass(frozen=True)
class Chain:
    """One tax with all that its breakdowns need.

    Parameters
    ----------
    data : RegimeData
    filled : DataFrame
        Random cases with ``y``.
    scores : Scores or None
    parts : sequence of Part
        Of this tax.
    """

    data: RegimeData
    filled: pd.DataFrame
    scores: Scores | None
    parts: Sequence[Part]


def estimate_found(
    cases: pd.DataFrame, rows: Bools, scores: Scores | None, places: Integers, *, level: float, seed: int
) -> tuple[Estimate, list[str]]:
    """Estimate what a full check of some returns would find.

    Parameters
    ----------
    cases : DataFrame
        Random cases of these returns, with ``y`` (GBP) and ``probability``.
    rows : ndarray of bool
        Which returns.
    scores : Scores or None
        Of all random cases and all returns.
    places : ndarray of int
        Where these cases stand among all random cases.
    level, seed
        As for `estimate_total`.

    Returns
    -------
    Estimate
    list of str
        What should be known of it.

    Notes
    -----
    Cases with one probability: N times their mean, or the score with its tuned weight. With several: the
    regression estimator, on a constant where there is no score (Hajek). Probabilities are scaled so that the
    cases stand for all returns on file: drawn returns may not have been opened yet.

    Raises
    ------
    NotIdentifiedError
        If nothing was found in any case.
    """
    y = cases["y"].to_numpy(dtype=np.float64)
    chance = cases["probability"].to_numpy(dtype=np.float64)
    size = int(rows.sum())
    if not (y > 0).any():
        raise NotIdentifiedError(
            f"Nothing was found in any of {len(y)} random cases. At 95% confidence at most "
            f"{1 - 0.05 ** (1 / len(y)):.2%} of returns have an amount, but not how much.",
            where="tax_found",
            remedy="Take years together (pool_years=True), draw more cases, or use estimate_total with "
            "largest_amount for an upper limit.",
        )
    stands = float((1 / chance).sum()) / size
    notes = []
    if abs(stands - 1) > _OFF:
        notes.append(
            f"The cases stand for {stands:.0%} of the returns on file by their probabilities, and were "
            "scaled to all: drawn returns not yet opened must be like the others."
        )
    scaled = np.minimum(chance * stands, 1.0)
    own, everyone = (None, None) if scores is None else (scores.cases[places], scores.everyone[rows])
    if np.ptp(chance) <= _EQUAL * chance.max():
        scaled = np.full(len(y), len(y) / size)
        if own is None:
            found = estimate_total(y, scaled, population_size=size, level=level, seed=seed)
        else:
            found = estimate_total(y, scaled, own, everyone, level=level, seed=seed)
        return found, notes
    if own is None:
        own, everyone = np.zeros(len(y)), np.zeros(size)
    found = estimate_total(
        y, scaled, own, everyone, method="greg", sampling="poisson", level=level, seed=seed
    )
    return found, notes


def share_open_of_oldest(cases: pd.DataFrame) -> float:
    """Return the share of the oldest tenth of the cases that is still open, by what they stand for."""
    age = cases["age"].to_numpy(dtype=np.float64)
    weight = (1 / cases["probability"].to_numpy(dtype=np.float64)) * (age >= np.quantile(age, 0.9))
    return float(weight @ cases["open"].to_numpy(dtype=np.float64)) / float(weight.sum())


def project_cases(cases: pd.DataFrame, lags: Lags, size: int) -> tuple[float, Spread, int]:
    """Return what of the total rests on open cases, its spread, and open cases older than any settled."""
    weight = 1 / cases["probability"].to_numpy(dtype=np.float64)
    weight *= size / weight.sum()
    is_open = cases["open"].to_numpy(dtype=np.bool_)
    later = lags.project(cases["age"].to_numpy(dtype=np.float64)[is_open], weight[is_open])
    return later.value, later.spread, later.unsupported


def find_yield(data: RegimeData, filled: pd.DataFrame) -> tuple[Floats, float]:
    """Return on each return the tax that enquiries found and that is paid, and the share that is paid.

    Parameters
    ----------
    data : RegimeData
    filled : DataFrame
        Random cases with ``y``; of the chosen ones what is settled counts.

    Notes
    -----
    What enquiries find is assumed to be paid as declared tax that fell due is (an assumption: the records
    hold no payments of findings). Enquiries still open bring what is expected of them.
    """
    paid = share_paid(data)
    chosen = data.chosen
    each = np.zeros(len(data.index))
    each += np.bincount(filled["row"], filled["y"], len(each))
    if len(chosen):
        amount, lag, age = (chosen[name].to_numpy(dtype=np.float64) for name in ("tax_found", "lag", "age"))
        ones = np.ones(len(chosen))
        lags = Lags.fit(amount, lag, age, ones)
        is_open = np.isnan(lag)
        amount = np.where(is_open, 0.0, amount)
        amount[is_open] = lags.project(age[is_open], ones[is_open]).each
        each += np.bincount(chosen["row"], amount, len(each))
    return np.asarray(paid * each, dtype=np.float64), paid


def find_spread_of_yield(data: RegimeData, filled: pd.DataFrame, rows: Bools, paid: float) -> Spread:
    """Return how far the yield of enquiries still open may lie from what is expected."""
    spreads = []
    for cases in (filled, data.chosen):
        amount, lag, age = (cases[name].to_numpy(dtype=np.float64) for name in ("tax_found", "lag", "age"))
        still = np.isnan(lag) & rows[cases["row"].to_numpy()]
        if still.any():
            lags = Lags.fit(amount, lag, age, np.ones(len(cases)))
            spreads.append(lags.project(age[still], np.ones(int(still.sum()))).spread)
    own, shared = ([getattr(spread, name) for spread in spreads] for name in ("own", "shared"))
    return Spread(paid * float(np.linalg.norm(own)), paid * float(np.linalg.norm(shared)))


def add_variances(
    parts: Sequence[Part], spread_of: Callable[[Part], Spread], *, multiplied: bool = False
) -> float:
    """Return the variance of a sum over parts: errors of their own in squares, shared ones as they are.

    Parameters
    ----------
    parts : sequence of Part
        Of one tax or several.
    spread_of : callable
        Which spread of a part.
    multiplied : bool
        Times the multiplier.
    """
    own, shared = 0.0, dict.fromkeys((part.regime for part in parts), 0.0)
    for part in parts:
        spread, factor = spread_of(part), part.multiplier.value if multiplied else 1.0
        own += (factor * spread.own) ** 2
        shared[part.regime] += factor * spread.shared
    return own + sum(together**2 for together in shared.values())
