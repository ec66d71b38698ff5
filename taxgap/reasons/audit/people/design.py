"""The design of a study with people: which case stands on which form, in which arm, and in which order.

Every participant sees every case once. Over any three forms each case stands once in each arm (a Latin
square), and within a form each arm holds as many cases of each kind. So neither the reader nor the case
can be what makes an arm look good.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import UsageError

ARMS = ("score", "reasons", "wrong_reasons")
"""What a sheet shows beside the figures: the score alone, with its reasons, or with wrong ones."""

KINDS = {"flagged_wrong": 3, "flagged_right": 2, "passed_wrong": 1, "passed_right": 2}
"""Kinds of case, in eighths of the cases: by what the model says, and what the return truly is. Half of the
returns are wrong, so whoever guesses is right half of the time; in three of eight cases the model is
mistaken, so that agreement with it can be told from being right."""

LEAST_CASES = 12
"""Three cases of each kind, one an arm."""

LAYOUT = ("form", "position", "case", "arm")


def count_kinds(cases: int) -> dict[str, int]:
    """Say how many cases of each kind there are.

    Parameters
    ----------
    cases : int
        A multiple of three from `LEAST_CASES` up.

    Returns
    -------
    dict of str to int
        Each a multiple of three, so that the arms of every form hold as many of each kind.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> count_kinds(24)
    {'flagged_wrong': 9, 'flagged_right': 6, 'passed_wrong': 3, 'passed_right': 6}
    """
    if cases < LEAST_CASES or cases % len(ARMS):
        raise UsageError(
            f"{cases} cases cannot be shared out.",
            where="cases",
            remedy=f"Choose a multiple of {len(ARMS)} from {LEAST_CASES} up, for arms of one size.",
        )
    triples = cases // len(ARMS)
    shares = np.array(list(KINDS.values())) / sum(KINDS.values()) * triples
    counts = np.maximum(np.floor(shares).astype(np.int64), 1)
    while counts.sum() < triples:
        counts[np.argmax(shares - counts)] += 1
    while counts.sum() > triples:
        counts[np.argmax(counts - shares)] -= 1
    return dict(zip(KINDS, (len(ARMS) * counts).tolist(), strict=True))


def lay_out(kinds: pd.Series, *, participants: int, seed: int) -> pd.DataFrame:
    """Assign arms and order for every participant.

    Parameters
    ----------
    kinds : Series of str
        Indexed by case: its kind. Of each kind there is a multiple of three.
    participants : int
        A multiple of three.
    seed : int
        The same seed gives the same layout.

    Returns
    -------
    DataFrame
        `LAYOUT`, one row a form and case: forms are numbered from 1, and so are the positions within one.

    Raises
    ------
    UsageError

    Notes
    -----
    For every three participants the cases of each kind are shuffled and dealt into three groups, and the
    groups rotate through the arms from one participant to the next. The order within a form is drawn in
    blocks of three, one of each arm, so that practice and fatigue fall on all arms alike.

    Examples
    --------
    >>> kinds = pd.Series("flagged_wrong", index=["C1", "C2", "C3"])
    >>> plan = lay_out(kinds, participants=3, seed=0)
    >>> plan.groupby("case")["arm"].nunique().tolist(), plan.groupby("form")["arm"].nunique().tolist()
    ([3, 3, 3], [3, 3, 3])
    """
    check_participants(participants)
    _check_kinds(kinds)
    random = np.random.default_rng([seed, 1])
    forms = []
    for first in range(1, participants + 1, len(ARMS)):
        groups = _deal(kinds, random)
        forms += [_order(groups, first + turn, turn, random) for turn in range(len(ARMS))]
    return pd.concat(forms, ignore_index=True)[list(LAYOUT)]


def check_participants(participants: int) -> None:
    """Refuse a number of participants that cannot be balanced.

    Raises
    ------
    UsageError
    """
    if participants < len(ARMS) or participants % len(ARMS):
        raise UsageError(
            f"{participants} participants cannot be balanced.",
            where="participants",
            remedy=f"Choose a multiple of {len(ARMS)}: each case stands in each arm for a third of them.",
        )


def _check_kinds(kinds: pd.Series) -> None:
    uneven = {kind: n for kind, n in kinds.value_counts().items() if n % len(ARMS)}
    if uneven or kinds.empty or not kinds.index.is_unique:
        raise UsageError(
            f"There is no multiple of {len(ARMS)} of each kind of case: {uneven}.", where="kinds"
        )


def _deal(kinds: pd.Series, random: np.random.Generator) -> pd.Series:
    """Deal the cases of each kind into three groups of the same size."""
    shuffled = kinds.iloc[random.permutation(len(kinds))]
    return shuffled.groupby(shuffled).cumcount() % len(ARMS)


def _order(groups: pd.Series, form: int, turn: int, random: np.random.Generator) -> pd.DataFrame:
    arm = ((groups + turn) % len(ARMS)).to_numpy()
    places = _blocks(arm, random)
    table = pd.DataFrame({"form": form, "case": groups.index, "arm": np.array(ARMS)[arm]}).iloc[places]
    return table.assign(position=np.arange(1, len(table) + 1))


def _blocks(arm: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Order the cases in blocks of three, one of each arm, both blocks and their insides by lot."""
    lot = random.random(len(arm))
    block = pd.Series(lot).groupby(arm).rank(method="first").to_numpy()
    return np.lexsort((random.random(len(arm)), block))
