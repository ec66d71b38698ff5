"""How sure reasons are: what refits of the model make of each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import UsageError
from taxgap.peers import PeerGroups
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.contributions import Contributions
from taxgap.reasons.noise import noise_of
from taxgap.reasons.refits import Refits, fit_refits
from taxgap.reasons.refitted import contributions_of_refits, sum_by_code
from taxgap.reasons.selection import NONE, select_reasons
from taxgap.reasons.table import is_unusual, look_up
from taxgap.records import Records
from taxgap.regimes import Regime
from taxgap.risk.arrays import Floats
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import peers_of, regime_of

STABLE = 0.9
"""A first reason is stable if so many of the refits have the same."""

COVERAGE = 0.95
"""The share of the refits between the ends of an interval."""

Rows: TypeAlias = NDArray[np.intp]


OF_CODE = ("low", "high", "first", "among_first")
"""What is said of each reason code of a return; the names that long forms give it begin with ``code_``."""


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """What refits make of the reasons of returns; one row a return, one column a reason code.

    Attributes
    ----------
    low, high : DataFrame
        The ends of the interval of each code's contribution, in log units.
    first, among_first : DataFrame
        The share of the refits in which the code is the first reason, and one of the first four.
    stability : ndarray of float64
        The share of the refits with the same first reason as the model; where no reason stands out, that of
        the refits in which none does.
    refits : int
        How many there are.
    coverage : float
        The share of them between the ends of an interval.
    """

    low: pd.DataFrame
    high: pd.DataFrame
    first: pd.DataFrame
    among_first: pd.DataFrame
    stability: Floats
    refits: int
    coverage: float = COVERAGE

    @property
    def stable(self) -> NDArray[np.bool_]:
        """The mark: whether the first reason is the same in at least `STABLE` of the refits."""
        # A share is a whole number over another, and must not miss the mark by rounding.
        marked: NDArray[np.bool_] = self.stability >= STABLE - 1e-9
        return marked

    def take(self, rows: Rows) -> Uncertainty:
        """Return what is said of some returns."""
        low, high, first, among = (getattr(self, name).iloc[rows] for name in OF_CODE)
        return Uncertainty(low, high, first, among, self.stability[rows], self.refits, self.coverage)

    def spread(self, codes: Sequence[str]) -> dict[str, Floats]:
        """Lay it out by return and feature.

        Parameters
        ----------
        codes : sequence of str
            The reason code of each feature.

        Returns
        -------
        dict of str to ndarray
            `OF_CODE`, the same for all features of a code, and `stability` and `stable`, the same for all of
            a return.
        """
        tables = {name: getattr(self, name)[list(codes)].to_numpy().ravel() for name in OF_CODE}
        of_return = {"stability": self.stability, "stable": self.stable}
        return {f"code_{name}": table for name, table in tables.items()} | {
            name: values.repeat(len(codes)) for name, values in of_return.items()
        }

    @classmethod
    def gather(
        cls, frame: pd.DataFrame, codes: Sequence[str], index: pd.Index, *, refits: int, coverage: float
    ) -> Uncertainty:
        """Make it from the columns that `spread` laid out."""
        each = list(dict.fromkeys(codes))
        places = [list(codes).index(code) for code in each]

        def read(name: str) -> pd.DataFrame:
            table = frame[f"code_{name}"].to_numpy(dtype=np.float64).reshape(len(index), -1)
            return pd.DataFrame(table[:, places], index, each)

        low, high, first, among = (read(name) for name in OF_CODE)
        stability = frame["stability"].to_numpy(dtype=np.float64)[:: max(len(codes), 1)]
        return cls(low, high, first, among, stability, refits, coverage)


def find_uncertainty(
    records: Records,
    model: RiskModel,
    observed: pd.DataFrame,
    found: Contributions,
    *,
    refits: int | Refits,
) -> Uncertainty | None:
    """Say what refits make of reasons, if there are to be any.

    Parameters
    ----------
    records : Records
        Those that the model was trained on.
    model : RiskModel
    observed : DataFrame
        The measures of the returns.
    found : Contributions
        Of the same returns.
    refits : int or Refits
        As for `taxgap.explain`; none where 0.

    Returns
    -------
    Uncertainty or None

    Raises
    ------
    UsageError, IncompatibleError
        As `taxgap.reasons.refits.fit_refits` and `measure_uncertainty`.
    """
    if refits == 0:
        return None
    fitted = refits if isinstance(refits, Refits) else fit_refits(records, model, refits=refits)
    regime, peers = regime_of(model), peers_of(model)
    against = PeerBaseline(model, regime, peers) if found.baseline == "peers" else None
    return measure_uncertainty(fitted, model, observed, found, regime=regime, peers=peers, baseline=against)


def measure_uncertainty(
    refits: Refits,
    model: RiskModel,
    observed: pd.DataFrame,
    found: Contributions,
    *,
    regime: Regime,
    peers: PeerGroups,
    baseline: PeerBaseline | None,
    coverage: float = COVERAGE,
) -> Uncertainty:
    """Explain returns by each refit, and tell how far reasons agree.

    Parameters
    ----------
    refits : Refits
        Of the model.
    model : RiskModel
    observed : DataFrame
        The measures of the returns, from `Regime.measure`.
    found : Contributions
        Of the same returns, by the model itself.
    regime : Regime
    peers : PeerGroups
    baseline : PeerBaseline or None
        What they were compared with.
    coverage : float, default 0.95
        The share of the refits between the ends of an interval.

    Returns
    -------
    Uncertainty

    Raises
    ------
    UsageError
        The coverage is not between 0 and 1.
    IncompatibleError
        The refits are of another model.

    Notes
    -----
    Each refit is explained by the engine that explained the model, against the same peers; contributions are
    summed within a reason code. Intervals are percentiles over the refits: they show what other cases of the
    same kind would have taught the model, and nothing of how right the model is, nor of the peers, which stay
    the same. Reasons of a refit are chosen as those of the model, see `taxgap.reasons.select_reasons`.
    """
    if not 0 < coverage < 1:
        raise UsageError(f"The coverage must be between 0 and 1, not {coverage}.", where="coverage")
    refits.check(model)
    own = found.values  # noqa: PD011 - a field of ours, not that of pandas
    visible, noise = _find_visible(regime, observed, peers), noise_of(model)
    mine = select_reasons(regime, own, visible, noise=noise).codes[:, 0]
    sums, first, among, same = [], *np.zeros((2, len(own), len(regime.code))), np.zeros(len(own))
    rows = np.arange(len(own))[:, np.newaxis]
    seen = regime.compare(observed, peers)
    for values in contributions_of_refits(refits, model, seen, baseline=baseline, engine=found.engine):
        sums.append(sum_by_code(regime, values))
        codes = select_reasons(regime, values, visible, noise=noise).codes
        # Where there is no reason the place is -1, the last code, to which nothing is added.
        np.add.at(among, (rows, codes), codes != NONE)
        np.add.at(first, (rows[:, 0], codes[:, 0]), codes[:, 0] != NONE)
        same += codes[:, 0] == mine
    ends = np.quantile(np.stack(sums), [(1 - coverage) / 2, (1 + coverage) / 2], axis=0)
    low, high = (pd.DataFrame(end, index=own.index, columns=sums[0].columns) for end in ends)
    of_first, of_among = (
        pd.DataFrame(counts / len(refits), index=own.index, columns=list(regime.code))[list(low.columns)]
        for counts in (first, among)
    )
    return Uncertainty(low, high, of_first, of_among, same / len(refits), len(refits), coverage)


def _find_visible(regime: Regime, observed: pd.DataFrame, peers: PeerGroups) -> pd.DataFrame:
    found = np.zeros((len(observed), len(regime.feature)), dtype=np.bool_)
    for rows, values, quartiles in look_up(regime, observed, peers):
        found[rows] = is_unusual(regime, values, quartiles)
    return pd.DataFrame(found, index=observed.index, columns=list(regime.feature))
