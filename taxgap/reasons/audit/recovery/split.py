"""Where all planted tax goes: not flagged, flagged for the wrong reason, flagged for the right one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.reasons.audit.figures import Estimate, Figure, draw_figure
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.planted import Planted
from taxgap.reasons.audit.recovery.case_groups import CaseGroup, groups_of_cases
from taxgap.reasons.audit.recovery.metrics import find_hits, share_of_cases, target_of
from taxgap.reasons.audit.recovery.ranked import Ranked
from taxgap.risk.arrays import Bools

PARTS = ("not flagged", "flagged, wrong reason", "flagged, right reason")
"""The three parts, which together are all planted tax."""

COLUMNS = ("group_by", "group", "part", "pounds", "share", "low", "high", "n")


@dataclass(frozen=True, eq=False)
class Split:
    """The three parts of all planted tax.

    Attributes
    ----------
    table : DataFrame
        `group_by` and `group`, empty for all together; `part`; `pounds` in the population that the returns
        stand for; `share`, `low`, `high`; and `n`, the returns it rests on. Missing for fewer than 30.
    """

    table: pd.DataFrame

    def figures(self, part: str) -> Iterator[Figure]:
        """Yield the lines of figures: the shares."""
        for line in self.table.itertuples(index=False):
            found = Estimate(line.share, line.low, line.high, line.n)
            measure = f"tax {line.part}"
            yield draw_figure(part, measure, found, level="code", group_by=line.group_by, group=line.group)


def split_tax(material: Material, planted: Planted, ranked: Ranked) -> Split:
    """Split all planted tax three ways.

    Parameters
    ----------
    material : Material
    planted : Planted
    ranked : Ranked
        The reasons as given.

    Returns
    -------
    Split

    Notes
    -----
    Every case that loses tax counts, however small. It is flagged for the right reason where its return is
    flagged and one of the first reasons can reveal it; a flagged return without any reason has a wrong one.
    The audited returns stand for all by their weights.
    """
    cases = planted.cases[planted.cases["tax"] > 0].reset_index(drop=True)
    row = cases["row"].to_numpy(dtype=np.int64)
    flagged = material.flagged[row]
    right = find_hits(ranked, target_of(planted, "code", cases), material.settings.reasons)
    parts = (~flagged, flagged & ~right, flagged & right)
    every = CaseGroup("", "", np.ones(len(cases), dtype=np.bool_), enough=True)
    groups = [every, *groups_of_cases(material, cases)] if len(cases) else []
    lines = [line for group in groups for line in _lay_out(material, cases, group, parts)]
    return Split(pd.DataFrame(lines, columns=list(COLUMNS)))


def _lay_out(
    material: Material, cases: pd.DataFrame, group: CaseGroup, parts: tuple[Bools, ...]
) -> Iterator[tuple[object, ...]]:
    own = cases[group.inside]
    row, tax = own["row"].to_numpy(dtype=np.int64), own["tax"].to_numpy(dtype=np.float64)
    n = len(np.unique(row))
    for name, part in zip(PARTS, parts, strict=True):
        if not group.enough:
            yield (group.by, group.group, name, np.nan, np.nan, np.nan, np.nan, n)
            continue
        found = share_of_cases(material.bootstrap, row, part[group.inside], tax)
        pounds = float((material.weight[row] * tax * part[group.inside]).sum())
        yield (group.by, group.group, name, pounds, found.value, found.low, found.high, n)
