"""Who is hidden: kind, trade, home, age, pay, and since when."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas.codes import NATIONS, REGION_NATION, REGIONS, UNREGISTERED_KINDS
from taxgap.synthetic.identities import draw_identities
from taxgap.synthetic.people import draw_people
from taxgap.synthetic.published import published, regions, trades
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats, Streams

HIDDEN = 1_200_000_000
"""The entity number of hidden person zero; those of the register are smaller."""

_SCATTER = 982_451_653  # a prime larger than any register: its multiples meet every taxpayer once
_FILES_FOR_ANOTHER_REASON = ("employee", "high_earner")


@cache
def figures() -> dict[str, dict[str, Any]]:
    """Return the published figures and assumptions of ``figures.toml``, by table.

    Examples
    --------
    >>> figures()["prevalence"]["after_allowances"]
    0.066
    """
    text = (resources.files("taxgap.synthetic.hidden") / "figures.toml").read_text("utf-8")
    return tomllib.loads(text)


def count_hidden(individuals: int) -> int:
    """Return the number of hidden people that go with a register, at any time in the panel.

    Parameters
    ----------
    individuals : int
        People on the register at any time in the panel.

    Returns
    -------
    int
        About 0.30 times as many: 6.6% of adults for every 12,029,168 people who file. Hidden people come
        and go as those on the register do, so that the proportion holds in every year too.

    Examples
    --------
    >>> count_hidden(100_000)
    29628
    """
    hidden = figures()["prevalence"]["after_allowances"] * figures()["adults"]["number"]
    share = float(hidden / published()["returns"]["expected"])
    return round(individuals * share)


def person_ids(numbers: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the identifier of each hidden person.

    Examples
    --------
    >>> person_ids(np.array([42])).tolist()
    ['H00000042']
    """
    return np.array([f"H{number:08d}" for number in numbers.tolist()], dtype=object)


def draw_hidden_people(numbers: NDArray[np.int64], settings: Settings, individuals: int) -> pd.DataFrame:
    """Draw the persistent traits of hidden people.

    Parameters
    ----------
    numbers : ndarray of int64
        Their numbers, from zero on.
    settings : Settings
    individuals : int
        People on the register, with the entity numbers below it.

    Returns
    -------
    DataFrame
        One row a person: `entity`, `person_id`, `kind` (of `UNREGISTERED_KINDS`; never
        ``unregistered_trader``, which `large` says), `large` (takings above the VAT threshold), `trade` (row
        of `trades()`, -1 for landlords), `pay` (GBP of 2023-24), `region`, `nation`, `birth_year`,
        `first_year` and `last_year` (positions in `ALL_YEARS`), `taxpayer_id` (none for most), `identity`
        (the entity whose name they bear: their own, or that on the register) and the columns of
        `draw_identities`.
    """
    streams = Streams(settings.seed, HIDDEN + numbers)
    people = pd.DataFrame({"entity": streams.entity, "person_id": person_ids(numbers)})
    people["kind"], people["large"] = _kinds(streams)
    lets = (people["kind"] == "undeclared_landlord").to_numpy()
    people["trade"] = _trades(people["large"].to_numpy(), lets, streams)
    people["pay"] = _pay(people["kind"], streams)
    people["region"] = np.where(
        lets, streams.choice(regions("landlord"), "region"), streams.choice(regions("resident"), "region")
    )
    people["birth_year"] = 2023 - _ages(lets, streams)
    people["first_year"], people["last_year"] = _panel(streams, len(settings.panel) - 1)
    people["taxpayer_id"] = pd.Series(None, index=people.index, dtype="str")
    people["identity"] = people["entity"].astype(np.int64)
    _join_register(people, numbers, settings, individuals)
    region = people["region"].to_numpy()
    nations = np.array([NATIONS.index(REGION_NATION[name]) for name in REGIONS])
    people["region"] = pd.Categorical.from_codes(region, categories=REGIONS)
    people["nation"] = pd.Categorical.from_codes(nations[region], categories=NATIONS)
    known = draw_identities(
        people["identity"],
        seed=settings.seed,
        is_firm=False,
        region=people["region"],
        birth_year=people["birth_year"],
    )
    return people.join(known)


