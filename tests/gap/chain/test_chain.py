"""The chain: by hand, its waterfall, its interval, what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.gap import estimate_total
from taxgap.gap.chain import GapEstimate, Multiplier, estimate_gap
from taxgap.gap.chain.combining import draw_chain, sampling_limits
from taxgap.gap.chain.components import Amount, Part
from taxgap.gap.chain.lags import Spread
from taxgap.records import Records

Make = Callable[..., Records]
HALF = Multiplier(2.0, low=1.6, high=2.5)


def estimate(records: Records, **how: object) -> GapEstimate:
    return estimate_gap(records, **{"non_detection": HALF, "groups": False} | how)  # type: ignore[arg-type]


def test_the_published_chain_by_hand(make_records: Make, amounts: np.ndarray) -> None:
    gap = estimate(make_records(amounts), non_detection=Multiplier(1.9, low=1.5, high=2.3))
    under_declared = 4_000 * (amounts.sum() / 400) * 1.9
    written_off, paid = 40 * 2_000.0, 4_750 / 5_000
    gross = under_declared + written_off
    net = gross - paid * amounts.sum()
    assert gap.gross == pytest.approx(gross, rel=1e-9)
    assert gap.value == pytest.approx(net, rel=1e-9)
    assert gap.percent == pytest.approx(100 * net / (4_000 * 5_000 + under_declared), rel=1e-9)
    variance = 4_000**2 * (1 - 0.1) * amounts.var(ddof=1) / 400
    steps = gap.waterfall.set_index("step")
    assert steps.loc["settled", "variance"] == pytest.approx(1.9**2 * variance, rel=1e-9)
    spread = Multiplier(1.9, low=1.5, high=2.3).variance
    found = 4_000 * amounts.mean()
    assert steps.loc["non_detection", "variance"] == pytest.approx(spread * (found**2 + variance), rel=1e-9)


def test_the_waterfall_adds_up(make_records: Make, amounts: np.ndarray) -> None:
    gap = estimate(make_records(amounts))
    steps = gap.waterfall[gap.waterfall["kind"] == "step"]
    assert steps["amount"].sum() == pytest.approx(gap.value, rel=1e-12)
    assert steps["share_of_variance"].sum() == pytest.approx(1.0, rel=1e-12)
    assert gap.low < gap.sampling_low < gap.value < gap.sampling_high < gap.high
    assert json.loads(json.dumps(gap.to_dict()))["value"] == pytest.approx(gap.value)
    assert gap.sensitivity["swing"].is_monotonic_decreasing
    certain = estimate(make_records(amounts), non_detection=Multiplier(1.0))
    assert certain.low <= certain.sampling_low < certain.sampling_high <= certain.high


def test_the_full_interval_covers_where_sampling_alone_does_not() -> None:
    """Half of the tax is detected, and the multiplier known with an error."""
    rng = np.random.default_rng(8)
    tax = np.where(rng.random(4_000) < 0.36, rng.lognormal(6.5, 0.8, 4_000), 0.0)
    none = Amount(0.0, Spread(), np.zeros(1))
    full, alone = 0, 0
    for _ in range(300):
        found = estimate_total(0.5 * rng.choice(tax, 400, replace=False), 0.1, population_size=4_000)
        value = 2.0 * np.exp(0.1 * rng.normal())
        stated = Multiplier(value, low=value * np.exp(-0.196), high=value * np.exp(0.196))
        part = Part("vat", "2022-23", found, 0.0, Spread(), stated, "all", none, none, 0.0, 400, 0, "none")
        low, high = np.quantile(draw_chain([part], draws=400, seed=0).net[0], [0.025, 0.975])
        full += low <= tax.sum() <= high
        low, high = sampling_limits([part])
        alone += low <= tax.sum() <= high
    assert full >= 0.93 * 300
    assert alone < 0.9 * 300


def test_open_cases_are_projected(make_records: Make, amounts: np.ndarray) -> None:
    whole, cut = estimate(make_records(amounts)), estimate(make_records(amounts, open_cases=100))
    steps = cut.waterfall.set_index("step")
    assert steps.loc["projection", "amount"] > 0
    assert steps.loc["projection", "variance"] > 0
    assert cut.value == pytest.approx(whole.value, rel=0.3)
    assert cut.table["open_cases"].iloc[0] == 100


def test_what_is_refused(make_records: Make, amounts: np.ndarray) -> None:
    with pytest.raises(NotIdentifiedError, match="no random enquiries") as refused:
        estimate(make_records(amounts, programme="risk"))
    assert "bounds=True" in str(refused.value)
    with pytest.raises(NotIdentifiedError, match="of 2022-23") as refused:
        estimate(make_records(amounts), years=["2022-23"])
    assert refused.value.available == ("2021-22",)
    with pytest.raises(NotIdentifiedError, match="30 are needed"):
        estimate(make_records(amounts[:20]))
    with pytest.raises(NotIdentifiedError, match="Nothing was found"):
        estimate(make_records(np.zeros(400)))
    with pytest.raises(UsageError, match="no non-detection multiplier"):
        estimate(make_records(amounts), non_detection={"vat": HALF})
    with pytest.raises(UsageError, match="hold no returns"):
        estimate(make_records(amounts), regimes="vat")
    for year in ("2022", 2022, "2022/23", "2022-24"):
        with pytest.raises(UsageError, match=r"Write 2022-23"):
            estimate(make_records(amounts), years=year)
    for number in (1.9, (1.9, 1.5, 2.3)):
        with pytest.raises(UsageError, match=r"neither .* Write Multiplier"):
            estimate(make_records(amounts), non_detection=number)
    with pytest.raises(UsageError, match="Write HiddenEconomy"):
        estimate(make_records(amounts), hidden=2.1e7)
    with pytest.raises(UsageError, match=r"Records\.open"):
        estimate("economy/records")  # type: ignore[arg-type]
    with pytest.raises(InvalidDataError, match="inclusion_probability"):
        estimate_gap(_damage(make_records(amounts)), non_detection=HALF)
    with pytest.raises(TypeError, match="non_detection"):
        estimate_gap(make_records(amounts))  # type: ignore[call-arg]


def _damage(records: Records) -> Records:
    frames = {name: records.read(name) for name in records.tables}
    frames["enquiries"]["inclusion_probability"] = 1.5
    return Records.from_frames(frames, as_of="2025-01-31")


def test_chosen_cases_give_bounds_alone(make_records: Make, amounts: np.ndarray) -> None:
    gap = estimate(make_records(amounts, programme="risk"), bounds=True)
    assert gap.bounds
    assert gap.low < 2 * amounts.sum() < gap.high
    assert "no estimate" in gap.to_text()
    still = estimate(make_records(amounts, programme="risk", open_cases=100), bounds=True)
    assert any("100 of 400 cases are still open" in note for note in still.notes)
    assert still.high > 4_000 * amounts[:300].mean() * 2
    with pytest.raises(UsageError, match="stated Multiplier"):
        estimate(make_records(amounts), bounds=True, non_detection="estimated")


def test_a_multiplier_that_is_not_identified_is_a_band(make_records: Make, amounts: np.ndarray) -> None:
    gap = estimate(make_records(amounts, officers=5), non_detection="estimated")
    assert gap.made["multipliers"]["self_assessment"]["distribution"] == "uniform"
    assert gap.made["detection"]["self_assessment"]["share_found"] is None
    assert "self assessment 1.75 (1.00 to 2.50)" in repr(gap)
    assert "nothing in the data narrows: self assessment" in repr(gap)
    assert any("not identified" in note for note in gap.notes)


def test_multipliers_are_checked() -> None:
    with pytest.raises(UsageError, match="both limits"):
        Multiplier(1.9, low=1.5)
    for numbers in ((0.9, 0.5, 1.2), (1.9, 2.0, 2.3), (float("nan"), 1.0, 2.0)):
        with pytest.raises(UsageError, match="1 <= low"):
            Multiplier(*numbers)
    with pytest.raises(UsageError, match="is no number"):
        Multiplier("1.9")  # type: ignore[arg-type]
    assert Multiplier(np.float64(1.9)).limits == (1.9, 1.9)
    assert Multiplier(1.9).variance == pytest.approx(0.0, abs=1e-12)
    draws = HALF.quantile((np.arange(20_000) + 0.5) / 20_000)
    assert draws.var() == pytest.approx(HALF.variance, rel=0.01)
