"""The risk model: who has probably under-declared, and how much an enquiry may be expected to find."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from taxgap.errors import UsageError
from taxgap.risk.arrays import Bools, Column, Floats
from taxgap.risk.boosting import read_booster, score_raw
from taxgap.risk.card import build_card, identify, read_versions, summarise_card
from taxgap.risk.fitting import FittedParts, fit_parts
from taxgap.risk.frames import FrameSpec
from taxgap.risk.outcomes import check_outcomes
from taxgap.risk.settings import check_settings
from taxgap.risk.storage import check_peer_rows, load, save

Kind = Literal["expected_tax", "probability"]


class RiskModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Rank returns by expected tax, with a calibrated probability and an interval for the amount.

    Two LightGBM boosters: one with a log link for the tax an enquiry finds, whose raw score (plus one
    constant) is the ranking score; one for the probability of a material under-declaration. Both are
    calibrated on random enquiries only, out of fold.

    Parameters
    ----------
    material : float, default 1000
        Tax found from which an under-declaration is material (GBP).
    n_estimators : int, default 200
        Trees a booster.
    num_leaves : int, default 31
        Leaves a tree.
    learning_rate : float, default 0.03
        How much of each tree is taken.
    min_child_samples : int, default 5
        Fewest cases in a leaf.
    path_smooth : float, default 100
        How many cases' weight draws a leaf towards its parent.
    feature_fraction, bagging_fraction : float, default 0.7, 0.7
        Share of features and of cases a tree sees.
    max_bin : int, default 63
        Most thresholds tried a feature.
    amount_cap_quantile : float, default 0.99
        Tax found is capped at this quantile of the amounts found while the trees grow, because a few very
        large settlements would otherwise decide where they split. The calibration uses the uncapped amounts.
    weight_power, weight_cap_quantile : float, default 0.5, 0.99
        Weights while the trees grow are (1 / inclusion probability) to this power, capped at this quantile of
        theirs, of mean 1; see `taxgap.risk.outcomes.stabilise_weights`.
    threshold : float, default 0.5
        Probability from which `predict` says true.
    folds : int, default 5
        Folds of the out-of-fold scores behind calibration and intervals; a taxpayer's rows stay together.
    random_state : int, default 0
        Seed. Same data, same settings: the same model to the last bit, whatever the number of threads.
    n_threads : int, default 1
        LightGBM's threads. Thousands of cases gain nothing from more.
    monotone : mapping of str to int, optional
        Directions known beforehand: 1 if a larger value can only raise the risk, -1 if only lower it.

    Attributes
    ----------
    classes_ : ndarray
        False, True.
    feature_names_in_ : ndarray of str
        The features, in the order of the boosters.
    frame_ : FrameSpec
        Names and levels that a frame must have.
    card_ : dict
        What the model is, as plain data; `save` writes it.
    peer_rows_ : DataFrame or None
        Background rows, after `attach_peers`.

    Notes
    -----
    ``score`` is scikit-learn's: the accuracy of `predict`. The score that ranks cases is `ranking_score`.
    A high score is a reason to look, not a finding.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"mismatch": rng.exponential(size=400), "margin": rng.normal(size=400)})
    >>> amount = np.where(rng.random(400) < X["mismatch"] / 6, 5_000 * X["mismatch"], 0.0).round(2)
    >>> model = RiskModel(n_estimators=20, folds=3, monotone={"mismatch": 1}).fit(X, amount=amount)
    >>> bool(np.allclose(model.expected_tax(X), np.exp(model.ranking_score(X)), rtol=0))
    True
    >>> model.amount_interval(X.head(2), coverage=0.8).columns.tolist()
    ['amount_low', 'amount_high']
    """

    peers: Any = None
    peer_rows_: pd.DataFrame | None = None

    def __init__(
        self,
        *,
        material: float = 1000.0,
        n_estimators: int = 200,
        num_leaves: int = 31,
        learning_rate: float = 0.03,
        min_child_samples: int = 5,
        path_smooth: float = 100.0,
        feature_fraction: float = 0.7,
        bagging_fraction: float = 0.7,
        max_bin: int = 63,
        amount_cap_quantile: float = 0.99,
        weight_power: float = 0.5,
        weight_cap_quantile: float = 0.99,
        threshold: float = 0.5,
        folds: int = 5,
        random_state: int = 0,
        n_threads: int = 1,
        monotone: Mapping[str, int] | None = None,
    ) -> None:
        self.material = material
        self.n_estimators = n_estimators
        self.num_leaves = num_leaves
        self.learning_rate = learning_rate
        self.min_child_samples = min_child_samples
        self.path_smooth = path_smooth
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.max_bin = max_bin
        self.amount_cap_quantile = amount_cap_quantile
        self.weight_power = weight_power
        self.weight_cap_quantile = weight_cap_quantile
        self.threshold = threshold
        self.folds = folds
        self.random_state = random_state
        self.n_threads = n_threads
        self.monotone = monotone

    def fit(
        self,
        X: pd.DataFrame,
        y: Column | None = None,
        *,
        amount: Column | None = None,
        inclusion_probability: Column | None = None,
        random: Column | None = None,
        random_probability: Column | None = None,
    ) -> RiskModel:
        """Fit on closed enquiries.

        Parameters
        ----------
        X : DataFrame
            Features, one row a case; rows with the same index level ``taxpayer_id`` stay in one fold.
        y : array-like of bool, optional
            Whether a material under-declaration was found; without it, whether ``amount`` reaches
            ``material``.
        amount : array-like
            Tax found (GBP), 0 where nothing was found. Required: the ranking score is the log of expected
            tax.
        inclusion_probability : array-like, optional
            Probability that the case was opened at all, by any programme; 1 for all where not given.
        random : array-like of bool, optional
            Which cases the random programme drew; all where not given. They alone carry the calibration.
        random_probability : array-like, optional
            For random cases, the probability that the random programme drew them; their
            ``inclusion_probability`` where not given. Other rows need any value above 0 and up to 1.

        Returns
        -------
        RiskModel

        Raises
        ------
        UsageError, InvalidDataError
            Arguments or data that cannot be used.
        NotIdentifiedError
            Too few random enquiries for a calibration.
        """
        growth = check_settings(self.get_params(deep=False))
        spec = FrameSpec.learn(X)
        outcomes = check_outcomes(
            X.index,
            y,
            amount=amount,
            inclusion_probability=inclusion_probability,
            random=random,
            random_probability=random_probability,
            material=self.material,
            weight_power=self.weight_power,
            weight_cap_quantile=self.weight_cap_quantile,
        )
        parts = fit_parts(
            spec,
            spec.encode(X),
            X.index,
            outcomes,
            growth=growth,
            directions=spec.check_directions(self.monotone),
            folds=self.folds,
            cap_quantile=self.amount_cap_quantile,
        )
        return self.restore(spec, parts, {"versions": read_versions()})

    def restore(self, spec: FrameSpec, parts: FittedParts, notes: dict[str, Any]) -> RiskModel:
        """Set the fitted state; `fit` and `load` end here, so that both give the same model."""
        self.frame_ = spec
        self.parts_ = parts
        self.notes_ = notes
        self.classes_ = np.array([False, True])
        self.feature_names_in_ = np.array(spec.names, dtype=object)
        self.n_features_in_ = len(spec.names)
        self.boosters_ = {kind: read_booster(text) for kind, text in parts.texts.items()}
        self.peers = None
        self.peer_rows_ = None
        return self

    def encode(self, X: pd.DataFrame) -> Floats:
        """Return the matrix that the boosters read; see `FrameSpec.encode`."""
        check_is_fitted(self, "frame_")
        return self.frame_.encode(X)

    def booster(self, kind: Kind = "expected_tax") -> lgb.Booster:
        """Return one of the two boosters, over the columns of `encode`.

        Its raw score plus ``parts_.offset`` is the ranking score, for ``"expected_tax"``.
        """
        check_is_fitted(self, "boosters_")
        if kind not in self.boosters_:
            raise UsageError(f"There is no booster {kind!r}.", where="kind", available=self.boosters_)
        return self.boosters_[kind]

    def ranking_score(self, X: pd.DataFrame) -> Floats:
        """Return the score that ranks cases: the natural log of expected tax (GBP), one a row."""
        raw = score_raw(self.booster("expected_tax"), self.encode(X), self.n_threads)
        return raw + self.parts_.offset

    def expected_tax(self, X: pd.DataFrame) -> Floats:
        """Return the tax that an enquiry may be expected to find (GBP): exp of `ranking_score`, exactly."""
        expected: Floats = np.exp(self.ranking_score(X))
        return expected

    def predict_proba(self, X: pd.DataFrame) -> Floats:
        """Return the probabilities of no material under-declaration and of one, two columns."""
        raw = score_raw(self.booster("probability"), self.encode(X), self.n_threads)
        probability = self.parts_.curve.to_probability(raw)
        return np.column_stack([1.0 - probability, probability])

    def predict(self, X: pd.DataFrame) -> Bools:
        """Return whether the probability of a material under-declaration reaches ``threshold``."""
        flags: Bools = self.predict_proba(X)[:, 1] >= self.threshold
        return flags

    def amount_interval(self, X: pd.DataFrame, coverage: float = 0.8) -> pd.DataFrame:
        """Return an interval for the tax found, given that an enquiry finds some.

        Parameters
        ----------
        X : DataFrame
            Features.
        coverage : float, default 0.8
            Share of the cases with tax found whose amount lies inside, at least, over cases like the random
            enquiries trained on; not a promise for every kind of case.

        Returns
        -------
        DataFrame
            ``amount_low``, ``amount_high`` (GBP), indexed as X.
        """
        score = self.ranking_score(X)
        low, high = self.parts_.errors.to_interval(score, coverage)
        return pd.DataFrame({"amount_low": low, "amount_high": high}, index=X.index)

    @property
    def offset_(self) -> float:
        """What `ranking_score` adds to the raw score of the booster ``"expected_tax"``, in log pounds."""
        check_is_fitted(self, "parts_")
        return self.parts_.offset

    @property
    def model_id(self) -> str:
        """Sixteen characters that stand for all that the model answers from; the same data give the same."""
        check_is_fitted(self, "parts_")
        return identify(self)

    @property
    def card_(self) -> dict[str, Any]:
        """What the model is, as plain data: features, settings, calibration, window, metrics, versions."""
        check_is_fitted(self, "parts_")
        return build_card(self)

    def annotate(self, **facts: Any) -> RiskModel:
        """Add facts to the card, such as regime, window and metrics.

        Parameters
        ----------
        **facts : object
            Values that JSON can hold; numpy scalars and dates are converted.

        Returns
        -------
        RiskModel
        """
        check_is_fitted(self, "notes_")
        self.notes_ = {**self.notes_, **facts}
        return self

    def attach_peers(self, peers: Any) -> RiskModel:
        """Keep the background that reasons compare with.

        Parameters
        ----------
        peers : object
            With a DataFrame ``rows``: feature rows without identifiers. `save` writes them beside the model.

        Returns
        -------
        RiskModel
        """
        check_is_fitted(self, "parts_")
        self.peers = peers
        self.peer_rows_ = check_peer_rows(peers.rows)
        return self

    def summary(self) -> str:
        """Return the card in a few lines, for people."""
        return summarise_card(self.card_)

    def save(self, folder: str | Path, *, replace: bool = False) -> Path:
        """Write the model to a folder; see `taxgap.risk.storage.save`."""
        check_is_fitted(self, "parts_")
        return save(self, folder, replace=replace)

    @classmethod
    def load(cls, folder: str | Path) -> RiskModel:
        """Read a model from a folder; see `taxgap.risk.storage.load`."""
        return load(folder, cls)
