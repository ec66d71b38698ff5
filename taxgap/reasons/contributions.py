"""Each feature's part in a score: Shapley values, by one of the engines, that add up to the score exactly."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from taxgap.errors import IncompatibleError, UsageError
from taxgap.peers import GROUPS
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.engines import ENGINES, Question, compile_once
from taxgap.records.clock import time_section
from taxgap.risk.arrays import Floats, Integers
from taxgap.risk.boosting import score_raw
from taxgap.risk.model import RiskModel
from taxgap.risk.predicting import Kind

TOLERANCE = 1e-6
"""How far the parts of a score may be from it, in log units: rounding, and nothing else."""

CHECKED = 1_000
"""So many scores of the library's own kernel are checked against LightGBM's; others are checked whole."""


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
        Against peers, the mean of the peers less that of the population; against the cases trained on, what
        trade group and size band add. Shown, and never a reason.
    engine : str
        What worked them out.
    baseline : {"training", "peers"}
        What they are held against.
    peers : DataFrame
        The peer group of each return: `number`, `rung` and how many `peers`; without columns if not
        against peers.
    """

    values: pd.DataFrame
    population_mean: float
    group_effect: pd.Series
    engine: str
    baseline: str = "training"
    peers: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def own_effect(self) -> pd.Series:
        """What all of the taxpayer's own contributions add to the score."""
        return self.values.sum(axis=1)


def contributions(
    model: RiskModel,
    seen: pd.DataFrame,
    *,
    baseline: PeerBaseline | None = None,
    engine: str = "taxgap",
    kind: Kind = "expected_tax",
    threads: int | None = None,
    alike: bool = False,
) -> Contributions:
    """Split the score of each return into its parts.

    Parameters
    ----------
    model : RiskModel
        A fitted model.
    seen : DataFrame
        The returns, from `Regime.compare`; other columns than the model's are passed over.
    baseline : PeerBaseline, optional
        The peers to hold each return against. Without them it is held against the cases that the model was
        trained on (the path-dependent game), where what defines the peers has a part too.
    engine : {"taxgap", "lightgbm", "shap"}, default "taxgap"
        ``taxgap``: this library's exact kernel, for both. ``lightgbm``: LightGBM's own code, without a
        baseline only. ``shap``: the shap package; against peers only for models that it reads as LightGBM
        does.
    kind : {"expected_tax", "probability", "hours"}, default "expected_tax"
        Which score: the ranking score in log pounds; the likelihood, in log odds before calibration; the log
        of the hours.
    threads : int, optional
        Of the library's own kernel; all cores when absent. Other engines take the model's.
    alike : bool, default False
        Give a return the same bits whatever other returns are given with it, as scoring does; it takes longer
        for few returns, and differs by rounding alone.

    Returns
    -------
    Contributions

    Raises
    ------
    UsageError
        The engine is unknown, or not right for this model and baseline.
    InvalidDataError
        There are no returns.
    IncompatibleError
        The returns do not fit the model, or the parts do not add up to the score.

    Notes
    -----
    Rows are worked on by peer group. The sums of the library's own kernel are checked against what the same
    compiled model predicts, on every row, and against LightGBM on the first thousand; those of other engines
    against LightGBM on every row.
    """
    matrix = model.encode(seen[list(model.feature_names_in_)])
    numbers = np.zeros(0, dtype=np.int64) if baseline is None else baseline.place(seen)
    return split_scores(
        model,
        matrix,
        seen.index,
        numbers=numbers,
        baseline=baseline,
        engine=engine,
        kind=kind,
        threads=threads,
        alike=alike,
    )


def split_scores(
    model: RiskModel,
    matrix: Floats,
    index: pd.Index,
    *,
    numbers: Integers,
    baseline: PeerBaseline | None,
    engine: str = "taxgap",
    kind: Kind = "expected_tax",
    predicted: Floats | None = None,
    threads: int | None = None,
    alike: bool = False,
) -> Contributions:
    """Do what `contributions` does, for returns that were encoded, placed and maybe scored before.

    `predicted` are the raw scores by the compiled model of the same booster.
    """
    if engine not in ENGINES:
        raise UsageError(f"There is no engine named '{engine}'.", where="engine", available=ENGINES)
    booster = model.booster(kind)
    cores = threads if engine == "taxgap" else model.n_threads
    with time_section("kernel"):
        parts, base = ENGINES[engine](Question(booster, matrix, baseline, numbers, cores, alike))
    names = np.array(model.feature_names_in_, dtype=object)
    defining = np.isin(names, GROUPS)
    own = pd.DataFrame(parts[:, ~defining], index=index, columns=names[~defining].tolist())
    of_group = parts[:, defining].sum(axis=1)
    # Peers share what defines them, so that it has no part: were it to have one, the sum would miss it.
    total = own.to_numpy().sum(axis=1) + base + (of_group if baseline is None else 0.0)
    checked = matrix[:CHECKED] if engine == "taxgap" else matrix
    check_sum(total, score_raw(booster, checked, model.n_threads))
    if engine == "taxgap":
        if predicted is None:
            with time_section("kernel"):
                predicted = compile_once(booster).predict(matrix, threads=threads)
        check_sum(total, predicted)
    base = base + model.parts_.offsets.get(kind, 0.0)
    if baseline is None:
        nobody = pd.DataFrame(index=index)
        return Contributions(
            own, float(base[0]), pd.Series(of_group, index=index), engine, "training", nobody
        )
    mean = baseline.mean_over_population(kind)
    placed = baseline.describe()[["rung", "peers"]].iloc[numbers].reset_index().set_index(index)
    return Contributions(own, mean, pd.Series(base - mean, index=index), engine, "peers", placed)


def check_sum(total: Floats, scores: Floats) -> None:
    """Refuse parts that do not add up to the scores, of which the first may be given alone."""
    furthest = float(np.max(np.abs(total[: len(scores)] - scores), initial=0.0))
    if not furthest <= TOLERANCE:
        raise IncompatibleError(
            f"The parts of a score differ from it by {furthest:.2g}; at most {TOLERANCE:g} is rounding.",
            remedy="Explain a model with the code that trained it, and report this if it did.",
        )
