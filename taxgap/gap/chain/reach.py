"""Which returns the random programme can draw: large ones are often left to enquiries chosen for risk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from taxgap.gap.cautions import FEW_AMOUNTS
from taxgap.risk.arrays import Bools, Floats

if TYPE_CHECKING:
    from taxgap.gap.chain.reading import RegimeData

SIZES = {
    "self_assessment": ("total_income",),
    "vat": ("sales",),
    "corporation_tax": ("turnover", "employees"),
    "employer_paye": ("pay", "employees"),
}
"""Boxes of a return by which a random programme may end; the first is the size of the return."""

_SURE = 4.6
"""Gain in log likelihood from which a gap in the cases is no chance: a chance of one in a hundred, e^-4.6."""

_STRAY = 0.1
_LARGEST = 0.5


@dataclass(frozen=True)
class Reach:
    """Where the random programme ends.

    Parameters
    ----------
    beyond : ndarray of bool
        Returns that it does not draw.
    box : str
        The box that tells.
    limit : float
        Its smallest value among these.
    """

    beyond: Bools
    box: str
    limit: float


def find_reach(sizes: pd.DataFrame, row: np.ndarray) -> Reach | None:
    """Find the size from which returns are not drawn, from the sizes of those that were.

    Parameters
    ----------
    sizes : DataFrame
        Boxes of all returns, by which a programme may end.
    row : ndarray of int
        Returns that were drawn.

    Returns
    -------
    Reach or None
        None where the drawn ones look like all.

    Notes
    -----
    Above each size c were drawn where e = n N(above) / N were to be expected. The gain in log likelihood of
    another rate there is e - c + c log(c / e); the size with the largest is taken, if fewer than a tenth of e
    were drawn and the gain is at least 4.6. Programmes that draw the larger ones more often are found later
    by this, not earlier.

    Examples
    --------
    >>> sizes = pd.DataFrame({"employees": np.arange(2_000.0)})
    >>> reach = find_reach(sizes, np.arange(0, 1_600, 20))
    >>> reach.box, reach.limit
    ('employees', 1581.0)
    >>> find_reach(sizes, np.arange(0, 2_000, 20)) is None
    True
    """
    best, gain = None, _SURE
    drawn = np.zeros(len(sizes))
    drawn[row] = 1.0
    for box in sizes.columns:
        size = sizes[box].to_numpy(dtype=np.float64)
        order = np.argsort(-size, kind="stable")
        last = np.append(np.diff(size[order]) != 0, True)
        cases = drawn[order].cumsum()[last]
        above = np.arange(1.0, len(size) + 1)[last]
        expected = above * drawn.sum() / len(size)
        few = (cases < _STRAY * expected) & (above < _LARGEST * len(size))
        told = expected - cases + cases * np.log(np.maximum(cases, 1e-9) / expected)
        told = np.where(few, told, 0.0)
        if len(told) and told.max() > gain:
            gain = float(told.max())
            limit = float(size[order][last][int(told.argmax())])
            best = Reach(np.asarray(size >= limit), str(box), limit)
    return best


def stretch(data: RegimeData) -> RegimeData:
    """Return a tax with what is known of the returns that its random programme does not draw.

    Parameters
    ----------
    data : RegimeData

    Returns
    -------
    RegimeData
        As it was, where the programme reaches all. Else with the chosen cases beyond its reach among the
        cases, each by its recorded probability of being opened; where fewer than 10 of them are closed, or
        no probability is recorded, without the returns beyond.

    Notes
    -----
    Left as they are, returns beyond reach would be given the mean of those within, which are smaller: on
    synthetic populations the gap of employers came out at 0.6 of the truth. Cases chosen for risk are never
    scaled up; a recorded probability makes them a draw (Horvitz and Thompson, J. Am. Stat. Assoc. 47 (1952)).
    """
    reach = find_reach(data.sizes, data.cases["row"].to_numpy())
    if reach is None:
        return data
    beyond = reach.beyond
    rows = f"{int(beyond.sum()):,} of {len(beyond):,} returns of {data.regime}"
    declared = float(data.declared.sum())
    share = (
        f", with {data.declared[beyond].sum() / declared:.0%} of the tax declared," if declared > 0 else ""
    )
    where = f"{rows} ({reach.box.replace('_', ' ')} from {reach.limit:,.0f}){share} were not drawn at random"
    both = pd.concat([data.cases, data.chosen])
    chance = both["opening_probability"].to_numpy(dtype=np.float64)
    far = beyond[both["row"].to_numpy()]
    usable = far & (chance > 0) & (chance <= 1)
    closed = int((usable & both["lag"].notna().to_numpy()).sum())
    if closed < FEW_AMOUNTS or (far & ~usable).any():
        note = (
            f"{where}, and their enquiries are too few or lack an opening_probability: they are left out, so "
            "that the gap is that of the others. Estimate them beside it (taxgap.gap.beside.estimate_large)."
        )
        return _restrict(data, ~beyond, note)
    note = (
        f"{where}: they are estimated from {closed} enquiries into them, each by its recorded probability of "
        "being opened."
    )
    near = data.cases[~beyond[data.cases["row"].to_numpy()]]
    stands = float((1 / near["probability"]).sum()) / int((~beyond).sum())
    moved = both[usable].assign(probability=_share_out(chance[usable], stands * int(beyond.sum())))
    chosen = data.chosen[~beyond[data.chosen["row"].to_numpy()]]
    return replace(
        data, cases=pd.concat([near, moved], ignore_index=True), chosen=chosen, notes=[*data.notes, note]
    )


def _share_out(chance: Floats, size: float) -> Floats:
    """Return probabilities by which the cases stand for the returns beyond reach as for the others."""
    return np.asarray(np.minimum(chance * float((1 / chance).sum()) / size, 1.0), dtype=np.float64)


def _restrict(data: RegimeData, kept: Bools, note: str) -> RegimeData:
    """Return a tax with some of its returns alone."""
    place = np.where(kept, kept.cumsum() - 1, -1)

    def move(table: pd.DataFrame) -> pd.DataFrame:
        row = place[table["row"].to_numpy()]
        return table.assign(row=row)[row >= 0].reset_index(drop=True)

    return replace(
        data,
        index=data.index[kept],
        year=data.year[kept],
        declared=data.declared[kept],
        sizes=data.sizes[kept],
        cases=move(data.cases),
        chosen=move(data.chosen),
        debts=None if data.debts is None else move(data.debts),
        notes=[*data.notes, note],
    )
