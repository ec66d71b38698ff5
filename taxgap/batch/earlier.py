"""An earlier run: what it says of returns that are as they were, so that the others alone are scored.

A return is as it was if every measure of it is, to the last bit: whatever changed in the records of a
taxpayer and reaches a score reaches a measure. Each run keeps a mark of the measures beside each score, 64
bits of a hash; a return is held against the mark of its own key alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from taxgap.batch.contribution_files import FOLDER as CONTRIBUTIONS
from taxgap.batch.explaining import Keep
from taxgap.batch.files import read_manifest, read_part, to_codes
from taxgap.batch.plan import Plan
from taxgap.batch.scorer import KEYS, LIKELIHOOD, Look, Measured, Scorer, mark_returns
from taxgap.errors import UsageError
from taxgap.records.partitions import part_name
from taxgap.risk.arrays import Bools, Integers

MARKS = "_run/marks"
"""The folder of the marks: one file a partition, in the order of the scores."""

MARKED = ("mark", "order")
"""The columns of the marks: the hash of the measures, and by what the return was ranked."""

_SAME = ("reasons", "rank_by", "hourly_cost", "explain_share")
"""The settings on which the scores of a return depend, and which returns have reasons."""


class Recalled(NamedTuple):
    """A partition of measured returns, held against an earlier run.

    Attributes
    ----------
    partition : int
    index : MultiIndex
        Taxpayer and period of its returns.
    places : ndarray of int
        Where each stands in the earlier scores; -1 where it is not as it was.
    likely : DataFrame
        The measures of those that are as they were, and whose probability reaches the cut-off; by place among
        the returns.
    """

    partition: int
    index: pd.Index
    places: Integers
    likely: pd.DataFrame

    @property
    def same(self) -> Bools:
        """Which returns are as they were."""
        return self.places >= 0


class EarlierRun:
    """A finished run, read partition by partition.

    Parameters
    ----------
    folder : Path
        That of its scores.

    Raises
    ------
    InvalidDataError, IncompatibleError
        The folder holds no scores, or is of a newer format.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)

    def check(self, plan: Plan) -> None:
        """Refuse a run whose scores are not those that this one would give.

        Raises
        ------
        UsageError
            Naming what differs.
        """
        manifest = self.manifest
        pairs: dict[str, tuple[Any, Any]] = {
            "tax": (manifest["regime"], plan.regime),
            "model": (manifest.get("trained_model_id", manifest["model_id"]), plan.model_id),
            "versions": (manifest["versions"], plan.versions),
            "partitions": (len(manifest["outputs"]), sum(map(len, plan.batches))),
            **{name: (manifest["settings"][name], plan.settings[name]) for name in _SAME},
        }
        differing = [name for name, (before, now) in pairs.items() if before != now]
        if plan.contributions and "contributions" not in manifest:
            differing.append("contributions")
        self._refuse(differing)

    def check_peers(self, checksum: str) -> None:
        """Refuse a run whose peers were others.

        Raises
        ------
        UsageError
        """
        self._refuse(["peers"] if self.manifest["peers"] != checksum else [])

    def _refuse(self, differing: list[str]) -> None:
        if differing:
            raise UsageError(
                f"The earlier run cannot be taken over; it differs in: {', '.join(differing)}.",
                where=str(self.folder),
                remedy="Score everyone: leave --changed-since out.",
            )

    def recall(self, partition: int, observed: pd.DataFrame, cutoff: float) -> Recalled:
        """Hold the measured returns of a partition against what was scored then."""
        scores = self._read("outputs", part_name(partition), [*KEYS, "probability"])
        marks = self._read("marks", f"{MARKS}/{part_name(partition)}", ["mark"])["mark"].to_numpy()
        places = pd.MultiIndex.from_frame(scores[KEYS]).get_indexer(observed.index)
        known = np.flatnonzero(places >= 0)
        changed = marks[places[known]] != mark_returns(observed.iloc[known])
        places[known[changed]] = -1
        same = np.flatnonzero(places >= 0)
        likely = same[scores["probability"].to_numpy()[places[same]] >= cutoff]
        measures = observed.iloc[likely].set_axis(likely)
        return Recalled(partition, observed.index, places.astype(np.int64), measures)

    def rows_of(self, recalled: Recalled) -> pd.DataFrame:
        """Read the scores of the returns that are as they were, with `MARKED`."""
        name = part_name(recalled.partition)
        scores = self._read("outputs", name).join(self._read("marks", f"{MARKS}/{name}"))
        return scores.iloc[recalled.places[recalled.same]]

    def values_of(self, recalled: Recalled) -> pd.DataFrame:
        """Read the contributions to these, of those that were explained."""
        every = self._read("contributions", f"{CONTRIBUTIONS}/{part_name(recalled.partition)}")
        return every.iloc[pd.MultiIndex.from_frame(every[KEYS]).get_indexer(recalled.index[recalled.same])]

    def _read(self, kind: str, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        found = read_part(self.folder / name, self.manifest[kind][name], columns)
        return to_codes(found, self.manifest["levels"])


class ChangedReturns:
    """Looks at returns as `Scorer.look` does, but only at those that are not as they were.

    Parameters
    ----------
    scorer : Scorer
    earlier : EarlierRun
    """

    def __init__(self, scorer: Scorer, earlier: EarlierRun) -> None:
        self.scorer, self.earlier = scorer, earlier

    def look(self, measured: Measured, keep: Keep | None = None) -> Iterator[Look]:
        """Score the returns that changed, take the others over; yield each piece in the order given.

        Notes
        -----
        All the changed returns of a job are scored together: the tables of a peer group are made once.
        """
        changed: list[tuple[int, pd.DataFrame]] = []
        recalled = [self._recall(partition, observed, changed) for partition, observed in measured]
        values: dict[int, list[pd.DataFrame]] = {each.partition: [] for each in recalled}
        keep_new = None if keep is None else lambda partition, new: values[partition].append(new)
        looked: dict[int, list[Look]] = {each.partition: [] for each in recalled}
        for look in self.scorer.look(changed, keep_new):
            looked[look.piece.partition].append(look)
        for each in recalled:
            whole = self._join(each, looked[each.partition])
            every = None
            if keep is not None:
                every = _merge(each.same, self.earlier.values_of(each), values[each.partition])
            for piece, own in self.scorer.pieces(each.partition, whole.rows):
                inside = whole.likely.index.isin(own.index)
                likely = whole.likely[inside]
                yield Look(piece, own.reset_index(drop=True), likely.set_axis(likely.index - own.index.min()))
                if keep is not None and every is not None:
                    keep(piece.partition, every.loc[own.index])

    def _recall(
        self, partition: int, observed: pd.DataFrame, changed: list[tuple[int, pd.DataFrame]]
    ) -> Recalled:
        found = self.earlier.recall(partition, observed, self.scorer.cutoff)
        changed.append((partition, observed[~found.same]))
        return found

    def _join(self, recalled: Recalled, looked: list[Look]) -> Look:
        """Join what was and what is new of a partition, as one look at all of it."""
        new = np.flatnonzero(~recalled.same)
        starts = np.cumsum([0, *(len(look.rows) for look in looked)])
        likely = [
            look.likely.set_axis(new[look.likely.index + start])
            for look, start in zip(looked, starts, strict=False)
        ]
        before = self.earlier.rows_of(recalled)
        rows = _merge(recalled.same, before, [_without_code(look.rows, before) for look in looked])
        return Look(looked[0].piece, rows, pd.concat([recalled.likely, *likely]).sort_index())


def _without_code(rows: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Give new rows the column that says what the first reason would be for the likelihood, still empty.

    Scores without reasons have no such column.
    """
    if LIKELIHOOD not in before:
        return rows
    unknown = pd.Categorical.from_codes(np.full(len(rows), -1), dtype=before[LIKELIHOOD].dtype)
    return rows.assign(**{LIKELIHOOD: unknown})


def _merge(same: Bools, before: pd.DataFrame, new: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put what was and what is new into the order of the returns."""
    found = pd.concat(list(new), ignore_index=True)
    if not len(before):
        return found
    places = np.concatenate([np.flatnonzero(same), np.flatnonzero(~same)])
    both = [before[found.columns], found] if len(found) else [before[found.columns]]
    return pd.concat(both, ignore_index=True).iloc[np.argsort(places)].reset_index(drop=True)
