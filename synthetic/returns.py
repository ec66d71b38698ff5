"""The tables of one tax: returns and their truthful twins, obligations, payments, enquiries, misreporting."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic import filing
from taxgap.synthetic.casework import Casework, enquiry_tables, potential_enquiries

Tables = dict[str, pd.DataFrame]


def tables_of(work: Casework) -> tuple[Tables, Tables]:
    """Make the tables of one tax.

    Parameters
    ----------
    work : Casework

    Returns
    -------
    records, truth : dict of str to DataFrame
        By table name; columns and types are those of the schemas only after they were laid out.
    """
    regime = work.scene.form.regime
    potential = potential_enquiries(work)
    cases, adjustments = enquiry_tables(work, potential)
    records = {
        regime: _returns(work),
        "obligations": filing.obligations(work.scene, work.filed, work.as_of),
        "payments": filing.payments(work.scene, work.planted, work.last_received, work.as_of),
        "enquiries": cases,
        "adjustments": adjustments,
    }
    twins = _keyed(work, work.planted.twin, np.flatnonzero(work.in_time))
    return records, {regime: twins, "enquiries": potential, "misreporting": _misreporting(work)}


def _returns(work: Casework) -> pd.DataFrame:
    final = _keyed(work, work.planted.reported, np.flatnonzero(work.in_time))
    rows = np.flatnonzero(work.is_amended)
    original = _keyed(work, work.scene.form.complete(_before_amendment(work, rows)), rows, whole=False)
    original = original.assign(version=0, received_on=work.filed[rows])
    return pd.concat([final, original], ignore_index=True)


def _before_amendment(work: Casework, rows: np.ndarray) -> pd.DataFrame:
    # The first version had some boxes wrong; what was amended is right by the taxpayer's own account.
    form, scene = work.scene.form, work.scene
    boxes = work.planted.reported.loc[rows, [*form.boxes, *form.context]].reset_index(drop=True)
    slip = np.exp(0.35 * scene.streams[rows].normal("first version", scene.counter[rows]))
    for box in form.slips:
        boxes[box] = (boxes[box] * slip).round()
    return boxes


def _keyed(work: Casework, form: pd.DataFrame, rows: np.ndarray, *, whole: bool = True) -> pd.DataFrame:
    panel = work.scene.panel.iloc[rows]
    boxes = form.iloc[rows] if whole else form
    return boxes.assign(
        taxpayer_id=panel["taxpayer_id"].array,
        period=panel["period"].array,
        period_start=panel["period_start"].to_numpy(),
        period_end=panel["period_end"].to_numpy(),
        by_agent=panel["agent"].to_numpy(),
        version=work.is_amended[rows].astype(np.int64),
        received_on=work.last_received[rows],
    )


def _misreporting(work: Casework) -> pd.DataFrame:
    items = work.planted.items[work.in_time[work.planted.items["row"].to_numpy()]]
    panel = work.scene.panel.iloc[items["row"].to_numpy()]
    names = [mechanism.name for mechanism in work.scene.form.mechanisms]
    return items.assign(
        taxpayer_id=panel["taxpayer_id"].array,
        regime=work.scene.form.regime,
        period=panel["period"].array,
        mechanism=pd.Categorical.from_codes(items["mechanism"].to_numpy(), categories=names),
    )
