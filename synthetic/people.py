"""Who exists: persistent people with a kind, a trade, a home and a disposition."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from taxgap.schemas.codes import NATIONS, REGION_NATION, REGIONS
from taxgap.synthetic.bands import draw_from_bands
from taxgap.synthetic.published import published, regions, trades
from taxgap.synthetic.register import Register
from taxgap.synthetic.streams import Floats, Streams

VAT_REGISTRATION_LEVEL = 85_000.0
"""Turnover above which a trader is drawn from the registered trades and regions, in GBP of the base year."""

# Persons who file without a trade or a property, in thousands: the returns expected less the persons with a
# trade or property (both found); how they divide is an assumption.
_WITHOUT_TRADE = {"employee": 0.38, "pensioner": 0.24, "high_earner": 0.38}

_MEAN_AGE = {
    "self_employed": (46, 13),
    "landlord": (54, 13),
    "both": (52, 12),
    "employee": (44, 11),
    "pensioner": (74, 6),
    "high_earner": (49, 10),
}
_WITH_AGENT = {
    "self_employed": 0.58,
    "landlord": 0.45,
    "both": 0.72,
    "employee": 0.30,
    "pensioner": 0.32,
    "high_earner": 0.55,
}
# Share of each kind who own a company that pays them a small salary and dividends (assumption, set so that
# dividends by band of total income come near the published figures).
_OWNERS = {
    "self_employed": 0.04,
    "landlord": 0.10,
    "both": 0.06,
    "employee": 0.30,
    "pensioner": 0.0,
    "high_earner": 0.08,
}
KINDS = tuple(_MEAN_AGE)
"""The kinds of people: how they come to file a return."""

# Least gross income, Pareto index above the last band, and how much larger the truth is than what is
# declared.
_GROSS_SHAPE = {
    "self_employed": (1_200, 1.50, 1.18),
    "landlord": (1_200, 3.2, 1.08),
    "both": (3_000, 1.7, 1.18),
}

# What is published by band is what was declared. These factors on the counts of each band were set so that
# the declared figures, after growth, shocks and what is left out, come near the published ones.
_TRUE_TO_DECLARED = {
    "self_employed": np.array([0.83, 1.08, 1.16, 1.27, 0.72]),
    "landlord": np.array([0.86, 1.49, 1.02, 1.02, 0.80]),
    "both": np.array([1.02, 1.14, 1.07, 1.10, 1.04]),
}

# Total income by band is published for taxpayers, so for those above the personal allowance; the persons
# below it are the difference from those with such income (derived).
_BELOW_ALLOWANCE = {"self_employment": 856_000, "property": 605_000}
_TRUE_TO_LISTED = {
    "self_employment": np.ones(13),
    "property": np.array([1, 1, 1, 1.15, 1.20, 1, 1, 1, 1, 1, 1, 1, 1]),
}
"""Factors on the persons in each band of total income, set likewise."""

_TRUE_TOTAL = {"self_employment": (0.30, 1.02), "property": (0.85, 1.05)}
"""Factors on the persons below the allowance and on total income, set like `_TRUE_TO_DECLARED`."""


def draw_people(streams: Streams, register: Register) -> pd.DataFrame:
    """Draw the persistent traits of people.

    Parameters
    ----------
    streams : Streams
        One entity a person.
    register : Register
        Says who owns a company or is a partner.

    Returns
    -------
    DataFrame
        One row a person: `kind`, `gross` (turnover and rents, GBP of 2023-24), `total_income` (the same, all
        sources), `company` and `partnership` (numbers of those he owns or is a partner of, -1 for most),
        `trade` (row of `trades()`, -1 without one), `region`, `nation`, `birth_year`, `agent`, `disposition`
        (standard normal; larger is less careful), `first_year` and `last_year` (positions in `ALL_YEARS`;
        beyond its ends for those there before or after).
    """
    people = pd.DataFrame({"entity": streams.entity})
    people["company"] = register.company_of(streams.entity.astype(np.int64))
    people["partnership"] = register.partnership_of(streams.entity.astype(np.int64))
    people["kind"] = _kinds(streams, (people["company"] >= 0).to_numpy())
    people["gross"] = _gross(people["kind"], streams)
    people["total_income"] = _total_income(people, streams)
    people["trade"] = _trade(people, streams)
    region = _region(people, streams)
    people["region"] = pd.Categorical.from_codes(region, categories=REGIONS)
    nations = np.array([NATIONS.index(REGION_NATION[name]) for name in REGIONS])
    people["nation"] = pd.Categorical.from_codes(nations[region], categories=NATIONS)
    people["birth_year"] = _birth_year(people["kind"], streams)
    age = (2023 - people["birth_year"]).to_numpy()
    people["disposition"] = streams.normal("disposition") - 0.35 * (age >= 66) + 0.06
    with_agent = people["kind"].map(_WITH_AGENT).to_numpy()
    people["agent"] = streams.happens(with_agent - 0.06 * people["disposition"], "agent")
    people["first_year"], people["last_year"] = _panel(streams, register.years - 1)
    return people


def _kinds(streams: Streams, owns: NDArray[np.bool_]) -> pd.Categorical:
    gross = published()["gross_income"]
    counts = {kind: sum(gross[kind]) for kind in ("self_employed", "landlord", "both")}
    rest = published()["returns"]["expected"] - sum(counts.values())
    counts |= {kind: share * rest for kind, share in _WITHOUT_TRADE.items()}
    owners = streams.choice([counts[kind] * _OWNERS[kind] for kind in KINDS], "kind")
    others = streams.choice([counts[kind] * (1 - _OWNERS[kind]) for kind in KINDS], "kind")
    return pd.Categorical.from_codes(np.where(owns, owners, others), categories=KINDS)


def _gross(kinds: pd.Series, streams: Streams) -> Floats:
    table = published()["gross_income"]
    rank = streams.uniform("gross")
    gross = np.zeros(len(kinds))
    for kind, (floor, tail, uplift) in _GROSS_SHAPE.items():
        rows = (kinds == kind).to_numpy()
        counts = np.array(table[kind]) * _TRUE_TO_DECLARED[kind]
        gross[rows] = uplift * draw_from_bands(
            rank[rows], table["lower"], counts, floor=floor, tail=tail, cap=2e7
        )
    return gross


def _total_income(people: pd.DataFrame, streams: Streams) -> Floats:
    table = published()["income_by_band"]
    lower = [3_500, *table["lower"]]
    # How closely total income follows the size of the business; landlords mostly live on something else.
    tied = np.where(people["kind"] == "landlord", 0.05, 0.82)
    z = tied * streams.normal("gross") + np.sqrt(1 - tied**2) * streams.normal("total income")
    rank = _normal_rank(z)
    total = np.zeros(len(people))
    for kinds, column in ((("self_employed", "both"), "self_employment"), (("landlord",), "property")):
        rows = people["kind"].isin(kinds).to_numpy()
        fewer, uplift = _TRUE_TOTAL[column]
        listed = np.array(table[f"{column}_count"]) * _TRUE_TO_LISTED[column]
        counts = [fewer * _BELOW_ALLOWANCE[column], *listed]
        total[rows] = uplift * draw_from_bands(rank[rows], lower, counts, floor=3_500, tail=1.25, cap=2e7)
    total += (people["kind"] == "employee") * 34_000 * np.exp(0.50 * z)
    total += (people["kind"] == "pensioner") * 27_000 * np.exp(0.55 * z)
    tail = 100_000 * (1 - rank) ** (-1 / 2.0)
    return total + np.where(people["kind"] == "high_earner", np.minimum(0.55 * tail, 1e7), 0.0)


def _trade(people: pd.DataFrame, streams: Streams) -> NDArray[np.int64]:
    small = streams.choice(trades()["small"], "trade")
    large = streams.choice(trades()["large"], "trade")
    trading = people["kind"].isin(["self_employed", "both"]).to_numpy()
    registered = people["gross"].to_numpy() >= VAT_REGISTRATION_LEVEL
    return np.where(trading, np.where(registered, large, small), -1)


def _region(people: pd.DataFrame, streams: Streams) -> NDArray[np.int64]:
    resident, trader, landlord = (
        streams.choice(regions(kind), "region") for kind in ("resident", "trader", "landlord")
    )
    registered = (people["trade"] >= 0) & (people["gross"] >= VAT_REGISTRATION_LEVEL)
    lets = people["kind"].isin(["landlord", "both"])
    return np.where(registered, trader, np.where(lets, landlord, resident))


def _birth_year(kinds: pd.Series, streams: Streams) -> NDArray[np.int64]:
    mean = kinds.map({kind: value[0] for kind, value in _MEAN_AGE.items()}).to_numpy()
    spread = kinds.map({kind: value[1] for kind, value in _MEAN_AGE.items()}).to_numpy()
    age = np.clip(mean + spread * streams.normal("age"), 19, 95)
    age = np.where(kinds == "pensioner", np.maximum(age, 67), age)
    return np.asarray(2023 - age, dtype=np.int64)


def _panel(streams: Streams, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # Each year about 6 in 100 join and 5 in 100 leave (assumption); those who leave before they join in the
    # window are people who file throughout.
    join = np.where(streams.happens(0.06 * last, "joins"), 1 + streams.uniform("join year") * last, -9)
    leave = np.where(streams.happens(0.05 * last, "leaves"), streams.uniform("leave year") * last, last + 9)
    first, final = join.astype(np.int64), leave.astype(np.int64)
    return first, np.where(final < first, last + 9, final)


def _normal_rank(z: Floats) -> Floats:
    return np.clip(np.asarray(ndtr(z), dtype=np.float64), 1e-9, 1 - 1e-9)
