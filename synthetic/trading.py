"""Trading: what firms of every legal form truly turned over and spent, year by year and month by month.

One true activity stands behind all that a firm reports: its accounts, its VAT returns, its payroll and what
others say of its takings are sums of the same months.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import LOOKBACK, TAX_YEARS

Kept = TypeVar("Kept", Floats, NDArray[np.bool_], pd.DataFrame)

YEARS = LOOKBACK + len(TAX_YEARS)
"""Columns of a year-by-year amount of the usual panel: the lookback year, then `TAX_YEARS`."""

FIRM = (
    "entity",
    "legal_form",
    "owner",
    "trade",
    "region",
    "nation",
    "disposition",
    "agent",
    "gross",
    "first_year",
    "last_year",
    "year_end",
    "associated",
)
"""The columns of a firm, one row each. `legal_form` is a position in `FORMS`, `owner` the number of the
person who owns a company (-1 without one), `gross` the turnover in GBP of the base year, `first_year` and
`last_year` are positions in `ALL_YEARS`, `year_end` the calendar month in which the accounts end."""

CHANNELS = ("card", "platform", "contractor", "cash")
"""Ways in which customers pay, as shares of turnover; the rest is invoiced."""

_UNEVEN = 0.14  # standard deviation of a month's turnover around its season (assumption)


@dataclass(frozen=True)
class Trading:
    """Some firms and their true activity.

    Attributes
    ----------
    firms : DataFrame
        `FIRM` and `CHANNELS`, one row a firm.
    annual : dict of str to ndarray, shape (firms, `columns`)
        Amounts by tax year in GBP: `turnover`, `goods` (goods and subcontractors), `overheads` (all other
        costs but pay), `wages` (pay of employees, without directors), `employer_nics`, `directors_pay`,
        `employees` (count) and what the legal form adds. Nothing in years in which a firm does not exist.
    streams : Streams
        One entity a firm.
    """

    firms: pd.DataFrame
    annual: dict[str, Floats]
    streams: Streams

    def __len__(self) -> int:
        return len(self.firms)

    @property
    def columns(self) -> int:
        """Columns of the amounts: the lookback year, then the years that the firms live through."""
        return int(self.annual["turnover"].shape[1])

    @property
    def months(self) -> int:
        """Months that the firms live through, from the start of the lookback year."""
        return 12 * self.columns

    def take(self, rows: NDArray[np.int64]) -> Trading:
        """Return some of the firms."""
        firms = self.firms.iloc[rows].reset_index(drop=True)
        annual = {name: values[rows] for name, values in self.annual.items()}
        taken = Trading(firms, annual, self.streams[rows])
        # What is worked out already, a row a firm, need not be worked out again.
        for name, value in self._kept.items():
            taken._kept[name] = (
                value.iloc[rows].reset_index(drop=True) if isinstance(value, pd.DataFrame) else value[rows]
            )
        return taken

    @cached_property
    def _kept(self) -> dict[str, Any]:
        return {}

    def remember(self, name: str, make: Callable[[Trading], Kept]) -> Kept:
        """Work something out once: a frame or array with a row a firm.

        Parameters
        ----------
        name : str
            What it is called.
        make : callable
            Works it out of this trading.

        Returns
        -------
        ndarray or DataFrame
            The same object each time; it must not be changed.
        """
        if name not in self._kept:
            self._kept[name] = make(self)
        kept: Kept = self._kept[name]
        return kept

    @property
    def season(self) -> Floats:
        """The share of its year's turnover that falls in each month, shape (firms, `months`)."""
        season: Floats = self.remember("season", _draw_season)
        return season

    def monthly(self, name: str) -> Floats:
        """Return a yearly amount spread over the months by the season, shape (firms, `months`)."""
        return np.repeat(self.annual[name], 12, axis=1) * self.season

    def over(
        self, name: str, firm: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64]
    ) -> Floats:
        """Sum an amount over months.

        Parameters
        ----------
        name : str
            A yearly amount.
        firm : ndarray of int64
            Rows of `firms`.
        first, last : ndarray of int64
            The first and the last month of each sum, by number.

        Returns
        -------
        ndarray of float64
            GBP.
        """
        sums = self._running(name)
        return np.asarray(sums[firm, last + 1] - sums[firm, first])

    def _running(self, name: str) -> Floats:
        sums: Floats = self.remember(f"running {name}", lambda trading: _run(trading.monthly(name)))
        return sums

    def exists(self) -> NDArray[np.bool_]:
        """Return in which years each firm exists, shape (firms, `columns`)."""
        return exists(self.firms, self.columns)


def _draw_season(trading: Trading) -> Floats:
    streams, month = trading.streams, np.arange(trading.months)
    height = 0.22 * streams.uniform("season height")[:, None]
    peak = 12 * streams.uniform("season peak")[:, None]
    noise = np.column_stack([streams.normal("month", m) for m in month])
    share = (1 + height * np.cos(2 * np.pi * (month - peak) / 12)) * np.exp(_UNEVEN * noise)
    years = share.reshape(len(trading), trading.columns, 12)
    return np.asarray((years / years.sum(axis=2, keepdims=True)).reshape(len(trading), trading.months))


def _run(monthly: Floats) -> Floats:
    return np.concatenate([np.zeros((len(monthly), 1)), np.cumsum(monthly, axis=1)], axis=1)


def exists(firms: pd.DataFrame, columns: int = YEARS) -> NDArray[np.bool_]:
    """Return in which years firms exist, shape (firms, columns); those of the first year did before it."""
    year = np.arange(columns) - LOOKBACK
    first = firms["first_year"].to_numpy()[:, None]
    return np.asarray((year >= first) & (year <= firms["last_year"].to_numpy()[:, None]))


def walk(streams: Streams, columns: int = YEARS, *, usual: float = 0.10, large: float = 0.35) -> Floats:
    """Return how far (log) each year lies from a firm's own level, shape (firms, columns).

    Last year's shock fades by half, and a few years bring a large change.
    """
    total = np.zeros((len(streams.entity), columns))
    for year in range(columns):
        big = streams.happens(0.06, "large change", year)
        fresh = np.where(big, large, usual) * streams.normal("change", year)
        total[:, year] = fresh + (0.5 * total[:, year - 1] if year else 0.0)
    return total


def join_trading(parts: list[Trading]) -> Trading:
    """Put firms of several legal forms together; amounts that one of them lacks are nothing."""
    names = list(dict.fromkeys(name for part in parts for name in part.annual))
    empty = {id(part): np.zeros((len(part), part.columns)) for part in parts}
    annual = {
        name: np.concatenate([part.annual.get(name, empty[id(part)]) for part in parts]) for name in names
    }
    entity = np.concatenate([part.streams.entity for part in parts])
    firms = pd.concat([part.firms for part in parts], ignore_index=True)
    return Trading(firms, annual, Streams(parts[0].streams.seed, entity))
