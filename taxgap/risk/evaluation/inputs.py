"""What an evaluation is given, checked and turned into plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import Column, Floats, to_floats
from taxgap.risk.evaluation.bootstrap import Cases, find_clusters
from taxgap.risk.evaluation.metrics import make_key

MODEL = "model"
"""The name of the ranking that is evaluated."""

CUT = 0.05
"""The coverage at which groups are held against each other."""


def read_cases(
    labels: pd.Index,
    scores: Mapping[str, Floats],
    amount: Column,
    columns: Mapping[str, Column | None],
    predicted: Mapping[str, Column | None],
    *,
    material: float,
    coverages: Sequence[float],
) -> Cases:
    """Return the cases of an evaluation, every column checked.

    Parameters
    ----------
    labels : pandas.Index
        Labels of the cases.
    scores : mapping of str to ndarray
        As `rank_scores` gives them.
    amount : array-like
        Tax found or lost (GBP).
    columns : mapping of str to array-like
        ``weight`` and ``hours``, as far as given.
    predicted : mapping of str to array-like
        ``probability`` and ``expected_tax`` (GBP), as far as given.
    material : float
        Amount from which an under-declaration is material (GBP).
    coverages : sequence of float
        Shares of all cases that could be worked.

    Returns
    -------
    Cases
    """
    rows, hours = len(labels), columns["hours"]
    return Cases(
        scores=scores,
        predicted={
            name: to_floats(values, name, rows=rows)
            for name, values in predicted.items()
            if values is not None
        },
        # Too much declared is no gap.
        tax=np.maximum(to_floats(amount, "amount", rows=rows), 0.0),
        design=read_positive(columns["weight"], "weight", "Design weights", rows),
        material=material,
        coverages=tuple(coverages),
        key=make_key(labels),
        cluster=find_clusters(labels),
        hours=None if hours is None else read_positive(hours, "hours", "Officer hours", rows),
        cut=CUT,
        model=MODEL,
    )


def rank_scores(
    score: Column,
    probability: Column | None,
    baselines: Mapping[str, Column],
    references: Mapping[str, Column],
    rows: int,
) -> dict[str, Floats]:
    """Return every ranking as dense ranks, by its name; a missing value of a baseline ranks last."""
    scores: dict[str, Column] = {MODEL: to_floats(score, "score", rows=rows)}
    if probability is not None:
        scores["probability"] = to_floats(probability, "probability", rows=rows)
    for where, given in {"baseline": baselines, "reference": references}.items():
        taken = sorted(set(given) & {MODEL, "probability", "population", *scores})
        if taken:
            raise UsageError(f"A {where} may not be called {', '.join(taken)}.", where=f"{where}s")
        for name, values in given.items():
            if len(values) != rows:
                raise UsageError(
                    f"{where.capitalize()} {name} has {len(values)} rows; {rows} were expected.",
                    where=f"{where}s",
                )
            scores[name] = values
    # Ranks keep the order and give missing values a place of their own, below all others.
    return {
        name: pd.Series(np.asarray(values, dtype=np.float64)).rank(method="dense", na_option="top").to_numpy()
        for name, values in scores.items()
    }


def read_positive(values: Column | None, name: str, title: str, rows: int) -> Floats:
    """Return a column of numbers above 0; ones where it is not given."""
    if values is None:
        return np.ones(rows)
    read = to_floats(values, name, rows=rows)
    if (read <= 0).any():
        raise InvalidDataError(f"{title} must be above 0.", where=name)
    return read


def find_labels(score: Column, index: pd.Index | None) -> pd.Index:
    """Return the labels of the cases: those given, or those of the score."""
    if index is None:
        index = score.index if isinstance(score, pd.Series) else pd.RangeIndex(len(score))
    if len(index) == 0:
        raise InvalidDataError("There are no cases to evaluate on.", where="score")
    return index


def check_options(coverages: Sequence[float], confidence: float, draws: int) -> None:
    """Refuse options outside their range."""
    if not all(0 < c <= 1 for c in coverages) or not 0 < confidence < 1 or draws < 1:
        raise UsageError(
            "Coverages lie above 0 and up to 1, the confidence between 0 and 1; draws are 1 or more."
        )
