"""What a feature frame must look like: names, kinds and levels, and how it becomes a matrix."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import check_array

from taxgap.errors import IncompatibleError, InvalidDataError, TaxGapError, UsageError
from taxgap.risk.arrays import Floats

Array: TypeAlias = Sequence[Any] | npt.NDArray[Any]

# LightGBM's text format has no room for spaces, brackets or quotes in a name.
_NAME = re.compile(r"\w+")


@dataclass(frozen=True)
class FrameSpec:
    """The features of a model, in order, with the frozen levels of the categorical ones.

    A frame fits when it has exactly these names (in any order: columns are taken by name), numbers where
    numbers are meant, and categoricals without a level that is unknown here. Nothing is filled in. The levels
    of an ordered categorical count as numbers, by their rank; those of any other are only told apart.

    Parameters
    ----------
    names : tuple of str
        The features, in the order of the matrix.
    levels : mapping of str to tuple of str
        The levels of each categorical feature; the position of a level is its code.
    ordered : frozenset of str
        The categorical features whose levels rise.
    named : bool
        False where the model was trained on an array, whose columns are told apart by place.

    Examples
    --------
    >>> X = pd.DataFrame({"ratio": [0.2, None], "trade_group": pd.Categorical(["b", "a"], ["a", "b"])})
    >>> FrameSpec.learn(X).encode(X)
    array([[0.2, 1. ],
           [nan, 0. ]])
    """

    names: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    ordered: frozenset[str] = frozenset()
    named: bool = True

    @classmethod
    def learn(cls, X: pd.DataFrame | Array) -> FrameSpec:
        """Read names and levels from a training frame.

        Parameters
        ----------
        X : DataFrame or array
            Numeric columns (missing where not available) and categoricals with text levels; the columns of
            an array are called x0, x1, and so on.

        Returns
        -------
        FrameSpec

        Raises
        ------
        UsageError, InvalidDataError
            If it is no frame, is empty, or has a column that is neither numeric nor categorical.
        """
        named = _named(X) is not None
        X = to_frame(X)
        _check_frame(X)
        odd = [str(c) for c in X.columns if not isinstance(c, str) or not _NAME.fullmatch(c)]
        if odd:
            raise InvalidDataError(
                f"Feature names may hold letters, digits and underscores only: {', '.join(odd)}.", where="X"
            )
        levels = {c: _read_levels(X[c]) for c in X.columns if isinstance(X[c].dtype, pd.CategoricalDtype)}
        ordered = frozenset(c for c in levels if X[c].cat.ordered)
        spec = cls(tuple(X.columns), levels, ordered, named)
        spec._check_numbers(X, InvalidDataError)
        return spec

    @cached_property
    def categorical(self) -> list[int]:
        """Positions of the features whose levels have no order."""
        return [i for i, name in enumerate(self.names) if name in self.levels and name not in self.ordered]

    def encode(self, X: pd.DataFrame | Array) -> Floats:
        """Turn a frame into the matrix that the boosters read.

        Parameters
        ----------
        X : DataFrame or array
            A frame with exactly the features of the model; columns are matched by name, not by place. An
            array only where the model was trained on one.

        Returns
        -------
        ndarray of float64, shape (rows, features)
            Levels as their codes; missing stays missing.

        Raises
        ------
        IncompatibleError
            If a feature is missing, too many, of another kind, or has a level unknown to the model.
        InvalidDataError
            If the frame is empty or holds an infinite number.
        """
        X = self._read(X)
        _check_frame(X)
        self._check_names(X)
        self._check_numbers(X, IncompatibleError)
        matrix = np.empty((len(X), len(self.names)))
        for position, name in enumerate(self.names):
            matrix[:, position] = self._encode_column(X[name])
        self._check_finite(matrix)
        return matrix

    def _read(self, X: pd.DataFrame | Array) -> pd.DataFrame:
        given = _named(X)
        if given is not None:
            return given
        if self.named:
            raise UsageError(
                f"Features must come as a pandas DataFrame, not {type(X).__name__}.",
                where="X",
                remedy="Names tell the features of this model apart; an array has none.",
            )
        frame = to_frame(X)
        if len(frame.columns) != len(self.names):
            # The words that scikit-learn's own checks look for.
            raise IncompatibleError(
                f"X has {len(frame.columns)} features, but RiskModel is expecting {len(self.names)} features "
                "as input.",
                where="X",
            )
        return frame

    def _encode_column(self, column: pd.Series) -> Floats:
        known = self.levels.get(str(column.name))
        if known is None:
            values: Floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
            return values
        return _encode_levels(column, known)

    def _check_names(self, X: pd.DataFrame) -> None:
        missing = [name for name in self.names if name not in X.columns]
        extra = [str(name) for name in X.columns if name not in self.names]
        problems = []
        if missing:
            problems.append(f"it lacks {', '.join(missing)}")
        if extra:
            problems.append(f"it has features the model does not know: {', '.join(extra)}")
        if problems:
            raise IncompatibleError(
                f"The frame does not fit the model: {'; '.join(problems)}.",
                where="X",
                available=map(str, X.columns) if missing else self.names,
                remedy="Build the frame with the regime that the model was trained on.",
            )

    def _check_numbers(self, X: pd.DataFrame, error: type[TaxGapError]) -> None:
        wrong = []
        for name in self.names:
            categorical = isinstance(X[name].dtype, pd.CategoricalDtype)
            if name in self.levels and not categorical:
                wrong.append(f"{name} is {X[name].dtype}, categorical was expected")
            elif name not in self.levels and not _is_number(X[name].dtype):
                wrong.append(f"{name} is {X[name].dtype}, a number was expected")
        if wrong:
            raise error(
                f"Wrong kind of column: {'; '.join(wrong)}.",
                where="X",
                remedy="Turn text into categories with astype('category'), and numbers into numbers.",
            )

    def _check_finite(self, matrix: Floats) -> None:
        counts = np.isinf(matrix).sum(axis=0)
        if counts.any():
            listed = ", ".join(f"{self.names[i]} ({counts[i]} rows)" for i in np.flatnonzero(counts))
            raise InvalidDataError(
                f"Infinite values in {listed}.",
                where="X",
                remedy="A ratio without a denominator is not available: leave it missing.",
            )

    def check_directions(self, monotone: Mapping[str, int] | None) -> list[int]:
        """Return one direction a feature: 1, -1 or 0.

        Parameters
        ----------
        monotone : mapping of str to int, or None
            Directions known beforehand, by feature name.

        Returns
        -------
        list of int

        Raises
        ------
        UsageError
            If a name is unknown or of levels without order, or a direction is none of 1, -1 and 0.
        """
        given = dict(monotone or {})
        unknown = sorted(set(given) - set(self.names))
        if unknown:
            raise UsageError(
                f"Directions are given for features that the frame does not have: {', '.join(unknown)}.",
                where="monotone",
                available=self.names,
            )
        unordered = set(self.levels) - self.ordered
        wrong = [n for n, d in given.items() if d not in (-1, 0, 1) or (d != 0 and n in unordered)]
        if wrong:
            raise UsageError(
                f"A direction is 1, -1 or 0, and 0 where levels have no order: {', '.join(sorted(wrong))}.",
                where="monotone",
            )
        return [int(given.get(name, 0)) for name in self.names]

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the features as plain data, for the card."""
        return [
            {
                "name": n,
                "levels": list(self.levels[n]) if n in self.levels else None,
                "ordered": n in self.ordered,
            }
            for n in self.names
        ]

    @classmethod
    def from_dict(cls, features: Sequence[Mapping[str, Any]], *, named: bool = True) -> FrameSpec:
        """Rebuild from what `to_dict` gave, and from whether the features had names."""
        levels = {f["name"]: tuple(f["levels"]) for f in features if f["levels"] is not None}
        # The first format of models knew no order.
        ordered = frozenset(f["name"] for f in features if f.get("ordered", False))
        return cls(tuple(f["name"] for f in features), levels, ordered, named)


