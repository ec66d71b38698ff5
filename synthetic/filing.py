"""When things happen: filing, amendment, obligation and payment, for the returns of any tax."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.codes import OBLIGATION_STATUSES
from taxgap.synthetic.form import Scene
from taxgap.synthetic.misreporting import Planted
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import DAY, NOT_A_DAY, Days

_LAST_DAY = 0.04  # 475,722 of 12.0 million Self Assessment returns (found); taken for every tax
_SMALL = 20_000.0  # debts above this are written off less often (assumption)
_AGENTS = 30_000  # agents that firms and people can have (assumption)


def filed_on(scene: Scene) -> Days:
    """Return the day on which each return was received; not a day where it never came.

    Careless taxpayers file later: the disposition shifts both the day and the chance of missing the deadline.
    """
    panel, streams, counter, form = scene.panel, scene.streams, scene.counter, scene.form
    disposition = panel["disposition"].to_numpy()
    habit = 0.75 * streams.normal("files") + 0.45 * streams.normal("files", counter) + 0.35 * disposition
    rank = streams.uniform("files late", counter) * np.exp(-0.45 * disposition + 0.10)
    # The habit bends how the days from the end of the period to the deadline are used.
    share = 1 / (1 + np.exp(-1.3 * (habit + 0.55)))
    end, due = panel["period_end"].to_numpy(), panel["due_on"].to_numpy()
    span = (due - end) / DAY - 1
    day = end + np.ceil(span * share).astype(int) * DAY
    late_by = np.ceil(-np.log(streams.uniform("days late", counter)) * 55).astype(int)
    day = np.where(rank < form.late, due + late_by * DAY, day)
    last_day = streams.happens(_LAST_DAY, "files on the last day", counter) & (rank >= form.late)
    day = np.where(last_day, due, day)
    if "registered_on" in panel:  # nobody files before he has registered
        day = np.maximum(day, panel["registered_on"].to_numpy() + 14 * DAY)
    return np.asarray(np.where((rank >= form.late) & (rank < form.late + form.never), NOT_A_DAY, day))


def amended_on(filed: Days, scene: Scene) -> Days:
    """Return the day of an amendment, within 300 days of filing; not a day for most."""
    amends = scene.streams.happens(scene.form.amended, "amends", scene.counter)
    delay = (10 + 290 * scene.streams.uniform("amends after", scene.counter)).astype(int)
    return np.asarray(np.where(amends & ~np.isnat(filed), filed + delay * DAY, NOT_A_DAY))


def obligations(scene: Scene, filed: Days, as_of: np.datetime64) -> pd.DataFrame:
    """Make the obligation to file each return, and how it was met by the as-of date."""
    panel = scene.panel
    due = panel["due_on"].to_numpy()
    met = np.where(filed <= as_of, filed, NOT_A_DAY)
    unmet = np.where(due < as_of, 2, 3)
    status = np.where(np.isnat(met), unmet, np.where(met > due, 1, 0))
    return panel[["taxpayer_id", "period", "period_start", "period_end", "due_on"]].assign(
        regime=scene.form.regime,
        met_on=met,
        status=np.array([*OBLIGATION_STATUSES, None], dtype=object)[status],
        received_on=panel["period_end"].to_numpy() + DAY,
    )


def payments(scene: Scene, planted: Planted, received: Days, as_of: np.datetime64) -> pd.DataFrame:
    """Make the payment record of each return with something to pay, as of its last version on file."""
    panel, streams, counter = scene.panel, scene.streams, scene.counter
    owed = np.maximum(scene.form.payable(planted.reported), 0.0).round(2)
    due = panel["pay_by" if "pay_by" in panel else "due_on"].to_numpy()
    slow = streams.happens(0.05, "pays late", counter)
    lost = streams.happens(
        scene.form.unpaid * np.sqrt(np.minimum(_SMALL / np.maximum(owed, 1.0), 1.0)), "written off", counter
    )
    wait = np.where(slow, 30 + 300 * streams.uniform("pays after", counter), 0).astype(int)
    paid_on = np.where(lost, NOT_A_DAY, np.maximum(due, received) + wait * DAY)
    gone_on = np.where(lost, due + 700 * DAY, NOT_A_DAY)
    paid_on = np.where(paid_on <= as_of, paid_on, NOT_A_DAY)
    gone_on = np.where(gone_on <= as_of, gone_on, NOT_A_DAY)
    rows = (owed > 0) & (received <= as_of)
    table = panel.loc[rows, ["taxpayer_id", "period"]]
    return table.assign(
        due_on=due[rows],
        regime=scene.form.regime,
        liability=owed[rows],
        paid_on=paid_on[rows],
        paid=np.where(np.isnat(paid_on), np.nan, owed)[rows],
        written_off_on=gone_on[rows],
        written_off=np.where(np.isnat(gone_on), np.nan, owed)[rows],
        received_on=received[rows],
    )


def agents(has_agent: np.ndarray, streams: Streams) -> np.ndarray:
    """Return the agent of each taxpayer who has one, or None."""
    number = np.floor(_AGENTS * streams.uniform("which agent")).astype(int)
    names = np.array([f"A{n:06d}" for n in number.tolist()], dtype=object)
    names[~has_agent] = None
    return names
