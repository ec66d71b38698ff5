"""The world of some people: who they are, what they earned, what they filed and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.synthetic import filing, identifiers
from taxgap.synthetic.activity import draw_activity, spread_over_years
from taxgap.synthetic.mechanisms import Scene
from taxgap.synthetic.misreporting import Planted, plant
from taxgap.synthetic.people import draw_people
from taxgap.synthetic.self_assessment import PERSONAL, PRIMITIVE_BOXES, fill_in_truthfully
from taxgap.synthetic.settings import TAX_YEARS, Settings
from taxgap.synthetic.streams import Streams


@dataclass(frozen=True)
class World:
    """Some people and their returns; one row of `panel` a person and tax year.

    Attributes
    ----------
    settings : Settings
    people : DataFrame
        One row a person.
    scene : Scene
        The truth.
    planted : Planted
        The returns as filed, and their twins.
    filed, amended : ndarray of datetime64[D]
        When each return and its amendment came; not a day where it never did.
    """

    settings: Settings
    people: pd.DataFrame
    scene: Scene
    planted: Planted
    filed: np.ndarray
    amended: np.ndarray

    @property
    def panel(self) -> pd.DataFrame:
        """One row a person and year."""
        return self.scene.panel

    @property
    def streams(self) -> Streams:
        """One entity a row of `panel`: the person."""
        return self.scene.streams

    @property
    def as_of(self) -> np.datetime64:
        """The date at which the records stand."""
        return np.datetime64(self.settings.as_of, "D")

    @property
    def in_time(self) -> np.ndarray:
        """Returns that are on file at the as-of date."""
        return np.asarray(self.filed <= self.as_of)

    @property
    def is_amended(self) -> np.ndarray:
        """Returns whose amendment is on file at the as-of date."""
        return np.asarray(self.amended <= self.as_of)

    @property
    def last_received(self) -> np.ndarray:
        """The day on which the last version on file came."""
        return np.where(self.is_amended, self.amended, self.filed)

    @property
    def vat_registered(self) -> np.ndarray:
        """Rows of people who are registered for VAT."""
        streams = Streams(self.settings.seed, self.people["entity"])
        registered = filing.vat_registered(self.people, streams)
        return np.asarray(self.panel["entity"].map(pd.Series(registered, index=self.people["entity"])))

    @property
    def as_filed(self) -> pd.DataFrame:
        """The primitive boxes as filed."""
        return self.planted.reported[[*PRIMITIVE_BOXES, *PERSONAL]]


def draw_world(entity: np.ndarray, settings: Settings) -> World:
    """Draw everything about some people, from who they are to what they filed.

    Parameters
    ----------
    entity : ndarray of int64
        The people, by number.
    settings : Settings

    Returns
    -------
    World
    """
    people = draw_people(Streams(settings.seed, entity))
    people["taxpayer_id"] = identifiers.taxpayer_ids(entity)
    scene = _truth(people, settings)
    filed = filing.filed_on(scene.panel, scene.streams)
    amended = filing.amended_on(filed, scene.panel, scene.streams)
    return World(settings, people, scene, plant(scene), filed, amended)


def _truth(people: pd.DataFrame, settings: Settings) -> Scene:
    # Reports and boxes look back a year, which is drawn as well and then dropped: a year's rows do not depend
    # on how many years are asked for.
    years = TAX_YEARS[-min(settings.years + 1, len(TAX_YEARS)) :]
    panel = spread_over_years(people, years)
    streams = Streams(settings.seed, panel["entity"])
    activity = draw_activity(panel, streams)
    boxes = fill_in_truthfully(activity, panel)
    asked = panel["tax_year"].isin(settings.tax_years).to_numpy()
    panel, activity, boxes = (frame[asked].reset_index(drop=True) for frame in (panel, activity, boxes))
    return Scene(panel, activity, boxes, streams[asked])
