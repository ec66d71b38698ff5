"""The reference: how features, scores and reasons were spread over the returns that a model was trained on.

It holds counts by bin, and nothing of any taxpayer: bins with fewer than ten returns in a year are merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from taxgap.errors import IncompatibleError, InvalidDataError
from taxgap.risk.arrays import Floats, Integers

FORMAT_VERSION = 1
SCORE, FLAGGED, REASON = "score", "flagged", "reason"
"""What is compared beside the features: the ranking score, whether it is among the highest, and the leading
reason."""

ALL = "all"
"""The kind, and the name, of the slice that holds all returns of a year."""

SMALLEST = 10
"""Fewest returns of a bin in any year of the reference."""

ROUNDED_TO = 5
"""What counts of months, regions and trade groups are rounded to when they are saved."""

_BINS = 10
FLAGGED_SHARE = 0.05
_LEARN_FROM = 50_000  # returns of the first parts from which edges are learnt
_OTHER = "other"
NO_YES = ("no", "yes")


Slice: TypeAlias = tuple[str, str, str]
"""Tax year, kind of slice, and its name."""

Part: TypeAlias = tuple[pd.DataFrame, pd.DataFrame]
"""What is compared of some returns, and the slices that they fall into."""


@dataclass(frozen=True)
class Column:
    """One column and its bins: a number between edges, or a code among levels; the last bin is for none.

    Attributes
    ----------
    name : str
    edges : tuple of float
        Upper ends of all bins of numbers but the last, rising; a value on an edge lies below it.
    levels : tuple of str
        The codes, where it is one; whatever else comes is the last of them, ``other``.
    """

    name: str
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many bins there are, with that of the missing."""
        return 1 + (len(self.levels) if self.levels else len(self.edges) + 1)

    def place(self, values: pd.Series) -> Integers:
        """Return the bin of each value."""
        if self.levels:
            codes = pd.Index(self.levels).get_indexer(values.astype("object"))
            return np.where(values.isna(), self.size - 1, np.where(codes < 0, self.size - 2, codes))
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        place = np.searchsorted(np.array(self.edges), numbers, side="left")
        return np.where(np.isnan(numbers), self.size - 1, place)

    @classmethod
    def learn(cls, name: str, values: pd.Series) -> Column:
        """Choose ten bins with about as many values each; equal values share one."""
        if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype.kind not in "fiub":
            levels = sorted(map(str, values.dropna().unique()))
            return cls(name, levels=(*[level for level in levels if level != _OTHER], _OTHER))
        known = values.dropna().to_numpy(dtype=np.float64)
        if not len(known):
            return cls(name)
        edges = np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS, method="inverted_cdf"))
        return cls(name, edges=tuple(edges[edges < known.max()].tolist()))


def merge_bins(counts: Floats, fewest: float = SMALLEST) -> Integers:
    """Merge bins with too few returns with the next; return which merged bin each belongs to.

    Examples
    --------
    >>> merge_bins(np.array([4.0, 7.0, 30.0, 2.0])).tolist()
    [0, 0, 1, 1]
    """
    group, total, groups = 0, 0.0, []
    for count in counts:
        if total >= fewest:
            group, total = group + 1, 0.0
        groups.append(group)
        total += float(count)
    if total < fewest and group:
        groups = [min(number, group - 1) for number in groups]
    return np.array(groups, dtype=np.int64)


