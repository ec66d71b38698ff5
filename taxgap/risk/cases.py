"""The cases that a model is trained and judged on: labels, features as known when opened, peers, window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.regimes import Regime
from taxgap.risk.labels import build_labels
from taxgap.risk.model import RiskModel
from taxgap.risk.observing import observe, years_of
from taxgap.risk.outcomes import Given
from taxgap.risk.selection import diagnose_overlap
from taxgap.risk.windows import Window, closed_share, split_periods


@dataclass(frozen=True)
class Part:
    """Some cases: their features and what was found.

    Parameters
    ----------
    X : DataFrame
        Features, indexed by (taxpayer_id, period).
    labels : DataFrame
        As `build_labels` gives them, on the same rows.
    weighted : bool
        Whether all cases stand for the population by their weights, or random ones alone.
    """

    X: pd.DataFrame
    labels: pd.DataFrame
    weighted: bool

    @cached_property
    def hours(self) -> pd.Series | None:
        """The officer's hours, where every case has them."""
        hours = self.labels["hours"]
        return hours.astype("float64") if hours.notna().all() and (hours > 0).all() else None

    @property
    def given(self) -> Given:
        """What stands beside the features when a model is fitted."""
        return Given(
            y=self.labels["material"],
            amount=self.labels["tax_found"],
            hours=self.hours,
            inclusion_probability=self.labels["opening_probability"],
            random=None if self.weighted else self.labels["random"],
            random_probability=None if self.weighted else self.labels["inclusion_probability"],
        )

    @property
    def probability(self) -> pd.Series:
        """The probability with which each case was drawn to stand for others."""
        return self.labels["opening_probability" if self.weighted else "inclusion_probability"]

    def take(self, rows: npt.NDArray[np.bool_]) -> Part:
        """Keep some cases."""
        return Part(self.X[rows], self.labels[rows], self.weighted)

    def fit(self, model: RiskModel) -> RiskModel:
        """Fit a model on these cases."""
        given = self.given
        return model.fit(
            self.X,
            given.y,
            amount=given.amount,
            hours=given.hours,
            inclusion_probability=given.inclusion_probability,
            random=given.random,
            random_probability=given.random_probability,
        )


@dataclass(frozen=True)
class Cases:
    """All that training starts from.

    Parameters
    ----------
    training : Part
        Random and chosen cases of the years that train.
    evaluation : Part
        Cases of the later year that stand for all: random ones, or all by weight.
    peers : PeerGroups
        From all returns of the years that train.
    window : Window
        Which years these are.
    missing, constant : list of str
        Features left out: because the records lack what they need; because they have one value in training.
    without_return : int
        Cases into returns that the records did not hold when they were opened.
    """

    training: Part
    evaluation: Part
    peers: PeerGroups
    window: Window
    missing: list[str]
    constant: list[str]
    without_return: int


def gather_cases(
    records: Records,
    regime: Regime,
    *,
    periods: Sequence[str] | None,
    material: float,
    fewest: int,
    weighted: bool = False,
) -> Cases:
    """Gather labels, features and peers.

    Parameters
    ----------
    records : Records
        As they stand on the day of training.
    regime : Regime
        The tax.
    periods : sequence of str or None
        Tax years whose enquiries may be used; all where None.
    material : float
        Tax found from which an under-declaration is material (GBP).
    fewest : int
        The fewest cases that evaluate.
    weighted : bool, default False
        Whether all cases stand for the population by their recorded probability of being opened, because
        there is no random programme.

    Returns
    -------
    Cases

    Raises
    ------
    InvalidDataError, NotIdentifiedError
        If the enquiries cannot carry a model or an evaluation.
    """
    labels, closed = read_labels(records, regime, periods=periods, material=material, weighted=weighted)
    carry = labels.assign(random=True) if weighted else labels
    window = split_periods(carry, closed=closed, cases=fewest)
    observed, peers = observe(records, regime, labels["opened_on"], train=window.train, years=window.all)
    missing = regime.missing_features(records)
    X = regime.compare(observed, peers).drop(columns=missing, errors="ignore")
    trains = years_of(X.index).isin(window.train).to_numpy()
    constant = _find_constant(X[trains])
    known = Part(X.drop(columns=constant), labels.loc[X.index], weighted)
    stands = carry.loc[X.index, "random"].to_numpy(dtype=np.bool_)
    if weighted:
        _check_overlap(known.take(trains), records, regime, window.train, closed)
    return Cases(
        training=known.take(trains),
        evaluation=known.take(~trains & stands),
        peers=peers,
        window=window,
        missing=missing,
        constant=constant,
        without_return=int(years_of(labels.index).isin(window.all).sum()) - len(X),
    )


def read_labels(
    records: Records, regime: Regime, *, periods: Sequence[str] | None, material: float, weighted: bool
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Read the labels of closed enquiries, and the share of each tax year's that are closed.

    Parameters
    ----------
    records, regime, periods, material, weighted
        As for `gather_cases`.

    Returns
    -------
    DataFrame
        From `build_labels`.
    dict of str to float
        From `closed_share`.
    """
    enquiries = records.read("enquiries")
    enquiries = enquiries[enquiries["regime"] == regime.name]
    labels = build_labels(
        enquiries, regime=regime.name, as_of=records.as_of, periods=periods, material=material
    )
    return labels, closed_share(enquiries, weighted=weighted)


def _find_constant(X: pd.DataFrame) -> list[str]:
    same = X.eq(X.iloc[0]) | (X.isna() & X.iloc[0].isna())
    return [str(name) for name in X.columns[same.all()]]


def _check_overlap(
    cases: Part, records: Records, regime: Regime, years: Sequence[str], closed: Mapping[str, float]
) -> None:
    """Refuse weights that cannot stand for the returns of the years that train, as far as they are closed."""
    returns = records.read(regime.name, ["taxpayer_id", "period"], periods=years)
    per_year = years_of(pd.MultiIndex.from_frame(returns.drop_duplicates())).value_counts()
    population = round(sum(count * closed.get(str(year), 1.0) for year, count in per_year.items()))
    diagnose_overlap(cases.probability, population=population).require("A model without random enquiries")
