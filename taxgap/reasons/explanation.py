"""The parts of scores as an object that shap's plots know, and that says what it is."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import UsageError
from taxgap.reasons.explained import KEYS, PEER_COLUMNS, Explained
from taxgap.reasons.explanation_files import OF_REFITS, read_form, write_json_form, write_parquet_form
from taxgap.reasons.explanation_view import MOST_IN_TEXT, MOST_RETURNS, to_html, to_text
from taxgap.reasons.uncertainty import Uncertainty
from taxgap.reasons.untold import tell_untold
from taxgap.regimes import get_regime
from taxgap.risk.arrays import Floats

with warnings.catch_warnings():  # shap's own import calls what matplotlib will take away some day
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    import shap
    from slicer import Obj


Part = TypeVar("Part")


class Explanation(shap.Explanation):  # type: ignore[misc, unused-ignore]  # shap's metaclass has no types
    """Why returns score as they do, for shap's plots and for files.

    `taxgap.explain` makes one. It is a `shap.Explanation`: ``shap.plots.waterfall(explanation[0])``,
    ``beeswarm``, ``bar``, ``scatter`` and ``heatmap`` draw it, and it can be sliced by row and by feature:
    ``explanation[0]``, ``explanation["0012345678", "2023-24"]``, ``explanation[:, "days_late"]``.

    Parameters
    ----------
    values : ndarray of float64, shape (returns, features)
        The taxpayer's own contributions, in `unit`.
    observed : ndarray of float64, same shape
        The measures, each in its own unit: what waterfalls show.
    seen : ndarray of float64, same shape
        The features as the model sees them, relative ones as positions among the peers: what colours plots.
    explained : Explained

    Attributes
    ----------
    values, base_values, data, display_data, feature_names
        As of `shap.Explanation`. ``base_values`` is ``population_mean + group_effect``, which against peers
        is the mean score of the peers, and what waterfalls write as E[f(X)]; with the values of a row it adds
        up to the score. ``data`` is `seen`, ``display_data`` is `observed`.

    Notes
    -----
    What shap computes from it, such as ``explanation.abs`` or ``explanation.mean(0)``, is a plain
    `shap.Explanation`: it explains no return any more.
    """

    def __init__(self, values: Floats, observed: Floats, seen: Floats, explained: Explained) -> None:
        base = explained.population_mean + explained.group_effect
        if explained.score is None:
            explained = replace(explained, score=base + values.sum(axis=1))
        super().__init__(
            values,
            base_values=base,
            data=seen,
            display_data=observed,
            feature_names=list(explained.codes),
        )
        self._explained = explained
        self._s.rows = Obj(np.arange(len(values)), [0])
        self._s.columns = Obj(np.arange(len(explained.codes)), [1])

    @classmethod
    def read(cls, path: str | Path) -> Explanation:
        """Read what `to_parquet` or `to_json` wrote; see `taxgap.reasons.explanation.read_explanation`."""
        about, frame = read_form(Path(path))
        return _from_frame(about, frame)

    @property
    def unit(self) -> str:
        """What contributions are measured in."""
        return self._explained.unit

    @property
    def baseline(self) -> str:
        """What the returns are compared with: ``peers``, or the cases in ``training``."""
        return self._explained.baseline

    @property
    def engine(self) -> str:
        """What worked out the contributions."""
        return self._explained.engine

    @property
    def model_id(self) -> str:
        """The model that is explained."""
        return self._explained.model_id

    @property
    def population_mean(self) -> float:
        """Mean score of the population."""
        return self._explained.population_mean

    @property
    def index(self) -> pd.MultiIndex:
        """(taxpayer_id, period) of the returns."""
        return self._explained.index[self._rows]

    @property
    def group_effect(self) -> pd.Series:
        """What trade group and size band add to the scores: shown, and never a reason."""
        return pd.Series(self._explained.group_effect[self._rows], index=self.index, name="group_effect")

    @property
    def score(self) -> pd.Series:
        """The scores, in log pounds: `population_mean`, `group_effect` and all contributions together."""
        return pd.Series(_whole(self._explained.score)[self._rows], index=self.index, name="score")

    @property
    def peers(self) -> pd.DataFrame:
        """Whom each return is compared with.

        `trade_group` and `size_band` of the return; and, against peers, the `number` of its group, which only
        tells groups apart, the `rung`, how wide the peers had to be, and how many `peers` there are.
        """
        return self._explained.peers.iloc[self._rows].set_axis(self.index)

    @property
    def reasons(self) -> pd.DataFrame:
        """The reasons of the returns, as `taxgap.reasons.give_reasons` lays them out.

        Raises
        ------
        UsageError
            The explanation was read from a file, which keeps contributions alone.
        """
        return _whole(self._explained.reasons).iloc[self._rows]

    @property
    def untold(self) -> pd.DataFrame:
        """What raises the scores most without being a reason, and why it is none.

        As `taxgap.reasons.untold.list_untold` lays it out, and each in a `sentence`.

        Raises
        ------
        UsageError
            The explanation was read from a file, which keeps contributions alone.
        """
        found = _whole(self._explained.untold)
        place = self.index.unique().get_indexer(found.index)
        there = np.flatnonzero(place >= 0)
        chosen = found.iloc[there[np.argsort(place[there], kind="stable")]]
        told = tell_untold(get_regime(self._explained.regime), chosen)
        return chosen.assign(sentence=pd.array(told, dtype="str"))

    @property
    def about(self) -> dict[str, Any]:
        """What it is, as plain data: unit, baseline, engine, model and more."""
        names = ("unit", "baseline", "engine", "model_id", "regime", "as_of", "population_mean")
        about = {name: getattr(self._explained, name) for name in names}
        whole = self._explained.uncertainty
        return about if whole is None else about | {"refits": whole.refits, "coverage": whole.coverage}

    @property
    def uncertainty(self) -> Uncertainty | None:
        """What refits make of the reasons, where `taxgap.explain` was asked for them."""
        whole = self._explained.uncertainty
        return None if whole is None else whole.take(self._rows)

    def to_frame(self) -> pd.DataFrame:
        """Lay the explanation out, one row a return and feature.

        Returns
        -------
        DataFrame
            `taxpayer_id, period, feature, code` (the reason code it belongs to)`, observed` (in its own
            unit)`, seen` (as the model sees it; relative features as a position among the peers)`,
            contribution, population_mean, group_effect, score` (in `unit`), and the columns of `peers`. The
            contributions of a return, its group effect and `population_mean` add up to its score. With refits
            also `code_low`, `code_high` (the interval
            of the reason code's contribution)`, code_first, code_among_first` (the shares of the refits in
            which the code is the first reason and one of the first four)`, stability` (the share with the
            same first reason as the model) and the mark `stable`.

        Raises
        ------
        UsageError
            Something was computed from the contributions, which explains no return.
        """
        if changes := self._changes():
            raise UsageError(
                f"This is no explanation of returns any more: {', '.join(changes)} was applied to it.",
                remedy="Lay out the explanation as `taxgap.explain` returned it, or a slice of that.",
            )
        rows, columns = self._rows, self._columns
        names = [list(self._explained.codes)[place] for place in columns]
        each, width = self.index.repeat(len(columns)), len(rows)
        peers = self._explained.peers.iloc[rows.repeat(len(columns))].reset_index(drop=True)
        sure, codes = self.uncertainty, [self._explained.codes[name] for name in names]
        return pd.DataFrame(
            {
                **{name: each.get_level_values(name).astype("str") for name in KEYS},
                "feature": pd.Categorical.from_codes(np.tile(np.arange(len(names)), width), names),
                "code": pd.Categorical(codes * width),
                "observed": np.ravel(self.display_data).astype(np.float64),
                "seen": np.ravel(self.data).astype(np.float64),
                "contribution": np.ravel(self.values).astype(np.float64),
                "population_mean": self.population_mean,
                "group_effect": self._explained.group_effect[rows].repeat(len(columns)),
                "score": _whole(self._explained.score)[rows].repeat(len(columns)),
                **{name: peers[name] for name in peers.columns},
                **({} if sure is None else sure.spread(codes)),
            }
        )

    def to_parquet(self, path: str | Path) -> Path:
        """Write `to_frame` as parquet; `about` and the number of the format stand in its metadata.

        Parameters
        ----------
        path : str or Path
            The file to write; it appears whole or not at all.

        Returns
        -------
        Path
        """
        return write_parquet_form(Path(path), self.about, self.to_frame())

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the same as JSON, one object a return, and write it if a path is given.

        Parameters
        ----------
        path : str or Path, optional

        Returns
        -------
        str
        """
        return write_json_form(None if path is None else Path(path), self.about, self.to_frame())

    def __getitem__(self, item: Any) -> Explanation:
        if isinstance(item, tuple) and len(item) == 2 and all(isinstance(name, str) for name in item):
            return cast("Explanation", super().__getitem__(self._find(item)))
        return cast("Explanation", super().__getitem__(item))

    def __repr__(self) -> str:
        if self._changes():
            return str(super().__repr__())
        return to_text(self.about, features=len(self._columns), **self._show(MOST_IN_TEXT))

    def _repr_html_(self) -> str:
        return to_html(self.about, **self._show(MOST_RETURNS))

    def _changes(self) -> list[str]:
        return [step.name for step in self.op_history if step.name != "__getitem__"]

    def _show(self, most: int) -> dict[str, Any]:
        returns = len(self._rows)
        first = self[:most] if returns > most else self
        told: dict[str, Any] = {"frame": first.to_frame(), "returns": returns}
        if self._explained.reasons is None:
            return told
        return told | {"reasons": first.reasons, "untold": first.untold}

    def _find(self, key: tuple[str, str]) -> int:
        index = self.index
        places = np.flatnonzero(index == key)
        if not len(places) or np.ndim(self._s.rows) == 0:
            raise UsageError(
                f"The explanation holds no return of {key[0]} for {key[1]}.",
                where="taxpayer_id, period",
                remedy="Name one as `index` does, as text, or take returns by number.",
            )
        return int(places[0])

    @property
    def _rows(self) -> NDArray[np.intp]:
        return np.atleast_1d(np.asarray(self._s.rows, dtype=np.intp))

    @property
    def _columns(self) -> NDArray[np.intp]:
        return np.atleast_1d(np.asarray(self._s.columns, dtype=np.intp))

    def __copy__(self) -> Explanation:
        # shap slices a copy, which must stay one of ours, with the rows and columns that are left.
        plain = super().__copy__()
        own = Explanation.__new__(Explanation)
        own.__dict__.update(plain.__dict__, _explained=self._explained)
        for name in ("rows", "columns"):
            setattr(own._s, name, self._s._objects[name])  # noqa: SLF001  the slicer offers no other way
        return own

    def _numpy_func(self, fname: str, **kwargs: Any) -> shap.Explanation:
        return shap.Explanation.__copy__(super()._numpy_func(fname, **kwargs))

    def _apply_binary_operator(self, *arguments: Any) -> shap.Explanation:
        return shap.Explanation.__copy__(super()._apply_binary_operator(*arguments))


