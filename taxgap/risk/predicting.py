"""What a fitted model says of new cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from taxgap.errors import UsageError
from taxgap.risk.arrays import Floats
from taxgap.risk.boosting import score_raw
from taxgap.risk.fitting import FittedParts
from taxgap.risk.frames import FrameSpec, to_frame
from taxgap.risk.intervals import AmountErrors
from taxgap.risk.scorecard import Style, find_base, list_rules

Kind = Literal["expected_tax", "probability", "hours"]


class Predictions:
    """The half of `taxgap.risk.RiskModel` that answers; the other half learns and is stored."""

    frame_: FrameSpec
    parts_: FittedParts
    boosters_: Mapping[str, lgb.Booster]
    classes_: npt.NDArray[Any]
    threshold: float
    style: Style
    n_threads: int

    def encode(self, X: pd.DataFrame) -> Floats:
        """Return the matrix that the boosters read; see `FrameSpec.encode`."""
        check_is_fitted(self, "frame_")
        return self.frame_.encode(X)

    def booster(self, kind: Kind = "expected_tax") -> lgb.Booster:
        """Return one of the boosters, over the columns of `encode`.

        Its raw score plus ``parts_.offset(kind)`` is the ranking score, for ``"expected_tax"``.
        """
        check_is_fitted(self, "boosters_")
        if kind not in self.boosters_:
            raise UsageError(f"There is no booster {kind!r}.", where="kind", available=self.boosters_)
        return self.boosters_[kind]

    def ranking_score(self, X: pd.DataFrame) -> Floats:
        """Return the score that ranks cases: the natural log of expected tax (GBP), one a row."""
        return self._score_log(X, "expected_tax")

    def expected_tax(self, X: pd.DataFrame) -> Floats:
        """Return the tax that an enquiry may be expected to find (GBP): exp of `ranking_score`, exactly."""
        expected: Floats = np.exp(self.ranking_score(X))
        return expected

    def expected_hours(self, X: pd.DataFrame) -> Floats:
        """Return the hours that an enquiry may be expected to take; only after training with hours."""
        expected: Floats = np.exp(self._score_log(X, "hours"))
        return expected

    def predict_proba(self, X: pd.DataFrame) -> Floats:
        """Return the probabilities of no material under-declaration and of one, two columns."""
        matrix = self.encode(X)
        raw = score_raw(self.booster("probability"), matrix, self.n_threads)
        probability = self.parts_.curve.to_probability(raw)
        return np.column_stack([1.0 - probability, probability])

    def predict(self, X: pd.DataFrame) -> npt.NDArray[Any]:
        """Return the class of each row: the second where its probability reaches ``threshold``."""
        reached = self.predict_proba(X)[:, 1] >= self.threshold
        found: npt.NDArray[Any] = self.classes_[reached.astype(np.intp)]
        return found

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
        errors: AmountErrors = self.parts_.errors  # type: ignore[assignment]  # there, as the score is
        low, high = errors.to_interval(score, coverage)
        return pd.DataFrame({"amount_low": low, "amount_high": high}, index=to_frame(X).index)

    @property
    def rules_(self) -> pd.DataFrame:
        """The rules of a scorecard; see `taxgap.risk.scorecard.list_rules`."""
        check_is_fitted(self, "parts_")
        if self.style != "scorecard":
            raise UsageError(
                "Only a scorecard has rules.", where="style", remedy="Train with style='scorecard'."
            )
        kind: Kind = "expected_tax" if "expected_tax" in self.boosters_ else "probability"
        return list_rules(self.booster(kind), self.frame_)

    @property
    def rules_base_(self) -> float:
        """Where the rules of a scorecard start: expected tax (GBP), or odds, on every lowest step."""
        amounts = "expected_tax" in self.boosters_
        offset = self.parts_.offset("expected_tax") if amounts else 0.0
        return float(np.exp(find_base(self.booster("expected_tax" if amounts else "probability")) + offset))

    @property
    def offset_(self) -> float:
        """What `ranking_score` adds to the raw score of the booster ``"expected_tax"``, in log pounds."""
        check_is_fitted(self, "parts_")
        return self.parts_.offset("expected_tax")

    def _score_log(self, X: pd.DataFrame, kind: Kind) -> Floats:
        matrix = self.encode(X)
        offset = self.parts_.offset(kind)
        return score_raw(self.booster(kind), matrix, self.n_threads) + offset
