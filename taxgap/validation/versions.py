"""Rules on the versions of a return: none is left out, and each comes after the one before it."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas import RETURN_TABLES
from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule

_MOST = 1 << 16  # versions of one return


def latest_versions(context: Context, table: str, *columns: str) -> pd.DataFrame:
    """Return columns of the kept returns of a table, the last version of each.

    Returns
    -------
    DataFrame
        The columns asked, then `taxpayer`, the key as a number; on the rows' positions.
    """
    kept = context.kept(table, "version", *columns)
    case, taxpayer = context.kept_key(table, "case"), context.kept_key(table, "taxpayer")
    order = np.argsort(kept["version"].to_numpy(), kind="stable")
    last = order[~pd.Series(case[order]).duplicated(keep="last").to_numpy() & (case[order] >= 0)]
    return kept[list(columns)].iloc[last].assign(taxpayer=taxpayer[last])


def _versions_before(
    table: str, returns: pd.DataFrame, context: Context
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    # The positions of amendments, and of the version before each: -1 where there is none.
    case, version = context.key(table, "case").astype(np.int64), returns["version"].to_numpy()
    amended = np.flatnonzero(version > 0)
    if not len(amended):
        return amended, amended
    of_amended = np.flatnonzero(np.isin(case, case[amended]))
    # The keys of one case lie side by side; a number of a version that is beyond all measure has none before.
    keys = case[of_amended] * _MOST + np.clip(version[of_amended], 0, _MOST - 1)
    order = np.argsort(keys, kind="stable")
    asked = case[amended] * _MOST + np.clip(version[amended], 0, _MOST - 1) - 1
    places = np.minimum(np.searchsorted(keys[order], asked), len(keys) - 1)
    found = keys[order][places] == asked
    return amended, np.where(found, of_amended[order][places], -1)


def _leaves_gap(table: str, returns: pd.DataFrame, context: Context) -> Mask:
    amended, before = _versions_before(table, returns, context)
    gap = np.zeros(len(returns), dtype=np.bool_)
    gap[amended[before < 0]] = True
    return gap


def _came_before(table: str, returns: pd.DataFrame, context: Context) -> Mask:
    amended, before = _versions_before(table, returns, context)
    amended, before = amended[before >= 0], before[before >= 0]
    received = returns["received_on"].to_numpy()
    early = np.zeros(len(returns), dtype=np.bool_)
    early[amended[received[amended] < received[before]]] = True
    return early


RULES = tuple(
    rule
    for table in RETURN_TABLES
    for rule in (
        Rule(
            code="version_gap",
            table=table,
            severity="warn",
            columns=("version", "taxpayer_id", "period"),
            sentence="The version before this one is not in the records.",
            remedy="Look for it in the extract; versions count from 0, the return as first filed.",
            check=partial(_leaves_gap, table),
        ),
        Rule(
            code="version_order",
            table=table,
            severity="warn",
            columns=("received_on", "version", "taxpayer_id", "period"),
            sentence="The version was received before the one that it amends.",
            remedy="Compare the numbers of the versions with the days on which they came.",
            check=partial(_came_before, table),
        ),
    )
)
