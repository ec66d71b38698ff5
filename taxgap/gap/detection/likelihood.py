"""The likelihood of what officers find: a log-normal hurdle, of which each officer finds his share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit, logsumexp, ndtri

from taxgap.risk.arrays import Floats, Integers

_NODES = np.linspace(-4.5, 4.5, 73)
"""Where the shares of officers are looked at, in standard errors: fine enough for many cases, which
tell an officer's own share to a fifth of one."""

_TOP = 0.95
_GROUPS = 8


@dataclass(frozen=True)
class Caseload:
    """Cases in the sums that the likelihood needs.

    Parameters
    ----------
    design : ndarray, shape (positive cases, columns)
        Constant and covariates of the cases in which something was found.
    log_amount : ndarray
        Log of what was found in them.
    officer : ndarray of int
        Their officers.
    cells : ndarray, shape (cells, columns)
        Covariates of cells: one an officer and group of like cases.
    cell_officer, cell_cases, cell_strikes : ndarray
        Officer, cases and cases with something found, of each cell.
    officers : int
        How many there are.
    everyone : ndarray, shape (cases, columns)
        Covariates of all cases.
    everyone_officer : ndarray of int
        Officer of all cases.
    """

    design: Floats
    log_amount: Floats
    officer: Integers
    cells: Floats
    cell_officer: Integers
    cell_cases: Floats
    cell_strikes: Floats
    officers: int
    everyone: Floats
    everyone_officer: Integers

    @classmethod
    def of(cls, found: Floats, officer: Integers, covariates: Floats) -> Caseload:
        """Return the sums of cases: what was found, by whom, and what they were like."""
        design = np.column_stack([np.ones(len(found)), covariates]) if covariates.size else _ones(found)
        group = _group(covariates)
        key, cell = np.unique(officer * (group.max() + 1) + group, return_inverse=True)
        cases = np.bincount(cell).astype(np.float64)
        means = np.column_stack([np.bincount(cell, column) / cases for column in design.T])
        hit = found > 0
        return cls(
            design[hit],
            np.log(found[hit]),
            officer[hit],
            means,
            (key // (group.max() + 1)).astype(np.int64),
            cases,
            np.bincount(cell, hit).astype(np.float64),
            int(officer.max()) + 1,
            design,
            officer,
        )


@dataclass(frozen=True)
class Fit:
    """Parameters at which the likelihood is highest.

    Parameters
    ----------
    value : ndarray
        Packed: amounts, log spread, strikes, log spread of officers, logit of the share missed whole.
    log_likelihood : float
    best_finds : float
        What an officer at the 95th percentile finds: the assumption.
    """

    value: Floats
    log_likelihood: float
    best_finds: float


def detection_at(z: Floats, spread: float, best_finds: float) -> Floats:
    """Return the share that officers find: logit-normal, so that nobody finds more than all.

    The 95th percentile is held at ``best_finds``: data tell how officers differ, never how good the best are.
    """
    return np.asarray(expit(logit(best_finds) + spread * (z - float(ndtri(_TOP)))), dtype=np.float64)


def maximise(load: Caseload, best_finds: float, *, start: Floats | None = None, alike: bool = False) -> Fit:
    """Maximise the likelihood.

    Parameters
    ----------
    load : Caseload
    best_finds : float
        What an officer at the 95th percentile finds, below 1.
    start : ndarray, optional
        Where to begin.
    alike : bool, default False
        Hold all officers alike.

    Returns
    -------
    Fit

    Notes
    -----
    Found is zero with probability 1 - p(x) D^k, and otherwise log-normal around x'b + (1 - k) log D: an
    officer who finds the share D of the tax misses some returns whole, D^k of them seen, and part of the
    others. D is logit-normal over officers, integrated over an even grid. Sources: Feinstein, RAND
    Journal 21 (1990) and Journal of Law and Economics 34 (1991); the form of the shares found is our choice.
    """
    begin = _start(load) if start is None else start
    if alike:
        begin = np.append(begin[:-2], [-8.0, 0.0])

    def objective(packed: Floats) -> float:
        whole = np.append(packed, [-8.0, 0.0]) if alike else packed
        return -float(log_likelihood(load, whole, best_finds).sum())

    free = begin[:-2] if alike else begin
    bounds: list[tuple[float | None, float | None]] = [(None, None)] * len(free)
    if not alike:
        bounds[-2:] = [(-5.0, 1.5), (-6.0, 6.0)]
    found = minimize(objective, free, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200})
    value = np.append(found.x, [-8.0, 0.0]) if alike else found.x
    return Fit(np.asarray(value, dtype=np.float64), -float(found.fun), best_finds)


