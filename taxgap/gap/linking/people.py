"""`link_people`: who is who on lists of people without identifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap.cautions import warn_of
from taxgap.gap.linking.cleaning import CLEAN, clean_people
from taxgap.gap.linking.errors import expect_false, expect_missed, share_compared
from taxgap.gap.linking.grouping import Kinds, choose_threshold, find_chances, group_records, kinds_of
from taxgap.gap.linking.model import check_installed, score_pairs
from taxgap.gap.linking.quality import LinkQuality, Qualities
from taxgap.risk.arrays import Floats, Integers
from taxgap.risk.card import to_plain

_OFTEN = 0.01
_NAMES = 10
"""Share of a list, and names, from which on one date of birth is doubted; no real day holds a
thousandth of all births (choices of ours)."""


@dataclass(frozen=True)
class LinkedPeople:
    """Lists of people of whom is told who is who.

    Parameters
    ----------
    identities : mapping of str to Series
        For each list the person of every record, on the list's index: a number that reads alike in all lists.
    pairs : DataFrame
        Pairs of records that agree in a key: ``first_list, first, second_list, second`` (labels of the lists'
        indexes), ``weight`` (log2 of how much likelier this agreement is for one person than for two),
        ``probability`` (that they are one person), ``linked``.
    threshold : float
        Probability from which on pairs were linked.
    errors : DataFrame
        One row for each two lists, and for each list with itself: ``first, second``; ``linked`` people on
        both (records joined, within a list); ``false`` links and ``missed`` ones, as expected; ``compared``,
        the share of pairs of one person that agree in a key; ``sensitivity``, the share of right links that
        were made.
    links : mapping of two names to LinkQuality
        The same for `recapture_lists`.
    cautions : tuple of str
        What to look at before the links are used.
    """

    identities: Mapping[str, pd.Series]
    pairs: pd.DataFrame
    threshold: float
    errors: pd.DataFrame
    links: Qualities
    cautions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what may be shown of it: no record, no pair."""
        plain: dict[str, Any] = to_plain(
            {
                "threshold": self.threshold,
                "records": {name: len(who) for name, who in self.identities.items()},
                "people": {name: int(who.nunique()) for name, who in self.identities.items()},
                "errors": self.errors.to_dict("records"),
                "cautions": self.cautions,
            }
        )
        return plain


def link_people(
    lists: Mapping[str, pd.DataFrame],
    *,
    most_false: float = 0.01,
    threshold: float | None = None,
    doubt: float = 0.5,
    seed: int = 0,
) -> LinkedPeople:
    """Link people over lists that share no identifier, by names, dates of birth and addresses.

    Needs Splink: ``pip install 'taxgap[link]'``.

    Parameters
    ----------
    lists : mapping of str to DataFrame
        One to five lists, one row a record: ``name``, and where known ``birth_date``, ``address`` (number and
        street) and ``postcode``. Other columns are not read. People may stand on a list several times.
    most_false : float, default 0.01
        Share of links that may be expected to be wrong: the threshold is the lowest that keeps to it, and at
        least 0.5.
    threshold : float, optional
        Probability from which on pairs are linked, in its place.
    doubt : float, default 0.5
        Relative standard error of the expected numbers of false and of missed links, for `links`. It is an
        assumption: check some hundred links by hand to know better.
    seed : int, default 0
        Of the sample of pairs that shows how often two people agree.

    Returns
    -------
    LinkedPeople
        The same for the same records, in whichever order they come.

    Raises
    ------
    UsageError
        If Splink is not installed, an option cannot be used, or two lists have one name as text (1 and "1").
    InvalidDataError
        If a list is empty, has no column ``name`` or nothing but names, or a date cannot be read or is a
        number.

    Warns
    -----
    EstimateWarning
        If ten names and more than 1% of a list share a date of birth, which then stands for an unknown one.

    Notes
    -----
    The model of Fellegi and Sunter (JASA 64 (1969)), fitted without examples by Splink; rare names weigh
    more. How many pairs are one person is fitted for each two lists, and pairs of one household are a kind of
    their own, so that a shared name and address does not make a couple one person. Then records are joined
    that are linked, directly or through others. Expected errors follow from the probabilities, and from the
    share of pairs of one person that agree in no key (so that they were never compared).

    Examples
    --------
    >>> from taxgap.gap.linking import link_people
    >>> linked = link_people({"banks": banks, "platforms": platforms})  # doctest: +SKIP
    """
    _check_options(lists, most_false, threshold, doubt)
    check_installed()
    people, lists_of, order = _stack(lists)
    cautions = _doubt_dates(people, lists_of, list(map(str, lists)))
    warn_of(cautions)
    scored = score_pairs(people, seed)
    chances = find_chances(scored.pairs, lists_of)
    limit = choose_threshold(chances, most_false) if threshold is None else threshold
    who = group_records(scored.pairs, chances, limit, len(people))
    kinds = kinds_of(lists_of)
    errors = _tabulate_errors(
        lists,
        kinds,
        _count_linked(who, lists_of, kinds),
        expect_false(scored.pairs, chances, who, lists_of, kinds),
        expect_missed(scored.pairs, chances, who, lists_of, kinds),
        share_compared(people, lists_of, scored.agree, kinds),
    )
    return LinkedPeople(
        _name_identities(lists, order, who),
        _describe_pairs(lists, order, scored.pairs, chances, chances >= limit),
        limit,
        errors,
        _to_qualities(errors, doubt),
        tuple(cautions),
    )


