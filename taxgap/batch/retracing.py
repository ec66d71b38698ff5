"""A past night looked at again: one taxpayer's figures made anew from what the run kept, or refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from taxgap.batch.contribution_files import FOLDER as CONTRIBUTIONS
from taxgap.batch.files import read_manifest, read_part, to_codes
from taxgap.batch.noting import read_noted
from taxgap.batch.scorer import KEYS, Scorer
from taxgap.batch.settings import ScoreSettings
from taxgap.batch.steps import MODEL, SOURCE
from taxgap.batch.taking import needed_tables, take_partition
from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.reasons import reason_columns
from taxgap.records import Records
from taxgap.records.files import checksum, read_json
from taxgap.records.partitions import part_name, partition_of
from taxgap.records.sources import FrameSource
from taxgap.risk.model import RiskModel
from taxgap.risk.storage import PEERS

_SCORED = ("probability", "score", "amount_low", "amount_high")


class Retraced(NamedTuple):
    """What a run knew of a taxpayer.

    Attributes
    ----------
    records : Records
        The taxpayer's rows as the run took them in: as they stood, without those that were rejected.
    everyone : Records
        All of the records as they stood.
    model : RiskModel
        The copy that the run kept, with its peers.
    scores : DataFrame
        The taxpayer's rows of the scores; made again, they are the same to the last bit.
    """

    records: Records
    everyone: Records
    model: RiskModel
    scores: pd.DataFrame


class _Night(NamedTuple):
    """The files of a run that hold one taxpayer."""

    folder: Path
    manifest: dict[str, Any]
    partition: int

    def read(self, kind: str, place: str = ".") -> pd.DataFrame:
        name = (Path(place) / part_name(self.partition)).as_posix()
        return read_part(self.folder / name, self.manifest[kind][name], None)

    def scores_of(self, taxpayer: str) -> pd.DataFrame:
        scores = to_codes(self.read("outputs"), self.manifest["levels"])
        own = scores[scores["taxpayer_id"] == taxpayer].reset_index(drop=True)
        if own.empty:
            raise UsageError(
                f"The run scored no return of {taxpayer}.",
                where=str(self.folder),
                remedy="Name a taxpayer as the records do. Rejected returns stand in _rejected.",
            )
        return own


def retrace(run: str | Path, taxpayer: str, *, records: str | Path | None = None) -> Retraced:
    """Make the figures of a past run again, for one taxpayer.

    Parameters
    ----------
    run : str or Path
        The folder that `write_scores` wrote.
    taxpayer : str
    records : str or Path, optional
        The folder of the records that were scored; where it was then, when absent.

    Returns
    -------
    Retraced

    Raises
    ------
    UsageError
        The run scored no return of the taxpayer.
    InvalidDataError
        The folder holds no run; its files, or the records, are missing or not those of that night.
    IncompatibleError
        This version of the library or of what it stands on does not give the same figures.
    """
    folder = Path(run)
    manifest = read_manifest(folder)
    model = _load_model(folder, manifest)
    opened = Records.open(_find_records(folder, records))
    if opened.manifest.files != manifest["inputs"]:
        raise InvalidDataError(
            "The records are not those that were scored.",
            where=opened.where,
            remedy="Name the folder of that night, unchanged.",
        )
    partition = int(partition_of([taxpayer], len(opened.partitions))[0])
    night = _Night(folder, manifest, partition)
    scores = night.scores_of(taxpayer)
    scorer = Scorer(model, _settings(manifest))
    known = opened.known_at(manifest["as_of"])
    seen = manifest["accounts"]["rows"]  # the run may have been shown some of the tables alone
    needed = known.only([name for name in needed_tables(scorer.regime, known) if name in seen])
    noted = read_noted(folder, partition) if manifest["settings"]["validate"] else None
    taken = take_partition(needed, partition, noted).records.hold(needed.tables, 0, [taxpayer])
    again = _score_again(scorer, taken, manifest["settings"]["periods"])
    if differing := _find_differences(night, scores, *again):
        versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
        raise IncompatibleError(
            f"The figures of that night cannot be made again: they differ in {', '.join(differing)}.",
            where=str(folder),
            remedy=f"Use the versions that the run was made with: {versions}.",
        )
    own = _with_other_tables(taken, known, partition, taxpayer)
    return Retraced(own, known, model, scores)


def _load_model(folder: Path, manifest: dict[str, Any]) -> RiskModel:
    model = RiskModel.load(folder / MODEL)
    if model.model_id != manifest["model_id"] or checksum(folder / MODEL / PEERS) != manifest["peers"]:
        raise InvalidDataError(
            "The model that the run kept is not the one it scored with.",
            where=str(folder / MODEL),
            remedy="Copy the folder of the run again.",
        )
    return model


def _find_records(folder: Path, records: str | Path | None) -> Path:
    path = Path(records or read_json(folder / SOURCE)["records"])
    if path.is_dir():
        return path
    remedy = "Name the folder that holds them now: taxgap explain RECORDS --run OUT."
    if "source" in read_manifest(folder):
        remedy = (
            "Own tables were scored, brought into form for the run alone: ingest the same again. " + remedy
        )
    raise InvalidDataError("The records that were scored are not there.", where=str(path), remedy=remedy)


def _settings(manifest: dict[str, Any]) -> ScoreSettings:
    given = manifest["settings"]
    share = 1.0 if given["reasons"] and given["explain_share"] > 0 else 0.0
    return ScoreSettings(**{**given, "periods": tuple(given["periods"]), "explain_share": share})


def _score_again(scorer: Scorer, taken: Records, periods: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of a look at the taxpayer, and the contributions."""
    kept: list[pd.DataFrame] = []
    measured = scorer.regime.measure(taken, periods)
    rows = next(scorer.look([(0, measured)], lambda _, values: kept.append(values))).rows
    return rows, kept[0] if kept else pd.DataFrame()


def _find_differences(
    night: _Night, scores: pd.DataFrame, rows: pd.DataFrame, values: pd.DataFrame
) -> list[str]:
    """Name what is not the same, to the last bit, as in the scores of the night."""
    differing = [name for name in (*KEYS, *_SCORED) if not rows[name].equals(scores[name])]
    if values.empty or differing:
        return differing
    told = scores["population_mean"].notna()  # not every return need be explained
    names = ("population_mean", "group_effect", *reason_columns(night.manifest["settings"]["reasons"]))
    differing = [name for name in names if not rows.loc[told, name].equals(scores.loc[told, name])]
    if differing or "contributions" not in night.manifest:
        return differing
    before = night.read("contributions", CONTRIBUTIONS)
    own = before[before["taxpayer_id"].isin(scores["taxpayer_id"])].reset_index(drop=True)
    return [] if values[told.to_numpy()].reset_index(drop=True).equals(own) else ["contributions"]


def _with_other_tables(taken: Records, known: Records, partition: int, taxpayer: str) -> Records:
    """Add the tables that scores do not rest on, for the history of the case."""
    others = known.hold([name for name in known.tables if name not in taken.tables], partition, [taxpayer])
    frames = {name: each.read(name) for each in (taken, others) for name in each.tables}
    return Records(FrameSource(frames), replace(known.manifest, partitions=1), known.as_of)
