"""Returns that a random programme does not draw, and cautions where cases cannot speak for the largest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.gap.chain import Multiplier, estimate_gap
from taxgap.gap.chain.largest import count_large, warn_of_largest
from taxgap.gap.chain.reach import find_reach
from taxgap.gap.chain.reading import read_regime
from taxgap.records import Records

Make = Callable[..., Records]
LARGE = 200
"""The last returns of the hand-made tax owe 100 times as much, and are opened for risk alone."""


def mix(make_records: Make, amounts: np.ndarray, *, known: bool = True) -> Records:
    records = make_records(amounts)
    frames = {name: records.read(name) for name in records.tables}
    returns, cases = frames["self_assessment"], frames["enquiries"]
    # As if every tenth had been drawn: the first 400 are spread evenly over all sizes within reach.
    size = 1e4 + np.arange(len(returns)) % 400
    size[-LARGE:] = 1e6
    frames["self_assessment"] = returns.assign(total_income=size)
    chosen = cases.iloc[:50].assign(
        taxpayer_id=returns["taxpayer_id"].to_numpy()[-50:],
        enquiry_id=[f"R{number}" for number in range(50)],
        programme="risk",
        inclusion_probability=0.25,
        opening_probability=0.25 if known else np.nan,
        tax_found=100 * amounts[:50],
    )
    frames["enquiries"] = pd.concat([cases, chosen], ignore_index=True)
    return Records.from_frames(frames, as_of="2025-01-31")


def test_returns_beyond_reach_are_estimated_by_their_own_probabilities(
    make_records: Make, amounts: np.ndarray
) -> None:
    # The conftest opens the first 400: as if drawn, for nothing else of them is used.
    gap = estimate_gap(mix(make_records, amounts), non_detection=Multiplier(1.0), groups=False)
    near, far = (4_000 - LARGE) * amounts.mean(), LARGE * 100 * amounts[:50].mean()
    assert gap.table["found"].iloc[0] == pytest.approx(near + far, rel=1e-6)
    assert any("not drawn at random" in note and "opened" in note for note in gap.notes)


def test_without_probabilities_they_are_left_out_and_said_to_be(
    make_records: Make, amounts: np.ndarray
) -> None:
    records = mix(make_records, amounts, known=False)
    data = read_regime(records, "self_assessment", None)
    assert len(data.index) == len(data.declared) == len(data.sizes) == 4_000 - LARGE
    assert (data.debts["row"] < len(data.index)).all()
    gap = estimate_gap(records, non_detection=Multiplier(1.0), groups=False)
    assert gap.table["found"].iloc[0] == pytest.approx((4_000 - LARGE) * amounts.mean(), rel=1e-6)
    assert any("left out" in note for note in gap.notes)


def test_a_programme_that_draws_all_sizes_is_left_as_it_is() -> None:
    rng = np.random.default_rng(3)
    sizes = pd.DataFrame({"turnover": rng.lognormal(11, 2, 5_000)})
    beyond = [find_reach(sizes, rng.choice(5_000, 250, replace=False)) for _ in range(40)]
    assert sum(reach is not None for reach in beyond) <= 3
    small = np.flatnonzero(sizes["turnover"] < sizes["turnover"].quantile(0.97))
    reach = find_reach(sizes, rng.choice(small, 250, replace=False))
    assert reach is not None
    assert 120 <= reach.beyond.sum() <= 200


def test_a_caution_where_few_of_the_largest_were_opened(make_records: Make, amounts: np.ndarray) -> None:
    records = mix(make_records, amounts)
    data = read_regime(records, "self_assessment", None)
    size = data.sizes["total_income"].to_numpy()
    assert count_large(size, np.arange(400)) == 0
    light = data.cases.assign(
        tax_found=np.minimum(data.cases["tax_found"], 1_000), row=np.arange(len(data.cases))
    )
    assert len(warn_of_largest(replace(data, cases=light.iloc[:400]))) == 1
    heavy = light.iloc[:400].assign(tax_found=np.random.default_rng(0).pareto(0.7, 400))
    assert warn_of_largest(replace(data, cases=heavy)) == []
