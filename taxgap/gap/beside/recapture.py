"""The hidden economy by capture and recapture: who is on no list, from who is on several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, combinations_with_replacement, product
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.gap.checks import check_level
from taxgap.gap.linking.quality import (
    PAIRS,
    PERFECT,
    LinkQuality,
    Qualities,
    correct_three,
    count_doubles,
    pick_quality,
)
from taxgap.risk.arrays import Floats
from taxgap.risk.card import to_plain

_ROUNDS = 100


@dataclass(frozen=True)
class HiddenEstimate:
    """How many there are, of whom some are on no list.

    Parameters
    ----------
    value, low, high : float
        All people, on a list or not, with the interval.
    seen : int
        People on at least one list.
    standard_error : float
    model : str
        ``chapman`` or the log-linear model, such as ``A + B + C + A:B``.
    models : DataFrame
        Of log-linear models: ``model, value, low, high, aic``; empty for two lists.
    cautions : tuple of str
    """

    value: float
    low: float
    high: float
    seen: int
    standard_error: float
    model: str
    models: pd.DataFrame
    cautions: tuple[str, ...]

    @property
    def hidden(self) -> float:
        """People on no list."""
        return self.value - self.seen

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        plain: dict[str, Any] = to_plain(vars(self) | {"models": self.models.to_dict("records")})
        return plain


def recapture_two(
    first: float, second: float, both: int, *, links: LinkQuality = PERFECT, level: float = 0.95
) -> HiddenEstimate:
    """Estimate how many there are from two lists.

    Parameters
    ----------
    first, second : int
        People on each list.
    both : int
        People on both, as they were linked.
    links : LinkQuality, optional
        Missed and false links, which are corrected for; none where it is not given.
    level : float, default 0.95

    Returns
    -------
    HiddenEstimate

    Raises
    ------
    UsageError
        If the level is not between 0 and 1.
    InvalidDataError
        If the counts contradict each other, or one is missing or infinite.
    NotIdentifiedError
        If all links are expected to be false.

    Notes
    -----
    Chapman's form of Lincoln and Petersen: N = (a + 1)(b + 1) / (m + 1) - 1, with the variance of Seber
    (1970); limits are log-normal for those on no list. The lists must be independent, everyone as likely to
    be on one, and links right: reports that share a cause (a person reported by a platform is reported by its
    bank) give too few. Every missed link hides somebody who is on both, and gives too many; with the
    sensitivity s and f false links, m = (linked - f) / s (Ding and Fienberg, Survey Methodology 20 (1994),
    who have f = 0). The variance adds that of which links were missed, and the errors of s and f, by the
    delta method.

    Examples
    --------
    >>> found = recapture_two(200, 150, 30)
    >>> round(found.value, 1), found.seen
    (978.1, 320)
    >>> found = recapture_two(200, 150, 30, links=LinkQuality(0.8, sensitivity_error=0.05))
    >>> round(found.value, 1), found.seen
    (787.3, 312)
    """
    check_level(level)
    finite = isfinite(first) and isfinite(second)
    if not finite or not 0 <= both <= min(first, second) or min(first, second) < 1:
        raise InvalidDataError(
            "People on both lists must be no more than those on each, and no list empty.", where="both"
        )
    a, b, m = float(first), float(second), float(both)
    if links != PERFECT:
        m = min((m - links.false) / links.sensitivity, a, b)
        if m <= 0:
            raise NotIdentifiedError(
                "All links are expected to be false: how many are on no list cannot be told.", where="links"
            )
    value = (a + 1) * (b + 1) / (m + 1) - 1
    variance = (a + 1) * (b + 1) * (a - m) * (b - m) / ((m + 1) ** 2 * (m + 2))
    variance += ((value + 1) / (m + 1)) ** 2 * _variance_of_links(m, links)
    seen = round(a + b - m)
    low, high = _limits(value, variance, seen, level)
    cautions = ["Two lists cannot show whether they are independent: a third would."]
    if both < 7:
        cautions.append(f"Only {both} people are on both lists: below 7 the estimate is biased downwards.")
    return HiddenEstimate(value, low, high, seen, variance**0.5, "chapman", pd.DataFrame(), tuple(cautions))


def recapture_lists(
    lists: Mapping[str, pd.Series], *, links: Qualities | None = None, level: float = 0.95
) -> HiddenEstimate:
    """Estimate how many there are from two or three lists of linked people.

    Parameters
    ----------
    lists : mapping of str to Series
        Name to the linked identities on the list, one a record; an identity on several lists must read alike
        in all.
    links : mapping of two names to LinkQuality, optional
        Missed and false links of two lists, or within one (twice the same name), which are corrected for,
        such as the ``links`` of `link_people`. Two lists that are not told of have perfect links. It may tell
        of other lists too if all that it should tell of these is there; otherwise a name that is no list is
        taken for a slip.
    level : float, default 0.95

    Returns
    -------
    HiddenEstimate
        Two lists: `recapture_two`. Three: the log-linear model with the smallest AIC of the eight that leave
        a degree of freedom or saturate the pairs; all stand in ``models``, and ``low`` and ``high`` span
        those within 2 of the best.

    Raises
    ------
    UsageError
        If there are fewer than two or more than three lists, two have one name, ``links`` name a list that is
        not there, or the level is not between 0 and 1.
    InvalidDataError
        If an identity is missing: everybody without one would be one person.
    NotIdentifiedError
        If no two lists share a person.

    Notes
    -----
    Poisson regression of the counts of the seven visible patterns on lists and pairs of lists; the eighth, on
    no list, is exp of the constant (Fienberg, Biometrika 59 (1972)). Its variance is by the delta method,
    plus its own Poisson part. With `links` the counts are first what they would be if links were right
    (`correct_three`; several missed links of one person are taken to be independent), and the variance holds
    what is not known of them.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> on = rng.random((3, 4000)) < np.array([[0.4], [0.3], [0.3]])
    >>> found = recapture_lists({name: pd.Series(np.flatnonzero(row)) for name, row in zip("ABC", on)})
    >>> found.low < 4000 < found.high
    True
    """
    check_level(level)
    names = _check_lists(lists)
    told = _read_links(links or {}, names)
    people = pd.Index(pd.unique(pd.concat([pd.Series(list(pd.unique(v))) for v in lists.values()])))
    on = np.column_stack([people.isin(pd.unique(values)) for values in lists.values()])
    if (on.sum(axis=1) < 2).all():
        raise NotIdentifiedError(
            "No two lists share a person: how many are on none cannot be told.",
            where="lists",
            remedy="Check how people were linked, or use longer lists.",
        )
    doubles = [
        count_doubles(len(values) - int(mine), pick_quality(told, name, name))
        if (name, name) in told
        else 0.0
        for name, values, mine in zip(names, lists.values(), on.sum(axis=0), strict=True)
    ]
    if len(lists) == 2:
        first, second = (max(float(n) - d, 1.0) for n, d in zip(on.sum(axis=0), doubles, strict=True))
        both = min(int(on.all(axis=1).sum()), int(first), int(second))
        return recapture_two(first, second, both, links=pick_quality(told, *names), level=level)
    counts = np.bincount(on @ np.array([4, 2, 1]), minlength=8).reshape(2, 2, 2).astype(np.float64)
    for place, double in zip(((1, 0, 0), (0, 1, 0), (0, 0, 1)), doubles, strict=True):
        counts[place] = max(counts[place] - double, 0.0)
    qualities = [pick_quality(told, names[one], names[two]) for one, two in PAIRS]
    return _fit_three(names, counts, qualities, level)


def _check_lists(lists: Mapping[str, pd.Series]) -> list[str]:
    """Return the names of the lists, or refuse lists that nobody can be counted on."""
    if not 2 <= len(lists) <= 3:
        raise UsageError(f"There are {len(lists)} lists; two or three are taken.", where="lists")
    names = list(map(str, lists))
    if len(set(names)) < len(names):
        raise UsageError("Two lists have one name as text.", where="lists", available=names)
    for name, values in zip(names, lists.values(), strict=True):
        missing = int(pd.isna(pd.Series(values)).sum())
        if missing:
            raise InvalidDataError(
                f"{missing} records have no identity: they would count as one person who is on every list.",
                where=name,
                remedy="Link them first (link_people gives everyone a number), or leave them out.",
            )
    return names


def _read_links(links: Qualities, names: Sequence[str]) -> dict[tuple[str, str], LinkQuality]:
    """Return the links by names as text, or refuse a name that is no list."""
    told = {(str(first), str(second)): quality for (first, second), quality in links.items()}
    strange = sorted({name for pair in told for name in pair} - set(names))
    # Who linked more lists than are counted here gives links of all; those of these are then complete.
    untold = [
        (first, second)
        for first, second in combinations_with_replacement(names, 2)
        if (first, second) not in told and (second, first) not in told
    ]
    if strange and untold:
        raise UsageError(
            f"links tell of {', '.join(strange)}, which is no list, and not of {' and '.join(untold[0])}.",
            where="links",
            available=names,
            remedy="Name the lists as they are named in lists, or leave out links of other lists.",
        )
    return told


def _variance_of_links(both: float, links: LinkQuality) -> float:
    """Return the variance of people on both lists, for what is not known of the links."""
    s = links.sensitivity
    by_chance = both * (1 - s) / s + links.false / s**2
    return by_chance + (both * links.sensitivity_error / s) ** 2 + (links.false_error / s) ** 2


def _fit_three(
    names: list[str], found: Floats, qualities: Sequence[LinkQuality], level: float
) -> HiddenEstimate:
    patterns = np.array([p for p in product((0, 1), repeat=3) if any(p)])
    perfect = all(quality == PERFECT for quality in qualities)
    right = found if perfect else correct_three(found, qualities)
    counts, seen = right.ravel()[1:], round(float(right.ravel()[1:].sum()))
    pairs = list(combinations(range(3), 2))
    rows = []
    for size in range(4):
        for chosen in combinations(pairs, size):
            columns = [np.ones(7), *patterns.T, *(patterns[:, i] * patterns[:, j] for i, j in chosen)]
            design = np.column_stack(columns).astype(np.float64)
            hidden, variance, aic = _fit_poisson(design, counts)
            if not perfect:
                variance = hidden + _vary_three(design, found, qualities, hidden)
            name = " + ".join([*names, *(f"{names[i]}:{names[j]}" for i, j in chosen)])
            low, high = _limits(seen + hidden, variance, seen, level)
            rows.append((name, seen + hidden, low, high, variance**0.5, aic))
    table = pd.DataFrame(rows, columns=["model", "value", "low", "high", "standard_error", "aic"])
    table = table.sort_values("aic", kind="stable", ignore_index=True)
    near = table[table["aic"] <= table["aic"].iloc[0] + 2]
    best = table.iloc[0]
    cautions = ["That all three lists hang together in a way that no pair does cannot be tested."]
    if near["high"].max() > 2 * near["low"].min():
        cautions.append("Models that fit as well differ widely: the interval spans them.")
    return HiddenEstimate(
        float(best["value"]),
        float(near["low"].min()),
        float(near["high"].max()),
        seen,
        float(best["standard_error"]),
        str(best["model"]),
        table,
        tuple(cautions),
    )


def _vary_three(design: Floats, found: Floats, qualities: Sequence[LinkQuality], hidden: float) -> float:
    """Return the variance of those on no list, of the counts as found and of the links (delta method)."""

    def change(counts: Floats, told: Sequence[LinkQuality], step: float) -> float:
        moved = _fit_poisson(design, correct_three(counts, told).ravel()[1:])[0]
        return ((moved - hidden) / step) ** 2

    total = 0.0
    for place in list(np.ndindex(2, 2, 2))[1:]:
        more, step = found.copy(), max(0.01 * float(found[place]), 0.1)
        more[place] += step
        total += change(more, qualities, step) * float(found[place])
    for k, quality in enumerate(qualities):
        down, up = 0.01 * quality.sensitivity, max(0.01 * quality.false, 0.1)
        for told, step, error in (
            (replace(quality, sensitivity=quality.sensitivity - down), down, quality.sensitivity_error),
            (replace(quality, false=quality.false + up), up, quality.false_error),
        ):
            if error > 0:
                total += change(found, [*qualities[:k], told, *qualities[k + 1 :]], step) * error**2
    return total


def _fit_poisson(design: Floats, counts: Floats) -> tuple[float, float, float]:
    """Return the expected count of the pattern on no list, its variance, and the AIC."""
    beta = np.linalg.lstsq(design, np.log(counts + 0.5), rcond=None)[0]
    for _ in range(_ROUNDS):
        mean = np.exp(np.clip(design @ beta, -20, 20))
        information = design.T @ (mean[:, None] * design)
        step = np.linalg.solve(information + 1e-10 * np.eye(len(beta)), design.T @ (counts - mean))
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    mean = np.exp(np.clip(design @ beta, -20, 20))
    spread = np.linalg.pinv(design.T @ (mean[:, None] * design))[0, 0]
    hidden = float(np.exp(beta[0]))
    aic = float(2 * len(beta) - 2 * (counts * np.log(mean) - mean).sum())
    return hidden, hidden + hidden**2 * float(spread), aic


def _limits(value: float, variance: float, seen: int, level: float) -> tuple[float, float]:
    """Return limits that are log-normal for those on no list, so that none is below those seen."""
    hidden = max(value - seen, 1e-9)
    reach = float(np.exp(float(ndtri((1 + level) / 2)) * np.sqrt(np.log1p(variance / hidden**2))))
    return seen + hidden / reach, seen + hidden * reach
