"""What features are measured on: each case as the records stood when its enquiry was opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.records.partitions import partition_of
from taxgap.records.periods import tax_year_of
from taxgap.regimes import Regime

KEYS = ["taxpayer_id", "period"]


def years_of(index: pd.Index) -> pd.Series:
    """Return the tax year of each row of an index with a level ``period``."""
    return tax_year_of(index.get_level_values("period").to_series(index=range(len(index))))


def observe(
    records: Records, regime: Regime, opened_on: pd.Series, *, train: Sequence[str], years: Sequence[str]
) -> tuple[pd.DataFrame, PeerGroups]:
    """Measure the returns with a label, and draw peers from all returns of the years that train.

    Parameters
    ----------
    records : Records
        As they stand on the day of training.
    regime : Regime
        What is measured.
    opened_on : Series of datetime64
        Indexed by (taxpayer_id, period): the day on which each case was opened. Its return is measured by
        what was known on that day, because what came later may have come of the enquiry.
    train, years : sequence of str
        Tax years that train, and all that are wanted.

    Returns
    -------
    observed : DataFrame
        Measures of the cases, sorted.
    peers : PeerGroups
        From all returns of the years that train, as they stand on the day of training.

    Raises
    ------
    InvalidDataError
        No case is into a return that the records hold.
    """
    kept: list[pd.DataFrame] = []
    home = partition_of(opened_on.index.get_level_values(KEYS[0]), len(records.partitions))

    def measure() -> Iterator[pd.DataFrame]:
        for partition in records.partitions:
            own = opened_on[home == partition]
            cases, returns = observe_partition(records, regime, own, partition, train=train, years=years)
            kept.append(cases)
            yield returns

    peers = PeerGroups.fit(measure())
    observed = pd.concat(kept)
    if observed.empty:
        raise no_cases(len(opened_on))
    return observed.sort_index(), peers


def observe_partition(
    records: Records,
    regime: Regime,
    opened_on: pd.Series,
    partition: int,
    *,
    train: Sequence[str],
    years: Sequence[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure what `observe` takes of one partition, which is read once.

    Parameters
    ----------
    records, regime, train, years
        As for `observe`.
    opened_on : Series of datetime64
        The cases of this partition.
    partition : int

    Returns
    -------
    cases : DataFrame
        Measures of the cases, each as known when it was opened.
    returns : DataFrame
        Measures of all returns of the years that train.
    """
    held = records.hold(regime.tables, partition)
    returns = regime.measure(held, train)
    rounds = list(_measure_rounds(held, regime, split_rounds(opened_on), years))
    return (pd.concat(rounds) if rounds else returns.iloc[:0]), returns


def no_cases(enquiries: int) -> InvalidDataError:
    """Return the error of enquiries that are into no return."""
    return InvalidDataError(
        f"None of the {enquiries} closed enquiries is into a return that the records held when it was "
        "opened.",
        where="enquiries",
        remedy="Check that taxpayer_id and period are written alike in both tables.",
    )


def measure_cases(
    records: Records, regime: Regime, opened_on: pd.Series, years: Sequence[str]
) -> pd.DataFrame:
    """Measure returns by what was known when the enquiry into each was opened.

    Parameters
    ----------
    records : Records
    regime : Regime
        What is measured.
    opened_on : Series of datetime64
        As for `observe`.
    years : sequence of str
        Tax years that are wanted.

    Returns
    -------
    DataFrame
        Measures of the cases, sorted; those whose return was not there then are left out.
    """
    home = partition_of(opened_on.index.get_level_values(KEYS[0]), len(records.partitions))
    parts: list[pd.DataFrame] = []
    for partition in pd.unique(home):
        held = records.hold(regime.tables, int(partition))
        parts += _measure_rounds(held, regime, split_rounds(opened_on[home == partition]), years)
    return pd.concat(parts).sort_index()


def split_rounds(opened_on: pd.Series) -> list[pd.Series]:
    """Split cases so that no part holds two opening days of one taxpayer.

    Parameters
    ----------
    opened_on : Series of datetime64
        Indexed by (taxpayer_id, period).

    Returns
    -------
    list of Series
        The first part holds the earliest day of each taxpayer, the next the second, and so on.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("A", "x"), ("A", "y"), ("A", "z"), ("B", "x")], names=KEYS)
    >>> days = pd.Series(pd.to_datetime(["2024-02-01", "2024-01-01", "2024-02-01", "2024-03-01"]), index)
    >>> [part.index.tolist() for part in split_rounds(days)]
    [[('A', 'y'), ('B', 'x')], [('A', 'x'), ('A', 'z')]]
    """
    if opened_on.empty:
        return []
    taxpayer = opened_on.index.get_level_values(KEYS[0])
    place = opened_on.groupby(taxpayer, sort=False).rank(method="dense").astype("int64")
    ordered = opened_on.sort_index()
    place = place.loc[ordered.index]
    return [ordered[place == number] for number in range(1, int(place.max()) + 1)]


def _measure_rounds(
    held: Records, regime: Regime, rounds: Sequence[pd.Series], years: Sequence[str]
) -> Iterator[pd.DataFrame]:
    for mine in rounds:
        days = mine.groupby(level=KEYS[0]).first()
        # Each round has fewer taxpayers than the last.
        held = held.hold(regime.tables, 0, days.index)
        observed = regime.measure(held.known_when(days), years)
        yield observed[observed.index.isin(mine.index)]
