"""Revisions: how much published figures moved, and what this year's would have been with last year's data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.gap.chain.estimating import estimate_gap
from taxgap.gap.chain.scoring import models_by_regime
from taxgap.gap.chain.tabulating import ALL_YEARS
from taxgap.records import Records
from taxgap.risk import RiskModel


def analyse_revisions(editions: pd.DataFrame) -> pd.DataFrame:
    """Return how much each figure was revised after it was first published.

    Parameters
    ----------
    editions : DataFrame
        One row an edition and year: ``edition, year, value``. Editions sort by time: numbers, dates
        or an ordered category; text that holds numbers throughout, which sorts as these; or text of one
        length, such as 2025-06.

    Returns
    -------
    DataFrame
        One row a year: ``first_edition, last_edition, first, last, revision`` (last less first)``, relative``
        (over the first; missing where that is 0)``, editions``. Years published once have a revision of 0.

    Raises
    ------
    InvalidDataError
        If a column or value is missing or infinite, a year stands twice in an edition, or editions are text
        of unequal length: in which order they came cannot be told.

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
    values = pd.to_numeric(editions["value"], errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        raise InvalidDataError("A value is infinite, or no number.", where="value")
    editions = editions.assign(order=_order_editions(editions["edition"]), value=values)
    if editions.duplicated(["order", "year"]).any():
        raise InvalidDataError(
            "A year stands twice in an edition.", where="editions", remedy="Keep one figure."
        )
    ordered = editions.sort_values(["year", "order"], kind="stable").groupby("year", sort=True)
    table = pd.DataFrame(
        {
            "first_edition": ordered["edition"].first(),
            "last_edition": ordered["edition"].last(),
            "first": ordered["value"].first(),
            "last": ordered["value"].last(),
            "editions": ordered.size(),
        }
    )
    table["revision"] = table["last"] - table["first"]
    table["relative"] = table["revision"] / table["first"].where(table["first"] != 0)
    return table.reset_index()


def _order_editions(editions: pd.Series) -> pd.Series:
    """Return what editions sort by, or refuse those whose order cannot be told."""
    if isinstance(editions.dtype, pd.CategoricalDtype) and editions.cat.ordered:
        return editions.cat.codes
    texts = editions.astype(object).map(lambda edition: isinstance(edition, str))
    if not texts.any():
        return editions
    numbers = pd.to_numeric(editions.astype(object), errors="coerce")
    if numbers.notna().all():
        return numbers
    if not texts.all() or len(set(editions.map(len))) > 1:
        raise InvalidDataError(
            "Editions are text of unequal length: in which order they came cannot be told.",
            where="edition",
            remedy="Give numbers, dates, an ordered category, or text of one length, such as 2025-06.",
        )
    return editions


def revise_gap(records: Records, earlier: date | str, **how: Any) -> pd.DataFrame:
    """Return each year's gap as it would have been estimated earlier, beside what is estimated now.

    Parameters
    ----------
    records : Records
    earlier : date
        What was known then is all that the first estimate sees.
    **how : object
        Options of `estimate_gap`, the same for both; ``non_detection`` is needed. A ``model`` must have been
        trained on what was known by then (``train(..., as_of=earlier)``).

    Returns
    -------
    DataFrame
        One row a tax and year that both estimate (with ``pool_years`` one a tax): ``regime, year, then, now,
        revision, relative, then_low, then_high, inside`` (whether the figure of now lies in the interval of
        then), in GBP. Where no ``years`` are given, the last ones that could not be estimated then are left
        out.

    Raises
    ------
    UsageError
        If a model was trained on what became known after ``earlier``, or does not tell when.
    TaxGapError
        As `estimate_gap` does.
    """
    day = records.known_at(earlier if isinstance(earlier, str) else pd.Timestamp(earlier)).as_of
    _check_models(how.get("model"), day)
    how = {"groups": False, **how}
    now = estimate_gap(records, **how).table
    then = _estimate_then(records, day, now, how)
    both = then.merge(now, on=["regime", "year"], suffixes=("_then", "_now"))
    if not how.get("pool_years"):
        both = both[both["year"].ne(ALL_YEARS)]
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


def _estimate_then(
    records: Records, day: pd.Timestamp, now: pd.DataFrame, how: dict[str, Any]
) -> pd.DataFrame:
    """Return the table of the earlier estimate, without the last years if they could not be estimated yet."""
    if how.get("years") is not None or how.get("pool_years"):
        return estimate_gap(records, **how, as_of=day).table
    years = sorted(set(now["year"]) - {ALL_YEARS})
    asked: list[str] | None = None
    while True:
        try:
            return estimate_gap(records, **{**how, "years": asked, "as_of": day}).table
        except NotIdentifiedError:
            if len(years) < 2:
                raise
            years.pop()
            asked = years


def _check_models(models: RiskModel | Mapping[str, RiskModel] | None, day: pd.Timestamp) -> None:
    """Refuse models that know more than what was known."""
    for tax, model in models_by_regime(models).items():
        # Peers and codes are the model's own in every year, and trees in those that it was not trained on.
        known = model.card_.get("training", {}).get("as_of")
        if known is None or pd.Timestamp(known) > day:
            when = "does not tell when it was trained" if known is None else f"knows all up to {known}"
            raise UsageError(
                f"The model of {tax} {when}; the first estimate must not know more than {day.date()}.",
                where="model",
                remedy=f"Train one with as_of={str(day.date())!r}, or estimate without.",
            )
