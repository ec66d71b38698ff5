from __future__ import annotations

import numpy as np
import pytest

from taxgap.errors import IncompatibleError, UsageError
from taxgap.risk.evaluation import Evaluation, compare_with_truth, evaluate


def measure(cases: slice, share: float, label: str, material: float = 1000.0) -> Evaluation:
    rng = np.random.default_rng(0)
    risk = rng.random(6000)
    lost = np.where(rng.random(6000) < risk / 2, 3000.0, 0.0)
    found = np.where(rng.random(6000) < share, lost, 0.0)
    return evaluate(risk[cases], amount=found[cases], draws=100, label=label, material=material)


def test_a_sample_is_held_against_each_truth() -> None:
    sample = measure(slice(0, 700), 0.6, "random enquiries")
    found, lost = measure(slice(None), 0.6, "truth: found"), measure(slice(None), 1.0, "truth: lost")
    table = compare_with_truth(sample, found, lost)
    by_truth = table.set_index(["truth", "metric", "ranking"])
    assert table["truth"].unique().tolist() == ["truth: found", "truth: lost"]
    own = by_truth.loc[("truth: found", "auc", "model")]
    assert own["covers"]
    assert own["difference"] == pytest.approx(sample.value("auc") - found.value("auc"))
    assert (own["n"], own["n_truth"]) == (700, 6000)
    # Officers miss part: what they find on average is no estimate of what was lost.
    assert not by_truth.loc[("truth: lost", "mean_tax", "population"), "covers"]
    assert by_truth.loc[("truth: found", "mean_tax", "population"), "covers"]


def test_comparisons_that_make_no_sense_are_refused() -> None:
    sample = measure(slice(0, 100), 1.0, "random enquiries")
    with pytest.raises(UsageError, match="no truth"):
        compare_with_truth(sample)
    with pytest.raises(UsageError, match="same label"):
        compare_with_truth(sample, sample, sample)
    with pytest.raises(IncompatibleError, match="Material is 1,000 GBP in one"):
        compare_with_truth(sample, measure(slice(None), 1.0, "truth", material=2000.0))
