"""What can still be said where weights do not identify a measure: its worst cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from taxgap.errors import UsageError
from taxgap.risk.arrays import Column, Floats, to_flags, to_floats, to_probabilities
from taxgap.risk.card import to_plain
from taxgap.risk.evaluation.metrics import draw_counts
from taxgap.risk.selection.columns import read_known

_CELLS = 4_000_000


@dataclass(frozen=True)
class Bounds:
    """Lowest and highest value of a measure that the data allow.

    Parameters
    ----------
    frame : DataFrame
        ``measure, assumption, lowest, highest, low, high, n``: the bounds, and the interval around them that
        sampling adds (the same where all returns are in view and nothing is sampled).
    settings : dict
        The cap, the material amount, the confidence.
    """

    frame: pd.DataFrame
    settings: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"settings": to_plain(self.settings), "bounds": to_plain(self.frame.to_dict("records"))}

    def to_text(self) -> str:
        """Return one line a bound."""
        return "\n".join(
            f"{row.measure}, {row.assumption}: {row.lowest:,.4g} to {row.highest:,.4g} "
            f"({row.low:,.4g} to {row.high:,.4g} with sampling)"
            for row in self.frame.itertuples()
        )

    def _repr_html_(self) -> str:
        return str(self.frame.to_html(index=False, na_rep="", float_format="{:,.4g}".format))


_COLUMNS = ["measure", "assumption", "lowest", "highest", "low", "high", "n"]


def bound_outcomes(
    amount: Column,
    *,
    opened: Column,
    cap: float,
    probability: Column | None = None,
    floor: float = 0.0,
    material: float = 1000.0,
    confidence: float = 0.95,
) -> Bounds:
    """Bound means over all returns without any assumption on those that were not opened.

    Parameters
    ----------
    amount : array-like
        Tax found (GBP), one row a return; read where ``opened``.
    opened : array-like of bool
        Which returns have a label.
    cap : float
        The most that an enquiry into any return could find (GBP); an assumption, to be stated with the
        bounds. Amounts found above it are set to it.
    probability : array-like, optional
        Probability of being opened, of all returns. Where given, returns above ``floor`` are estimated by
        weights, and only the others are bounded.
    floor : float, default 0
        Returns with a probability at or below it count as without a chance.
    material : float, default 1000
        Tax found from which an under-declaration is material (GBP).
    confidence : float, default 0.95
        Confidence of the sampling interval.

    Returns
    -------
    Bounds
        Of ``mean_tax`` and ``material_share``.

    Notes
    -----
    Manski's worst case (1989): an unopened return holds between 0 and the cap. With probabilities, the mean
    is ``q m + (1 - q) [0, cap]``, q the share of returns with a chance and m their mean by weights.

    Examples
    --------
    >>> found = bound_outcomes([5000.0, 0.0, 0.0, 0.0], opened=[True, True, False, False], cap=10_000.0)
    >>> found.frame.set_index("measure").loc["mean_tax", ["lowest", "highest"]].tolist()
    [1250.0, 6250.0]
    """
    flags = to_flags(opened, "opened")
    found = np.minimum(read_known(amount, "amount", flags, fill=0.0), cap)
    if not cap >= material:
        raise UsageError("The cap must be at least the material amount.", where="cap")
    weight = np.ones(len(flags))
    supported = flags
    assumption = f"nothing assumed but a cap of {cap:,.0f} GBP"
    if probability is not None:
        chance = to_floats(probability, "probability", rows=len(flags))
        supported = chance > floor
        flags = flags & supported
        weight = np.divide(1.0, chance, out=np.zeros(len(chance)), where=flags)
        assumption = f"probabilities right where above {floor:g}, a cap of {cap:,.0f} GBP elsewhere"
    share = float(supported.mean())
    rows = []
    for measure, value, most in (("mean_tax", found, cap), ("material_share", found >= material, 1.0)):
        mean, error = _average(value.astype(np.float64)[flags], weight[flags], probability is None)
        reach = float(ndtri(0.5 + confidence / 2)) * error * share
        ends = (share * mean, share * mean + (1 - share) * most)
        rows.append(
            (
                measure,
                assumption,
                *ends,
                max(0.0, ends[0] - reach),
                min(most, ends[1] + reach),
                int(flags.sum()),
            )
        )
    settings = {"cap": cap, "material": material, "confidence": confidence, "floor": floor}
    return Bounds(pd.DataFrame(rows, columns=_COLUMNS), settings)


def bound_hidden_choice(
    amount: Column,
    probability: Column,
    *,
    gammas: Sequence[float] = (1.0, 1.25, 1.5, 2.0),
    material: float = 1000.0,
    confidence: float = 0.95,
    draws: int = 200,
    seed: int = 0,
) -> Bounds:
    """Bound means over all returns if officers also chose by what the records do not show.

    Parameters
    ----------
    amount, probability : array-like
        Tax found (GBP) and probability of being opened, of the opened cases.
    gammas : sequence of float
        How far the odds of being opened may be off, as a factor in either direction; 1 means that the
        probabilities are right.
    material : float, default 1000
        Tax found from which an under-declaration is material (GBP).
    confidence : float, default 0.95
        Confidence of the sampling interval.
    draws, seed : int
        Bootstrap draws by case, and their seed.

    Returns
    -------
    Bounds
        Of ``mean_tax`` and ``material_share``, one row a measure and gamma.

    Notes
    -----
    The marginal sensitivity model (Tan 2006; Zhao, Small and Bhattacharya 2019): the true weight of a case
    lies between ``1 + (w - 1) / gamma`` and ``1 + (w - 1) gamma``. A weighted mean is extreme where the
    cases above some outcome take one end and those below take the other; every threshold is tried. Percentile
    bootstrap of both ends. Which gamma is plausible is a judgement: compare it with how much the odds change
    when the strongest known feature is left out.

    Examples
    --------
    >>> found = bound_hidden_choice([0.0, 4000.0] * 50, [0.1] * 100, gammas=[1.0, 2.0], draws=20)
    >>> found.frame.query("measure == 'material_share'")[["lowest", "highest"]].round(2).to_numpy().tolist()
    [[0.5, 0.5], [0.22, 0.78]]
    """
    found = to_floats(amount, "amount")
    weight = 1.0 / to_probabilities(probability, "probability", rows=len(found))
    if min(gammas) < 1 or draws < 2:
        raise UsageError("Gammas must be at least 1, and draws at least 2.", where="gammas")
    tail = (1 - confidence) / 2
    rows = []
    for measure, value in (("mean_tax", found), ("material_share", (found >= material).astype(np.float64))):
        for gamma in gammas:
            point = _extremes(value, weight, gamma, np.ones((1, len(value))))
            drawn = _draw_extremes(value, weight, gamma, draws, seed)
            low, high = np.quantile(drawn[0], tail), np.quantile(drawn[1], 1 - tail)
            name = f"odds of being opened right within a factor of {gamma:g}"
            rows.append(
                (measure, name, float(point[0][0]), float(point[1][0]), float(low), float(high), len(found))
            )
    settings = {"material": material, "confidence": confidence, "draws": draws, "seed": seed}
    return Bounds(pd.DataFrame(rows, columns=_COLUMNS), settings)


def _average(value: Floats, weight: Floats, whole: bool) -> tuple[float, float]:
    if not len(value):
        return 0.0, 0.0
    mean = float(np.average(value, weights=weight))
    # Where every return counts for itself alone, nothing is sampled.
    error = 0.0 if whole else float(np.sqrt(((weight * (value - mean)) ** 2).sum()) / weight.sum())
    return mean, error


def _extremes(value: Floats, weight: Floats, gamma: float, counts: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(value, kind="stable")
    ordered, times = value[order], counts[:, order]
    least, most = times * (1 + (weight[order] - 1) / gamma), times * (1 + (weight[order] - 1) * gamma)
    highest = _try_thresholds(ordered, least, most).max(axis=1)
    lowest = _try_thresholds(ordered, most, least).min(axis=1)
    return lowest, highest


def _try_thresholds(value: Floats, below: Floats, above: Floats) -> Floats:
    """Return the mean for each threshold k: the first k cases by ``below``, the others by ``above``."""

    def total(each: Floats, other: Floats) -> Floats:
        start = np.zeros((len(each), 1))
        head = np.concatenate([start, np.cumsum(each, axis=1)], axis=1)
        tail = np.concatenate([start, np.cumsum(other, axis=1)], axis=1)
        joined: Floats = head + tail[:, -1:] - tail
        return joined

    means: Floats = total(below * value, above * value) / total(below, above)
    return means


def _draw_extremes(
    value: Floats, weight: Floats, gamma: float, draws: int, seed: int
) -> tuple[Floats, Floats]:
    rng = np.random.default_rng([seed, 5])
    size = max(1, min(draws, _CELLS // len(value)))
    sizes = [min(size, draws - start) for start in range(0, draws, size)]
    parts = [_extremes(value, weight, gamma, draw_counts(len(value), n, rng)) for n in sizes]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
