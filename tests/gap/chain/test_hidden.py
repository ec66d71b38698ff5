"""The hidden economy in the chain: by hand, with its variance, and nothing changed without it."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from taxgap.errors import UsageError
from taxgap.gap.beside import recapture_two
from taxgap.gap.chain import GapEstimate, HiddenEconomy, Multiplier, estimate_gap
from taxgap.records import Records

Make = Callable[..., Records]
HIDDEN = HiddenEconomy(400_000.0, low=250_000.0, high=700_000.0)


def estimate(records: Records, **how: object) -> GapEstimate:
    return estimate_gap(records, **{"non_detection": Multiplier(2.0, 1.6, 2.5), "groups": False} | how)  # type: ignore[arg-type]


def test_it_is_added_to_the_whole_and_to_nothing_else(make_records: Make, amounts: np.ndarray) -> None:
    without, gap = estimate(make_records(amounts)), estimate(make_records(amounts), hidden=HIDDEN)
    assert gap.value == pytest.approx(without.value + 400_000, rel=1e-12)
    assert gap.gross == pytest.approx(without.gross + 400_000, rel=1e-12)
    due = without.table["theoretical"].iloc[0]
    assert gap.percent == pytest.approx(100 * gap.value / (due + 400_000), rel=1e-12)
    rows = gap.table.set_index("regime")
    assert rows.index.tolist() == ["self_assessment", "hidden_economy", "all"]
    assert rows.loc["self_assessment"].to_dict() == without.table.set_index("regime").iloc[0].to_dict()
    assert rows["net"].iloc[:2].sum() == pytest.approx(rows.loc["all", "net"], rel=1e-12)
    assert rows.loc["hidden_economy", "low"] == pytest.approx(250_000, rel=0.01)
    assert rows.loc["hidden_economy", "high"] == pytest.approx(700_000, rel=0.01)
    assert gap.sampling_high - gap.sampling_low == pytest.approx(
        without.sampling_high - without.sampling_low, rel=1e-9
    )
    assert gap.low < gap.value < gap.high
    assert gap.high - gap.low > without.high - without.low
    assert json.loads(json.dumps(gap.to_dict()))["made"]["hidden"]["value"] == 400_000


def test_without_it_nothing_changes(make_records: Make, amounts: np.ndarray) -> None:
    gap = estimate(make_records(amounts))
    assert "hidden" not in gap.made
    assert gap.made["formula"] == "net gap = found x multiplier + non-payment - compliance yield"
    assert "hidden_economy" not in set(gap.waterfall["step"])
    assert gap.table["regime"].tolist() == ["self_assessment"]


def test_an_amount_that_cannot_be_meant_has_a_note(make_records: Make, amounts: np.ndarray) -> None:
    records = make_records(amounts)
    assert not [note for note in estimate(records, hidden=HIDDEN).notes if "hidden economy" in note]
    notes = " ".join(estimate(records, hidden=HiddenEconomy(2.1e9)).notes)
    assert "counts as certain" in notes
    assert "times the gross gap of all returns" in notes


def test_it_is_a_link_with_its_variance(make_records: Make, amounts: np.ndarray) -> None:
    without, gap = estimate(make_records(amounts)), estimate(make_records(amounts), hidden=HIDDEN)
    steps, before = gap.waterfall.set_index("step"), without.waterfall.set_index("step")
    assert steps.index.tolist().index("hidden_economy") == steps.index.tolist().index("gross") - 1
    assert steps.loc["hidden_economy", "amount"] == 400_000
    assert steps.loc["net", "variance"] == pytest.approx(before.loc["net", "variance"] + HIDDEN.variance)
    assert steps.loc["gross", "variance"] == pytest.approx(before.loc["gross", "variance"] + HIDDEN.variance)
    own = steps[steps["kind"] == "step"]
    assert own["amount"].sum() == pytest.approx(gap.value, rel=1e-12)
    assert own["share_of_variance"].sum() == pytest.approx(1.0, rel=1e-12)
    assert steps.loc["net", "running"] == pytest.approx(gap.value, rel=1e-12)
    inputs = gap.sensitivity.set_index("input")
    assert inputs.loc["hidden economy", "swing"] == pytest.approx(450_000)
    assert inputs.loc["hidden economy", "gap_low"] == pytest.approx(gap.value - 150_000, rel=1e-12)
    earlier = without.sensitivity.set_index("input")["gap_low"]
    moved = inputs["gap_low"].reindex(earlier.index) - earlier
    np.testing.assert_allclose(moved, 400_000)


def test_it_stands_among_the_behaviours(workshop) -> None:
    records = Records.open(workshop.records)
    how = {"regimes": "self_assessment", "years": "2022-23", "groups": True, "draws": 100}
    without, gap = estimate(records, **how), estimate(records, **how, hidden=HIDDEN)
    rows, before = (found.by("behaviour").set_index("group") for found in (gap, without))
    assert np.isnan(before.loc["hidden_economy", "amount"])
    assert rows.loc["hidden_economy", "amount"] == 400_000
    assert rows.loc["hidden_economy", "low"] == pytest.approx(250_000)
    assert rows["share"].sum() == pytest.approx(1.0)
    assert rows.loc["error", "amount"] == before.loc["error", "amount"]
    assert gap.by("nation").equals(without.by("nation"))
    assert any("among the behaviours" in note for note in gap.notes)


def test_people_times_tax() -> None:
    found = recapture_two(400, 300, 90)
    hidden = HiddenEconomy.from_people(found, 2_500.0, tax_each_error=250.0)
    assert hidden.value == pytest.approx(2_500 * found.value)
    rng = np.random.default_rng(3)
    people = HiddenEconomy(found.value, found.low, found.high).quantile(rng.random(200_000))
    each = 2_500 * np.exp(np.sqrt(np.log1p(0.01)) * rng.normal(size=200_000))
    low, high = np.quantile(people * each, [0.025, 0.975])
    assert hidden.low == pytest.approx(low, rel=0.02)
    assert hidden.high == pytest.approx(high, rel=0.02)
    assert hidden.variance == pytest.approx((people * each).var(), rel=0.03)
    alone = HiddenEconomy.from_people(found, 2_500.0, on_no_list=True)
    assert alone.value == pytest.approx(2_500 * found.hidden)
    assert alone.to_dict()["tax_each"]["low"] == 2_500.0


def test_amounts_are_checked(make_records: Make, amounts: np.ndarray) -> None:
    with pytest.raises(UsageError, match="both limits"):
        HiddenEconomy(1e6, low=5e5)
    for numbers in ((0.0, 0.0, 1.0), (1e6, 2e6, 3e6), (float("nan"), 1.0, 2.0)):
        with pytest.raises(UsageError, match="0 < low"):
            HiddenEconomy(*numbers)
    with pytest.raises(UsageError, match="distribution"):
        HiddenEconomy(1e6, 5e5, 2e6, "normal")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="above 0"):
        HiddenEconomy.from_people(recapture_two(200, 150, 30), 0.0)
    with pytest.raises(UsageError, match="no hidden economy"):
        estimate(make_records(amounts), hidden=HIDDEN, bounds=True)
    assert HiddenEconomy(1e6).variance == pytest.approx(0.0, abs=1e-3)
    even = HiddenEconomy(1e6, 5e5, 2e6, "uniform")
    assert even.variance == pytest.approx((1.5e6) ** 2 / 12)
