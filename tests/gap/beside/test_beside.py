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
from taxgap.risk import RiskModel


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
    with pytest.raises(InvalidDataError, match="reaches down to 0") as refused:
        estimate_from_above(166.7, 158.1, standard_error=86.0)
    assert refused.value.where == "standard_error"
    assert np.isfinite(estimate_from_above(166.7, 158.1, standard_error=80.0).percent_low)
    with pytest.raises(UsageError, match="level is nan"):
        estimate_from_above(166.7, 158.1, level=np.nan)


def test_vat_from_above_on_records(workshop) -> None:
    with pytest.warns(EstimateWarning, match="Give that part as scale"):
        table = read_top_down(Records.open(workshop.records))
    assert (table["low"] < table["gap"]).all()
    np.testing.assert_allclose(table["gap"], table["theoretical"] - table["receipts"])
    with pytest.raises(UsageError, match="scale is 0"):
        read_top_down(Records.open(workshop.records), scale=0)


def test_what_last_year_would_have_said(workshop) -> None:
    records = Records.open(workshop.records)
    how = {"non_detection": Multiplier(2.0), "regimes": "self_assessment", "years": ["2022-23"]}
    table = revise_gap(records, "2025-09-30", **how)
    assert table["year"].tolist() == ["2022-23"]
    assert table["revision"].iloc[0] == pytest.approx(table["now"].iloc[0] - table["then"].iloc[0])
    whole = revise_gap(records, "2025-09-30", **(how | {"years": None}))
    assert "2022-23" in whole["year"].tolist()
    pooled = revise_gap(records, "2025-09-30", **(how | {"years": None, "pool_years": True}))
    assert pooled["year"].tolist() == ["all years"]


def test_a_model_that_knows_more_than_was_known_is_refused(workshop) -> None:
    records = Records.open(workshop.records)
    how = {"non_detection": Multiplier(2.0), "regimes": "self_assessment"}
    model = RiskModel.load(workshop.model)
    known = model.card_["training"]["as_of"]
    with pytest.raises(UsageError, match=f"self_assessment knows all up to {known}") as refused:
        revise_gap(records, "2025-09-30", model={"self_assessment": model}, **how)
    assert refused.value.remedy == "Train one with as_of='2025-09-30', or estimate without."
    table = revise_gap(records, known, model=model, **how)
    assert table["then"].to_numpy() == pytest.approx(table["now"].to_numpy())
    with pytest.raises(UsageError, match="does not tell when"):
        revise_gap(records, known, model=model.annotate(training={}), **how)


def test_editions_sort_as_numbers_or_are_refused() -> None:
    told = pd.DataFrame({"edition": ["9", "10"], "year": "2022-23", "value": [5.0, 11.0]})
    assert analyse_revisions(told)["revision"].tolist() == [6.0]
    dated = told.assign(edition=["2025-06", "2024-12"])
    assert analyse_revisions(dated)["revision"].tolist() == [-6.0]
    named = pd.Categorical(["tenth", "ninth"], ["ninth", "tenth"], ordered=True)
    assert analyse_revisions(told.assign(edition=named))["first_edition"].tolist() == ["ninth"]
    for edition in (["no 9", "no 10"], ["9", "ten"], [9, "x"]):
        with pytest.raises(InvalidDataError, match="unequal length"):
            analyse_revisions(told.assign(edition=pd.Series(edition, dtype=object)))
    with pytest.raises(InvalidDataError, match="twice"):
        analyse_revisions(told.assign(edition=["9", "9.0"]))
    for value in (np.inf, "much"):
        with pytest.raises(InvalidDataError, match="infinite, or no number"):
            analyse_revisions(told.assign(value=pd.Series([5.0, value], dtype=object)))


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
    capped = np.minimum(amounts, np.sort(amounts)[-60])
    with pytest.raises(NotIdentifiedError, match="0 lie above the others"):
        estimate_large(capped, 2_000)
    with pytest.raises(UsageError, match="population is nan"):
        estimate_large(amounts, np.nan)
    with pytest.raises(UsageError, match="not between 0 and 1"):
        estimate_large(amounts, 2_000, level=1.5)


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
    for first, second, both in ((10, 5, 6), (np.nan, 5, 3), (5, np.nan, 3), (5, np.inf, 3), (5, 5, np.nan)):
        with pytest.raises(InvalidDataError, match="both lists"):
            recapture_two(first, second, both)
    with pytest.raises(UsageError, match="not between 0 and 1"):
        recapture_two(200, 150, 30, level=1.5)


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


def test_people_without_identity_and_lists_of_one_name_are_refused() -> None:
    first, second = pd.Series([1, 2, 3, None]), pd.Series([3, 4, None])
    with pytest.raises(InvalidDataError, match="1 records have no identity") as refused:
        recapture_lists({"A": first, "B": second})
    assert refused.value.where == "A"
    assert recapture_lists({"A": first.dropna(), "B": second.dropna()}).seen == 4
    with pytest.raises(UsageError, match="one name as text"):
        recapture_lists({1: first.dropna(), "1": second.dropna()})
