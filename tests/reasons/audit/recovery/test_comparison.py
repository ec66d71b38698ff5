"""Methods side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.recovery.comparison import METHODS, compare_methods, explain_against_population
from taxgap.reasons.audit.subject import explain_against_peers


@pytest.fixture(scope="module")
def part(material: Material) -> Part:
    own = material.subject
    assert own.model is not None
    again = explain_against_peers(own.model, own.regime, own.peers)
    return compare_methods(material, {"again": again, "nothing": lambda seen: seen[[]].astype(float)})


def test_every_method_has_a_line_at_every_level(part: Part) -> None:
    table = part.tables["methods"]
    assert list(dict.fromkeys(table["method"])) == [*METHODS, "again", "nothing"]
    assert len(table) == 3 * (len(METHODS) + 2)


def test_the_same_explanation_scores_the_same(part: Part) -> None:
    table = part.tables["methods"].set_index(["method", "level"])
    pd.testing.assert_frame_equal(table.loc["contributions"], table.loc["again"])
    lead = part.figures.query("method == 'contributions' and group == 'again'")
    assert len(lead) == 7
    assert (lead[["value", "low", "high"]] == 0).all(axis=None)


def test_an_explanation_that_says_nothing_finds_nothing(part: Part) -> None:
    rows = part.figures.query("method == 'nothing' and measure == 'recall@3'")
    assert (rows["value"] == 0).all()


def test_leads_are_differences_of_the_figures(part: Part) -> None:
    rows = part.figures.query("level == 'code' and group_by == ''")
    values = rows.set_index(["measure", "method"])["value"]
    for line in part.figures.query("measure == 'lead of recall@3'").itertuples():
        expected = values["recall@3", line.method] - values["recall@3", line.group]
        assert line.value == pytest.approx(expected)
        assert line.low <= line.value <= line.high


def test_values_against_the_population_add_up(material: Material) -> None:
    model = material.subject.model
    assert model is not None
    parts = explain_against_population(material, model, material.seen)
    assert set(parts.columns) == set(model.feature_names_in_) - {"trade_group", "size_band"}
    again = explain_against_population(material, model, material.seen.iloc[::-1])
    np.testing.assert_allclose(parts, again.iloc[::-1], atol=1e-12)
    assert not np.allclose(parts, material.contributions[parts.columns])


def test_a_model_of_others_is_compared(make_material: Callable[..., Material], material: Material) -> None:
    part = compare_methods(make_material(subject=replace(material.subject, model=None)))
    assert set(part.tables["methods"]["method"]) == set(METHODS) - {"path_dependent", "population"}


def test_contributions_of_others_stand_beside_the_peers(
    make_material: Callable[..., Material], material: Material
) -> None:
    flipped = make_material(
        subject=replace(material.subject, ours=False), contributions=-material.contributions
    )
    table = compare_methods(flipped).tables["methods"].set_index(["method", "level"])
    own = compare_methods(material).tables["methods"].set_index(["method", "level"])
    assert table.loc[("peers", "code"), "mass"] == pytest.approx(own.loc[("contributions", "code"), "mass"])
    assert table.loc[("contributions", "code"), "mass"] != table.loc[("peers", "code"), "mass"]


def test_a_taken_name_and_other_rows_are_refused(material: Material) -> None:
    with pytest.raises(UsageError, match="there already"):
        compare_methods(material, {"random": lambda seen: seen})
    with pytest.raises(UsageError, match="one row"):
        compare_methods(material, {"short": lambda seen: seen.iloc[:1]})


def test_without_a_truth_it_says_so(make_material: Callable[..., Material]) -> None:
    assert compare_methods(make_material(planted=None)).left_out
