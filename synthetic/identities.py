"""Names, addresses and accounts of people and firms, none of them real.

Some taxpayers share an address, and some of these an account. Nobody is asked for it: taxpayers whose numbers
stand in one block of `BLOCK` may move into the block's common home in their region, and whether one does is
his own draw. Who shares with whom can therefore be worked out from either end, by looking at one block.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from taxgap.schemas.codes import REGIONS
from taxgap.synthetic.streams import Streams

Objects = NDArray[np.object_]

BLOCK = 8
"""Numbers that may share an address: entities with the same number divided by this, rounded down."""

# Share who move into the common home of their block; about 6% of people and 11% of firms then have company
# there (assumption). Of those in a common home, the share who use its account (assumption).
_MOVES_IN = {False: 0.30, True: 0.40}
_USES_COMMON_ACCOUNT = 0.40
_FAMILY_NAME = 0.60  # share of people in a common home who bear its name (assumption)
_MIDDLE_NAME = 0.35  # assumption

# Common homes have numbers of their own, beyond those of all entities.
_HOMES = 10**15

# No postcode area begins with Q (memory), and the letters C, I, K, M, O and V end no real postcode.
_AREAS = np.array([f"Q{letter}" for letter in "ABCDEFGHJKLN"], dtype=object)
_INWARD = np.array([a + b for a in "ABDEFGHJLNPQRSTUWXYZ" for b in "ABDEFGHJLNPQRSTUWXYZ"], dtype=object)
_DISTRICTS = 20

_SPACE = np.array(" ", dtype=object)
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def draw_identities(
    entity: ArrayLike, *, seed: int, is_firm: ArrayLike, region: ArrayLike, birth_year: ArrayLike
) -> pd.DataFrame:
    """Draw the names, addresses and accounts of taxpayers.

    Parameters
    ----------
    entity : array-like of int, shape (n,)
        Number of each taxpayer.
    seed : int
        Seed of the population.
    is_firm : array-like of bool, shape (n,)
        Companies and partnerships; one value may stand for all.
    region : array-like of str, shape (n,)
        A level of `taxgap.schemas.codes.REGIONS` for each.
    birth_year : array-like of int or float, shape (n,)
        Year of birth; ignored for firms, where it may be missing.

    Returns
    -------
    DataFrame
        `name`, `birth_date` (not a date for firms), `address`, `postcode`, `account`; one row an entity.

    Notes
    -----
    The words stand in ``names.toml``. The postcode area follows the region: QA for the first of the list,
    and so on. An account is an opaque token, never a sort code and a number.

    Examples
    --------
    >>> one = draw_identities([4], seed=7, is_firm=False, region=["Wales"], birth_year=[1980])
    >>> str(one["postcode"].iloc[0])[:2], one["birth_date"].dt.year.iloc[0].item()
    ('QK', 1980)
    """
    streams = Streams(seed, entity)
    firm = np.broadcast_to(np.asarray(is_firm, dtype=bool), streams.entity.shape)
    place = pd.Categorical(region, categories=REGIONS).codes.astype(np.int64)
    home = _homes(streams, firm, place)
    at_home = Streams(seed, home)
    return pd.DataFrame(
        {
            "name": _names(streams, at_home, firm),
            "birth_date": _birth_dates(streams, firm, birth_year),
            "address": _addresses(at_home),
            "postcode": _postcodes(at_home, place),
            "account": account_of(streams, home),
        }
    ).astype({"name": "str", "address": "str", "postcode": "str", "account": "str"})


def draw_homes(entity: ArrayLike, *, seed: int, is_firm: ArrayLike, region: ArrayLike) -> NDArray[np.uint64]:
    """Return the number of each taxpayer's home: who has the same number has the same address.

    Parameters
    ----------
    entity, seed, is_firm, region
        As in `draw_identities`.

    Returns
    -------
    ndarray of uint64, shape (n,)

    Examples
    --------
    >>> homes = draw_homes(np.arange(80), seed=7, is_firm=False, region=["Wales"] * 80)
    >>> len(set(homes.tolist())) < 80
    True
    """
    streams = Streams(seed, entity)
    firm = np.broadcast_to(np.asarray(is_firm, dtype=bool), streams.entity.shape)
    return _homes(streams, firm, pd.Categorical(region, categories=REGIONS).codes.astype(np.int64))


def opaque(streams: Streams, purpose: str, counter: ArrayLike = -1, *, digits: int = 16) -> Objects:
    """Draw opaque tokens of up to 24 hexadecimal digits, which tell nothing of whom they stand for.

    Parameters
    ----------
    streams : Streams
    purpose : str
    counter : array-like of int, optional
    digits : int, default 16

    Returns
    -------
    ndarray of object, shape (n,)
    """
    halves = [np.floor(streams.uniform(f"{purpose} {half}", counter) * 2.0**48) for half in "12"]
    codes = np.stack(halves, axis=1).astype(">u8").view(np.uint8).reshape(len(streams.entity), 2, 8)
    code = codes[:, :, 2:].reshape(-1, 12)  # the 48 bits that were drawn, twice
    letters = np.stack([_HEX[code >> 4], _HEX[code & 15]], axis=2).reshape(len(code), 24)
    return np.ascontiguousarray(letters[:, :digits]).view(f"S{digits}")[:, 0].astype("U").astype(object)


def _homes(streams: Streams, firm: NDArray[np.bool_], place: NDArray[np.int64]) -> NDArray[np.uint64]:
    share = np.where(firm, _MOVES_IN[True], _MOVES_IN[False])
    common = (streams.entity // np.uint64(BLOCK)) * np.uint64(len(REGIONS)) + place.astype(np.uint64)
    moves = streams.happens(share, "moves into the common home")
    return np.where(moves, np.uint64(_HOMES) + common, streams.entity)


@cache
def _words() -> dict[str, Objects]:
    text = (resources.files("taxgap.synthetic") / "names.toml").read_text("utf-8")
    return {name: np.array(words, dtype=object) for name, words in tomllib.loads(text)["word"].items()}


def _word(streams: Streams, kind: str, purpose: str) -> Objects:
    # The first words of a list come a little more often: the power is an assumption.
    words = _words()[kind]
    return words[(streams.uniform(purpose) ** 1.4 * len(words)).astype(np.int64)]


def _names(streams: Streams, at_home: Streams, firm: NDArray[np.bool_]) -> Objects:
    names = np.empty(len(firm), dtype=object)
    names[firm] = _firm_names(streams[firm])
    names[~firm] = _person_names(streams[~firm], at_home[~firm])
    return names


def _person_names(streams: Streams, at_home: Streams) -> Objects:
    names = _word(streams, "first", "first name") + _SPACE
    two = streams.happens(_MIDDLE_NAME, "middle name")
    names[two] += _word(streams[two], "first", "middle name") + _SPACE
    last = _word(streams, "last", "last name")
    family = (at_home.entity >= np.uint64(_HOMES)) & streams.happens(_FAMILY_NAME, "family name")
    last[family] = _word(at_home[family], "last", "family name")
    return np.asarray(names + last)


def _firm_names(streams: Streams) -> Objects:
    head = _word(streams, "firm_word", "firm word")
    founded = streams.happens(0.5, "named after its founder")
    head[founded] = _word(streams[founded], "last", "founder")
    trade, form = _word(streams, "firm_trade", "firm trade"), _word(streams, "firm_form", "firm form")
    return np.asarray(head + _SPACE + trade + _SPACE + form)


def _birth_dates(streams: Streams, firm: NDArray[np.bool_], birth_year: ArrayLike) -> NDArray[np.datetime64]:
    years = pd.to_numeric(pd.Series(np.asarray(birth_year))).to_numpy(dtype=float, na_value=np.nan)
    none = firm | np.isnan(years)
    year = (np.where(none, 1970, years).astype(np.int64) - 1970).astype("datetime64[Y]")
    day = (streams.uniform("birthday") * 365).astype(np.int64).astype("timedelta64[D]")
    dates = year.astype("datetime64[D]") + day
    return np.where(none, np.datetime64("NaT", "D"), dates).astype("datetime64[s]")


def _addresses(at_home: Streams) -> Objects:
    number = 1 + (180 * at_home.uniform("house number") ** 2).astype(np.int64)
    houses = np.array([f"{house} " for house in range(182)], dtype=object)
    return np.asarray(houses[number] + _word(at_home, "street", "street"))


def _postcodes(at_home: Streams, place: NDArray[np.int64]) -> Objects:
    district = (at_home.uniform("district") * _DISTRICTS).astype(np.int64)
    unit = (at_home.uniform("postcode") * 10 * len(_INWARD)).astype(np.int64)
    outward = (_AREAS[:, None] + np.array([f"{d + 1} " for d in range(_DISTRICTS)], dtype=object)).ravel()
    inward = (np.array(list("0123456789"), dtype=object)[:, None] + _INWARD).ravel()
    return np.asarray(outward[place * _DISTRICTS + district] + inward[unit])


def account_of(streams: Streams, home: NDArray[np.uint64]) -> Objects:
    """Return the account of each taxpayer, given his home: in a common home some use its account."""
    common = (home >= np.uint64(_HOMES)) & streams.happens(_USES_COMMON_ACCOUNT, "uses the common account")
    holder = Streams(streams.seed, np.where(common, home, streams.entity))
    return np.asarray("ACC-" + opaque(holder, "account", digits=10))
