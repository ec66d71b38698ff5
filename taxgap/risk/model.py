"""The risk model: who has probably under-declared, and how much an enquiry may be expected to find."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from taxgap.errors import InvalidDataError
from taxgap.risk.arrays import Column, Floats
from taxgap.risk.boosting import read_booster
from taxgap.risk.card import build_card, identify, read_versions, summarise_card
from taxgap.risk.fitting import FittedParts, Plan, fit_parts
from taxgap.risk.frames import FrameSpec, to_frame
from taxgap.risk.outcomes import MINIMUM_ROWS, Carriers, Given, Rules, check_outcomes
from taxgap.risk.predicting import Predictions
from taxgap.risk.ranking import RankBy, score_frame
from taxgap.risk.scorecard import Style
from taxgap.risk.settings import check_settings
from taxgap.risk.storage import check_peer_rows, load, save


class RiskModel(ClassifierMixin, Predictions, BaseEstimator):  # type: ignore[misc]
    """Rank returns by expected tax, with a calibrated probability and an interval for the amount.

    Two LightGBM boosters: one with a log link for the tax an enquiry finds, whose raw score (plus one
    constant) is the ranking score; one for the probability of a material under-declaration. Both are
    calibrated on random enquiries only, out of fold. A third, for the hours of an enquiry, joins where hours
    are given.

    Parameters
    ----------
    style : {"ensemble", "scorecard"}, default "ensemble"
        Full trees; or a few rules of one feature each, that a person can read in `rules_`, at a price in tax
        found. Of the settings of trees only their number counts for a scorecard.
    rules : int, default 8
        The most features of a scorecard.
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
    amount_cap_quantile : float, default 1
        Tax found may be capped at this quantile of the amounts found while the trees grow, where a few very
        large settlements decide where they split; 1 is no cap, which found most tax in four synthetic taxes.
        The calibration always uses the uncapped amounts.
    weight_power, weight_cap_quantile : float, default 0.5, 0.99
        Weights while the trees grow are (1 / inclusion probability) to this power, capped at this quantile of
        theirs, of mean 1; see `taxgap.risk.outcomes.stabilise_weights`.
    threshold : float, default 0.5
        Probability from which `predict` gives the second class.
    calibrate_on : {"random", "weighted"}, default "random"
        Which cases carry calibration and intervals: those of the random programme; or, where there is none,
        all, each weighted by 1 / ``inclusion_probability``. The second is right only where every return could
        have been opened, and its probability is known.
    fewest_cases : int, default 100
        Fewer cases are refused; half as many must carry the calibration, and a tenth of each kind be among
        them. Lower it for trials, not for use.
    allow_constant : bool, default False
        Take features that have one value in all rows, instead of refusing them.
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
        The two labels as they were given, the second of which is the event; False, True where only amounts
        were.
    feature_names_in_ : ndarray of str
        The features, in the order of the boosters; not after fitting on an array, which has no names.
    n_features_in_ : int
        How many there are.
    frame_ : FrameSpec
        Names and levels that a frame must have.
    card_ : dict
        What the model is, as plain data; `save` writes it.
    peer_rows_ : DataFrame or None
        Background rows, after `attach_peers`.
    rules_ : DataFrame
        The rules of a scorecard: ``feature, rule, factor, points``.

    Notes
    -----
    ``score`` is scikit-learn's: the accuracy of `predict`. The score that ranks cases is `ranking_score`.
    Without amounts only the probability can be told. With scikit-learn's metadata routing, ask for what
    stands beside the features: ``model.set_fit_request(amount=True, inclusion_probability=True)``. A high
    score is a reason to look, not a finding.

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

    peers_: Any = None
    peer_rows_: pd.DataFrame | None = None

    def __init__(
        self,
        *,
        style: Style = "ensemble",
        rules: int = 8,
        material: float = 1000.0,
        n_estimators: int = 200,
        num_leaves: int = 31,
        learning_rate: float = 0.03,
        min_child_samples: int = 5,
        path_smooth: float = 100.0,
        feature_fraction: float = 0.7,
        bagging_fraction: float = 0.7,
        max_bin: int = 63,
        amount_cap_quantile: float = 1.0,
        weight_power: float = 0.5,
        weight_cap_quantile: float = 0.99,
        threshold: float = 0.5,
        calibrate_on: Carriers = "random",
        fewest_cases: int = MINIMUM_ROWS,
        allow_constant: bool = False,
        folds: int = 5,
        random_state: int = 0,
        n_threads: int = 1,
        monotone: Mapping[str, int] | None = None,
    ) -> None:
        self.style = style
        self.rules = rules
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
        self.calibrate_on = calibrate_on
        self.fewest_cases = fewest_cases
        self.allow_constant = allow_constant
        self.folds = folds
        self.random_state = random_state
        self.n_threads = n_threads
        self.monotone = monotone

    def __sklearn_tags__(self) -> Tags:
        """Say to scikit-learn what the model takes: missing values, and two classes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(
        self,
        X: pd.DataFrame,
        y: Column | None = None,
        *,
        amount: Column | None = None,
        hours: Column | None = None,
        inclusion_probability: Column | None = None,
        random: Column | None = None,
        random_probability: Column | None = None,
    ) -> RiskModel:
        """Fit on closed enquiries.

        Parameters
        ----------
        X : DataFrame or array
            Features, one row a case; rows with the same index level ``taxpayer_id`` stay in one fold.
        y : array-like, optional
            Whether a material under-declaration was found, as two labels; without it, whether ``amount``
            reaches ``material``.
        amount : array-like, optional
            Tax found (GBP), 0 where nothing was found. Without it there is a probability and no ranking
            score, which is the log of expected tax.
        hours : array-like, optional
            The officer's hours; with them the model can tell `expected_hours`.
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
        settings = self.get_params(deep=False)
        check_settings(settings)
        spec = FrameSpec.learn(X)
        matrix = spec.encode(X)
        self._check_constant(spec, matrix)
        index = to_frame(X).index
        given = Given(
            y=y,
            amount=amount,
            hours=hours,
            inclusion_probability=inclusion_probability,
            random=random,
            random_probability=random_probability,
        )
        outcomes = check_outcomes(index, given, Rules.of(settings))
        parts = fit_parts(spec, matrix, index, outcomes, Plan.of(settings, spec))
        return self.restore(spec, parts, {"versions": read_versions()}, classes=outcomes.classes)

    def restore(
        self, spec: FrameSpec, parts: FittedParts, notes: dict[str, Any], *, classes: Column
    ) -> RiskModel:
        """Set the fitted state; `fit` and `load` end here, so that both give the same model."""
        self.frame_ = spec
        self.parts_ = parts
        self.notes_ = notes
        self.classes_ = np.asarray(classes)
        if spec.named:
            self.feature_names_in_ = np.array(spec.names, dtype=object)
        self.n_features_in_ = len(spec.names)
        self.boosters_ = {kind: read_booster(text) for kind, text in parts.texts.items()}
        self.peers_ = None
        self.peer_rows_ = None
        return self

    def score_frame(
        self, X: pd.DataFrame, *, rank_by: RankBy = "expected_tax", hourly_cost: float | None = None
    ) -> pd.DataFrame:
        """Return one score row for each row of a feature frame, without records.

        Parameters
        ----------
        X : DataFrame
            Features, one row a case.
        rank_by : {"expected_tax", "probability", "net_yield"}, default "expected_tax"
            What the rank follows; see `taxgap.risk.ranking.rank_value`.
        hourly_cost : float, optional
            What an hour of an officer costs (GBP), for the net yield.

        Returns
        -------
        DataFrame
            Indexed as X: ``model_id, probability, expected_tax, amount_low, amount_high, score,
            expected_hours, ranked_by, rank``. Rank 1 comes first; equal values are ordered by a fixed hash of
            their label. Hours are missing where the model was trained without.
        """
        check_is_fitted(self, "parts_")
        return score_frame(self, X, rank_by=rank_by, hourly_cost=hourly_cost)

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
        self.peers_ = peers
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

    def _check_constant(self, spec: FrameSpec, matrix: Floats) -> None:
        same = (matrix == matrix[:1]) | (np.isnan(matrix) & np.isnan(matrix[:1]))
        names = [name for name, constant in zip(spec.names, same.all(axis=0), strict=True) if constant]
        if names and (not self.allow_constant or len(names) == len(spec.names)) and len(matrix) > 1:
            raise InvalidDataError(
                f"These features have one value in every row and tell nothing: {', '.join(names)}.",
                where="X",
                remedy="Leave them out, or fit with allow_constant=True.",
            )
