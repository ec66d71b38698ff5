"""What stands beside the chain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.gap.beside import (
    analyse_revisions,
    estimate_from_above,
    estimate_large,
    read_top_down,
    recapture_lists,
    recapture_two,
    revise_gap,
)
from taxgap.gap.cautions import EstimateWarning
from taxgap.gap.chain import Multiplier
from taxgap.records import Records


def test_vat_as_published_and_as_revised() -> None:
    found = estimate_from_above(166.7, 158.1)
    assert found.gap == pytest.approx(8.6, abs=1e-9)
    assert round(found.percent, 1) == 5.2
    told = pd.DataFrame({"edition": [2023, 2025], "year": "2022-23", "value": [found.percent, 7.8]})
    row = analyse_revisions(told).iloc[0]
    assert row["revision"] == pytest.approx(7.8 - 100 * 8.6 / 166.7)
    assert round(row["relative"], 2) == 0.51
    with pytest.raises(InvalidDataError, match="above 0"):
        estimate_from_above(0.0, 1.0)
    with pytest.warns(EstimateWarning, match="check which is which"):
        assert estimate_from_above(158.1, 166.7).gap == pytest.approx(-8.6)
    with pytest.raises(InvalidDataError, match="twice"):
        analyse_revisions(pd.concat([told, told]))


def test_vat_from_above_on_records(workshop) -> None:
    table = read_top_down(Records.open(workshop.records))
    assert (table["low"] < table["gap"]).all()
    np.testing.assert_allclose(table["gap"], table["theoretical"] - table["receipts"])


def test_what_last_year_would_have_said(workshop) -> None:
    records = Records.open(workshop.records)
    how = {"non_detection": Multiplier(2.0), "regimes": "self_assessment", "years": ["2022-23"]}
    table = revise_gap(records, "2025-09-30", **how)
    assert table["year"].tolist() == ["2022-23"]
    assert table["revision"].iloc[0] == pytest.approx(table["now"].iloc[0] - table["then"].iloc[0])


def test_large_businesses() -> None:
    rng = np.random.default_rng(2)
    amounts = np.where(rng.random(400) < 0.7, 1e5 * (1 + rng.pareto(2.2, 400)), 0.0)
    found = estimate_large(amounts, 2_000)
    assert found.low < 2_000 * 0.7 * 1e5 * 2.2 / 1.2 < found.high
    assert estimate_large(amounts, 400).high - estimate_large(amounts, 400).low == pytest.approx(0, abs=1.0)
    with pytest.raises(NotIdentifiedError, match="50 are needed"):
        estimate_large(amounts[:40], 2_000)
    with pytest.raises(InvalidDataError, match="more cases"):
        estimate_large(amounts, 100)


def test_two_lists_cover() -> None:
    rng = np.random.default_rng(3)
    inside, values = 0, []
    for _ in range(300):
        on = rng.random((2, 2_000)) < np.array([[0.2], [0.3]])
        found = recapture_two(*(int(row.sum()) for row in on), int(on.all(axis=0).sum()))
        inside += found.low <= 2_000 <= found.high
        values.append(found.value)
    assert inside >= 276
    assert np.mean(values) == pytest.approx(2_000, rel=0.02)
    with pytest.raises(InvalidDataError, match="both lists"):
        recapture_two(10, 5, 6)


def test_three_lists_find_that_two_hang_together() -> None:
    rng = np.random.default_rng(4)
    first = rng.random(5_000) < 0.3
    second = rng.random(5_000) < np.where(first, 0.6, 0.2)
    third = rng.random(5_000) < 0.3
    lists = {
        name: pd.Series(np.flatnonzero(on)) for name, on in zip("ABC", (first, second, third), strict=True)
    }
    found = recapture_lists(lists)
    assert "A:B" in found.model
    assert found.low < 5_000 < found.high
    assert found.seen == int((first | second | third).sum())
    both = recapture_two(int(first.sum()), int(second.sum()), int((first & second).sum()))
    assert both.high < 5_000  # what two lists alone would have said
    with pytest.raises(UsageError, match="two or three"):
        recapture_lists({"A": lists["A"]})
    with pytest.raises(NotIdentifiedError, match="share a person"):
        recapture_lists({"A": pd.Series([1, 2]), "B": pd.Series([3])})
