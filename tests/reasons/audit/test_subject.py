"""Models and explanations of others: what cannot be audited is refused by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import IncompatibleError, UsageError
from taxgap.reasons.audit.subject import Attributions, Subject, subject_of


class _Coin:
    """A classifier that says the same of everybody."""

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return np.full((len(X), 2), 0.5)


def _subject(material, attributions: Attributions) -> Subject:
    return subject_of(_Coin(), material.regime, material.subject.peers, attributions=attributions)


def test_explanations_of_known_features_are_taken_as_they_are(material):
    given = pd.DataFrame(1.5, index=material.index, columns=[next(iter(material.regime.feature)), "other"])
    pd.testing.assert_frame_equal(_subject(material, given).explain(material.seen), given)


def test_explanations_of_no_feature_are_refused(material):
    subject = _subject(material, lambda seen: pd.DataFrame(0.0, index=seen.index, columns=["other"]))
    with pytest.raises(UsageError, match="No column of the explanations is a feature"):
        subject.explain(material.seen)


def test_explanations_that_are_missing_are_refused_by_column(material):
    first, second = list(material.regime.feature)[:2]
    given = pd.DataFrame({first: 0.0, second: 1.0}, index=material.index)
    given.iloc[3, 1] = np.nan
    with pytest.raises(UsageError, match=f"missing or infinite in {second}"):
        _subject(material, given).explain(material.seen)


def test_explanations_of_other_rows_are_refused(material):
    subject = _subject(material, lambda _: pd.DataFrame({next(iter(material.regime.feature)): [0.0]}))
    with pytest.raises(UsageError, match="one row a return"):
        subject.explain(material.seen)


def test_a_model_of_unknown_features_is_refused(material):
    model = _Coin()
    model.feature_names_in_ = np.array(["shoe_size"], dtype=object)
    subject = subject_of(
        model, material.regime, material.subject.peers, attributions=lambda seen: seen, cutoff=0.5
    )
    with pytest.raises(IncompatibleError, match="shoe_size"):
        subject.score(material.seen)
