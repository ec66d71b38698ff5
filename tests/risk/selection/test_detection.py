from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.risk.selection import estimate_detection
from taxgap.risk.selection.officers import relate_to_best


def work_cases(
    seed: int, *, officers: int = 60, each: int = 180, spread: float = 0.25, best: float = 0.9
) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw cases of officers whose detection is log-normal; the best tenth find ``best`` of the tax."""
    rng = np.random.default_rng(seed)
    effect = np.exp(spread * rng.normal(size=officers))
    level = best * relate_to_best(spread**2, 0.1) / np.exp(spread**2 / 2)
    officer = rng.integers(0, officers, officers * each)
    expected = rng.lognormal(0.0, 0.8, len(officer))
    lost = np.where(rng.random(len(officer)) < 0.4, expected * rng.exponential(2000.0, len(officer)), 0.0)
    missed = rng.random(len(officer)) < 0.1
    share = np.minimum(level * effect[officer] * rng.lognormal(-0.02, 0.2, len(officer)), 1.5)
    found = np.where(missed, 0.0, lost * share / 0.9)
    names = np.char.add("O", officer.astype(str))
    cases = pd.DataFrame({"officer_id": names, "tax_found": found, "tax_lost": lost, "expected": expected})
    return cases, effect


def test_effects_are_found_and_drawn_to_the_average() -> None:
    cases, effect = work_cases(0, each=400)
    officers = estimate_detection(cases).officers
    truth = effect[officers.index.str[1:].astype(int)] / effect.mean()
    raw = (cases.groupby("officer_id")["tax_found"].sum() / cases.groupby("officer_id")["expected"].sum())[
        officers.index
    ]
    assert np.corrcoef(officers["amount_effect"], truth)[0, 1] > 0.8
    assert np.std(np.log(officers["amount_effect"])) < np.std(np.log(raw))
    error = np.abs(officers["amount_effect"] - truth).mean()
    assert error < np.abs(raw / raw.mean() - truth).mean()
    inside = (officers["amount_low"] <= truth) & (truth <= officers["amount_high"])
    assert inside.mean() > 0.85
    assert np.average(officers["amount_effect"], weights=officers["cases"]) == pytest.approx(1.0)


def test_the_share_found_covers_the_truth_if_the_assumption_holds() -> None:
    hits = []
    for seed in range(6):
        cases, _ = work_cases(seed)
        found = estimate_detection(cases)
        true = cases["tax_found"].sum() / cases["tax_lost"].sum()
        hits.append(found.share_found.low <= true <= found.share_found.high)
        multiplier = found.multiplier()
        assert multiplier.low < multiplier.value < multiplier.high
        assert multiplier.value == pytest.approx(1 / found.share_found.value)
    assert sum(hits) >= 5


@pytest.mark.long
def test_the_interval_against_the_best_tenth_covers() -> None:
    hits = []
    for seed in range(500):
        found = estimate_detection(work_cases(seed)[0]).relative
        hits.append(found.low <= relate_to_best(0.25**2, 0.1) <= found.high)
    assert np.mean(hits) > 0.9


def test_officers_who_are_alike_tell_nothing_of_the_level() -> None:
    found = estimate_detection(work_cases(1, spread=0.0)[0])
    assert not found.identified
    assert any("may all find, or all miss, alike" in problem for problem in found.problems)
    assert found.officers["amount_effect"].between(0.9, 1.1).all()
    with pytest.raises(NotIdentifiedError, match="How much officers miss is not identified"):
        found.multiplier()


def test_uneven_allocation_is_noticed_and_refused() -> None:
    cases, _ = work_cases(2)
    number = cases["officer_id"].str[1:].astype(int)
    uneven = cases.assign(expected=cases["expected"] * np.where(number < 20, 1.6, 1.0))
    found = estimate_detection(uneven)
    assert found.facts["allocation_p"] < 1e-6
    with pytest.raises(NotIdentifiedError, match="not allotted as good as at random"):
        found.multiplier()
    assert estimate_detection(cases).facts["allocation_p"] > 0.001


def test_allocation_that_cannot_be_tested_is_said() -> None:
    found = estimate_detection(work_cases(3)[0].drop(columns="expected"))
    assert "was not tested" in found.problems[0]
    assert found.identified


def test_adjusting_takes_out_the_officer_and_leaves_nothing_nothing() -> None:
    cases, _ = work_cases(4)
    adjusted = estimate_detection(cases).adjust(cases)
    assert ((adjusted > 0) == (cases["tax_found"] > 0)).all()
    assert adjusted.sum() == pytest.approx(cases["tax_found"].sum(), rel=0.05)
    struck = cases["tax_found"] > 0
    target = np.log(cases["tax_lost"][struck])
    before, after = (np.std(np.log(v[struck]) - target) for v in (cases["tax_found"], adjusted))
    assert after < before
    stranger = pd.DataFrame({"officer_id": ["new"], "tax_found": [100.0]})
    assert estimate_detection(cases).adjust(stranger).tolist() == [100.0]


def test_returns_missed_whole_are_bounded_by_how_often_officers_strike() -> None:
    rng = np.random.default_rng(5)
    sees = np.clip(0.82 * np.exp(0.12 * rng.normal(size=60)), 0, 1)
    officer = rng.integers(0, 60, 30_000)
    struck = rng.random(30_000) < 0.4 * sees[officer]
    cases = pd.DataFrame({"officer_id": officer.astype(str), "tax_found": np.where(struck, 1000.0, 0.0)})
    found = estimate_detection(cases).missed_whole
    assert found.low <= 1 - sees.mean() <= found.high
    assert found.high - found.low < 0.3
    lifted = estimate_detection(cases).lift([0.4, 0.99])
    assert lifted.loc[0, "low"] <= 0.4 / sees.mean() <= lifted.loc[0, "high"]
    assert lifted.loc[1, "high"] == 1.0


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"columns": ["officer_id"]}, InvalidDataError, "lack tax_found"),
        ({"rows": 100}, NotIdentifiedError, "0 officers have 20 closed cases"),
        ({"tax_found": 0.0}, InvalidDataError, "nowhere above 0"),
        ({"tax_found": -5.0}, InvalidDataError, "negative in some cases"),
        ({"expected": 0.0}, InvalidDataError, "must be above 0"),
        ({"best_finds": (0.9, 1.2)}, UsageError, "ranges above 0"),
    ],
)
def test_cases_that_tell_nothing_are_refused(
    change: dict[str, Any], error: type[Exception], message: str
) -> None:
    cases, _ = work_cases(6)
    frame = cases[change["columns"]] if "columns" in change else cases.head(change.get("rows", len(cases)))
    frame = frame.assign(**{name: change[name] for name in ("tax_found", "expected") if name in change})
    options = {name: change[name] for name in ("best_finds",) if name in change}
    with pytest.raises(error, match=message):
        estimate_detection(frame, **options)


def test_officers_are_counted_and_never_listed_in_plain_data() -> None:
    found = estimate_detection(work_cases(7)[0])
    assert found.to_dict()["facts"]["officers"] == 60
    assert "O1" not in str(found.to_dict())
    assert "Against the best tenth" in found.to_text()
    assert "<table" in found._repr_html_()
