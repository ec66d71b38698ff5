"""Programmes over years, in small."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.cases import Frontier, simulate_programme
from taxgap.errors import UsageError

SMALL = {"years": 1, "returns": 6_000, "coverage": 0.06, "seeds": [1, 2]}


@pytest.fixture(scope="module")
def played(economy):
    names = ["random", "top_yield", "adaptive_bins:2", "balanced:0.5", "stratified"]
    return simulate_programme(economy, programmes=names, **SMALL)


def test_balanced_finds_more_than_bins_and_random_and_errs_less_than_random(played):
    table = played.table
    assert list(table.index) == ["random", "top_yield", "adaptive_bins:2", "balanced:0.5", "stratified"]
    assert table["cases"].to_numpy() == pytest.approx(360, abs=3)
    assert table.loc["balanced:0.5", "tax"] > table.loc["adaptive_bins:2", "tax"]
    assert table.loc["balanced:0.5", "to_greedy"] > 0.7
    assert table.loc["balanced:0.5", "to_random"] > 2
    assert "balanced:0.5" in played.to_text()
    assert set(played.to_dict()) == set(table.index)


def test_an_economy_is_its_seed_and_persists(economy):
    first, second = economy.years(5_000, 2, seed=3)
    again = next(economy.years(5_000, 1, seed=3))
    assert (again.found == first.found).all()
    assert first.found.mean() == pytest.approx(economy.mean.mean(), rel=0.2)
    owes = first.found > 0, second.found > 0
    assert np.corrcoef(*owes)[0, 1] > 0.2
    stays = (first.features == second.features).all(axis=1).mean()
    assert stays == pytest.approx(0.7, abs=0.03)


def test_runs_with_other_seeds_join(played):
    rows = played.rows
    parts = [Frontier(rows[rows["seed"] == seed]) for seed in (1, 2)]
    assert Frontier.join(parts).table.equals(played.table)


@pytest.mark.parametrize(
    "change", [{"seeds": []}, {"coverage": 0.001}, {"programmes": ["best"]}, {"programmes": ["random:x"]}]
)
def test_a_programme_that_cannot_be_played_is_refused(economy, change):
    with pytest.raises(UsageError):
        simulate_programme(economy, **{**SMALL, **change})
