"""Who is registered for VAT, on what basis and in which months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.synthetic.form import Bools
from taxgap.synthetic.register import FORMS, Integers
from taxgap.synthetic.streams import Floats
from taxgap.synthetic.threshold import LIMITS, THRESHOLDS
from taxgap.synthetic.timeline import ALL_YEARS, LOOKBACK, MONTHS
from taxgap.synthetic.trading import Trading
from taxgap.synthetic.vat.chains import missing_trader_chains
from taxgap.synthetic.vat.supplies import supplies
from taxgap.synthetic.vat.threshold import find_below, suppresses

NEVER = 10 * MONTHS
"""The first month of those who never register."""

_BEFORE = -1  # registered before the first month

# Share of firms below the threshold that register all the same, by legal form. Of all companies there it is
# 0.435 (found), but companies here are those on the business register, which lists none that is registered
# neither for VAT nor as an employer. Set so that traders by legal form come near the published numbers
# (assumption).
_VOLUNTARY = {"individual": 0.012, "company": 0.94, "partnership": 0.95}
_JOINS_LATER = 0.20  # of them, the share that registers after it began to trade (assumption)
_LEAVES = 0.15  # of them, the share that leaves again within the panel (assumption)
_INTENDS = 0.80  # share of firms that register before they begin to trade, and that stay on after they end
_AHEAD, _LINGERS = (
    24,
    48,
)  # months before and after the trade, at most (assumptions; they file returns without sales)
_LEAVES_BELOW = 0.35  # share that leaves the register when turnover has fallen below the limit (assumption)
_LATE = 0.15  # share of compulsory registrations applied for late (assumption)


@dataclass(frozen=True)
class Spans:
    """When firms are registered for VAT: one entry a firm.

    Attributes
    ----------
    first, last : ndarray of int64
        The first and the last month by number; -1 where registered before month 0, `NEVER` where never, and
        `last` beyond the last month where registered still.
    compulsory : ndarray of bool
    late : ndarray of bool
        Whether it applied after the legal limit.
    months : int
        Months that the firms live through.
    """

    first: Integers
    last: Integers
    compulsory: Bools
    late: Bools
    months: int = MONTHS

    @property
    def any(self) -> Bools:
        """Firms that are registered in some month."""
        return np.asarray((self.first < self.months) & (self.last >= np.maximum(self.first, 0)))


def spans(trading: Trading) -> Spans:
    """Work out when each firm is registered, from its turnover of the last twelve months.

    Parameters
    ----------
    trading : Trading

    Returns
    -------
    Spans
        The same object again for the same `trading`.
    """
    kept = trading.__dict__
    if "_vat_spans" not in kept:
        kept["_vat_spans"] = _spans(trading)
    found: Spans = kept["_vat_spans"]
    return found


def registered_months(trading: Trading) -> Bools:
    """Return in which months firms are registered for VAT, shape (firms, months)."""
    months: Bools = trading.remember("vat registered months", _registered_months)
    return months


def _registered_months(trading: Trading) -> Bools:
    span, month = spans(trading), np.arange(trading.months)
    there = (month >= span.first[:, None]) & (month <= span.last[:, None])
    return np.asarray(there & span.any[:, None])


def below_threshold(trading: Trading) -> pd.DataFrame:
    """List who should be registered and declares just less than the threshold instead; see `find_below`."""
    by_year = np.asarray(registered_months(trading).reshape(len(trading), trading.columns, 12).any(axis=2))
    return find_below(trading, by_year)


def _spans(trading: Trading) -> Spans:
    streams, born, ends = trading.streams, _born(trading), _ends(trading)
    rolling = _last_twelve_months(trading)
    hides = trading.remember("vat suppresses", suppresses)
    over = (rolling > np.repeat(THRESHOLDS[: trading.columns], 12)) & ~np.repeat(hides, 12, axis=1)
    must = np.where(over.any(axis=1), over.argmax(axis=1) + 2, NEVER)
    must = np.where(over[:, 0], _BEFORE, must)
    # Who will pass the threshold within months of starting mostly registers at once, some before they trade.
    early = streams.happens(_INTENDS, "vat intends")
    ahead = np.floor(_AHEAD * streams.uniform("vat intends")).astype(np.int64)
    start = np.where((born >= 0) & early, np.maximum(born - ahead, 0), born)
    soon = (must <= born + 8) & (born >= 0) & early
    wish = np.where(_volunteers(trading, hides), _wish(trading, start), NEVER)
    first = np.minimum(np.where(soon, start, must), wish)
    linger = np.where(
        streams.happens(_INTENDS, "vat lingers"), 1 + _LINGERS * streams.uniform("vat lingers"), 0
    )
    last = np.where(ends < trading.months, ends + linger.astype(np.int64), NEVER)
    last = np.minimum(last, _leaves(trading, rolling, first, wish))
    first = np.where(first >= np.minimum(trading.months, last), NEVER, first)
    compulsory = (must <= wish) | soon
    late = compulsory & (first > 0) & ~soon & streams.happens(_LATE, "vat registers late")
    return _with_chains(Spans(first, last, compulsory, late, trading.months), trading)


def _born(trading: Trading) -> Integers:
    first = trading.firms["first_year"].to_numpy()
    return np.where(first > 0, 12 * (first + LOOKBACK), _BEFORE)


def _ends(trading: Trading) -> Integers:
    last = trading.firms["last_year"].to_numpy()
    return np.where(last < len(ALL_YEARS), 12 * (last + LOOKBACK + 1) - 1, NEVER)


def _last_twelve_months(trading: Trading) -> Floats:
    """Return the taxable turnover of the twelve months up to each; before the first, all years are alike."""
    monthly = trading.monthly("turnover") * supplies(trading)["taxable"].to_numpy()[:, None]
    sums = np.cumsum(np.concatenate([monthly[:, :12], monthly], axis=1), axis=1)
    return np.asarray(sums[:, 12:] - sums[:, :-12])


def _volunteers(trading: Trading, hides: Bools) -> Bools:
    share = np.array([_VOLUNTARY[form] for form in FORMS])[trading.firms["legal_form"].to_numpy()]
    # Who sells to the public gains less by it, and who sells at the zero rate more (found in kind, not in
    # size).
    public = trading.firms[["cash", "card"]].sum(axis=1).to_numpy()
    mine = supplies(trading)
    share = share * np.clip(1.12 - 0.5 * public + 0.4 * mine["zero"].to_numpy(), 0.3, 1.3)
    wants = trading.streams.happens(np.minimum(share, 0.97), "vat volunteers")
    return np.asarray(wants & (mine["taxable"].to_numpy() > 0.05) & ~_stays_below(trading, hides))


def _stays_below(trading: Trading, hides: Bools) -> Bools:
    """Return who would hide turnover in some year in which it lies near the threshold."""
    near = trading.annual["turnover"] > 0.75 * THRESHOLDS[: trading.columns]
    return np.asarray((hides & near).any(axis=1))


def _wish(trading: Trading, start: Integers) -> Integers:
    later = trading.streams.happens(_JOINS_LATER, "vat joins later")
    month = np.floor(trading.months * trading.streams.uniform("vat joins later")).astype(np.int64)
    return np.where(later, np.maximum(month, start), start)


def _leaves(trading: Trading, rolling: Floats, first: Integers, wish: Integers) -> Integers:
    streams, months = trading.streams, trading.months
    month = np.arange(months)
    low = (rolling < np.repeat(LIMITS[: trading.columns], 12)) & (month > np.maximum(first, 0)[:, None] + 11)
    falls = np.where(low.any(axis=1), low.argmax(axis=1) + 3, NEVER)
    falls = np.where(streams.happens(_LEAVES_BELOW, "vat leaves below"), falls, NEVER)
    tires = np.maximum(first, 0) + 6 + np.floor(months * streams.uniform("vat leaves")).astype(np.int64)
    tires = np.where(streams.happens(_LEAVES, "vat leaves"), tires, NEVER)
    voluntary = wish < NEVER
    small = trading.annual["turnover"].max(axis=1) < LIMITS[: trading.columns].min()
    return np.where(voluntary & small, tires, np.where(voluntary, NEVER, falls))


def _with_chains(span: Spans, trading: Trading) -> Spans:
    """Register the members of chains with a missing trader for as long as these last."""
    streams = trading.streams
    members = missing_trader_chains(streams.entity.astype(np.int64), streams.seed, trading.months)
    first, last, row = span.first.copy(), span.last.copy(), members["row"].to_numpy()
    begins, stops = members["first"].to_numpy(), members["last"].to_numpy()
    unknown = ~span.any[row]
    # The missing trader registers for the purpose unless he has taken over a registration; the others before.
    ahead = np.where(members["role"] == 0, 0, 7)
    first[row] = np.where(unknown, np.maximum(begins - ahead, 0), np.minimum(first[row], begins))
    last[row] = np.where(unknown, stops, np.maximum(last[row], stops))
    return Spans(first, last, span.compulsory, span.late, span.months)
