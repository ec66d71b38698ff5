"""From cases spread over a cluster to the parts of a model: grown there, calibrated here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.boosting import Objective
from taxgap.risk.distributed.growing import Rows, grow_spread, predict_rows
from taxgap.risk.fitting import FittedParts, Plan, calibrate_parts, deal_folds, make_targets
from taxgap.risk.frames import FrameSpec
from taxgap.risk.outcomes import Outcomes


def fit_spread(
    client: Any,
    parts: Sequence[Rows],
    *,
    spec: FrameSpec,
    index: pd.Index,
    outcomes: Outcomes,
    plan: Plan,
) -> FittedParts:
    """Grow the ensembles on all cases and calibrate them out of fold, as `taxgap.risk.fitting.fit_parts`.

    Parameters
    ----------
    client : distributed.Client
    parts : sequence of Rows
        The encoded cases, on their workers.
    spec, outcomes, plan
        As for `fit_parts`.
    index : pandas.Index
        Of all cases, in the order of the parts.

    Returns
    -------
    FittedParts

    Notes
    -----
    Folds are the same as those of one machine, since they go by the names of taxpayers. What comes back from
    the workers are trees, and one raw score a case and ensemble.
    """
    fold = deal_folds(index, outcomes, plan)
    texts, held_out = {}, {}
    for kind, (objective, target) in make_targets(outcomes, plan).items():
        directions = plan.directions if kind != "hours" else [0] * len(plan.directions)
        task = _Ensemble(
            client=client,
            parts=parts,
            spec=spec,
            plan=plan,
            objective=objective,
            directions=directions,
            target=target,
            weight=outcomes.weight,
        )
        texts[kind] = task.grow(np.ones(len(target), np.bool_))
        held_out[kind] = task.cross_fit(fold)
    return calibrate_parts(texts, held_out, outcomes)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Ensemble:
    """One of the ensembles of a model: what it is grown on, and how."""

    client: Any
    parts: Sequence[Rows]
    spec: FrameSpec
    plan: Plan
    objective: Objective
    directions: list[int]
    target: Floats
    weight: Floats

    def grow(self, keep: Bools) -> str:
        return grow_spread(
            self.client,
            self.parts,
            keep,
            self.target,
            self.weight,
            objective=self.objective,
            spec=self.spec,
            directions=self.directions,
            growth=self.plan.growth,
        )

    def cross_fit(self, fold: Integers) -> Floats:
        """Return out-of-fold raw scores of all rows."""
        scores = np.empty(len(self.target))
        for number in np.unique(fold):
            test = fold == number
            text = self.grow(~test)
            futures = [
                self.client.submit(
                    predict_rows, part.matrix, test[part.place], text, workers=[part.worker], pure=False
                )
                for part in self.parts
            ]
            scores[test] = np.concatenate(self.client.gather(futures))
        return scores
