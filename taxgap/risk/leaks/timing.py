"""Values recorded after the enquiry was opened: a leak where being late goes with the label."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact, norm

from taxgap.errors import UsageError
from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.leaks.areas import bound_chance, measure_area
from taxgap.risk.leaks.columns import label_values, learn_shares
from taxgap.risk.leaks.evidence import Evidence
from taxgap.risk.leaks.report import WHOLE_ROWS, Finding

LATE_SHARE = 0.01
"""Share of cases, of those whose days are known, from which on lateness is material."""
FEWEST_LATE = 10
"""Fewer late cases than this can show nothing."""
LATE_DIFFERENCE = 0.01
"""Difference between the shares that are late, with and without a material finding, that matters."""
TIMELY_SHARE = 0.05
"""With fewer cases in time than this there is nothing to compare with: all is held against the feature."""
FALSE_ALARMS = 0.01
"""Probability of any false alarm over all features and tests (Holm)."""

_FEWEST_SIDE = 5


def examine_timing(
    evidence: Evidence,
    index: pd.Index,
    recorded_on: pd.DataFrame | pd.Series | None,
    opened_on: pd.Series | None,
) -> Iterator[Finding]:
    """Yield features recorded after the opening of the enquiry, as leaks or as notes.

    Parameters
    ----------
    evidence : Evidence
        The cases.
    index : pandas.Index
        Labels of the rows.
    recorded_on : DataFrame or Series, optional
        The day on which each value became known.
    opened_on : Series, optional
        The day on which the enquiry was opened.

    Yields
    ------
    Finding

    Notes
    -----
    A late feature is a leak if (1) it is late more often, or less often, where the finding was material
    (Fisher's exact test, and a difference of a point at least); or (2) late values tell the label better than
    those in time (areas compared, Hanley and McNeil's variances); or (3) hardly any value is in time and the
    late ones tell the label. Holm's procedure holds the probability of any false alarm to 0.01. All others
    with a material share are noted.
    """
    if recorded_on is None and opened_on is None:
        return
    days = _align(evidence, index, recorded_on, opened_on)
    opened = pd.to_datetime(opened_on).to_numpy()
    late: list[tuple[str, float]] = []
    tests: list[tuple[str, float]] = []
    for name in days.columns:
        recorded = pd.to_datetime(days[name]).to_numpy()
        known = ~(np.isnat(recorded) | np.isnat(opened))
        after = known & (recorded > opened)
        share = float(after.sum() / max(known.sum(), 1))
        if share >= LATE_SHARE and after.sum() >= FEWEST_LATE:
            late.append((str(name), share))
            tests += [(str(name), chance) for chance in _test(evidence, str(name), known, after)]
    leaks = _hold(tests)
    for name, share in late:
        parts = evidence.names if name == WHOLE_ROWS else (name,)
        yield Finding(parts, name, "recorded late", share, LATE_SHARE, noted=name not in leaks)


def _align(
    evidence: Evidence,
    index: pd.Index,
    recorded_on: pd.DataFrame | pd.Series | None,
    opened_on: pd.Series | None,
) -> pd.DataFrame:
    if recorded_on is None or opened_on is None:
        raise UsageError(
            "recorded_on and opened_on are given together.",
            where="recorded_on",
            remedy="Give both or neither.",
        )
    days = recorded_on.to_frame(WHOLE_ROWS) if isinstance(recorded_on, pd.Series) else recorded_on
    for name, part in (("recorded_on", days), ("opened_on", opened_on)):
        if not part.index.equals(index):
            raise UsageError(
                f"The rows of {name} are not those of the feature frame.",
                where=name,
                remedy=f"Align it first, for example with {name}.reindex(X.index).",
            )
    unknown = sorted({str(name) for name in days.columns} - {*evidence.names, WHOLE_ROWS})
    if unknown:
        raise UsageError(
            f"Days are given for no such feature: {', '.join(unknown)}.",
            where="recorded_on",
            available=evidence.names,
        )
    return days


def _test(evidence: Evidence, name: str, known: Bools, after: Bools) -> Iterator[float]:
    """Yield how likely chance is for each way in which lateness can tell."""
    if not evidence.judged:
        return
    material, timely = evidence.material, known & ~after
    table = [[int((side & label).sum()) for label in (material, ~material)] for side in (after, timely)]
    shares = [
        float(after[known & label].mean()) if (known & label).any() else 0.0
        for label in (material, ~material)
    ]
    differs = abs(shares[0] - shares[1]) >= LATE_DIFFERENCE
    if timely.any():
        yield float(fisher_exact(table).pvalue) if differs else 1.0
    if name == WHOLE_ROWS or min(table[0]) < _FEWEST_SIDE:
        return
    score = _score(evidence, name, after)
    area = measure_area(score[after], material[after])
    if timely.mean() < TIMELY_SHARE * known.mean():
        yield bound_chance(area, *table[0])
    elif min(table[1]) >= _FEWEST_SIDE:
        other = measure_area(score[timely], material[timely])
        better = abs(area - 0.5) - abs(other - 0.5)
        spread = np.sqrt(_variance(area, *table[0]) + _variance(other, *table[1]))
        yield float(2.0 * norm.sf(better / spread)) if better > 0 else 1.0


def _score(evidence: Evidence, name: str, after: Bools) -> Floats:
    """Return a number for each case: the value, the missing lowest; of levels, their share in the others."""
    position = evidence.names.index(name)
    values = evidence.numbers[:, position]
    if not evidence.levels[position]:
        known = values[~np.isnan(values)]
        return np.where(np.isnan(values), known.min() - 1.0 if len(known) else 0.0, values)
    label = label_values(values, level=True)
    score = np.empty(len(values))
    for learn, measure in (evidence.halves, evidence.halves[::-1]):
        taught = learn[after[learn]] if after[learn].any() else learn
        score[measure] = learn_shares(label[taught], evidence.material[taught], int(label.max()) + 1)[
            label[measure]
        ]
    return score


def _variance(area: float, hits: int, rest: int) -> float:
    """Return the variance of an area (Hanley and McNeil 1982), kept above 0 where all are parted."""
    area = min(max(area, 1.0 - area), 1.0 - 0.5 / (hits + rest))
    one, two = area / (2.0 - area), 2.0 * area**2 / (1.0 + area)
    total = area * (1 - area) + (hits - 1) * (one - area**2) + (rest - 1) * (two - area**2)
    return total / (hits * rest)


def _hold(tests: list[tuple[str, float]]) -> set[str]:
    """Return the features with a test that Holm's procedure rejects."""
    leaks: set[str] = set()
    for rank, (name, chance) in enumerate(sorted(tests, key=lambda test: test[1])):
        if chance > FALSE_ALARMS / (len(tests) - rank):
            break
        leaks.add(name)
    return leaks
