"""Contributions by refits: the same returns against the same peers, taken apart by each refit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from taxgap.peers import GROUPS
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.contributions import CHECKED, check_sum
from taxgap.reasons.engines import Question
from taxgap.reasons.refits import Refits
from taxgap.reasons.spreading import HERE, Explaining, Spread, explain_job
from taxgap.regimes import Regime
from taxgap.risk.boosting import score_raw
from taxgap.risk.model import RiskModel


def contributions_of_refits(
    refits: Refits,
    model: RiskModel,
    seen: pd.DataFrame,
    *,
    baseline: PeerBaseline | None,
    engine: str = "taxgap",
    spread: Spread = HERE,
) -> Iterator[pd.DataFrame]:
    """Yield the contributions of returns by each refit.

    Parameters
    ----------
    refits : Refits
    model : RiskModel
        That was refitted.
    seen : DataFrame
        The returns, from `Regime.compare`.
    baseline : PeerBaseline or None
        The peers, or None for the cases trained on.
    engine : str, default "taxgap"
        As for `taxgap.reasons.contributions`.
    spread : Spread, optional
        What works them out; they do not depend on it.

    Yields
    ------
    DataFrame
        As `Contributions.values`, in log units.

    Raises
    ------
    UsageError
        The engine is not right for a refit.
    IncompatibleError
        The parts do not add up to a score.
    """
    names = np.array(model.feature_names_in_, dtype=object)
    own = ~np.isin(names, GROUPS)
    matrix = model.encode(seen[names.tolist()])
    numbers = np.zeros(0, dtype=np.int64) if baseline is None else baseline.place(seen)
    threads = None if engine == "taxgap" else model.n_threads  # as for the model itself
    if spread.threads is not None:
        threads = spread.threads
    # The rows of the peers are the same for every booster, so the model's own baseline serves.
    jobs = (
        Explaining(engine, Question(booster, matrix, baseline, numbers, threads))
        for booster in refits.boosters
    )
    for booster, (parts, base) in zip(refits.boosters, spread.run(explain_job, jobs), strict=True):
        check_sum(parts.sum(axis=1) + base, score_raw(booster, matrix[:CHECKED], model.n_threads))
        yield pd.DataFrame(parts[:, own], index=seen.index, columns=names[own].tolist())


def sum_by_code(regime: Regime, values: pd.DataFrame) -> pd.DataFrame:
    """Add the contributions of each reason code's features.

    Parameters
    ----------
    regime : Regime
    values : DataFrame
        One column a feature.

    Returns
    -------
    DataFrame
        One column a code, in the order in which they come among the features.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> values = pd.DataFrame({"expenses_to_turnover": [0.3], "days_late": [0.1]})
    >>> sum_by_code(get_regime("self_assessment"), values).columns.tolist()
    ['expenses.total', 'timing.late']
    """
    of = [regime.feature[str(name)].code for name in values.columns]
    codes = list(dict.fromkeys(of))
    member = np.equal.outer(np.array(of, dtype=object), np.array(codes, dtype=object)).astype(np.float64)
    table = values.to_numpy(dtype=np.float64) @ member.reshape(len(of), len(codes))
    return pd.DataFrame(table, index=values.index, columns=codes)
