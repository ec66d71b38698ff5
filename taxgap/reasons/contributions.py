"""Each feature's part in a score: Shapley values, by one of the engines, that add up to the score exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import IncompatibleError, UsageError
from taxgap.peers import GROUPS
from taxgap.risk.model import RiskModel

TOLERANCE = 1e-6
"""How far the parts of a score may be from it, in log units: rounding, and nothing else."""

Floats: TypeAlias = NDArray[np.float64]
Engine: TypeAlias = Callable[[RiskModel, pd.DataFrame, pd.DataFrame | None], tuple[Floats, float]]


@dataclass(frozen=True)
class Contributions:
    """The parts of each score: ``score = population_mean + group_effect + values summed over the features``.

    Attributes
    ----------
    values : DataFrame
        One row a return, one column a feature, in log units of expected tax: 0.1 multiplies it by 1.11. The
        columns that define the peers are not among them.
    population_mean : float
        The mean score of the population, in log pounds.
    group_effect : Series of float64
        What trade group and size band add: shown, and never a reason.
    engine : str
        What worked them out.
    """

    values: pd.DataFrame
    population_mean: float
    group_effect: pd.Series
    engine: str

    @property
    def own_effect(self) -> pd.Series:
        """What all of the taxpayer's own contributions add to the score."""
        return self.values.sum(axis=1)


def contributions(
    model: RiskModel, X: pd.DataFrame, *, background: pd.DataFrame | None = None, engine: str = "lightgbm"
) -> Contributions:
    """Split the ranking score of each return into its parts.

    Parameters
    ----------
    model : RiskModel
        A fitted model.
    X : DataFrame
        The returns, as the model sees them.
    background : DataFrame, optional
        The returns to compare with, as the model sees them, for engines that take one.
    engine : str, default "lightgbm"
        ``lightgbm``: path-dependent Shapley values by LightGBM's own code, which compares with the cases the
        model was trained on and takes no background.

    Returns
    -------
    Contributions

    Raises
    ------
    UsageError
        The engine is unknown, or a background is given to one that takes none.
    IncompatibleError
        The parts do not add up to the score.
    """
    if engine not in ENGINES:
        raise UsageError(f"There is no engine named '{engine}'.", where="engine", available=ENGINES)
    parts, mean = ENGINES[engine](model, X, background)
    _check_sum(parts.sum(axis=1) + mean, model.ranking_score(X))
    values = pd.DataFrame(parts, index=X.index, columns=list(model.feature_names_in_))
    groups = [name for name in GROUPS if name in values.columns]
    return Contributions(values.drop(columns=groups), mean, values[groups].sum(axis=1), engine)


def _explain_with_lightgbm(
    model: RiskModel, X: pd.DataFrame, background: pd.DataFrame | None
) -> tuple[Floats, float]:
    if background is not None:
        raise UsageError(
            "The engine 'lightgbm' compares with the cases the model was trained on.",
            where="background",
            remedy="Leave the background out.",
        )
    booster = model.booster("expected_tax")
    found = booster.predict(model.encode(X), pred_contrib=True, num_threads=model.n_threads)
    parts = np.asarray(found, dtype=np.float64)
    return parts[:, :-1], float(
        parts[0, -1]
    ) + model.offset_  # the last column is the mean, alike in every row


ENGINES: dict[str, Engine] = {"lightgbm": _explain_with_lightgbm}
"""What can work them out: (model, X, background) to the parts of each row and the population's mean."""


def _check_sum(total: Floats, score: Floats) -> None:
    furthest = float(np.max(np.abs(total - score), initial=0.0))
    if not furthest <= TOLERANCE:
        raise IncompatibleError(
            f"The parts of a score differ from it by {furthest:.2g}; at most {TOLERANCE:g} is rounding.",
            remedy="Explain a model with the code that trained it, and report this if it did.",
        )