def to_frame(X: pd.DataFrame | Array) -> pd.DataFrame:
    """Return features as a frame; the columns of an array are called x0, x1, and so on.

    Parameters
    ----------
    X : DataFrame or array
        Features. An array, or a frame whose columns have numbers for names, must be numeric, of two
        dimensions and finite, but for missing values.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> to_frame(np.array([[1.0, 2.0]])).columns.tolist()
    ['x0', 'x1']
    """
    given = _named(X)
    if given is not None:
        return given
    index = X.index if isinstance(X, pd.DataFrame) else None
    array = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan")
    return pd.DataFrame(array, index=index, columns=[f"x{i}" for i in range(array.shape[1])])


def _named(X: pd.DataFrame | Array) -> pd.DataFrame | None:
    """Return a frame whose columns have names; None where there are numbers at most."""
    if isinstance(X, pd.DataFrame) and not (len(X.columns) and pd.api.types.is_integer_dtype(X.columns)):
        return X
    return None


def _is_number(dtype: object) -> bool:
    return bool(pd.api.types.is_numeric_dtype(dtype)) and not pd.api.types.is_complex_dtype(dtype)


def _check_frame(X: pd.DataFrame) -> None:
    if X.shape[0] == 0 or X.shape[1] == 0:
        raise InvalidDataError(
            f"The feature frame is empty: {X.shape[0]} rows, {X.shape[1]} columns.", where="X"
        )
    if not X.columns.is_unique:
        twice = ", ".join(sorted({str(c) for c in X.columns[X.columns.duplicated()]}))
        raise InvalidDataError(f"Feature names occur more than once: {twice}.", where="X")


def _read_levels(column: pd.Series) -> tuple[str, ...]:
    levels = tuple(column.cat.categories)
    if not all(isinstance(level, str) for level in levels):
        raise InvalidDataError("The levels of a categorical feature must be text.", where=str(column.name))
    return levels


def _encode_levels(column: pd.Series, known: tuple[str, ...]) -> Floats:
    position = {level: float(code) for code, level in enumerate(known)}
    own = np.array([position.get(level, -1.0) for level in column.cat.categories] + [np.nan])
    values: Floats = own[column.cat.codes.to_numpy()]
    unseen = values == -1.0
    if unseen.any():
        count = len(set(column.cat.codes.to_numpy()[unseen].tolist()))
        raise IncompatibleError(
            f"{column.name} holds {count} level(s) unknown to the model, in {int(unseen.sum())} rows.",
            where=str(column.name),
            available=known,
            remedy="Map them to a known level or leave them missing.",
        )
    return values