@dataclass(frozen=True)
class Reference:
    """Counts of the returns that a model was trained on, by bin.

    Attributes
    ----------
    columns : tuple of Column
    groups : tuple of ndarray of int64
        For each column, which merged bin each of its bins belongs to.
    flag_from : float
        The ranking score that the highest twentieth of returns reached.
    counts : dict of (str, str, str) to tuple of ndarray
        Tax year, kind of slice and its name, such as ``("2023-24", "region", "Wales")``, or ``("2023-24",
        "all", "all")``, to the counts of each column by merged bin. Slices are those of the latest year.
    share : float
        The share of all returns that were counted.
    returns_each : float
        Returns of a taxpayer and year: as many say about as much as one.
    """

    columns: tuple[Column, ...]
    groups: tuple[Integers, ...]
    flag_from: float
    counts: Mapping[Slice, tuple[Floats, ...]]
    share: float = 1.0
    returns_each: float = 1.0

    @classmethod
    def fit(cls, parts: Iterable[Part], flag_from: float) -> Reference:
        """Count returns, part by part.

        Parameters
        ----------
        parts : iterable of (DataFrame, DataFrame)
            What is compared, one row a return; and its slices, on the same rows: `year`, and any other such
            as `month`, `region`. Bins are learnt from the first parts, up to 50,000 returns.
        flag_from : float
            The ranking score from which a return counts as flagged.

        Returns
        -------
        Reference

        Raises
        ------
        InvalidDataError
            There are no returns.

        Examples
        --------
        >>> frame = pd.DataFrame({"margin": np.arange(200) / 200})
        >>> slices = pd.DataFrame({"year": np.repeat(["2022-23", "2023-24"], 100)})
        >>> reference = Reference.fit([(frame, slices)], flag_from=1.0)
        >>> reference.years, int(reference.counts["2022-23", "all", "all"][0].sum())
        (['2022-23', '2023-24'], 100)
        """
        waiting: list[Part] = []
        columns: tuple[Column, ...] = ()
        counts: dict[Slice, list[Floats]] = {}
        for part in parts:
            waiting.append(part)
            if not columns and sum(len(frame) for frame, _ in waiting) >= _LEARN_FROM:
                columns = _learn(waiting)
            if columns:
                _add(counts, columns, waiting)
                waiting = []
        if waiting:
            columns = columns or _learn(waiting)
            _add(counts, columns, waiting)
        if not counts:
            raise InvalidDataError("There are no returns to take as a reference.", where="reference")
        return cls._merged(columns, counts, flag_from)

    @classmethod
    def _merged(
        cls, columns: tuple[Column, ...], counts: dict[Slice, list[Floats]], flag_from: float
    ) -> Reference:
        years = [held for (_, kind, _), held in counts.items() if kind == ALL]
        latest = max(year for year, *_ in counts)
        groups = []
        for i in range(len(columns)):
            held = np.array([year[i] for year in years])
            known = held[:, :-1].sum(axis=1)
            # In the first year nothing is known of changes since the last: that says nothing of the bins.
            groups.append(merge_bins(held[known > 0.05 * known.max()].min(axis=0, initial=np.inf)))
        merged = {
            key: tuple(np.bincount(group, held[i]).astype(np.float64) for i, group in enumerate(groups))
            for key, held in counts.items()
            if key[1] == ALL or key[0] == latest
        }
        return cls(columns, tuple(groups), flag_from, merged)

    @property
    def years(self) -> list[str]:
        """The tax years that it holds, oldest first."""
        return sorted(year for year, kind, _ in self.counts if kind == ALL)

    @property
    def names(self) -> list[str]:
        """What is compared."""
        return [column.name for column in self.columns]

    def count(self, frame: pd.DataFrame, slices: pd.DataFrame) -> dict[Slice, tuple[Floats, ...]]:
        """Count other returns in the same bins, by slice."""
        counts: dict[Slice, list[Floats]] = {}
        _add(counts, self.columns, [(frame, slices)])
        return {
            key: tuple(np.bincount(group, held[i]).astype(np.float64) for i, group in enumerate(self.groups))
            for key, held in counts.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for the card; counts but those of years are rounded to five."""
        return {
            "format_version": FORMAT_VERSION,
            "flag_from": self.flag_from,
            "share": self.share,
            "returns_each": self.returns_each,
            "columns": [
                {"name": c.name, "edges": list(c.edges), "levels": list(c.levels), "groups": g.tolist()}
                for c, g in zip(self.columns, self.groups, strict=True)
            ],
            "counts": [
                {
                    "year": year,
                    "kind": kind,
                    "name": name,
                    "counts": [_saved(kind, values) for values in held],
                }
                for (year, kind, name), held in sorted(self.counts.items())
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Reference:
        """Rebuild from what `to_dict` gave.

        Raises
        ------
        IncompatibleError
            It is of a newer format, or incomplete.
        """
        if data.get("format_version") != FORMAT_VERSION:
            raise IncompatibleError(
                f"The reference has format {data.get('format_version')}; this taxgap knows {FORMAT_VERSION}.",
                where="reference",
                remedy="Install a newer taxgap, or train the model again.",
            )
        columns = tuple(
            Column(c["name"], tuple(map(float, c["edges"])), tuple(c["levels"])) for c in data["columns"]
        )
        groups = tuple(np.array(c["groups"], dtype=np.int64) for c in data["columns"])
        counts = {
            (item["year"], item["kind"], item["name"]): tuple(
                np.array(v, dtype=np.float64) for v in item["counts"]
            )
            for item in data["counts"]
        }
        share, each = float(data["share"]), float(data["returns_each"])
        return cls(columns, groups, float(data["flag_from"]), counts, share, each)


def _learn(parts: list[Part]) -> tuple[Column, ...]:
    frame = pd.concat([frame for frame, _ in parts])
    return tuple(Column.learn(str(name), frame[name]) for name in frame.columns)


def _add(
    counts: dict[Slice, list[Floats]],
    columns: tuple[Column, ...],
    parts: list[Part],
) -> None:
    for frame, slices in parts:
        places = [column.place(frame[column.name]) for column in columns]
        whole = slices.assign(**{ALL: ALL})
        for kind in whole.columns.drop("year"):
            code, values = _slice(whole["year"], str(kind), whole[kind])
            for column_number, (column, place) in enumerate(zip(columns, places, strict=True)):
                known = code >= 0
                flat = np.bincount(
                    code[known] * column.size + place[known], minlength=len(values) * column.size
                ).reshape(len(values), column.size)
                if column.name == REASON:
                    flat[:, -1] = 0  # returns that are not flagged, or whose score nothing raises
                for key, row in zip(values, flat, strict=True):
                    held = counts.setdefault(key, [np.zeros(c.size) for c in columns])
                    held[column_number] = held[column_number] + row


def _slice(year: pd.Series, kind: str, values: pd.Series) -> tuple[Integers, list[Slice]]:
    keys = pd.MultiIndex.from_arrays([year.astype("object"), values.astype("object")])
    code, distinct = keys.factorize()
    missing = np.asarray(year.isna() | values.isna())
    return np.where(missing, -1, code), [(str(label), kind, str(name)) for label, name in distinct]


def _saved(kind: str, values: Floats) -> list[int]:
    rounded = values if kind == ALL else np.round(values / ROUNDED_TO) * ROUNDED_TO
    return [int(value) for value in rounded]