def _kinds(streams: Streams) -> tuple[pd.Categorical, NDArray[np.bool_]]:
    found, assumed = figures()["prevalence"], figures()["kinds"]
    lets = found["moonlighters"] * assumed["landlords"]
    weights = {
        "ghost": found["ghosts"],
        "moonlighter": found["moonlighters"] - lets,
        "undeclared_landlord": lets,
    }
    large = {"ghost": assumed["large_ghosts"], "moonlighter": 1 - assumed["large_ghosts"]}
    choice = streams.choice(list(weights.values()), "hidden kind")
    rates = [found["vat_unregistered"] * large.get(kind, 0.0) / weight for kind, weight in weights.items()]
    kinds = pd.Categorical(np.array(list(weights), dtype=object)[choice], categories=UNREGISTERED_KINDS)
    return kinds, streams.happens(np.array(rates)[choice], "large")


def _trades(large: NDArray[np.bool_], lets: NDArray[np.bool_], streams: Streams) -> NDArray[np.int64]:
    # Those who are paid in ways that leave little trace hide more easily (assumption).
    table = trades()
    unseen = np.exp(table["lean"]) * (0.1 + table["cash"] + table["platform"])
    small = streams.choice(table["small"] * unseen, "hidden trade")
    above = streams.choice(table["large"] * (table["cash"] + table["card"]), "hidden trade")
    return np.where(lets, -1, np.where(large, above, small))


def _pay(kinds: pd.Series, streams: Streams) -> Floats:
    table = pd.DataFrame({name: figures()["pay"][name] for name in ("kind", "median", "spread")})
    table = table.set_index("kind").reindex(kinds.astype(str)).fillna(0.0)
    return np.asarray(table["median"] * np.exp(table["spread"] * streams.normal("hidden pay")))


def _ages(lets: NDArray[np.bool_], streams: Streams) -> NDArray[np.int64]:
    table = figures()["ages"]
    rank = streams.uniform("hidden age")
    ages = [
        np.interp(rank, np.r_[0.0, np.cumsum(table[who])] / sum(table[who]), table["lower"])
        for who in ("trader", "landlord")
    ]
    return np.asarray(np.where(lets, ages[1], ages[0]), dtype=np.int64)


def _panel(streams: Streams, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # As on the register: those who stop before they start were there throughout.
    rates = figures()["kinds"]
    joins = streams.happens(rates["joins_a_year"] * last, "joins")
    leaves = streams.happens(rates["leaves_a_year"] * last, "leaves")
    first = np.where(joins, 1 + streams.uniform("join year") * last, -9).astype(np.int64)
    final = np.where(leaves, streams.uniform("leave year") * last, last + 9).astype(np.int64)
    return first, np.where(final < first, last + 9, final)


def _join_register(
    people: pd.DataFrame, numbers: NDArray[np.int64], settings: Settings, individuals: int
) -> None:
    # Some moonlighters file for another reason: they are people of the register, and keep what they are
    # there.
    wanted = (people["kind"] == "moonlighter").to_numpy() & ~people["large"].to_numpy()
    streams = Streams(settings.seed, HIDDEN + numbers)
    wanted &= streams.happens(figures()["kinds"]["registered"], "files for another reason")
    rows = np.flatnonzero(wanted & (numbers < individuals))
    if not len(rows):
        return
    entity = (
        numbers[rows] % individuals * (_SCATTER % individuals) + streams.seed % individuals
    ) % individuals
    person = draw_people(Streams(settings.seed, entity), settings.register)
    kept = person["kind"].isin(_FILES_FOR_ANOTHER_REASON).to_numpy()
    rows, person = rows[kept], person[kept]
    people.loc[rows, "taxpayer_id"] = [f"T{number:08d}" for number in entity[kept].tolist()]
    people.loc[rows, "identity"] = entity[kept]
    people.loc[rows, "region"] = person["region"].cat.codes.to_numpy().astype(np.int64)
    people.loc[rows, "birth_year"] = person["birth_year"].to_numpy()
    people.loc[rows, "pay"] = person["total_income"].to_numpy()
