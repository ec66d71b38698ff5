"""Sums that add up over partitions: what a comparison keeps of a population, however large it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

Sums = dict[str, pd.DataFrame]
"""Small tables by name; the rows of a table are cells, its columns are sums over whatever falls in them."""


def sum_up(by: Mapping[str, Any], values: Mapping[str, Any]) -> pd.DataFrame:
    """Sum values by what they belong to.

    Parameters
    ----------
    by : mapping of str to array-like
        What names the cells; rows with a missing name are left out.
    values : mapping of str to array-like
        What is summed: one value a row each; missing ones count as zero.

    Returns
    -------
    DataFrame
        One row a cell, indexed by its names.

    Examples
    --------
    >>> sum_up({"kind": ["a", "b", "a"]}, {"n": [1, 1, 1]})["n"].tolist()
    [2.0, 1.0]
    """
    coded = [pd.factorize(_plain(keys), sort=True) for keys in by.values()]
    sizes = [len(names) for _, names in coded]
    known = np.logical_and.reduce([codes >= 0 for codes, _ in coded])
    place = np.ravel_multi_index(
        [np.where(known, codes, 0) for codes, _ in coded], [max(n, 1) for n in sizes]
    )
    found, row = np.unique(place[known], return_inverse=True)
    columns = {
        name: np.bincount(row, np.nan_to_num(np.asarray(each, dtype=float)[known]), len(found))
        for name, each in values.items()
    }
    positions = np.unravel_index(found, [max(n, 1) for n in sizes])
    levels = [
        np.asarray(names)[at_] if len(names) else np.zeros(0)
        for (_, names), at_ in zip(coded, positions, strict=True)
    ]
    if len(levels) == 1:
        index: pd.Index = pd.Index(levels[0], name=next(iter(by)))
    else:
        index = pd.MultiIndex.from_arrays(levels, names=list(by))
    return pd.DataFrame(columns, index=index)


def _plain(keys: Any) -> Any:
    # Categories are told apart by their codes, and are names only in the end.
    if isinstance(keys, pd.Series):
        return keys.array
    return np.asarray(keys)


def add(total: Sums, part: Sums) -> Sums:
    """Add the sums of one partition to those of the others.

    Examples
    --------
    >>> one, two = ({"x": sum_up({"k": ["a"]}, {"n": [n]})} for n in (1, 2))
    >>> add(one, two)["x"].loc["a", "n"]
    np.float64(3.0)
    """
    return {
        name: total[name].add(table, fill_value=0.0) if name in total else table
        for name, table in part.items()
    } | {name: table for name, table in total.items() if name not in part}


def at(table: pd.DataFrame | None, cells: Sequence[Any], columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows of some cells in order; a cell or column in which nothing fell is zero."""
    if table is None:
        return pd.DataFrame(0.0, index=list(cells), columns=list(columns))
    return table.reindex(index=list(cells), columns=list(columns), fill_value=0.0).fillna(0.0)


def moments(values: Any, weight: Any = 1.0) -> dict[str, Any]:
    """Return what the mean of some values and its interval need: count, sum and sum of squares.

    Examples
    --------
    >>> [each.tolist() for each in moments([2.0, 3.0]).values()]
    [[1.0, 1.0], [2.0, 3.0], [4.0, 9.0]]
    """
    x = np.asarray(values, dtype=float)
    w = np.broadcast_to(np.asarray(weight, dtype=float), x.shape)
    return {"n": w, "x": w * x, "xx": w * x * x}


def cross_moments(top: Any, bottom: Any) -> dict[str, Any]:
    """Return what a ratio of two totals and its interval need.

    Examples
    --------
    >>> sorted(cross_moments([1.0], [2.0]))
    ['a', 'aa', 'ab', 'b', 'bb', 'n']
    """
    a, b = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
    return {"n": np.ones(len(a)), "a": a, "b": b, "aa": a * a, "ab": a * b, "bb": b * b}
