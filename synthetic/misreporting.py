"""What people chose to report: mechanisms planted into truthful returns, and the tax that is lost by each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from taxgap.synthetic.mechanisms import MECHANISMS, Mechanism, Scene
from taxgap.synthetic.published import trades
from taxgap.synthetic.self_assessment import complete_return
from taxgap.synthetic.streams import Floats

_LEAST_AMOUNT = 10.0  # smaller differences are rounding, not misreporting
_ALLOWANCES = {"turnover": "trading_allowance", "rents": "property_allowance"}  # receipts stay above these
_MOST_OF_A_BOX = 0.92  # a box is never emptied wholly by several mechanisms together


@dataclass(frozen=True)
class Planted:
    """Returns as they were filed, beside the truth.

    Attributes
    ----------
    reported : DataFrame
        The completed return as filed.
    twin : DataFrame
        Its truthful twin, completed: only the planted boxes and what follows from them differ.
    items : DataFrame
        One row a planted box: `row` (position), `mechanism` (position in `MECHANISMS`), `field`, `amount`
        (truth less report, GBP), `tax_lost` (GBP), `behaviour`.
    """

    reported: pd.DataFrame
    twin: pd.DataFrame
    items: pd.DataFrame

    @property
    def tax_lost(self) -> Floats:
        """Tax of the twin less tax of the report, in GBP; negative where a slip cost the taxpayer."""
        return np.asarray((self.twin["tax_charged"] - self.reported["tax_charged"]).round(2))


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
    boxes, room = scene.boxes.copy(), _room_to_hide(scene)
    parts = [_plant_one(scene, boxes, position, room) for position in range(len(MECHANISMS))]
    items = pd.concat(parts, ignore_index=True)
    reported, twin = complete_return(boxes), complete_return(scene.boxes)
    lost = (twin["tax_charged"] - reported["tax_charged"]).to_numpy()
    items["tax_lost"] = _share_tax_lost(items, boxes, reported["tax_charged"].to_numpy(), lost)
    return Planted(reported, twin, items)


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
    corrected = boxes.copy()
    amounts = items["amount"] * share
    for field, rows in items.groupby("field", sort=False).groups.items():
        column = corrected[field].to_numpy(copy=True)
        np.add.at(column, items.loc[rows, "row"].to_numpy(), amounts.loc[rows].to_numpy())
        corrected[field] = np.maximum(column, 0.0).round()
    return corrected


def likelihood(mechanism: Mechanism, scene: Scene) -> Floats:
    """Return the probability of a mechanism for each row, zero where a person is not exposed."""
    trade = scene.panel["trade"].to_numpy()
    lean = np.where(trade >= 0, trades()["lean"].to_numpy()[trade], 0.0)
    covered = scene.activity[["card", "platform", "contractor"]].sum(axis=1).to_numpy()
    odds = (
        mechanism.rate
        + mechanism.leaning * lean
        + mechanism.disposition * scene.panel["disposition"].to_numpy()
        + mechanism.agent * scene.panel["agent"].to_numpy()
        + mechanism.visibility * covered
    )
    return np.asarray(np.where(mechanism.exposed(scene), expit(odds), 0.0))


def is_active(mechanism: Mechanism, scene: Scene) -> NDArray[np.bool_]:
    """Decide where a mechanism acts: a habit of the person, with some change from year to year."""
    habit = scene.streams.normal(f"habit {mechanism.name}")
    now = scene.streams.normal(f"habit {mechanism.name}", scene.year)
    return np.asarray(ndtr(np.sqrt(0.8) * habit + np.sqrt(0.2) * now) < likelihood(mechanism, scene))


def _room_to_hide(scene: Scene) -> Floats:
    # Nobody hides so much that the profit left looks absurd: each keeps a share of the true profit on the
    # form.
    profit = complete_return(scene.boxes)["net_profit"].clip(lower=0.0).to_numpy()
    return np.asarray(profit * (0.90 - 0.55 * scene.streams.uniform("profit left on the form")))


def _plant_one(scene: Scene, boxes: pd.DataFrame, position: int, room: Floats) -> pd.DataFrame:
    mechanism = MECHANISMS[position]
    active = is_active(mechanism, scene)
    behaviours = np.array(list(mechanism.behaviours), dtype=object)
    behaviour = behaviours[
        scene.streams.choice(list(mechanism.behaviours.values()), f"behaviour {mechanism.name}")
    ]
    parts = []
    wanted_by_field = mechanism.amounts(scene)
    if mechanism.leaves_a_profit:
        profit = [wanted if field == "turnover" else -wanted for field, wanted in wanted_by_field.items()]
        total = np.maximum(np.sum(profit, axis=0), 0.0) * active
        kept = np.where(total > 0, np.minimum(1.0, room / np.maximum(total, 1.0)), 0.0)
        room -= kept * total
        wanted_by_field = {field: wanted * kept for field, wanted in wanted_by_field.items()}
    for field, wanted in wanted_by_field.items():
        current = boxes[field].to_numpy()
        left = boxes[_ALLOWANCES[field]].to_numpy() if field in _ALLOWANCES else 0.0
        most = np.maximum(np.minimum(_MOST_OF_A_BOX * current, current - left), 0.0)
        amount = np.minimum(np.round(wanted), np.floor(most))
        amount = np.where(active & (np.abs(amount) >= _LEAST_AMOUNT), amount, 0.0)
        boxes[field] = current - amount
        rows = np.flatnonzero(amount)
        parts.append(
            pd.DataFrame(
                {"row": rows, "field": field, "amount": amount[rows], "behaviour": behaviour[rows]}
            ).assign(mechanism=position)
        )
    return pd.concat(parts, ignore_index=True)


def _share_tax_lost(items: pd.DataFrame, boxes: pd.DataFrame, tax: Floats, lost: Floats) -> Floats:
    sizes = items.assign(size=items["amount"].abs())
    parts = sizes.groupby(["row", "mechanism"], sort=True)["size"].sum().reset_index()
    count = parts.groupby("row")["mechanism"].transform("size")
    parts["alone"] = lost[parts["row"]]
    several = np.flatnonzero((count > 1).to_numpy())
    parts.loc[several, "alone"] = _alone(items, boxes, parts.iloc[several], tax)
    row = parts["row"].to_numpy()
    remainder = lost - np.bincount(row, parts["alone"], len(lost))
    alone = parts["alone"].abs().to_numpy()
    weight = np.where(np.bincount(row, alone, len(lost))[row] > 0, alone, parts["size"].to_numpy())
    total = np.bincount(row, weight, len(lost))[row]
    parts["tax"] = parts["alone"] + remainder[row] * weight / np.maximum(total, 1e-9)
    spread = items.merge(parts, on=["row", "mechanism"], how="left")
    return np.asarray((spread["tax"] * spread["amount"].abs() / spread["size"]).round(2))


def _alone(items: pd.DataFrame, boxes: pd.DataFrame, parts: pd.DataFrame, tax: Floats) -> Floats:
    # Every mechanism of every return is set right in a copy of the return of its own, all in one go.
    rows = parts["row"].to_numpy()
    copies = parts[["row", "mechanism"]].assign(copy=np.arange(len(parts)))
    mine = items.merge(copies, on=["row", "mechanism"]).drop(columns="row").rename(columns={"copy": "row"})
    corrected = correct(boxes.iloc[rows].reset_index(drop=True), mine)
    return np.asarray(complete_return(corrected)["tax_charged"] - tax[rows])
