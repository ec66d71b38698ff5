"""The three-way split of all planted tax."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.figures import tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.recovery.metrics import find_hits, target_of
from taxgap.reasons.audit.recovery.ranked import Ranked, rank_reasons
from taxgap.reasons.audit.recovery.split import PARTS, split_tax


@pytest.fixture(scope="module")
def reasons(material: Material) -> Ranked:
    return rank_reasons(material.regime, material.reasons)


@pytest.fixture(scope="module")
def parts(material: Material, reasons: Ranked) -> pd.DataFrame:
    assert material.planted is not None
    return split_tax(material, material.planted, reasons).table


def test_the_parts_are_all_there_is(parts: pd.DataFrame, material: Material) -> None:
    assert material.planted is not None
    of_groups = parts.groupby(["group_by", "group"], sort=False)
    sums = of_groups[["share"]].sum(min_count=3).dropna()
    np.testing.assert_allclose(sums["share"], 1.0)
    assert (of_groups.size() == len(PARTS)).all()
    cases = material.planted.cases
    pounds = (material.weight[cases["row"]] * cases["tax"]).sum()
    assert parts[parts["group_by"] == ""]["pounds"].sum() == pytest.approx(pounds)
    inside = parts.dropna()
    assert (inside["low"] <= inside["share"]).all()
    assert (inside["share"] <= inside["high"]).all()


def test_the_right_part_is_what_is_flagged_and_named(
    parts: pd.DataFrame, material: Material, reasons: Ranked
) -> None:
    planted = material.planted
    assert planted is not None
    cases = planted.cases[planted.cases["tax"] > 0].reset_index(drop=True)
    row = cases["row"].to_numpy()
    right = find_hits(reasons, target_of(planted, "code", cases), 3) & material.flagged[row]
    tax = material.weight[row] * cases["tax"]
    share = parts.set_index(["group_by", "part"]).loc[("", PARTS[2]), "share"]
    assert float(np.ravel(share)[0]) == pytest.approx(tax[right].sum() / tax.sum())


def test_nothing_flagged_is_all_in_the_first_part(
    make_material: Callable[..., Material], material: Material, reasons: Ranked
) -> None:
    other = make_material(scores=material.scores.assign(flagged=False))
    assert other.planted is not None
    found = split_tax(other, other.planted, reasons).table
    assert found[found["group_by"] == ""]["share"].tolist() == [1.0, 0.0, 0.0]


def test_small_groups_have_no_share(parts: pd.DataFrame) -> None:
    assert parts["share"].isna().eq(parts["n"] < 30).all()


def test_lines_of_figures_are_those_of_the_table(
    material: Material, reasons: Ranked, parts: pd.DataFrame
) -> None:
    assert material.planted is not None
    figures = tidy(split_tax(material, material.planted, reasons).figures("recovery"))
    np.testing.assert_array_equal(figures["value"], parts["share"])
    assert set(figures["measure"]) == {f"tax {part}" for part in PARTS}
