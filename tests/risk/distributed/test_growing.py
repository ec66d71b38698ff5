"""Trees grown over a cluster: with the settings of one machine, on rows that stay where they lie."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from taxgap.risk.arrays import Floats
from taxgap.risk.boosting import Growth, grow, read_booster, score_raw
from taxgap.risk.distributed.growing import Rows, grow_spread, predict_rows, to_estimator
from taxgap.risk.frames import FrameSpec

pytestmark = pytest.mark.xdist_group("running")  # which has the cluster

SPEC = FrameSpec(("a", "b", "c"), {})
GROWTH = Growth(n_estimators=20, learning_rate=0.1, num_leaves=7, bagging_fraction=1.0, feature_fraction=1.0)


def test_trees_of_spread_rows_say_what_those_of_one_machine_say(scheduler: str) -> None:
    distributed = pytest.importorskip("distributed")
    rng = np.random.default_rng(0)
    matrix: Floats = rng.normal(size=(2000, 3))
    target: Floats = (matrix[:, 0] + rng.normal(size=2000) > 0.8).astype(np.float64)
    weight, keep = np.ones(2000), np.arange(2000) % 5 > 0
    how = {"objective": "binary", "spec": SPEC, "directions": [1, 0, 0], "growth": GROWTH}
    with distributed.Client(scheduler, set_as_default=False) as client:
        workers = sorted(client.scheduler_info()["workers"])
        cuts = [(0, 700), (700, 1300), (1300, 2000)]
        parts = [
            Rows(client.scatter(matrix[start:stop], workers=[worker], hash=False), worker, start, stop)
            for (start, stop), worker in zip(cuts, [*workers, workers[0]], strict=True)
        ]
        text = grow_spread(client, parts, keep, target, weight, **how)
    assert "machines: 1" not in text
    assert "local_listen_port" not in text
    alone = grow(matrix[keep], target[keep], weight[keep], **how)
    found, expected = (score_raw(read_booster(each), matrix[~keep]) for each in (text, alone))
    assert spearmanr(found, expected).statistic > 0.95
    np.testing.assert_array_equal(predict_rows(matrix, ~keep, text), found)
    raised = matrix[~keep] + [1.0, 0, 0]
    assert (score_raw(read_booster(text), raised) >= found - 1e-12).all()


def test_no_setting_of_the_growth_is_lost() -> None:
    settings = to_estimator(Growth(), "tweedie", [0, 1])
    own = Growth().to_parameters("tweedie", [0, 1])
    assert len(settings) == len(own) + 1  # the trees and the way of learning, less the threads
    assert settings["subsample"] == own["bagging_fraction"]
    assert settings["min_child_weight"] == own["min_sum_hessian_in_leaf"]
    assert settings["random_state"] == own["seed"]
