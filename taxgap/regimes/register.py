"""What the registers say of a return's days: registrations for a tax, and links to others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from taxgap.regimes.amounts import Floats
from taxgap.regimes.spans import Positions, Spans, add_up, find_overlap

FOREVER = 1e6
"""A day that never comes: the last one of what has not ended."""


def registered_share(own: Spans, people: pd.Index, registrations: pd.DataFrame, regime: str) -> Floats:
    """Return the share of each row's days on which the taxpayer was registered for a tax."""
    spells = _spells(people, registrations, regime)
    pairs = find_overlap(own, spells)
    covered = add_up(pairs, pairs.days, len(own.who))
    return np.minimum(covered / own.days, 1.0)


def latest_registration(
    own: Spans, people: pd.Index, registrations: pd.DataFrame, regime: str
) -> pd.DataFrame:
    """Find the registration in force when each row ends: the last that began by then; empty where none.

    Returns
    -------
    DataFrame
        One row an own row: `flat`, whether under the flat rate scheme; `flat_rate`; `late`, 1 or 0; `age`,
        the days from the start of registration to the last day.
    """
    table = registrations[registrations["regime"] == regime]
    spells = Spans.of(table, people, "effective_from", "effective_from")
    known = np.flatnonzero((spells.who >= 0) & ~np.isnan(spells.first))
    table, spells = table.iloc[known], spells.take(known)
    order = np.lexsort((spells.first, spells.who))
    key = _key(spells.who, spells.first)[order]
    wanted = _key(own.who, np.nan_to_num(own.last))
    place = np.searchsorted(key, wanted, side="right") - 1
    row = np.append(order, -1)[place]  # place -1 takes the -1 put last
    mine = (row >= 0) & (np.append(spells.who, -1)[row] == own.who)
    row = np.where(mine, row, -1)
    age = own.last - np.append(spells.first, np.nan)[row]
    late = np.append(table["late"].to_numpy(dtype=np.float64), np.nan)[row]
    rate = np.append(table["flat_rate"].to_numpy(dtype=np.float64), np.nan)[row]
    flat = np.append((table["scheme"] == "flat_rate").to_numpy(dtype=bool), False)[row]
    return pd.DataFrame({"flat": flat, "flat_rate": rate, "late": late, "age": age})


def count_links(own: Spans, people: pd.Index, links: pd.DataFrame, kinds: Sequence[str]) -> Floats:
    """Count the links of some kinds that stand on the last day of each row."""
    return _count(own, _link_spans(people, links[links["kind"].isin(list(kinds))]))


def count_new_links(
    own: Spans, people: pd.Index, links: pd.DataFrame, kinds: Sequence[str], days: float = 365.0
) -> Floats:
    """Count those of them that are younger than some days."""
    spans = _link_spans(people, links[links["kind"].isin(list(kinds))])
    young = Spans(spans.who, spans.first, np.minimum(spans.last, spans.first + days - 1))
    return _count(own, young)


def count_two_way_links(own: Spans, people: pd.Index, links: pd.DataFrame, there: str, back: str) -> Floats:
    """Count the other ends to which links of two kinds stand on the last day of each row."""
    one, other = (links[links["kind"] == kind] for kind in (there, back))
    both = one.merge(other[["taxpayer_id", "other_id", "since", "until"]], on=["taxpayer_id", "other_id"])
    since = both[["since_x", "since_y"]].max(axis=1)
    until = both[["until_x", "until_y"]].min(axis=1)
    return _count(own, _link_spans(people, both.assign(since=since, until=until)))


def _count(own: Spans, spans: Spans) -> Floats:
    last_days = Spans(own.who, own.last, own.last)
    pairs = find_overlap(last_days, spans)
    return add_up(pairs, np.ones(len(pairs.left)), len(own.who))


def _link_spans(people: pd.Index, links: pd.DataFrame) -> Spans:
    return _open_ended(Spans.of(links, people, "since", "until"))


def _spells(people: pd.Index, registrations: pd.DataFrame, regime: str) -> Spans:
    table = registrations[registrations["regime"] == regime]
    return _open_ended(Spans.of(table, people, "effective_from", "deregistered_on"))


def _open_ended(spans: Spans) -> Spans:
    return Spans(spans.who, spans.first, np.where(np.isnan(spans.last), FOREVER, spans.last))


def _key(who: Positions, day: Floats) -> Floats:
    return np.asarray(who * FOREVER + day, dtype=np.float64)
