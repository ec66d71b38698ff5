"""Chains of supply between companies; in some, the first seller disappears with the VAT.

Who belongs to which chain is arithmetic on the numbers of companies, so that either end of a link finds the
other.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.synthetic.register import FORMS, Integers, entity_of, form_of, number_of
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import DAY, MONTHS, NOT_A_DAY, first_day, last_day

SPAN = 45
"""Companies to a chain's stretch of numbers; three of them in a row are its members."""

ROLES = ("missing trader", "buffer", "broker")
"""The members of a chain in which the first seller disappears: he charges VAT and pays none, the second
passes the goods on, the third sells them abroad and reclaims what was never paid."""

# All assumptions, set for a loss of about GBP 0.7bn a year.
_MISSING = 0.10  # share of chains with a missing trader
_MONTHLY_SALES = 330_000.0  # median sales of the missing trader in GBP a month
_LASTS = (5, 13)  # months that he lasts
_MARGINS = np.array([1.0, 1.02, 1.05])  # what the goods cost at each step, relative to the first sale
_FIRST_CHAIN = 2_000_000_000  # entity numbers of chains, beyond those of people, companies and partnerships


def chain_of(entity: Integers) -> pd.DataFrame:
    """Find the chain of each taxpayer.

    Parameters
    ----------
    entity : ndarray of int64

    Returns
    -------
    DataFrame
        One row a taxpayer: `chain` (its number), `place` (number within the chain's stretch; -1 for all but
        companies).
    """
    number = number_of(entity)
    company = form_of(entity) == FORMS.index("company")
    return pd.DataFrame({"chain": number // SPAN, "place": np.where(company, number % SPAN, -1)})


def missing_trader_chains(entity: Integers, seed: int, months: int = MONTHS) -> pd.DataFrame:
    """Find who is a member of a chain with a missing trader, and what he sells and buys in it.

    Parameters
    ----------
    entity : ndarray of int64
        Taxpayers.
    seed : int
    months : int, optional
        Months that everyone lives through; those of the usual panel when absent.

    Returns
    -------
    DataFrame
        One row a member: `row` (position in `entity`), `role` (position in `ROLES`), `first`, `last`
        (months, by number),
        `sells`, `buys` (GBP a month without VAT).

    Examples
    --------
    >>> len(missing_trader_chains(np.arange(100), seed=7))  # people are in no chain
    0
    """
    place = chain_of(entity)
    chain = place["chain"].to_numpy()
    streams = Streams(seed, _FIRST_CHAIN + chain)
    role = place["place"].to_numpy() - _offset(streams)
    mine = (place["place"].to_numpy() >= 0) & (role >= 0) & (role < len(ROLES))
    row = np.flatnonzero(mine & _is_bad(streams))
    streams, role = streams[row], role[row]
    first, last = _span(streams, months)
    volume = _MONTHLY_SALES * np.exp(0.8 * streams.normal("vat chain volume"))
    # The missing trader's own purchases bear no VAT: his goods come from abroad.
    cost = np.where(role > 0, _MARGINS[np.maximum(role - 1, 0)], 0.97)
    return pd.DataFrame(
        {
            "row": row,
            "role": role,
            "first": first,
            "last": last,
            "sells": volume * _MARGINS[role],
            "buys": volume * cost,
        }
    )


def chains(entity: Integers, settings: Settings) -> pd.DataFrame:
    """List the trading partners of taxpayers, at their own end of each link.

    Parameters
    ----------
    entity : ndarray of int64
        Taxpayers.
    settings : Settings

    Returns
    -------
    DataFrame
        One row a link: `entity`, `other_entity`, `kind` (``sells_to`` or ``buys_from``), `since`, `until`
        (not a day where it goes on).
    """
    place = chain_of(entity)
    streams = Streams(settings.seed, _FIRST_CHAIN + place["chain"].to_numpy())
    role = np.where(place["place"] >= 0, place["place"].to_numpy() - _offset(streams), -1)
    parts = [
        _ends(entity, role, streams, settings, step=1, kind="sells_to"),
        _ends(entity, role, streams, settings, step=-1, kind="buys_from"),
    ]
    return pd.concat(parts, ignore_index=True)


def _ends(
    entity: Integers, role: Integers, streams: Streams, settings: Settings, *, step: int, kind: str
) -> pd.DataFrame:
    partner = number_of(entity) + step
    inside = (role >= 0) & (role + step >= 0) & (role + step < len(ROLES)) & (role < len(ROLES))
    row = np.flatnonzero(inside & (partner < settings.register.companies))
    streams, bad = streams[row], _is_bad(streams)[row]
    months = 12 * settings.columns
    first, last = _span(streams, months)
    begun = np.floor(months * (1.6 * streams.uniform("vat partners since") - 0.6)).astype(np.int64)
    # Many honest partners part after months as well, so that its dates alone give no chain away.
    ends = bad | streams.happens(0.4, "vat partners part")
    return pd.DataFrame(
        {
            "entity": np.asarray(entity)[row],
            "other_entity": entity_of(partner[row], "company"),
            "kind": kind,
            "since": first_day(np.where(ends, first, begun)) + 3 * DAY,
            "until": np.where(ends, last_day(last), NOT_A_DAY),
        }
    )


def _offset(streams: Streams) -> NDArray[np.int64]:
    return np.floor((SPAN - len(ROLES) + 1) * streams.uniform("vat chain place")).astype(np.int64)


def _is_bad(streams: Streams) -> NDArray[np.bool_]:
    return streams.happens(_MISSING, "vat missing trader")


def _span(streams: Streams, months: int) -> tuple[Integers, Integers]:
    shortest, longest = _LASTS
    first = np.floor((months - shortest) * streams.uniform("vat chain starts")).astype(np.int64)
    length = shortest + np.floor((longest - shortest) * streams.uniform("vat chain lasts")).astype(np.int64)
    return first, np.minimum(first + length, months) - 1


def spread(members: pd.DataFrame, firms: int, what: str, months: int = MONTHS) -> Floats:
    """Lay out what members sell or buy by month, shape (firms, months), in GBP."""
    amounts = np.zeros((firms, months))
    month = np.arange(months)
    there = (month >= members["first"].to_numpy()[:, None]) & (month <= members["last"].to_numpy()[:, None])
    amounts[members["row"]] = members[[what]].to_numpy() * there
    return amounts
