"""What others report of people they cannot identify: who sees whom, when, and how they write the name.

A source reports a person in a year with the probability in ``figures.toml``, if the person deals with it.
Whether it does is decided by a latent normal score: a part of it is the person's, whatever the source, so
that who is on one list is more likely to be on another; a part is the person's with this source, so that
who is seen once is seen again. Lists are thus neither independent nor complete, as those of an
administration.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from taxgap.schemas.codes import REPORT_SOURCES
from taxgap.schemas.table import column_names
from taxgap.schemas.third_party_unmatched import ThirdPartyUnmatched
from taxgap.synthetic.activity import GROWTH
from taxgap.synthetic.hidden.amounts import Amounts
from taxgap.synthetic.hidden.people import figures
from taxgap.synthetic.identities import opaque
from taxgap.synthetic.published import trades
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.shocks import coverage
from taxgap.synthetic.spelling import ADDRESSES, FIRMS, NAMES, POSTCODES, Damage, Texts, misdate, misspell
from taxgap.synthetic.streams import ONCE, Floats, Streams
from taxgap.synthetic.timeline import ALL_YEARS

_FIRST_YEAR = 2021
_PLATFORMS_MUST_FROM = 2024
_BASKET = {
    "platform": 35.0,
    "card_processor": 28.0,
}  # GBP a transaction, as for registered traders (assumption)
_LEAST = {"bank": 1.0, "platform": 1_700.0, "card_processor": 250.0, "contractor": 100.0, "overseas": 1.0}
_CALENDAR_YEAR = ("platform", "card_processor", "overseas")

# When the report comes: days after the end of the tax year, or the day of the year after the calendar year.
# Income from accounts abroad is exchanged by the end of September (memory).
_DELAY_DAYS = {"bank": 209, "contractor": 14}
_COMES_ON = {"platform": "01-31", "card_processor": "01-31", "overseas": "09-30"}

_WRITTEN = ["name", "birth_date", "address", "postcode", "account"]


def draw_reports(people: pd.DataFrame, amounts: Amounts, settings: Settings) -> pd.DataFrame:
    """Draw the reports of hidden people in the tax years of the settings.

    Parameters
    ----------
    people : DataFrame
        From `taxgap.synthetic.hidden.people.draw_hidden_people`.
    amounts : Amounts
        Of the same people.
    settings : Settings

    Returns
    -------
    DataFrame
        The columns of `taxgap.schemas.ThirdPartyUnmatched`; one row a person, source and year at most.

    Notes
    -----
    Banks and contractors report the tax year; platforms, card processors and the authorities abroad the
    calendar year, three months of which belong to the tax year before. Those who let through a platform are
    reported whatever the amount; sellers of goods from GBP 1,700 on.
    """
    streams = Streams(settings.seed, people["entity"].to_numpy())
    seen = _dealt_with(people, amounts, streams)
    asked = np.isin(ALL_YEARS, settings.tax_years)
    parts = []
    for source, amount in seen.items():
        reported = _reports(source, streams) & (amount >= _least(source, people)[:, None])
        reported &= asked
        share = coverage(settings.shocks, source, np.ones(len(ALL_YEARS)))
        if share is not None:
            drawn = [streams.uniform(f"reports {source}", year) for year in range(len(ALL_YEARS))]
            reported &= np.column_stack(drawn) < share
        row, year = np.nonzero(reported)
        table = _when(source, year).assign(source=source, amount=amount[row, year].round())
        mine = streams[row]
        table["transactions"] = _transactions(source, table["amount"].to_numpy(), mine)
        table["report_id"] = "U" + opaque(mine, f"hidden report {source}", year)
        known = people.iloc[row].reset_index(drop=True)
        parts.append(table.join(write_down(known, mine, source, counter=year)))
    return pd.concat(parts, ignore_index=True)


def unmatched_of_registered(
    identities: pd.DataFrame, reports: pd.DataFrame, streams: Streams, share: float = 0.03
) -> pd.DataFrame:
    """Take out reports of registered taxpayers that lost their identifier.

    Parameters
    ----------
    identities : DataFrame
        From `taxgap.synthetic.identities.draw_identities`.
    reports : DataFrame
        Third-party reports, with the columns that both tables have (`report_id`, `source`, `period`,
        `period_start`, `period_end`, `amount`, `transactions`, `received_on`), and `identity`: the position
        in `identities` of whom they concern.
    streams : Streams
        One entity a report: the taxpayer.
    share : float, default 0.03
        Share of reports that lose it (assumption).

    Returns
    -------
    DataFrame
        The columns of `taxgap.schemas.ThirdPartyUnmatched` on the index of the reports, so that
        ``reports.drop(index=unmatched.index)`` is what stays in `third_party`. `report_id` is new and opaque.
    """
    # The report's own identifier is the counter: several reports of a source and year are independent.
    key = pd.util.hash_array(reports["report_id"].to_numpy(dtype=object)).view(np.int64)
    rows = np.flatnonzero(streams.happens(share, "report loses its identifier", key))
    moved, mine, key = reports.iloc[rows].copy(), streams[rows], key[rows]
    moved["report_id"] = "U" + opaque(mine, "report without identifier", key)
    known = identities.iloc[moved["identity"].to_numpy()].reset_index(drop=True)
    source = moved["source"].astype(str).to_numpy()
    written = [
        write_down(known[source == name], mine[source == name], name, counter=key[source == name])
        for name in REPORT_SOURCES
        if (source == name).any()
    ]
    told = pd.concat(written).sort_index() if written else known[_WRITTEN]
    moved[_WRITTEN] = told.set_axis(moved.index)
    return moved[column_names(ThirdPartyUnmatched)]


def write_down(
    identities: pd.DataFrame, streams: Streams, source: str, *, counter: ArrayLike = ONCE
) -> pd.DataFrame:
    """Write down names, addresses and accounts as a reporter would.

    Parameters
    ----------
    identities : DataFrame
        From `draw_identities`, one row a report.
    streams : Streams
        One entity a row.
    source : str
        A level of `taxgap.schemas.codes.REPORT_SOURCES`.
    counter : array-like of int, optional
        Distinguishes the reports of one person and source.

    Returns
    -------
    DataFrame
        `name`, `birth_date`, `address`, `postcode` and `account` on the index of `identities`; missing
        where the reporter does not know them.
    """
    habit = _habits(source)
    counts = np.broadcast_to(np.asarray(counter), streams.entity.shape)
    firm = identities["birth_date"].isna().to_numpy()
    names = identities["name"].to_numpy(dtype=object).copy()

    def copy(texts: ArrayLike, kind: str, damages: tuple[Damage, ...], rows: NDArray[np.bool_]) -> Texts:
        purpose, slips = f"{kind} {source}", habit["misspelt"]
        return misspell(texts, streams[rows], purpose, slips, damages=damages, counter=counts[rows])

    def known(values: ArrayLike, kind: str) -> pd.Series:
        knows = streams.happens(habit[kind], f"{source} knows {kind}", counts)
        return pd.Series(np.asarray(values, dtype=object), identities.index, dtype="str").where(knows)

    for rows, damages in ((~firm, NAMES), (firm, FIRMS)):
        names[rows] = copy(names[rows], "name", damages, rows)
    days = misdate(identities["birth_date"], streams, source, habit["misdated"], counter=counts)
    knows_day = streams.happens(habit["birth_date"], f"{source} knows birth date", counts)
    every = np.ones(len(names), dtype=bool)
    return pd.DataFrame(
        {
            "name": pd.Series(names, identities.index, dtype="str"),
            "birth_date": np.where(knows_day, days, np.datetime64("NaT", "s")),
            "address": known(copy(identities["address"], "address", ADDRESSES, every), "address"),
            "postcode": known(copy(identities["postcode"], "postcode", POSTCODES, every), "address"),
            "account": known(identities["account"], "account"),
        }
    )


def _habits(source: str) -> dict[str, float]:
    table = figures()["writing"]
    place = table["reporter"].index(source)
    return {name: table[name][place] for name in ("misspelt", "misdated", "birth_date", "address", "account")}


def _dealt_with(people: pd.DataFrame, amounts: Amounts, streams: Streams) -> dict[str, Floats]:
    # What each source would report of each person and year, if it reported.
    trade, takings = people["trade"].to_numpy(), amounts.takings
    earlier = np.concatenate([takings[:, :1], takings[:, :-1]], axis=1)
    calendar = np.where(takings > 0, 0.75 * takings + 0.25 * earlier, 0.0)
    growth = GROWTH
    active = amounts.active * growth
    channel = {name: np.append(trades()[name], 0.0)[trade] for name in ("platform", "card", "contractor")}
    letting = figures()["capture"]["letting_platform"]
    channel["platform"] = np.where(trade < 0, letting, np.minimum(1.0, 1.6 * channel["platform"]))
    used = {
        name: streams.happens(chance, f"deals with {name}")
        * (0.45 + 0.5 * streams.uniform(f"through {name}"))
        for name, chance in channel.items()
    }
    abroad = streams.happens(figures()["capture"]["account_abroad"], "account abroad")
    return {
        "bank": active * (60.0 * np.exp(1.3 * streams.normal("hidden savings")))[:, None],
        "platform": calendar * used["platform"][:, None],
        "card_processor": calendar * used["card"][:, None],
        "contractor": takings * used["contractor"][:, None],
        "overseas": active * (abroad * 900.0 * np.exp(1.4 * streams.normal("hidden abroad")))[:, None],
    }


def _reports(source: str, streams: Streams) -> NDArray[np.bool_]:
    table = figures()["capture"]
    visible, habit = table["visible"], table["habit"]
    lasting = np.sqrt(visible) * streams.normal("visible")
    lasting += np.sqrt(habit) * streams.normal(f"seen by {source}")
    years = range(len(ALL_YEARS))
    fresh = np.stack([streams.normal(f"seen by {source}", year) for year in years], axis=1)
    rank = ndtr(lasting[:, None] + np.sqrt(1 - visible - habit) * fresh)
    chance = np.full(len(ALL_YEARS), table[source])
    if source == "platform":
        voluntary = _FIRST_YEAR + np.arange(len(ALL_YEARS)) < _PLATFORMS_MUST_FROM
        chance[voluntary] = table["platform_before"]
    return np.asarray(rank > 1 - chance)


def _least(source: str, people: pd.DataFrame) -> Floats:
    least = np.full(len(people), _LEAST[source])
    return np.where(people["trade"] < 0, 1.0, least) if source == "platform" else least


def _when(source: str, year: NDArray[np.int64]) -> pd.DataFrame:
    begins = [_FIRST_YEAR + y for y in range(len(ALL_YEARS))]
    if source in _CALENDAR_YEAR:
        first, last = [f"{y}-01-01" for y in begins], [f"{y}-12-31" for y in begins]
        comes = np.array([f"{y + 1}-{_COMES_ON[source]}" for y in begins], dtype="datetime64[s]")
    else:
        first, last = [f"{y}-04-06" for y in begins], [f"{y + 1}-04-05" for y in begins]
        comes = np.array(last, dtype="datetime64[s]") + np.timedelta64(_DELAY_DAYS[source], "D")
    return pd.DataFrame(
        {
            "period": np.array(ALL_YEARS, dtype=object)[year],
            "period_start": np.array(first, dtype="datetime64[s]")[year],
            "period_end": np.array(last, dtype="datetime64[s]")[year],
            "received_on": comes[year],
        }
    )


def _transactions(source: str, amount: Floats, streams: Streams) -> Floats:
    if source not in _BASKET:
        return np.full(len(amount), np.nan)
    size = _BASKET[source] * np.exp(0.5 * streams.normal(f"{source} basket"))
    return np.maximum(1.0, np.round(amount / size))
