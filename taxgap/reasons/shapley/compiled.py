"""A compiled model: one object that scores rows and explains them, with all cores."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from threading import local
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.reasons.shapley.arrays import Codes, Floats, Integers
from taxgap.reasons.shapley.coding import code_splits
from taxgap.reasons.shapley.evaluation import (
    MOST_ROWS,
    Bench,
    add_contributions,
    add_scores,
    lay_out,
    make_bench,
)
from taxgap.reasons.shapley.plan import MOST_PLAYERS, plan_model
from taxgap.reasons.shapley.trees import Trees, read_trees

DTYPES = ("float64", "float32")
"""What tables may be kept in: exact to 1e-12 of the scores, or half the memory and exact to 1e-6 of them."""

_FEWEST_ROWS = 2_048  # below, building the tables twice costs more than a second thread saves

Background = Callable[[int], npt.ArrayLike]


class CompiledModel:
    """A LightGBM model with one output, ready to score and to explain; see `compile_model`.

    Attributes
    ----------
    n_features : int
        Columns that rows must have.
    feature_names : tuple of str
        Their names.
    n_players : int
        Columns of an explanation before the base value: the features, unless they play in groups.
    mean : float
        The base value of the path-dependent game: the mean raw score of the training rows.
    """

    def __init__(self, booster: lgb.Booster, players: Integers) -> None:
        trees = read_trees(booster)
        self.n_features = trees.n_features
        self.feature_names = trees.feature_names
        self.n_players = int(players.max()) + 1
        self._coding, splits = code_splits(trees)
        self._plan = plan_model(splits, players[self._coding.used])
        members = self._plan.members  # states need a digit for every column, patterns a bit for every player
        deepest = max(int(np.diff(own).max(initial=0)) for own in (members.digit_start, members.player_start))
        if deepest > MOST_PLAYERS:
            raise IncompatibleError(
                f"A path of the model asks about {deepest} features; {MOST_PLAYERS} can be explained.",
                remedy="Train it with a max_depth.",
            )
        self._alone, self.mean = _summarise(trees)
        self._local = local()

    def predict(self, X: npt.ArrayLike | pd.DataFrame, *, threads: int | None = None) -> Floats:
        """Return raw scores, one a row.

        Parameters
        ----------
        X : array-like or DataFrame, shape (rows, n_features)
        threads : int, optional
            All cores when absent.

        Returns
        -------
        ndarray of float64
            As ``booster.predict(X, raw_score=True)``, but for the order of summation.
        """
        rows = self._check(X)
        out = np.full(len(rows), self._alone)

        def work(block: slice) -> None:
            codes = self._coding.encode(rows[block])
            add_scores(self._plan, codes, self._take_bench(codes.shape[1], 0, "float64"), out[block])

        _work_through([partial(work, block) for block in _blocks(len(rows), threads)], threads)
        return out

    def explain(
        self,
        X: npt.ArrayLike | pd.DataFrame,
        background: npt.ArrayLike | pd.DataFrame | None = None,
        *,
        dtype: str = "float64",
        threads: int | None = None,
    ) -> Floats:
        """Return the Shapley values of rows; see `shapley_values`."""
        rows, kind = self._check(X), _check_dtype(dtype)
        behind = None if background is None else self._check(background)
        base, theirs = self._look_behind(behind)
        out = np.empty((len(rows), self.n_players + 1))

        def work(block: slice) -> None:
            lay_out(self._explain_block(rows[block], theirs, kind), base, out[block])

        _work_through([partial(work, block) for block in _blocks(len(rows), threads)], threads)
        return out

    def explain_groups(
        self,
        X: npt.ArrayLike | pd.DataFrame,
        groups: npt.ArrayLike,
        backgrounds: Background,
        *,
        dtype: str = "float64",
        threads: int | None = None,
        alike: bool = False,
    ) -> Iterator[tuple[Integers, Floats]]:
        """Explain rows against the background of the group that each belongs to.

        A group's tables are built once for up to 65,536 of its rows, and dropped: bring many rows at a time.

        Parameters
        ----------
        X : array-like or DataFrame, shape (rows, n_features)
        groups : array-like of int
            The number of each row's group.
        backgrounds : callable
            ``backgrounds(number)`` returns the background rows of a group.
        dtype : {"float64", "float32"}, default "float64"
            What tables are kept in.
        threads : int, optional
            All cores when absent; each works on another group.
        alike : bool, default False
            Give a row the same bits whatever other rows are explained with it. It takes longer where few rows
            of a group are explained.

        Yields
        ------
        rows : ndarray of int64
            Positions in X, ascending.
        parts : ndarray of float64, shape (len(rows), n_players + 1)
            As `explain` gives them; each row comes once, group by group.
        """
        rows, numbers, kind = self._check(X), np.asarray(groups), _check_dtype(dtype)
        if numbers.shape != (len(rows),):
            raise UsageError(f"There are {len(rows)} rows and {numbers.size} group numbers.", where="groups")
        if not len(rows):
            return
        if numbers.dtype.kind not in "iu":
            raise UsageError("The numbers of groups must be whole.", where="groups")
        order = np.argsort(numbers, kind="stable")
        bounds = np.flatnonzero(
            np.diff(numbers[order], prepend=numbers[order[:1]] - 1, append=0)[: len(rows)]
        )
        tasks = [
            partial(self._explain_group, rows, order[first:last][block], numbers, backgrounds, kind, alike)
            for first, last in zip(bounds, [*bounds[1:], len(rows)], strict=True)
            for block in _blocks(last - first)
        ]
        yield from _work_along(tasks, threads)

    def _explain_group(
        self,
        rows: Floats,
        own: Integers,
        numbers: npt.NDArray[Any],
        backgrounds: Background,
        dtype: str,
        alike: bool,
    ) -> tuple[Integers, Floats]:
        base, theirs = self._look_behind(self._check(backgrounds(int(numbers[own[0]]))))
        out = np.empty((len(own), self.n_players + 1))
        lay_out(self._explain_block(rows[own], theirs, dtype, alike=alike), base, out)
        return own, out

    def _explain_block(self, rows: Floats, theirs: Codes, dtype: str, *, alike: bool = False) -> Floats:
        codes = self._coding.encode(rows)
        totals = np.zeros((self.n_players, len(rows)))
        bench = self._take_bench(len(rows), theirs.shape[1], dtype)
        add_contributions(self._plan, codes, theirs, bench, totals, alike)
        return totals

    def _look_behind(self, behind: Floats | None) -> tuple[float, Codes]:
        """Return the base value, and the codes of the background."""
        if behind is None:
            return self.mean, self._coding.encode(np.empty((0, self.n_features)))
        if not len(behind):
            raise UsageError("The background has no rows.", where="background", remedy="Give at least one.")
        return float(self.predict(behind, threads=1).mean()), self._coding.encode(behind)

    def _take_bench(self, rows: int, background: int, dtype: str) -> Bench:
        # Every thread keeps its own, and gets a larger one where it must.
        held = getattr(self._local, dtype, None)
        if held is None or held[0] < rows or held[1] < background:
            rows, background = (
                max(own, need) for own, need in zip(held or (0, 0), (rows, background), strict=False)
            )
            held = rows, background, make_bench(self._plan, rows, background, dtype)
            setattr(self._local, dtype, held)
        bench: Bench = held[2]
        return bench

    def _check(self, X: npt.ArrayLike | pd.DataFrame) -> Floats:
        if isinstance(X, pd.DataFrame):
            if any(isinstance(kind, pd.CategoricalDtype) for kind in X.dtypes):
                raise InvalidDataError(
                    "Columns of pandas categories are not numbers: LightGBM reads codes of its own.",
                    remedy="Give the matrix that the model was trained on, such as RiskModel.encode gives.",
                )
            names = tuple(str(name).replace(" ", "_") for name in X.columns)
            if names != self.feature_names:
                raise InvalidDataError(
                    "The columns are not those that the model was trained on, in their order.",
                    available=self.feature_names,
                    remedy="Select the columns by name, or give an array.",
                )
        try:
            rows = np.ascontiguousarray(X, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidDataError(
                "The rows hold what is no number.", remedy="Encode them as the model was trained on."
            ) from error
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise InvalidDataError(
                f"The rows have the shape {rows.shape}; the model takes {self.n_features} columns."
            )
        return rows


def compile_model(booster: lgb.Booster, *, players: Sequence[int] | Integers | None = None) -> CompiledModel:
    """Compile a model.

    Parameters
    ----------
    booster : lightgbm.Booster
        With one output, and constants in its leaves.
    players : sequence of int, optional
        The player that each feature belongs to, from 0: features that share a player join a coalition
        together, or not at all. Each is its own when absent.

    Returns
    -------
    CompiledModel

    Raises
    ------
    IncompatibleError
        The model has several outputs, linear trees, or paths that ask about more than 62 features.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 3))
    >>> booster = lgb.train({"num_leaves": 8, "verbose": -1}, lgb.Dataset(X, X[:, 0] * X[:, 1]), 10)
    >>> compiled = compile_model(booster)
    >>> bool(np.allclose(compiled.explain(X).sum(axis=1), compiled.predict(X)))
    True
    """
    own = np.arange(booster.num_feature()) if players is None else np.asarray(players, dtype=np.int64)
    if own.shape != (booster.num_feature(),) or own.min(initial=0) < 0:
        raise UsageError(
            f"The model has {booster.num_feature()} features; each needs a player from 0.", where="players"
        )
    return CompiledModel(booster, own)


def shapley_values(
    booster: lgb.Booster,
    X: npt.ArrayLike | pd.DataFrame,
    background: npt.ArrayLike | pd.DataFrame | None = None,
    *,
    dtype: str = "float64",
    threads: int | None = None,
) -> Floats:
    r"""Split the raw score of each row into exact Shapley values.

    Parameters
    ----------
    booster : lightgbm.Booster
        With one output: numeric and categorical splits, missing values in all of LightGBM's ways.
    X : array-like or DataFrame, shape (rows, features)
        As the model was trained on; a DataFrame must have its columns, in their order.
    background : array-like or DataFrame, shape (background rows, features), optional
        The rows to compare with, all of which count. Absent, the path-dependent game of ``pred_contrib``.
    dtype : {"float64", "float32"}, default "float64"
        What tables are kept in: exact to 1e-12, or to 1e-6.
    threads : int, optional
        All cores when absent.

    Returns
    -------
    ndarray of float64, shape (rows, features + 1)
        The last column is the base value: the mean raw score of the background, or of the training rows. A
        row adds up to its raw score.

    Raises
    ------
    IncompatibleError
        The model has several outputs, linear trees, or paths that ask about more than 62 features.
    InvalidDataError, UsageError
        The rows or the background cannot be used.

    Notes
    -----
    With a background, the interventional game: a feature's value is

    .. math:: \phi_j = \frac1m \sum_b \sum_{S \not\ni j} \frac{|S|! (p - |S| - 1)!}{p!}
              \left( f(x_{S \cup j}, b_{\bar S \setminus j}) - f(x_S, b_{\bar S}) \right)

    over the background rows b. A feature on which the row and the whole background agree gets exactly zero.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 3))
    >>> booster = lgb.train({"num_leaves": 8, "verbose": -1}, lgb.Dataset(X, X[:, 0] * X[:, 1]), 10)
    >>> bool(np.allclose(shapley_values(booster, X), booster.predict(X, pred_contrib=True)))
    True
    """
    return compile_model(booster).explain(X, background, dtype=dtype, threads=threads)


def _summarise(trees: Trees) -> tuple[float, float]:
    """Return the sum of trees of one leaf, and the mean score of the training rows."""
    alone = mean = 0.0
    for tree in range(trees.n_trees):
        first, last = trees.leaf_start[tree], trees.leaf_start[tree + 1]
        values = trees.leaf_value[first:last]
        if last - first == 1:
            alone += float(values[0])
        else:
            mean += float(trees.leaf_rows[first:last] @ values / trees.rows[trees.node_start[tree]])
    return alone, alone + mean


def _check_dtype(dtype: str) -> str:
    if dtype not in DTYPES:
        raise UsageError(f"Tables cannot be kept in {dtype!r}.", where="dtype", available=DTYPES)
    return dtype


def _blocks(rows: int, threads: int | None = 1) -> list[slice]:
    """Divide rows evenly into blocks, as many for each thread unless they become too few to share."""
    count = -(-rows // MOST_ROWS)
    if rows >= _FEWEST_ROWS * _cores(threads):
        count = -(-count // _cores(threads)) * _cores(threads)
    bounds = np.linspace(0, rows, count + 1).astype(np.int64)
    return [slice(first, last) for first, last in pairwise(bounds)] if rows else []


def _cores(threads: int | None) -> int:
    if threads is not None and threads < 1:
        raise UsageError(f"There cannot be {threads} threads.", where="threads")
    return threads or len(os.sched_getaffinity(0))


def _work_through(tasks: Sequence[Callable[[], None]], threads: int | None) -> None:
    for _ in _work_along(tasks, threads):
        pass


def _work_along(tasks: Sequence[Callable[[], Any]], threads: int | None) -> Iterator[Any]:
    """Yield the results of tasks in their order, with few of them waiting to be taken."""
    cores = min(_cores(threads), len(tasks))
    if cores <= 1:
        yield from (task() for task in tasks)
        return
    with ThreadPoolExecutor(cores) as pool:
        waiting: deque[Future[Any]] = deque()
        for task in tasks:
            waiting.append(pool.submit(task))
            if len(waiting) > cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
