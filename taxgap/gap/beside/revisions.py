"""Revisions: how much published figures moved, and what this year's would have been with last year's data."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.gap.chain.estimating import estimate_gap
from taxgap.records import Records


def analyse_revisions(editions: pd.DataFrame) -> pd.DataFrame:
    """Return how much each figure was revised after it was first published.

    Parameters
    ----------
    editions : DataFrame
        One row an edition and year: ``edition`` (sorts by time)``, year, value``.

    Returns
    -------
    DataFrame
        One row a year: ``first_edition, last_edition, first, last, revision`` (last less first)``, relative``
        (over the first; missing where that is 0)``, editions``. Years published once have a revision of 0.

    Raises
    ------
    InvalidDataError
        If a column or value is missing, or a year stands twice in an edition.

    Examples
    --------
    The VAT gap of 2022-23 in percent: 5.2 in the second estimate, 7.8 later.

    >>> told = pd.DataFrame({"edition": [2023, 2025], "year": "2022-23", "value": [5.2, 7.8]})
    >>> analyse_revisions(told)[["revision", "relative"]].round(3).iloc[0].tolist()
    [2.6, 0.5]
    """
    missing = [name for name in ("edition", "year", "value") if name not in editions.columns]
    if missing:
        raise InvalidDataError(
            f"The editions lack {', '.join(missing)}.", available=map(str, editions.columns)
        )
    if editions[["edition", "year", "value"]].isna().any().any():
        raise InvalidDataError("An edition, year or value is missing.", where="editions")
    if editions.duplicated(["edition", "year"]).any():
        raise InvalidDataError(
            "A year stands twice in an edition.", where="editions", remedy="Keep one figure."
        )
    ordered = editions.sort_values(["year", "edition"], kind="stable").groupby("year", sort=True)
    table = pd.DataFrame(
        {
            "first_edition": ordered["edition"].first(),
            "last_edition": ordered["edition"].last(),
            "first": ordered["value"].first().astype(np.float64),
            "last": ordered["value"].last().astype(np.float64),
            "editions": ordered.size(),
        }
    )
    table["revision"] = table["last"] - table["first"]
    table["relative"] = table["revision"] / table["first"].where(table["first"] != 0)
    return table.reset_index()


def revise_gap(records: Records, earlier: date | str, **how: Any) -> pd.DataFrame:
    """Return each year's gap as it would have been estimated earlier, beside what is estimated now.

    Parameters
    ----------
    records : Records
    earlier : date
        What was known then is all that the first estimate sees.
    **how : object
        Options of `estimate_gap`, the same for both; ``non_detection`` is needed.

    Returns
    -------
    DataFrame
        One row a tax and year that both estimate: ``regime, year, then, now, revision, relative, then_low,
        then_high, inside`` (whether the figure of now lies in the interval of then), in GBP.

    Raises
    ------
    TaxGapError
        As `estimate_gap` does.
    """
    how = {"groups": False, **how}
    now = estimate_gap(records, **how).table
    then = estimate_gap(records, as_of=earlier, **how).table
    both = then.merge(now, on=["regime", "year"], suffixes=("_then", "_now"))
    both = both[both["year"].ne("all years")]
    table = both[["regime", "year"]].assign(
        then=both["net_then"],
        now=both["net_now"],
        revision=both["net_now"] - both["net_then"],
        relative=(both["net_now"] - both["net_then"]) / both["net_then"].where(both["net_then"] != 0),
        then_low=both["low_then"],
        then_high=both["high_then"],
        inside=both["net_now"].between(both["low_then"], both["high_then"]),
    )
    return table.reset_index(drop=True)
