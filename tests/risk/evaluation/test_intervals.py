from __future__ import annotations

import numpy as np
import pytest

from taxgap.risk.evaluation import evaluate
from taxgap.risk.evaluation.intervals import Drawn, find_percentiles, widen_proportion, widen_upwards


def draw_heavy_tail(cases: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    risk = rng.normal(size=cases)
    happens = rng.random(cases) < 1 / (1 + np.exp(2.2 - 1.3 * risk))
    amount = np.where(happens, np.exp(7 + 0.4 * risk + 1.5 * rng.normal(size=cases)), 0.0)
    return risk + 0.3 * rng.normal(size=cases), amount


def test_percentiles_pass_over_draws_without_a_value() -> None:
    assert find_percentiles(np.array([np.nan, 1.0, 2.0, 3.0]), 0.5) == (1.5, 2.5)
    assert np.isnan(find_percentiles(np.full(3, np.nan), 0.5)).all()


def test_a_proportion_of_all_or_none_has_an_interval_with_room() -> None:
    low, high = widen_proportion((0.0, 0.0), 0.0, 20, 0.95)
    assert low == pytest.approx(0.0, abs=1e-12)
    assert high == pytest.approx(0.1611, abs=1e-3)  # Wilson, 0 of 20
    assert widen_proportion((0.1, 0.9), 0.5, 1e6, 0.95) == (0.1, 0.9)


def test_upper_ends_move_up_only() -> None:
    rng = np.random.default_rng(0)
    drawn = np.clip(0.3 + 0.05 * rng.normal(size=400), 0.01, 0.99)
    skewed = Drawn(0.3, 0.05, drawn, 0.05 * (drawn / 0.3) ** 2)
    interval = find_percentiles(drawn, 0.95)
    low, high = widen_upwards(interval, skewed, 0.95, share=True)
    assert low == interval[0]
    assert interval[1] < high < 1
    nothing = Drawn(0.0, 0.0, np.zeros(5), np.zeros(5))
    assert widen_upwards((0.0, 0.0), nothing, 0.95, share=False) == (0.0, 0.0)


@pytest.mark.long
def test_shares_of_a_heavy_tailed_gap_are_covered() -> None:
    rng = np.random.default_rng(4)
    score, amount = draw_heavy_tail(400_000, rng)
    order = np.argsort(-score)
    metrics = {
        f"share_of_gap@{c:.0%}": amount[order[: int(c * len(order))]].sum() / amount.sum()
        for c in (0.01, 0.05, 0.1)
    }
    held = dict.fromkeys(metrics, 0)
    for repeat in range(1000):
        taken = rng.integers(0, len(score), 1500)
        frame = evaluate(
            score[taken], amount=amount[taken], coverages=(0.01, 0.05, 0.1), draws=300, seed=repeat
        ).frame.set_index(["ranking", "metric"])
        for metric, true in metrics.items():
            row = frame.loc[("model", metric)]
            held[metric] += row["low"] <= true <= row["high"]
    # At 1% fifteen cases are taken: too few for any interval that rests on the sample alone.
    assert held["share_of_gap@1%"] > 830
    assert held["share_of_gap@5%"] > 920
    assert held["share_of_gap@10%"] > 930
