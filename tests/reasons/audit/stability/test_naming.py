"""Codes alone must be those of the reasons with their sentences."""

import numpy as np

from taxgap.reasons.audit.stability.naming import Naming, count_reasons, given_codes, share_in_common


def test_own_contributions_give_the_codes_that_were_given(material):
    naming = Naming.of(material, material.flagged)
    assert np.array_equal(naming.choose(material.contributions[material.flagged]), naming.given)
    assert (naming.given >= 0).any()


def test_columns_that_are_no_features_are_passed_over(material):
    naming = Naming.of(material, material.flagged)
    more = material.contributions[material.flagged].assign(mine=9.0)
    assert np.array_equal(naming.choose(more), naming.given)


def test_codes_are_counted(material):
    codes = given_codes(material)
    named = sum(material.reasons[f"reason_{k}_code"].notna().to_numpy() for k in range(1, 5))
    assert np.array_equal(count_reasons(codes), named)


def test_lists_without_anything_in_common_share_nothing():
    assert share_in_common(np.array([[0, 1]]), np.array([[2, -1]])).tolist() == [0.0]
