"""An ensemble grown over a cluster by LightGBM's estimators for Dask, on rows that stay where they lie."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from typing import Any

import lightgbm as lgb
import numpy as np

from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.boosting import Growth, Objective, read_booster, score_raw, to_text
from taxgap.risk.distributed.measuring import take_rows
from taxgap.risk.frames import FrameSpec

# LightGBM's parameters to the names that its scikit-learn estimators have for them.
_NAMES = {
    "bagging_fraction": "subsample",
    "bagging_freq": "subsample_freq",
    "feature_fraction": "colsample_bytree",
    "lambda_l2": "reg_lambda",
    "min_data_in_leaf": "min_child_samples",
    "min_sum_hessian_in_leaf": "min_child_weight",
    "seed": "random_state",
}

MONOTONE_METHOD = "basic"
"""How directions are held where rows are spread: LightGBM has no other way for these."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a partition that train.

    Attributes
    ----------
    matrix : Future of ndarray
        Encoded features, on a worker.
    worker : str
        The address of that worker.
    start, stop : int
        Their place among all rows.
    """

    matrix: Any
    worker: str
    start: int
    stop: int

    @property
    def place(self) -> slice:
        """Their place among all rows."""
        return slice(self.start, self.stop)


def to_estimator(growth: Growth, objective: Objective, directions: list[int]) -> dict[str, Any]:
    """Return the settings of LightGBM's estimator that grow as `taxgap.risk.boosting.grow` does.

    Examples
    --------
    >>> settings = to_estimator(Growth(num_leaves=7), "binary", [0, 1])
    >>> settings["num_leaves"], settings["colsample_bytree"], settings["monotone_constraints_method"]
    (7, 0.7, 'basic')
    """
    own = growth.to_parameters(objective, directions)
    own.pop("num_threads")  # those of each worker
    if "monotone_constraints_method" in own:
        own["monotone_constraints_method"] = MONOTONE_METHOD
    named = {_NAMES.get(name, name): value for name, value in own.items()}
    return {"n_estimators": growth.n_estimators, "tree_learner": "data", **named}


def grow_spread(
    client: Any,
    parts: Sequence[Rows],
    keep: Bools,
    target: Floats,
    weight: Floats,
    *,
    objective: Objective,
    spec: FrameSpec,
    directions: list[int],
    growth: Growth,
) -> str:
    """Grow one ensemble on the kept rows of all parts, and return it as LightGBM's text.

    Parameters
    ----------
    client : distributed.Client
    parts : sequence of Rows
    keep : ndarray of bool
        Which rows the ensemble may see.
    target, weight : ndarray
        A number a row; these go to the workers, and features do not come back.
    objective, spec, directions, growth
        As for `taxgap.risk.boosting.grow`.

    Returns
    -------
    str
    """
    arrays: Any = import_module("dask.array")  # heavy, and only for those who ask for it
    delayed: Any = import_module("dask").delayed

    columns: list[list[Any]] = [[], [], []]
    for part in parts:
        rows = keep[part.place]
        count = int(rows.sum())
        if not count:
            continue
        matrix = client.submit(take_rows, part.matrix, rows, workers=[part.worker], pure=False)
        vectors = client.scatter(
            [target[part.place][rows], weight[part.place][rows]], workers=[part.worker], hash=False
        )
        for column, future, shape in zip(
            columns, [matrix, *vectors], [(count, len(spec.names)), (count,), (count,)], strict=True
        ):
            column.append(arrays.from_delayed(delayed(future), shape, dtype=np.float64))
    X, y, own = (arrays.concatenate(column) for column in columns)
    # Its regressor takes any objective, and needs no row of each class on each worker.
    estimator = lgb.DaskLGBMRegressor(client=client, **to_estimator(growth, objective, directions))
    there = {part.worker for part in parts}
    client.gather([client.submit(_log_quietly, workers=[worker], pure=False) for worker in there])
    # LightGBM says on standard output which ports it finds.
    with client.as_current(), redirect_stdout(StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the number of threads is each worker's
        estimator.fit(
            X,
            y,
            sample_weight=own,
            feature_name=list(spec.names),
            categorical_feature=list(spec.categorical),
        )
    return to_text(estimator.booster_)


def predict_rows(matrix: Floats, rows: Bools, text: str) -> Floats:
    """Return the raw scores of some rows."""
    if not rows.any():
        return np.empty(0)
    return score_raw(read_booster(text), matrix[rows])


def _log_quietly() -> None:
    """Have LightGBM's words go to the log, in the place of standard output, in the thread that does jobs."""
    lgb.register_logger(logging.getLogger("lightgbm"))
