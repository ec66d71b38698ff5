"""The links of the chain for one tax and year: what was found, what is to come, debts, yield."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from taxgap.errors import NotIdentifiedError
from taxgap.gap.chain.lags import Tail
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
    """An amount that is taken off or added, with its variance.

    Parameters
    ----------
    value : float
        GBP.
    variance : float
        Of what is not yet known of it; 0 where all has settled.
    each : ndarray
        Its part on each return of the tax.
    """

    value: float
    variance: float
    each: Floats


@dataclass(frozen=True)
class Part:
    """The chain of one tax and year, or of several years taken together.

    Parameters
    ----------
    regime, year : str
        ``year`` is ``all years`` where they are taken together.
    found : Estimate
        Tax that a full check of all returns would find, open cases filled in (GBP).
    projected, projected_variance : float
        What of it rests on cases still open.
    multiplier : Multiplier
        Tax there over tax found.
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
    projected_variance: float
    multiplier: Multiplier
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


def project_cases(cases: pd.DataFrame, tail: Tail, size: int) -> tuple[float, float, int]:
    """Return what of the total rests on open cases, its variance, and open cases older than any settled."""
    weight = 1 / cases["probability"].to_numpy(dtype=np.float64)
    weight *= size / weight.sum()
    is_open = cases["open"].to_numpy(dtype=np.bool_)
    later = tail.project(cases["age"].to_numpy(dtype=np.float64)[is_open], weight[is_open])
    return later.value, later.variance, later.unsupported


def find_non_payment(data: RegimeData) -> Floats:
    """Return what was written off, and may be expected to be, on each return.

    Notes
    -----
    Expected later: liability times the share of all liability written off after the age of the debt, by the
    lags from the due date of debts old enough to tell (`Tail`). Debts that may still be paid do not count.
    """
    each = np.zeros(len(data.index))
    if data.debts is None:
        return each
    debts = data.debts
    lag, age = _lag_of_debts(debts, data.as_of)
    liability = debts["liability"].to_numpy(dtype=np.float64)
    gone = debts["written_off"].to_numpy(dtype=np.float64)
    later = np.zeros(len(debts))
    if liability.sum() > 0 and (gone > 0).any():
        share = np.divide(gone, liability, out=np.zeros(len(debts)), where=liability > 0)
        tail = Tail.fit(share, lag, age, liability)
        still = np.isnan(lag) & (age >= 0)
        later[still] = liability[still] * tail.later_share(age[still], liability.sum())
    return np.asarray(np.bincount(debts["row"], gone + later, len(each)), dtype=np.float64)


def find_variance_of_debts(data: RegimeData, each: Floats, rows: Bools) -> float:
    """Return the variance of what is still to be written off: of single debts, and of their share."""
    if data.debts is None:
        return 0.0
    debts = data.debts
    gone = debts["written_off"].to_numpy(dtype=np.float64)
    settled = np.bincount(debts["row"], gone, len(each))
    later = float((each - settled)[rows].sum())
    total = float(gone.sum())
    if later <= 0 or total <= 0:
        return 0.0
    # A write-off to come is one like those that were: its size has their mean square over their mean.
    size = float((gone**2).sum() / total)
    return later * size + later**2 * size / total


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
    paid = _share_paid(data)
    chosen = data.chosen
    each = np.zeros(len(data.index))
    each += np.bincount(filled["row"], filled["y"], len(each))
    if len(chosen):
        amount, lag, age = (chosen[name].to_numpy(dtype=np.float64) for name in ("tax_found", "lag", "age"))
        ones = np.ones(len(chosen))
        tail = Tail.fit(amount, lag, age, ones)
        is_open = np.isnan(lag)
        amount = np.where(is_open, 0.0, amount)
        amount[is_open] = tail.project(age[is_open], ones[is_open]).each
        each += np.bincount(chosen["row"], amount, len(each))
    return np.asarray(paid * each, dtype=np.float64), paid


def find_variance_of_yield(data: RegimeData, filled: pd.DataFrame, rows: Bools, paid: float) -> float:
    """Return the variance of the yield of enquiries still open."""
    total = 0.0
    for cases, random in ((filled, True), (data.chosen, False)):
        if cases.empty:
            continue
        amount, lag, age = (cases[name].to_numpy(dtype=np.float64) for name in ("tax_found", "lag", "age"))
        tail = Tail.fit(amount, lag, age, np.ones(len(cases)))
        still = np.isnan(lag) & rows[cases["row"].to_numpy()]
        total += tail.project(age[still], np.ones(int(still.sum()))).variance if still.any() else 0.0 * random
    return paid**2 * total


def _share_paid(data: RegimeData) -> float:
    if data.debts is None:
        return 1.0
    due = (pd.to_datetime(data.debts["due_on"]) <= data.as_of).to_numpy()
    liability = float(data.debts["liability"].to_numpy(dtype=np.float64)[due].sum())
    paid = float(data.debts["paid"].to_numpy(dtype=np.float64)[due].sum())
    return min(1.0, paid / liability) if liability > 0 else 1.0


def _lag_of_debts(debts: pd.DataFrame, as_of: pd.Timestamp) -> tuple[Floats, Floats]:
    due = pd.to_datetime(debts["due_on"])
    lag = (pd.to_datetime(debts["written_off_on"]) - due).dt.days.astype(np.float64)
    age = (as_of - due).dt.days.astype(np.float64)
    return lag.clip(lower=0).to_numpy(), age.to_numpy()