def _check_options(
    lists: Mapping[str, pd.DataFrame], most_false: float, threshold: float | None, doubt: float
) -> None:
    if not 1 <= len(lists) <= 5:
        raise UsageError(f"There are {len(lists)} lists; one to five are taken.", where="lists")
    if len(set(map(str, lists))) < len(lists):
        raise UsageError(
            "Two lists have one name as text.", where="lists", available=map(str, lists), remedy="Rename one."
        )
    limit = 0.5 if threshold is None else threshold
    if not (0 < most_false < 1 and 0 < limit <= 1 and 0 <= doubt < float("inf")):
        raise UsageError(
            "most_false and threshold lie between 0 and 1, and doubt is not below 0.", where="most_false"
        )
    empty = [str(name) for name, people in lists.items() if people.empty]
    if empty:
        raise InvalidDataError("A list has no records.", where=", ".join(empty), remedy="Leave it out.")


def _stack(lists: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, Integers, Integers]:
    """Return all records, clean and in an order of their own, with the list and the input's place of each."""
    parts = []
    for number, (name, people) in enumerate(lists.items()):
        try:
            clean = clean_people(people.reset_index(drop=True))
        except InvalidDataError as error:
            raise InvalidDataError(
                error.message, where=f"{name}: {error.where}", available=error.available, remedy=error.remedy
            ) from None
        # Records that read alike are told apart by their labels, so that even they do not follow the order.
        parts.append(clean.assign(list=number, label=people.index.map(str).to_numpy()))
        if clean[["born", "street", "postcode"]].isna().all(axis=None):
            raise InvalidDataError(
                "A list has nothing but names: too many people share one.",
                where=str(name),
                remedy="Give birth_date, or address and postcode, where they are known.",
            )
    stacked = pd.concat(parts, ignore_index=True)
    if len(stacked) < 2:
        raise InvalidDataError("There is but one record: nothing can be linked.", where="lists")
    ordered = stacked.sort_values(["list", *CLEAN, "label"], kind="stable")
    order = ordered.index.to_numpy()
    return ordered[list(CLEAN)].reset_index(drop=True), ordered["list"].to_numpy(dtype=np.int64), order


def _doubt_dates(people: pd.DataFrame, lists_of: Integers, names: Sequence[str]) -> list[str]:
    """Return a caution for each date of birth that so many share that it stands for an unknown one."""
    cautions = []
    for number, name in enumerate(names):
        mine = people[lists_of == number]
        born = mine.groupby("born")["words"].agg(["size", "nunique"])
        often = born[(born["size"] > _OFTEN * len(mine)) & (born["nunique"] >= _NAMES)]
        cautions += [
            f"{name}: {row['size'] / len(mine):.0%} of the records are born on {day}. If this stands for an "
            "unknown date, leave it empty: it links people who share nothing else."
            for day, row in often.iterrows()
        ]
    return cautions


def _count_linked(who: Integers, lists: Integers, kinds: Kinds) -> Integers:
    on = pd.crosstab(who, lists).to_numpy()
    return np.array(
        [
            (on[:, one] - 1).clip(min=0).sum() if one == two else ((on[:, one] > 0) & (on[:, two] > 0)).sum()
            for one, two in kinds.which
        ]
    )


def _tabulate_errors(  # noqa: PLR0917  one column each
    lists: Mapping[str, pd.DataFrame],
    kinds: Kinds,
    linked: Integers,
    false: Floats,
    missed: Floats,
    compared: Floats,
) -> pd.DataFrame:
    names, records = list(map(str, lists)), [len(people) for people in lists.values()]
    most = np.array([min(records[one], records[two]) for one, two in kinds.which], dtype=np.float64)
    right = np.maximum(linked - false, 0.0)
    there = np.minimum((right + missed) / np.maximum(compared, 1e-9), np.maximum(most, right))
    sensitivity = np.divide(right, there, out=compared.copy(), where=there >= 1)
    return pd.DataFrame(
        {
            "first": [names[one] for one, _ in kinds.which],
            "second": [names[two] for _, two in kinds.which],
            "linked": linked,
            "false": false,
            "missed": there - right,
            "compared": compared,
            "sensitivity": np.clip(sensitivity, 1e-3, 1.0),
        }
    )


def _to_qualities(errors: pd.DataFrame, doubt: float) -> dict[tuple[str, str], LinkQuality]:
    return {
        (row.first, row.second): LinkQuality(
            row.sensitivity,
            row.false,
            doubt * (1 - row.sensitivity) * row.sensitivity,
            doubt * row.false + row.false**0.5,
        )
        for row in errors.itertuples()
    }


def _name_identities(
    lists: Mapping[str, pd.DataFrame], order: Integers, who: Integers
) -> dict[str, pd.Series]:
    back = np.empty(len(who), dtype=np.int64)
    back[order] = who
    ends = np.cumsum([len(people) for people in lists.values()])
    return {
        str(name): pd.Series(mine, index=people.index, name="person")
        for (name, people), mine in zip(lists.items(), np.split(back, ends[:-1]), strict=True)
    }


def _describe_pairs(
    lists: Mapping[str, pd.DataFrame], order: Integers, pairs: pd.DataFrame, chances: Floats, linked: Any
) -> pd.DataFrame:
    names = np.repeat([str(name) for name in lists], [len(people) for people in lists.values()])
    labels = np.concatenate([people.index.to_numpy().astype(object) for people in lists.values()])
    left, right = order[pairs["left"]], order[pairs["right"]]
    fields = [name for name in pairs.columns if name not in ("left", "right")]
    return pd.DataFrame(
        {
            "first_list": names[left],
            "first": labels[left],
            "second_list": names[right],
            "second": labels[right],
            "weight": pairs[fields].sum(axis=1).to_numpy(),
            "probability": chances,
            "linked": linked,
        }
    )
