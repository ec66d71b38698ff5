"""The probability that a return was opened, estimated from what the records show of all returns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import Bools, Column, Floats, split_bins, to_flags, to_floats
from taxgap.risk.boosting import Growth, grow
from taxgap.risk.calibration import fit_curve
from taxgap.risk.card import to_plain
from taxgap.risk.crossfit import assign_folds, cross_fit
from taxgap.risk.evaluation.metrics import Ranking
from taxgap.risk.frames import FrameSpec

FEWEST_OPENED = 100
_BINS = 10
# Selection is a smoother thing than evasion, and there are many returns: fewer, larger leaves.
_GROWTH = Growth(n_estimators=120, num_leaves=15, learning_rate=0.05, min_child_samples=50)


@dataclass(frozen=True)
class Propensities:
    """Estimated probabilities that returns were opened.

    Parameters
    ----------
    probability : Series
        One a return, above 0 and below 1, out of fold.
    calibration : DataFrame
        ``decile, predicted, observed, low, high, n`` by rising probability, with 95% intervals.
    auc : float
        How well the features tell who was opened: 0.5 where the choice was blind to them.
    opened : int
        Returns opened.
    """

    probability: pd.Series
    calibration: pd.DataFrame
    auc: float
    opened: int

    def compare(self, recorded: pd.Series) -> pd.Series:
        """Compare with recorded probabilities.

        Parameters
        ----------
        recorded : Series
            Recorded probabilities of some of the returns, with the same labels.

        Returns
        -------
        Series
            ``n``; ``correlation`` and ``rank_correlation``; ``ratio``, the mean of estimated over recorded;
            ``error``, the typical relative error (root mean square of the log ratio).
        """
        known = to_floats(recorded, "recorded")
        own = self.probability.reindex(recorded.index)
        if own.isna().any():
            raise UsageError(
                f"{int(own.isna().sum())} recorded probabilities are of returns that are not here.",
                where="recorded",
            )
        other = pd.Series(known, index=own.index)
        return pd.Series(
            {
                "n": float(len(own)),
                "correlation": float(own.corr(other)),
                "rank_correlation": float(own.rank().corr(other.rank())),
                "ratio": float(own.mean() / other.mean()),
                "error": float(np.sqrt(np.mean(np.log(own / other) ** 2))),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, without the returns themselves."""
        return {
            "returns": len(self.probability),
            "opened": self.opened,
            "auc": self.auc,
            "lowest": float(self.probability.min()),
            "highest": float(self.probability.max()),
            "calibration": to_plain(self.calibration.to_dict("records")),
        }

    def to_text(self) -> str:
        """Return two lines for people."""
        low, middle, high = self.probability.quantile([0.01, 0.5, 0.99])
        return (
            f"{self.opened:,} of {len(self.probability):,} returns were opened; the features tell which with "
            f"an AUC of {self.auc:.3f}.\n"
            f"Probability of being opened: {middle:.4f} in the middle, {low:.4f} to {high:.4f} for 98%."
        )

    def _repr_html_(self) -> str:
        table = self.calibration.to_html(index=False, float_format="{:.4f}".format)
        return f"<pre>{self.to_text()}</pre>{table}"


def estimate_opening(
    X_all: pd.DataFrame,
    opened: Column,
    *,
    folds: int = 5,
    seed: int = 0,
    growth: Growth | None = None,
    n_threads: int = 1,
) -> Propensities:
    """Estimate for every return the probability that it was opened.

    Parameters
    ----------
    X_all : DataFrame
        What was on file of all returns, opened or not, before any was opened. Columns that the model may not
        use, such as size in pounds, may and should stand here: the better it tells who was opened, the less
        of the choice stays hidden.
    opened : array-like of bool
        Which were opened.
    folds : int, default 5
        Each return is judged by trees that have not seen its taxpayer.
    seed : int, default 0
        Seed.
    growth : Growth, optional
        How trees grow.
    n_threads : int, default 1
        LightGBM's threads.

    Returns
    -------
    Propensities

    Raises
    ------
    InvalidDataError
        If fewer than 100 returns were opened, or fewer than 100 were not.

    Notes
    -----
    Gradient-boosted log-odds, cross-fitted, then calibrated by `taxgap.risk.calibration.fit_curve` on the
    out-of-fold scores. An estimate stands in for a recorded probability only as far as the choice followed
    what is in ``X_all``: whatever else moved the officer stays hidden; see `bound_hidden_choice`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"mismatch": rng.random(4000)})
    >>> opened = rng.random(4000) < 0.02 + 0.2 * X["mismatch"]
    >>> found = estimate_opening(X, opened, folds=3)
    >>> bool(np.corrcoef(found.probability, X["mismatch"])[0, 1] > 0.8)
    True
    """
    flags = to_flags(opened, "opened", index=X_all.index)
    _check_enough(flags)
    spec = FrameSpec.learn(X_all)
    fold = assign_folds(X_all.index, flags.astype(np.int64), folds, seed)
    chosen = Growth(**{**vars(growth or _GROWTH), "random_state": seed, "n_threads": n_threads})
    plant = partial(grow, objective="binary", spec=spec, directions=[0] * len(spec.names), growth=chosen)
    ones = np.ones(len(flags))
    raw = cross_fit(spec.encode(X_all), flags.astype(np.float64), ones, fold, plant)
    probability = fit_curve(raw, flags, ones).to_probability(raw)
    return Propensities(
        pd.Series(probability, index=X_all.index, name="opening_probability"),
        _calibrate(probability, flags),
        _area(raw, flags),
        int(flags.sum()),
    )


def _check_enough(flags: Bools) -> None:
    count = int(flags.sum())
    if min(count, len(flags) - count) < FEWEST_OPENED:
        raise InvalidDataError(
            f"{count} of {len(flags)} returns were opened: the probability needs {FEWEST_OPENED} opened and "
            "as many unopened.",
            where="opened",
            remedy="Give the features of all returns, not only of those that were opened.",
        )


def _calibrate(probability: Floats, flags: Bools) -> pd.DataFrame:
    label = split_bins(probability, np.ones(len(flags)), _BINS)
    frame = pd.DataFrame(
        {"decile": label + 1, "predicted": probability, "observed": flags.astype(np.float64)}
    )
    table = frame.groupby("decile").agg(
        predicted=("predicted", "mean"), observed=("observed", "mean"), n=("observed", "size")
    )
    reach = 1.96 * np.sqrt(table["predicted"] * (1 - table["predicted"]) / table["n"])
    table["low"], table["high"] = (
        (table["observed"] - reach).clip(lower=0),
        (table["observed"] + reach).clip(upper=1),
    )
    return table.reset_index()[["decile", "predicted", "observed", "low", "high", "n"]]


def _area(raw: Floats, flags: Bools) -> float:
    ranking = Ranking(raw, np.arange(len(raw)), flags.astype(np.float64), 1.0)
    return float(ranking.measure(np.ones((1, len(raw))), [])["auc", None][0])