def read_explanation(path: str | Path) -> Explanation:
    """Read an explanation that `Explanation.to_parquet` or `Explanation.to_json` wrote.

    Parameters
    ----------
    path : str or Path
        A file whose name ends with ``.parquet`` or ``.json``.

    Returns
    -------
    Explanation

    Raises
    ------
    UsageError
        The file's name ends otherwise.
    InvalidDataError
        The file is missing, damaged or holds no explanation.
    IncompatibleError
        The file is of a newer format.
    """
    return Explanation.read(path)


def _from_frame(about: dict[str, Any], frame: pd.DataFrame) -> Explanation:
    features = list(dict.fromkeys(frame["feature"].astype("str")))
    first = frame.iloc[:: len(features)] if features else frame
    codes = dict(zip(features, frame["code"].astype("str").iloc[: len(features)], strict=True))
    index = pd.MultiIndex.from_frame(first[KEYS].astype("str"))
    kept = {name: value for name, value in about.items() if name not in OF_REFITS}
    sure = None
    if len(kept) < len(about):
        how = {name: about[name] for name in OF_REFITS}
        sure = Uncertainty.gather(frame, list(codes.values()), index, **how)
    explained = Explained(
        index=index,
        codes=codes,
        group_effect=first["group_effect"].to_numpy(dtype=np.float64),
        peers=first[[name for name in PEER_COLUMNS if name in first]].reset_index(drop=True),
        uncertainty=sure,
        score=first["score"].to_numpy(dtype=np.float64) if "score" in first else None,
        **kept,
    )
    values, observed, seen = (
        frame[name].to_numpy(dtype=np.float64).reshape(len(first), len(features))
        for name in ("contribution", "observed", "seen")
    )
    return Explanation(values, observed, seen, explained)


def _whole(part: Part | None) -> Part:
    if part is None:
        raise UsageError(
            "A file keeps contributions, not the reasons that were chosen from them.",
            remedy="Explain the returns again with `taxgap.explain`, or read the reasons of the scores.",
        )
    return part
