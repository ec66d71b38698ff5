"""Rankings: order, ties, reasons as given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.reasons.audit.planted import LEVELS
from taxgap.reasons.audit.recovery.ranked import (
    hash_pairs,
    names_of,
    rank_contributions,
    rank_features,
    rank_reasons,
)
from taxgap.reasons.contributions import Contributions
from taxgap.regimes import Regime


def test_codes_come_by_their_sums(regime: Regime, found: Contributions) -> None:
    values = found.values  # noqa: PD011 - a field of ours
    ranked = rank_contributions(regime, values, "mine")
    code = {name: regime.feature[name].code for name in values}
    sums = values.T.groupby(code).sum().T.reindex(columns=names_of(regime, "code"), fill_value=0.0)
    np.testing.assert_allclose(ranked.scores["code"], sums, atol=1e-9)
    for places, own in zip(ranked.positions["code"], sums.to_numpy().round(9), strict=True):
        kept = places[places >= 0]
        assert len(kept) == min((own > 0).sum(), 4)
        np.testing.assert_array_equal(own[kept], np.sort(own)[::-1][: len(kept)])
        assert (places[len(kept) :] == -1).all()


def test_columns_and_rows_in_another_order_change_nothing(regime: Regime, found: Contributions) -> None:
    values = found.values.round(1)  # noqa: PD011 - with many ties
    random = np.random.default_rng(0)
    rows = random.permutation(len(values))
    other = values.iloc[rows, random.permutation(values.shape[1])]
    one, two = (rank_contributions(regime, each, "mine") for each in (values, other))
    for level in LEVELS:
        np.testing.assert_array_equal(one.positions[level][rows], two.positions[level])


def test_ties_follow_names_and_not_places(regime: Regime) -> None:
    index = pd.Index([f"T{i}" for i in range(2_000)])
    even = rank_features(regime, index, np.ones((len(index), len(regime.features))), "constant")
    counts = np.bincount(even.positions["field"][:, 0], minlength=len(regime.features))
    expected = len(index) / len(regime.features)
    assert ((counts - expected) ** 2 / expected).sum() < 80  # chi-square of 43 degrees: mean 43, sd 9
    names = names_of(regime, "field")
    np.testing.assert_array_equal(hash_pairs(index, names[::-1]), hash_pairs(index, names)[:, ::-1])
    assert (hash_pairs(index, names) != hash_pairs(index, names, salt=1)).all()


def test_nothing_that_lowers_the_score_is_named(regime: Regime, found: Contributions) -> None:
    values = -found.values.abs()  # noqa: PD011 - a field of ours
    ranked = rank_contributions(regime, values, "mine")
    assert all((ranked.positions[level] == -1).all() for level in LEVELS)


def test_unknown_columns_and_missing_values_are_passed_over(regime: Regime, found: Contributions) -> None:
    values = found.values  # noqa: PD011 - a field of ours
    holes = values.assign(other=9.0).where(values > -np.inf, 9.0)
    holes.iloc[:, 0] = np.nan
    one = rank_contributions(regime, holes, "mine")
    two = rank_contributions(regime, values.drop(columns=values.columns[0]), "mine")
    np.testing.assert_array_equal(one.positions["code"], two.positions["code"])


def test_reasons_keep_their_order(regime: Regime, table: pd.DataFrame) -> None:
    ranked = rank_reasons(regime, table)
    codes, features = names_of(regime, "code"), names_of(regime, "field")
    for k in range(4):
        given = table[f"reason_{k + 1}_code"].astype("object")
        named = [codes[place] if place >= 0 else None for place in ranked.positions["code"][:, k]]
        assert named == given.where(given.notna(), None).tolist()
        field = table[f"reason_{k + 1}_feature"].astype("object")
        named = [features[place] if place >= 0 else None for place in ranked.positions["field"][:, k]]
        assert named == field.where(field.notna(), None).tolist()
    total = table[[f"reason_{k}_contribution" for k in range(1, 5)]].sum(axis=1)
    for level in LEVELS:
        np.testing.assert_allclose(ranked.scores[level].sum(axis=1), total)


def test_a_family_is_named_once(regime: Regime, table: pd.DataFrame) -> None:
    families = rank_reasons(regime, table).positions["family"]
    named = [row[row >= 0] for row in families]
    assert any(len(row) < 4 for row in named)
    assert all(len(set(row)) == len(row) for row in named)


def test_a_ranking_of_some_is_laid_out_for_all(regime: Regime, found: Contributions) -> None:
    values = found.values  # noqa: PD011 - a field of ours
    rows = np.arange(len(values)) % 3 == 0
    some = rank_contributions(regime, values[rows], "mine").spread(rows)
    every = rank_contributions(regime, values, "mine")
    np.testing.assert_array_equal(some.positions["code"][rows], every.positions["code"][rows])
    assert (some.positions["code"][~rows] == -1).all()
    assert not some.scores["code"][~rows].any()


def test_an_unknown_level_is_refused(regime: Regime) -> None:
    with pytest.raises(UsageError):
        names_of(regime, "box")
