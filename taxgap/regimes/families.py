"""From a panel of returns to the frame that a regime measures: the peers' columns, then every family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import pandas as pd

from taxgap.peers import size_band, trade_group_of
from taxgap.regimes.amounts import Columns, Floats
from taxgap.regimes.base import Compute, Tables
from taxgap.regimes.returns import Returns, trade_of


class Panel(Protocol):
    """Returns and what they are held against, one value a return in the order of `own`."""

    @property
    def own(self) -> Returns:
        """The returns that are measured."""

    @property
    def size(self) -> Floats:
        """How large each is, in pounds a year."""


AnyPanel = TypeVar("AnyPanel")
OwnPanel = TypeVar("OwnPanel", bound=Panel)


def measure_with(
    build_panel: Callable[[Tables, Sequence[str]], OwnPanel],
    families: Sequence[Callable[[OwnPanel], Columns]],
) -> Compute:
    """Make the function that measures the latest version of each return.

    Parameters
    ----------
    build_panel : callable
        ``build_panel(tables, periods)`` gathers the returns of the periods and what they are held against.
    families : sequence of callable
        Each measures some features of a panel: one column a feature, in the order of the panel's returns.

    Returns
    -------
    callable
        The `compute` of `taxgap.regimes.base.Regime`; the trade is that of the register.
    """

    def compute(tables: Tables, periods: Sequence[str]) -> pd.DataFrame:
        panel = build_panel(tables, periods)
        trade = trade_of(panel.own.table, tables["taxpayers"])
        return assemble(panel, families, index=panel.own.index, trade=trade, size=panel.size)

    return compute


def assemble(
    panel: AnyPanel,
    families: Sequence[Callable[[AnyPanel], Columns]],
    *,
    index: pd.MultiIndex,
    trade: pd.Series,
    size: Floats,
) -> pd.DataFrame:
    """Measure every family of a panel and set the columns side by side.

    Parameters
    ----------
    panel : object
        What the families measure.
    families : sequence of callable
    index : MultiIndex
        (taxpayer_id, period) of each return, sorted.
    trade : Series of str
        The trade of each, as on the register.
    size : ndarray of float64
        How large each is, in pounds a year.

    Returns
    -------
    DataFrame
        `trade_group`, `size_band` and one column a feature.

    Examples
    --------
    >>> import numpy as np
    >>> index = pd.MultiIndex.from_tuples([("A", "2023-24")], names=["taxpayer_id", "period"])
    >>> family = lambda panel: {"margin": panel}
    >>> assemble(np.array([0.2]), [family], index=index, trade=pd.Series(["47190"]), size=np.array([9e4]))[
    ...     "margin"
    ... ].tolist()
    [0.2]
    """
    columns: dict[str, object] = {
        "trade_group": trade_group_of(trade).array,
        "size_band": size_band(pd.Series(size)).array,
    }
    for measure in families:
        columns.update(measure(panel))
    return pd.DataFrame(columns, index=index)
