"""Groups of cases: whole, and never small."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.reasons.audit.bands import FEWEST
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.recovery.case_groups import OTHERS, UNKNOWN, divide_cases, groups_of_cases


def test_every_grouping_divides_all_cases(material: Material) -> None:
    assert material.planted is not None
    cases = material.planted.counted
    groups = list(groups_of_cases(material, cases))
    assert {each.by for each in groups} == {
        "mechanism",
        "behaviour",
        "trade group",
        "income decile",
        "nation",
    }
    for by in {each.by for each in groups}:
        total = np.sum([each.inside for each in groups if each.by == by], axis=0)
        assert (total == 1).all(), by


def test_small_groups_are_put_together(material: Material) -> None:
    assert material.planted is not None
    cases = material.planted.counted
    for each in groups_of_cases(material, cases):
        size = cases["row"][each.inside].nunique()
        assert each.enough == (size >= FEWEST)
        assert each.enough or each.group == OTHERS
    assert "Wales" not in {each.group for each in groups_of_cases(material, cases)}


def test_returns_count_and_not_cases() -> None:
    labels = pd.Series(["a"] * 60 + ["b"] * 60)
    row = np.concatenate([np.arange(60) // 3, np.arange(60)])
    assert [(each.group, each.enough) for each in divide_cases("x", labels, row)] == [
        ("b", True),
        (OTHERS, False),
    ]


def test_numbers_come_in_their_order_and_the_unknown_has_a_name() -> None:
    labels = pd.Series(["10", "2", "1", None] * 40)
    names = [each.group for each in divide_cases("x", labels, np.arange(160))]
    assert names == [UNKNOWN, "1", "2", "10"]
