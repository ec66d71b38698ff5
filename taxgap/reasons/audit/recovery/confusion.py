"""What is named of what was planted: the mechanism against the first code, and agreement beyond chance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.reasons.audit.figures import Bootstrap, Estimate, Figure, draw_figure
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.recovery.case_groups import divide_cases
from taxgap.reasons.audit.recovery.metrics import Target
from taxgap.reasons.audit.recovery.ranked import Ranked
from taxgap.reasons.selection import NONE
from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.evaluation.intervals import find_percentiles
from taxgap.risk.evaluation.metrics import divide

NO_REASON = "no reason"
"""What stands in the table where nothing is named."""


@dataclass(frozen=True, eq=False)
class Confusion:
    """Mechanisms against first codes.

    Attributes
    ----------
    table : DataFrame
        One line a mechanism and code: `mechanism`, `code`, `share` of the mechanism's returns, `right`, and
        `n`, the returns of the mechanism.
    right : Estimate
        Share of returns whose first code can reveal any of their mechanisms.
    ahead : Estimate
        How much larger that is than were everybody given the code that serves most of them.
    serves_most : str
        That code.
    kappa : Estimate
        Of the main mechanism and the first code, as if they were drawn apart.
    kappa_of_most : Estimate
        The same against `serves_most`: how much of what it leaves is right.
    """

    table: pd.DataFrame
    right: Estimate
    ahead: Estimate
    serves_most: str
    kappa: Estimate
    kappa_of_most: Estimate

    def figures(self, part: str) -> Iterator[Figure]:
        """Yield the lines of figures."""
        rows = (
            ("first reason right", self.right, ""),
            ("lift of the first reason", self.ahead, self.serves_most),
            ("kappa", self.kappa, ""),
            ("kappa", self.kappa_of_most, self.serves_most),
        )
        for measure, found, against in rows:
            by = "against" if against else ""
            yield draw_figure(part, measure, found, level="code", group_by=by, group=against)


def confuse(material: Material, target: Target, cases: pd.DataFrame, ranked: Ranked) -> Confusion:
    r"""Hold the mechanism of each return against the code that is named first.

    Parameters
    ----------
    material : Material
    target : Target
        By code.
    cases : DataFrame
        What the target was made of.
    ranked : Ranked

    Returns
    -------
    Confusion

    Notes
    -----
    A return stands under its main mechanism, the one with most tax. With T the weighted table of mechanisms m
    and first codes c, kappa is :math:`(p - e) / (1 - e)`, where p is the share in right cells and
    :math:`e = \sum_{(m, c)\ \text{right}} T_{m\cdot} T_{\cdot c} / T_{\cdot\cdot}^2`. Against the code that
    serves most returns, it is the same with the share that this code serves as e, and a return counts as
    right if the code can reveal any of its mechanisms. That code is chosen with the truth in hand, on the
    same returns: nobody could name one that does better.
    """
    first = ranked.positions["code"][:, 0]
    known = np.append(target.union, np.zeros((target.rows, 1), dtype=np.bool_), axis=1)
    right = target.where_planted(known[np.arange(target.rows), first].astype(np.float64))
    weight = material.weight * (target.cases > 0)
    served = (target.union * weight[:, np.newaxis]).sum(axis=0)
    most = int(served.argmax())
    by_most = target.where_planted(target.union[:, most].astype(np.float64))
    bootstrap, codes = material.bootstrap, list(material.regime.code)
    main = _main_cases(cases)
    return Confusion(
        _lay_table(material, target, main, cases, first),
        bootstrap.mean(right),
        bootstrap.difference(right, by_most),
        codes[most],
        _kappa(bootstrap, cases["mechanism"].iloc[main], first[target.row[main]], target, main),
        _beyond(bootstrap, right, by_most),
    )


def _main_cases(cases: pd.DataFrame) -> Integers:
    """Return the place of the case with most tax of each return; of equal ones, the first by name."""
    order = np.lexsort((cases["mechanism"].astype("str"), -cases["tax"], cases["row"]))
    rows = cases["row"].to_numpy()[order]
    main: Integers = order[np.flatnonzero(np.diff(rows, prepend=-1))]
    return main


def _lay_table(
    material: Material, target: Target, main: Integers, cases: pd.DataFrame, first: Integers
) -> pd.DataFrame:
    row, codes = target.row[main], [*material.regime.code, NO_REASON]
    named, weight = np.where(first[row] == NONE, len(codes) - 1, first[row]), material.weight[row]
    lines = []
    for _, group, inside, _ in divide_cases("mechanism", cases["mechanism"].iloc[main], row):
        total = np.bincount(named[inside], weight[inside], len(codes))
        counts = np.append(target.relevant[main][inside].any(axis=0), False)
        lines += [
            (group, codes[place], total[place] / total.sum(), bool(counts[place]), int(inside.sum()))
            for place in np.flatnonzero(total)
        ]
    return pd.DataFrame(lines, columns=["mechanism", "code", "share", "right", "n"])


def _kappa(
    bootstrap: Bootstrap, mechanisms: pd.Series, first: Integers, target: Target, main: Integers
) -> Estimate:
    kinds, names = pd.factorize(mechanisms, sort=True)
    codes = target.relevant.shape[1]
    right = np.zeros((len(names), codes + 1), dtype=np.bool_)
    right[kinds, :codes] = target.relevant[main]
    row = target.row[main]
    totals = _count_cells(bootstrap, row, kinds * (codes + 1) + np.where(first == NONE, codes, first), right)
    value = float(_agree(totals.sum(axis=0, keepdims=True).reshape(1, *right.shape), right)[0])
    drawn = _agree((bootstrap.counts @ totals).reshape(-1, *right.shape), right)
    return Estimate(value, *find_percentiles(np.round(drawn, 10), bootstrap.confidence), len(row))


def _count_cells(bootstrap: Bootstrap, row: Integers, cell: Integers, right: Bools) -> Floats:
    """Return the weight of each cell of the table, one line a taxpayer."""
    own, taxpayers = bootstrap.clusters[row], bootstrap.counts.shape[1]
    size = taxpayers * right.size
    weights: Floats = np.bincount(own * right.size + cell, bootstrap.weight[row], size).astype(np.float64)
    return weights.reshape(taxpayers, right.size)


def _agree(table: Floats, right: Bools) -> Floats:
    """Return kappa of each of some tables."""
    total = table.sum(axis=(1, 2))
    seen = divide((table * right).sum(axis=(1, 2)), total)
    apart = table.sum(axis=2)[:, :, np.newaxis] * table.sum(axis=1)[:, np.newaxis, :]
    chance = divide((apart * right).sum(axis=(1, 2)), total**2)
    return divide(seen - chance, 1 - chance)


def _beyond(bootstrap: Bootstrap, right: Floats, by_most: Floats) -> Estimate:
    there = ~np.isnan(right)
    more, left = np.where(there, right - by_most, 0.0), np.where(there, 1 - by_most, 0.0)
    found = bootstrap.ratio(more, left)
    return Estimate(found.value, found.low, found.high, int(there.sum()))
