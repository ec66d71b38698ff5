"""The measures of the quality profile: counts turned into shares, for every year and place and for all."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas import TABLES
from taxgap.schemas.codes import NATIONS, REGION_NATION, REGIONS
from taxgap.schemas.table import column_names
from taxgap.validation.quality.block import Block, quantile
from taxgap.validation.quality.cells import ALL, UNKNOWN
from taxgap.validation.quality.counts import MEASURES, QualityCounts, TableCounts, tag
from taxgap.validation.quality.statistics import Numbers
from taxgap.validation.structure import columns_of

OF_COLUMNS = ("completeness", "validity")
"""The measures of a column; the others are those of a table."""

PLACE = ["group", "year", "nation", "region"]
MEASURE_COLUMNS = (
    "table",
    "column",
    "required",
    *PLACE,
    "rows",
    "completeness",
    "validity",
    "uniqueness",
    "timeliness",
    "days_median",
    "days_most",
    "consistency",
)

MOST = 0.9
"""The share of rows that came within `days_most`."""


def required_columns(table: str) -> list[str]:
    """List the columns of a table that must never be empty."""
    return [column["column"] for column in columns_of(TABLES[table]) if not column["empty"]]


def measure(counts: QualityCounts) -> pd.DataFrame:
    """Turn counts into shares.

    Parameters
    ----------
    counts : QualityCounts

    Returns
    -------
    DataFrame
        Columns `MEASURE_COLUMNS`; see `taxgap.validation.quality.profile.QualityProfile`.
    """
    frames = [_measure_table(name, counts.tables[name]) for name in TABLES if name in counts.tables]
    if not frames:
        return pd.DataFrame(columns=list(MEASURE_COLUMNS))
    return pd.concat(frames, ignore_index=True)


def _measure_table(name: str, table: TableCounts) -> pd.DataFrame:
    block = Block.of(table)
    counts = _with_margins(block.counts, several=block.groups != [ALL])
    used = np.flatnonzero(counts[..., block.names.index("rows")].ravel() > 0)
    flat = pd.DataFrame(counts.reshape(-1, counts.shape[-1])[used], columns=block.names)
    columns = column_names(TABLES[name])
    required = [column in required_columns(name) for column in columns]
    labels = _labels(block, used)
    frame = pd.concat([labels] * (1 + len(columns)), ignore_index=True)
    frame["table"] = name
    frame["column"] = np.repeat(np.array(["", *columns], dtype=object), len(labels))
    frame["required"] = np.repeat([False, *required], len(labels))
    frame["rows"] = np.tile(flat["rows"].to_numpy().astype(np.int64), 1 + len(columns))
    of_columns = np.full(len(columns) * len(labels), np.nan)
    for measure_name, (whole, each) in _shares(flat, columns, np.array(required, dtype=np.bool_)).items():
        frame[measure_name] = np.concatenate([whole, of_columns if each is None else each.ravel()])
    delays = _with_margins(block.delays, several=block.groups != [ALL])
    for days_name, share in (("days_median", 0.5), ("days_most", MOST)):
        within = quantile(delays, block.days, share).ravel()[used]
        frame[days_name] = np.concatenate([within, of_columns])
    return frame[list(MEASURE_COLUMNS)]


def _shares(
    counts: pd.DataFrame, columns: list[str], required: NDArray[np.bool_]
) -> dict[str, tuple[Numbers, Numbers | None]]:
    # Each measure of the table and, one row a column, of its columns.
    of: dict[str, tuple[Numbers, Numbers | None]] = {}
    for name, (good, cases) in MEASURES.items():
        if name in OF_COLUMNS:
            part, whole = (
                counts[[tag(what, column) for column in columns]].to_numpy().T for what in (good, cases)
            )
            summed = required if name == "completeness" else slice(None)
            of[name] = (_share(part[summed].sum(axis=0), whole[summed].sum(axis=0)), _share(part, whole))
        else:
            of[name] = (_share(counts[good].to_numpy(), counts[cases].to_numpy()), None)
    return of


def _share(part: Numbers, whole: Numbers) -> Numbers:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def _with_margins(block: Numbers, *, several: bool) -> Numbers:
    # All groups, all years, and instead of regions the rows of `_PLACES`.
    if several:
        block = np.concatenate([block, block.sum(axis=0, keepdims=True)])
    block = np.concatenate([block, block.sum(axis=1, keepdims=True)], axis=1)
    return np.asarray(np.einsum("pr,gyrs->gyps", _MEMBERS, block), dtype=np.float64)


def _labels(block: Block, used: NDArray[np.intp]) -> pd.DataFrame:
    groups = block.groups if block.groups == [ALL] else [*block.groups, ALL]
    years = [*block.years, ALL]
    group, year, place = np.unravel_index(used, (len(groups), len(years), len(_PLACES)))
    nations, regions = zip(*_PLACES, strict=True)
    return pd.DataFrame(
        {
            "group": np.array(groups, dtype=object)[group],
            "year": np.array(years, dtype=object)[year],
            "nation": pd.Categorical(np.array(nations, dtype=object)[place], [ALL, *NATIONS, UNKNOWN]),
            "region": pd.Categorical(np.array(regions, dtype=object)[place], [ALL, *REGIONS]),
        }
    )


_PLACES = [
    (ALL, ALL),
    *((nation, ALL) for nation in (*NATIONS, UNKNOWN)),
    *((nation, region) for region, nation in REGION_NATION.items()),
]
_MEMBERS = np.array(
    [
        [
            nation in (ALL, REGION_NATION.get(of, UNKNOWN)) and region in (ALL, of)
            for of in (*REGIONS, UNKNOWN)
        ]
        for nation, region in _PLACES
    ],
    dtype=np.float64,
)
