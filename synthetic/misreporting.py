"""What taxpayers chose to report: mechanisms planted into truthful returns, and the tax that each loses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from taxgap.schemas.codes import BEHAVIOURS
from taxgap.synthetic.form import Form, Mechanism, Scene
from taxgap.synthetic.streams import Floats

Part = tuple[NDArray[np.int64], str, Floats, NDArray[np.int64], int]
"""Rows, box, amounts, behaviours and mechanism of what one mechanism does to one box."""

_LEAST_AMOUNT = 10.0  # smaller differences are rounding, not misreporting
_MOST_OF_A_BOX = 0.92  # a box is never emptied wholly by several mechanisms together


@dataclass(frozen=True)
class Planted:
    """Returns as they were filed, beside the truth.

    Attributes
    ----------
    form : Form
        The tax.
    reported : DataFrame
        The completed return as filed.
    twin : DataFrame
        Its truthful twin, completed: only the planted boxes and what follows from them differ.
    items : DataFrame
        One row a planted box: `row` (position), `mechanism` (position in the form's), `field`, `amount`
        (truth less report, GBP), `tax_lost` (GBP), `behaviour`.
    """

    form: Form
    reported: pd.DataFrame
    twin: pd.DataFrame
    items: pd.DataFrame

    @property
    def tax_lost(self) -> Floats:
        """Tax of the twin less tax of the report, in GBP; negative where a slip cost the taxpayer."""
        return (self.form.charge(self.twin) - self.form.charge(self.reported)).round(2)


def plant(scene: Scene) -> Planted:
    """Decide for every return what is misreported, and work out what it costs.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    Planted

    Notes
    -----
    Tax is not linear, so what mechanisms cost together is not the sum of what each costs alone. Each is first
    given what the tax rises by when its boxes alone are set right; the remainder is shared in proportion to
    the size of these amounts, so that the parts add up to the whole. Within a mechanism the boxes share by
    amount.
    """
    form = scene.form
    changing = {name: scene.boxes[name].to_numpy(dtype=np.float64, copy=True) for name in form.boxes}
    room = form.room(scene)
    parts: list[Part] = []
    for position in range(len(form.mechanisms)):
        parts += _plant_one(scene.light, changing, position, room)
    items = _gather(parts, form)
    boxes = scene.boxes.assign(**changing)
    twin = form.complete(scene.boxes)
    reported = _complete_changed(form, boxes, twin, np.unique(items["row"].to_numpy()))
    charged = form.charge(reported)
    items["tax_lost"] = _share_tax_lost(form, items, boxes, charged, form.charge(twin) - charged)
    return Planted(form, reported, twin, items)


def _complete_changed(
    form: Form, boxes: pd.DataFrame, twin: pd.DataFrame, rows: NDArray[np.int64]
) -> pd.DataFrame:
    # Where nothing is planted the return is its own twin.
    changed = form.complete(boxes.iloc[rows].reset_index(drop=True))
    return overwrite(twin, changed, rows)


def overwrite(frame: pd.DataFrame, others: pd.DataFrame, rows: NDArray[np.int64]) -> pd.DataFrame:
    """Put other rows into a frame; columns that do not differ are shared, not copied."""
    columns = {}
    for name in frame.columns:
        values, new = frame[name], others[name]
        if isinstance(values.dtype, np.dtype) and values.dtype.kind in "fi":
            filled = values.to_numpy(copy=True)
            filled[rows] = new.to_numpy()
            values = pd.Series(filled, index=frame.index)
        columns[name] = values
    return pd.DataFrame(columns)


def correct(boxes: pd.DataFrame, items: pd.DataFrame, share: Floats | float = 1.0) -> pd.DataFrame:
    """Set planted boxes right, wholly or in part.

    Parameters
    ----------
    boxes : DataFrame
        The primitive boxes as filed.
    items : DataFrame
        Rows of `Planted.items`.
    share : ndarray of float64 or float, default 1
        The share of each item's amount to restore.

    Returns
    -------
    DataFrame
    """
    amounts, rows = (items["amount"] * share).to_numpy(), items["row"].to_numpy()
    code, names = items["field"].cat.codes.to_numpy(), items["field"].cat.categories
    corrected = {}
    for position in np.unique(code):
        mine, name = code == position, names[position]
        column = boxes[name].to_numpy(dtype=np.float64, copy=True)
        np.add.at(column, rows[mine], amounts[mine])
        corrected[name] = np.maximum(column, 0.0).round()
    return boxes.assign(**corrected)


def likelihood(mechanism: Mechanism, scene: Scene) -> Floats:
    """Return the probability of a mechanism for each row, zero where a taxpayer is not exposed."""
    odds = (
        mechanism.rate
        + mechanism.leaning * scene.lean
        + mechanism.disposition * scene.panel["disposition"].to_numpy()
        + mechanism.agent * scene.panel["agent"].to_numpy()
        + mechanism.visibility * scene.covered
    )
    if mechanism.shift:
        shift = np.array(mechanism.shift)[np.minimum(scene.year, len(mechanism.shift) - 1)]
        odds = np.where(np.isneginf(shift), -np.inf, odds + np.nan_to_num(shift, neginf=0.0))
    return np.asarray(np.where(mechanism.exposed(scene), expit(odds) * (1 - scene.reform), 0.0))


def is_active(mechanism: Mechanism, scene: Scene) -> NDArray[np.bool_]:
    """Decide where a mechanism acts: a habit of the taxpayer, with some change from return to return."""
    habit = scene.streams.normal(f"habit {mechanism.name}")
    now = scene.streams.normal(f"habit {mechanism.name}", scene.counter)
    own = mechanism.persistence
    return np.asarray(ndtr(np.sqrt(own) * habit + np.sqrt(1 - own) * now) < likelihood(mechanism, scene))


def _plant_one(scene: Scene, boxes: dict[str, Floats], position: int, room: Floats) -> list[Part]:
    mechanism = scene.form.mechanisms[position]
    rows = np.flatnonzero(is_active(mechanism, scene))
    acting = scene.take(rows)
    named = np.array([BEHAVIOURS.index(name) for name in mechanism.behaviours])
    weights = list(mechanism.behaviours.values())
    behaviour = named[acting.streams.choice(weights, f"behaviour {mechanism.name}")]
    wanted = mechanism.amounts(acting)
    if mechanism.leaves_a_profit:
        wanted, room[rows] = _keep_within(wanted, scene.form, room[rows])
    parts = []
    for field, difference in wanted.items():
        amount = _possible(difference, boxes, field, rows, scene.form)
        boxes[field][rows] -= amount
        some = np.flatnonzero(amount)
        parts.append((rows[some], field, amount[some], behaviour[some], position))
    return parts


def _gather(parts: list[Part], form: Form) -> pd.DataFrame:
    counts = [len(rows) for rows, *_ in parts]
    field = np.repeat([form.boxes.index(name) for _, name, *_ in parts], counts)
    behaviour = np.concatenate([behaviour for *_, behaviour, _ in parts]) if parts else field
    return pd.DataFrame(
        {
            "row": np.concatenate([rows for rows, *_ in parts]) if parts else field,
            "field": pd.Categorical.from_codes(field, categories=form.boxes),
            "amount": np.concatenate([amount for _, _, amount, *_ in parts]) if parts else field * 1.0,
            "behaviour": pd.Categorical.from_codes(behaviour, categories=BEHAVIOURS),
            "mechanism": np.repeat([position for *_, position in parts], counts),
        }
    )


def _keep_within(wanted: dict[str, Floats], form: Form, room: Floats) -> tuple[dict[str, Floats], Floats]:
    # Nobody hides so much that the profit left looks absurd; what is hidden uses up the room.
    profit = [amount if field in form.receipts else -amount for field, amount in wanted.items()]
    total = np.maximum(np.sum(profit, axis=0), 0.0)
    kept = np.where(total > 0, np.minimum(1.0, room / np.maximum(total, 1.0)), 0.0)
    return {field: amount * kept for field, amount in wanted.items()}, room - kept * total


def _possible(
    wanted: Floats, boxes: dict[str, Floats], field: str, rows: NDArray[np.int64], form: Form
) -> Floats:
    current = boxes[field][rows]
    floor = boxes[form.above[field]][rows] if field in form.above else 0.0
    most = np.maximum(np.minimum(_MOST_OF_A_BOX * current, current - floor), 0.0)
    amount = np.minimum(np.round(wanted), np.floor(most))
    least = 1.0 if field in form.counts else _LEAST_AMOUNT
    return np.asarray(np.where(np.abs(amount) >= least, amount, 0.0))


def _share_tax_lost(
    form: Form, items: pd.DataFrame, boxes: pd.DataFrame, tax: Floats, lost: Floats
) -> Floats:
    # One part a return and mechanism.
    size = items["amount"].abs().to_numpy()
    key = items["row"].to_numpy() * len(form.mechanisms) + items["mechanism"].to_numpy()
    parts, part = np.unique(key, return_inverse=True)
    row, sizes = parts // max(len(form.mechanisms), 1), np.bincount(part, size, len(parts))
    alone = lost[row]
    several = np.flatnonzero(np.bincount(row, minlength=len(lost))[row] > 1)
    alone[several] = _alone(form, items, boxes, (row, part, several), tax)
    remainder = lost - np.bincount(row, alone, len(lost))
    weight = np.where(np.bincount(row, np.abs(alone), len(lost))[row] > 0, np.abs(alone), sizes)
    total = np.bincount(row, weight, len(lost))[row]
    whole = alone + remainder[row] * weight / np.maximum(total, 1e-9)
    return np.asarray((whole[part] * size / sizes[part]).round(2) + 0.0)  # no negative zeros


def _alone(
    form: Form,
    items: pd.DataFrame,
    boxes: pd.DataFrame,
    parts: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    tax: Floats,
) -> Floats:
    # Every mechanism of every return is set right in a copy of the return of its own, all in one go.
    row, part, several = parts
    copy = np.full(len(row), -1)
    copy[several] = np.arange(len(several))
    mine = copy[part] >= 0
    corrected = correct(
        boxes.iloc[row[several]].reset_index(drop=True), items[mine].assign(row=copy[part][mine])
    )
    return form.charge(form.complete(corrected)) - tax[row[several]]
