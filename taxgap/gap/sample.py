"""A sample as it comes in: checked, aligned, with the population it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap.checks import check_same_rows
from taxgap.gap.population import check_total_weight, read_population
from taxgap.risk.arrays import Column, Floats, Integers, to_floats

_EQUAL = 1e-9


@dataclass(frozen=True)
class Sample:
    """Cases with their probabilities and strata, and what is known of everyone.

    Parameters
    ----------
    y : ndarray
        Amounts of the cases.
    probability : ndarray
        Their inclusion probabilities.
    stratum : ndarray of int
        Codes from 0; all 0 without strata.
    sizes : ndarray
        Cases of the population by stratum.
    scores : ndarray or None
        Scores of the cases.
    score_totals : ndarray or None
        Totals of the scores of everyone, by stratum.
    design : str
        ``equal`` probabilities, ``stratified``, ``fixed`` (unequal, of a fixed number) or ``poisson``.
    """

    y: Floats
    probability: Floats
    stratum: Integers
    sizes: Floats
    scores: Floats | None
    score_totals: Floats | None
    design: str

    @property
    def certain(self) -> np.ndarray:
        """Which cases were taken with certainty."""
        return np.asarray(self.probability >= 1.0)

    @property
    def amounts(self) -> int:
        """Cases with an amount."""
        return int(np.count_nonzero(self.y))

    @property
    def population(self) -> float:
        """Cases of the population."""
        return float(self.sizes.sum())


def read_sample(
    y: Column,
    inclusion_probability: Column | float,
    *,
    scores: Column | None = None,
    population_scores: Column | None = None,
    strata: Column | None = None,
    population_strata: Column | Mapping[object, int] | None = None,
    population_size: int | None = None,
    sampling: str = "fixed",
) -> Sample:
    """Return a sample that can be estimated from.

    Parameters
    ----------
    y, inclusion_probability, scores, population_scores, strata, population_strata, population_size, sampling
        As `estimate_total` takes them.

    Returns
    -------
    Sample

    Raises
    ------
    InvalidDataError, UsageError
        As `estimate_total` does; also if two Series differ in their indexes.

    Examples
    --------
    >>> read_sample([0.0, 5.0, 0.0], 0.1).population
    30.0
    """
    if sampling not in ("fixed", "poisson"):
        raise UsageError(f"There is no sampling {sampling!r}.", available=["fixed", "poisson"])
    check_same_rows(y=y, inclusion_probability=inclusion_probability, scores=scores, strata=strata)
    amounts = to_floats(y, "y")
    rows = len(amounts)
    if rows < 2:
        raise InvalidDataError(f"There are {rows} cases.", where="y", remedy="Give at least 2, better 300.")
    if (scores is None) != (population_scores is None):
        raise UsageError("scores and population_scores go together.", where="scores")
    if strata is None and population_strata is not None:
        raise UsageError("population_strata goes with strata.", where="strata")
    chance = _read_probabilities(inclusion_probability, rows)
    stratum, names = _read_strata(strata, rows)
    own = None if scores is None else to_floats(scores, "scores", rows=rows)
    everyone = read_population(
        names,
        np.asarray(np.bincount(stratum, 1 / chance), dtype=np.float64),
        strata=population_strata,
        scores=population_scores,
        size=population_size,
    )
    if strata is not None:
        design = "stratified"
        _check_strata(chance, stratum, everyone.sizes, names)
    else:
        equal = sampling == "fixed" and bool(np.ptp(chance) <= _EQUAL)
        design = "equal" if equal else sampling
        check_total_weight(chance, float(everyone.sizes[0]), exact=equal)
    return Sample(amounts, chance, stratum, everyone.sizes, own, everyone.score_totals, design)


def _read_probabilities(values: Column | float, rows: int) -> Floats:
    column = np.full(rows, values) if np.ndim(values) == 0 else cast("Column", values)
    chance = to_floats(column, "inclusion_probability", rows=rows)
    outside = int(((chance <= 0) | (chance > 1)).sum())
    if outside:
        raise InvalidDataError(
            f"inclusion_probability is not above 0 and up to 1 in {outside} of {rows} cases.",
            where="inclusion_probability",
            remedy="Give the probability each case was drawn with; leave out cases nobody drew at random.",
        )
    return chance


def _read_strata(strata: Column | None, rows: int) -> tuple[Integers, pd.Index]:
    if strata is None:
        return np.zeros(rows, dtype=np.int64), pd.Index([0])
    labels = pd.Series(strata)
    if len(labels) != rows:
        raise UsageError(f"There are {len(labels)} strata for {rows} cases.", where="strata")
    missing = int(labels.isna().sum())
    if missing:
        raise InvalidDataError(
            f"The stratum is missing in {missing} of {rows} cases.",
            where="strata",
            remedy="Give each case the stratum it was drawn from.",
        )
    codes, names = pd.factorize(labels, sort=True)
    return codes.astype(np.int64), pd.Index(names)


def _check_strata(chance: Floats, stratum: Integers, sizes: Floats, names: pd.Index) -> None:
    cases = np.bincount(stratum, minlength=len(sizes))
    alone = (cases < 2) & (sizes > cases)
    if alone.any():
        raise InvalidDataError(
            f"{int(alone.sum())} strata have a single case, which says nothing of their spread.",
            where="strata",
            available=[str(name) for name in names[~alone][:20]],
            remedy="Join each to the stratum most like it.",
        )
    if (cases > sizes * 1.01).any():
        raise InvalidDataError("A stratum has more cases than its population.", where="population_strata")
    expected = (cases / sizes)[stratum]
    if (np.abs(chance - expected) > 0.1 * expected).any():
        raise InvalidDataError(
            "Within a stratum, inclusion_probability must be cases over population of the stratum.",
            where="inclusion_probability",
            remedy="Give the strata the sample was drawn by, or leave strata out.",
        )
