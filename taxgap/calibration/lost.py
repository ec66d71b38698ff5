"""What people leave out of visible and invisible income, which only the truth can say."""

from __future__ import annotations

import numpy as np

from taxgap.calibration.intervals import ratio_of_sums
from taxgap.calibration.partition import Part, find_rows
from taxgap.calibration.row import Group, Row
from taxgap.calibration.sums import Sums, at, cross_moments, sum_up
from taxgap.synthetic.published import published

_BOXES = {
    "third_party_reported": ("Pay and interest left out", ("employment_pay", "interest")),
    "self_reported": ("Turnover and rents left out", ("turnover", "rents")),
}


def tally_left_out(part: Part) -> Sums:
    """Sum true income of Self Assessment, and what was left out of it.

    Returns
    -------
    dict of DataFrame
        `left_out` by how visible the income is: cross moments of what was left out and what there was.
    """
    columns = list(dict.fromkeys(box for _, boxes in _BOXES.values() for box in boxes))
    if part.truth is None:
        return {}
    true = part.true_returns("self_assessment", columns)
    form = part.returns("self_assessment")
    row = find_rows(true["key"], form)
    true, form = true[row >= 0], form.iloc[row[row >= 0]]
    kinds, top, bottom = [], [], []
    for kind, (_, boxes) in _BOXES.items():
        income = true[list(boxes)].to_numpy(dtype=float).sum(axis=1)
        kinds.append(np.full(len(true), kind, dtype=object))
        top.append(income - form[list(boxes)].to_numpy(dtype=float).sum(axis=1))
        bottom.append(income)
    return {
        "left_out": sum_up(
            {"kind": np.concatenate(kinds)}, cross_moments(np.concatenate(top), np.concatenate(bottom))
        )
    }


def compare_left_out(sums: Sums, taxpayers: float) -> list[Row]:
    """Compare what is left out of income that third parties report, and of income that nobody does.

    Parameters
    ----------
    sums : dict of DataFrame
        From `tally_left_out`, added up.
    taxpayers : float

    Returns
    -------
    list of Row
        None of them is a target.
    """
    if "left_out" not in sums:
        return []
    fact = published()["visibility"]
    group = Group("Income left out, by who sees it", fact, taxpayers)
    for kind, (title, _) in _BOXES.items():
        row = at(sums["left_out"], [kind], ("n", "a", "b", "aa", "ab", "bb")).iloc[0]
        group.add(title, fact[kind], ratio_of_sums(row), tolerance=0.05, is_target=False)
    return group.rows
