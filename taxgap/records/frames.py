"""Frames in memory: what they say of themselves, as a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from taxgap.records.known import holds_dates, to_date
from taxgap.records.manifest import Manifest
from taxgap.records.periods import tax_years_among
from taxgap.schemas import Table
from taxgap.schemas.table import known_later


def describe_frames(
    models: Mapping[str, type[Table]], frames: Mapping[str, pd.DataFrame], as_of: str | pd.Timestamp | None
) -> Manifest:
    """Make the manifest of frames in memory.

    Parameters
    ----------
    models : mapping of str to type
        Table name to its model.
    frames : mapping of str to DataFrame
    as_of : str, Timestamp or None
        The date at which they stand; the latest on which something became known where None.

    Returns
    -------
    Manifest
    """
    date = to_date(as_of) if as_of is not None else _latest_known(models, frames)
    labels = [frame["period"] for frame in frames.values() if "period" in frame]
    found = {label for values in labels for label in _distinct(values) if isinstance(label, str)}
    return Manifest(as_of=str(date.date()), periods=tax_years_among(found), partitions=1, synthetic=False)


def _latest_known(models: Mapping[str, type[Table]], frames: Mapping[str, pd.DataFrame]) -> pd.Timestamp:
    dates = [
        frame[column].max()
        for name, frame in frames.items()
        for column in ("received_on", *known_later(models[name]))
        if holds_dates(frame, column)
    ]
    return max((date for date in dates if not pd.isna(date)), default=pd.Timestamp("1900-01-01"))


def _distinct(values: pd.Series) -> list[Any]:
    return list(values if values.dtype == object else values.unique())  # an object need not be hashable
