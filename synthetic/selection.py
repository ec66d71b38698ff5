"""Which returns are opened: a random programme, and an older rule that looks at what is on file."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.synthetic.form import Scene
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats

_MOST = 0.60


@dataclass(frozen=True)
class Opened:
    """Which returns are opened, with the probabilities that were used.

    Attributes
    ----------
    by_chance, for_risk : ndarray of bool
        A return drawn by both counts as random.
    random_probability, risk_probability, opening_probability : ndarray of float64
        Of being drawn by each programme, and by either.
    """

    by_chance: np.ndarray
    for_risk: np.ndarray
    random_probability: Floats
    risk_probability: Floats
    opening_probability: Floats

    @property
    def either(self) -> NDArray[np.bool_]:
        """Returns opened by either programme."""
        return np.asarray(self.by_chance | self.for_risk)

    def overwrite(self, rows: NDArray[np.int64], other: Opened) -> Opened:
        """Return this with some returns decided anew."""
        changed = {field.name: getattr(self, field.name).copy() for field in fields(self)}
        for name, values in changed.items():
            values[rows] = getattr(other, name)
        return Opened(**changed)


def select(
    scene: Scene,
    completed: pd.DataFrame,
    reports: pd.DataFrame,
    *,
    late: NDArray[np.bool_],
    settings: Settings,
) -> Opened:
    """Draw the random programme, and the risk programme by what is on file.

    Parameters
    ----------
    scene : Scene
        Only what the administration knows of it is looked at.
    completed : DataFrame
        The completed returns as filed.
    reports : DataFrame
        Third-party reports in hand, with `row`.
    late : ndarray of bool
    settings : Settings

    Returns
    -------
    Opened
    """
    form = scene.form
    at_random = np.clip(settings.random_share * form.random_weight(scene), 0.0, 1.0)
    weight = np.exp(form.risk_score(scene, completed, reports, late)) / form.mean_weight
    for_risk = np.minimum(settings.risk_share * form.risk_weight * weight, _MOST)
    drawn = scene.streams.happens(at_random, "random enquiry", scene.counter)
    chosen = scene.streams.happens(for_risk, "risk enquiry", scene.counter) & ~drawn
    either = 1 - (1 - at_random) * (1 - for_risk)
    return Opened(drawn, chosen, at_random, for_risk * (1 - at_random), either)


def sum_reports(reports: pd.DataFrame, sources: list[str], rows: int) -> Floats:
    """Sum what some kinds of reporters say of each return, in GBP."""
    mine = reports[reports["source"].isin(sources)]
    return np.asarray(np.bincount(mine["row"], mine["amount"], rows), dtype=np.float64)