def log_likelihood(load: Caseload, packed: Floats, best_finds: float) -> Floats:
    """Return the log likelihood of each officer's cases."""
    return np.asarray(logsumexp(by_node(load, packed, best_finds), axis=1), dtype=np.float64)


def expect_shares(load: Caseload, fit: Fit) -> Floats:
    """Return what each officer may be expected to find of the tax, given his cases."""
    joint = by_node(load, fit.value, fit.best_finds)
    weight = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    return np.asarray(weight @ detection_at(nodes(), float(np.exp(fit.value[-2])), fit.best_finds))


def by_node(load: Caseload, packed: Floats, best_finds: float) -> Floats:
    """Return the log likelihood of each officer's cases at each node, with the log weight of the node."""
    k = load.design.shape[1]
    b, log_sigma, c = packed[:k], packed[k], packed[k + 1 : 2 * k + 1]
    node, log_weight = _NODES, -0.5 * _NODES**2 - logsumexp(-0.5 * _NODES**2)
    log_share = np.log(detection_at(node, float(np.exp(packed[-2])), best_finds))
    whole = float(expit(packed[-1]))
    size, hits = load.officers, np.bincount(load.officer, minlength=load.officers)
    residual = load.log_amount - load.design @ b
    first = np.bincount(load.officer, residual, size)[:, None]
    second = np.bincount(load.officer, residual**2, size)[:, None]
    shift = ((1 - whole) * log_share)[None, :]
    squares = second - 2 * shift * first + hits[:, None] * shift**2
    amounts = -0.5 * np.exp(-2 * log_sigma) * squares - hits[:, None] * log_sigma
    seen = np.clip(expit(load.cells @ c)[:, None] * np.exp(whole * log_share)[None, :], 1e-12, 1 - 1e-12)
    strikes, none = load.cell_strikes[:, None], (load.cell_cases - load.cell_strikes)[:, None]
    cells = strikes * np.log(seen) + none * np.log1p(-seen)
    gathered = np.zeros((size, len(node)))
    np.add.at(gathered, load.cell_officer, cells)
    return np.asarray(amounts + gathered + log_weight)


def nodes() -> Floats:
    """Return where the shares of officers are looked at, in standard errors."""
    return _NODES


def _start(load: Caseload) -> Floats:
    b = np.linalg.lstsq(load.design, load.log_amount, rcond=None)[0]
    sigma = max(float((load.log_amount - load.design @ b).std()), 0.05)
    c = np.zeros(load.design.shape[1])
    share = load.cell_strikes.sum() / load.cell_cases.sum()
    c[0] = logit(np.clip(1.2 * share, 0.01, 0.98))
    return np.concatenate([b, [np.log(sigma)], c, [-0.3, 0.0]])


def _ones(found: Floats) -> Floats:
    return np.ones((len(found), 1))


def _group(covariates: Floats) -> Integers:
    """Return groups of like cases: eighths of the first covariate by the levels of the others."""
    if not covariates.size:
        return np.zeros(len(covariates), dtype=np.int64)
    edges = np.quantile(covariates[:, 0], np.arange(1, _GROUPS) / _GROUPS)
    first = np.searchsorted(np.unique(edges), covariates[:, 0], side="right")
    rest = np.unique(covariates[:, 1:], axis=0, return_inverse=True)[1].reshape(-1)
    return np.asarray(rest * _GROUPS + first, dtype=np.int64)
