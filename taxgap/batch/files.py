"""Scores as a folder: one parquet file a partition and a manifest, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxgap.batch.contribution_files import ContributionFiles, read_head
from taxgap.batch.scorer import Scorer
from taxgap.batch.settings import ScoreSettings
from taxgap.errors import InvalidDataError
from taxgap.records import Records
from taxgap.records.files import check_format, checksum, new_folder, read_json, write_json
from taxgap.records.partitions import part_name
from taxgap.risk.card import read_versions
from taxgap.risk.model import RiskModel

FORMAT = "taxgap-scores"
FORMAT_VERSION = 1
LAID_BY = "_laid_by"
MANIFEST = "_manifest.json"  # readers of parquet folders pass over names that begin so


def write_scores(
    records: Records,
    model: RiskModel,
    out: str | Path,
    *,
    replace: bool = False,
    contributions: bool = False,
    **settings: Any,
) -> Path:
    """Score the returns that records hold and write the scores, partition by partition.

    Parameters
    ----------
    records : Records
    model : RiskModel
    out : str or Path
        The folder to write: ``part-0000.parquet`` and so on, and ``_manifest.json`` with versions, settings,
        model, the checksums of what was read, and rows and checksums of what was written. The same records,
        model and settings give the same bytes.
    replace : bool, default False
        Replace the folder if it exists.
    contributions : bool, default False
        Write what each feature adds to each explained score too, into ``_contributions``, one file a
        partition; see `read_contributions`.
    **settings
        As for `taxgap.batch.score`.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError, InvalidDataError, IncompatibleError
        As `taxgap.batch.score`; or the folder exists already, or cannot be written to.
    """
    target = Path(out)
    with new_folder(target, replace=replace, marker=MANIFEST) as folder:
        scorer = Scorer(records, model, ScoreSettings.of(**settings))
        beside = ContributionFiles(folder, scorer.about) if contributions else None
        parts = scorer.score_parts(lay_by_in=folder / LAID_BY, keep=None if beside is None else beside.keep)
        outputs, levels = {}, {}
        for partition, scores in zip(scorer.records.partitions, parts, strict=True):
            path = folder / part_name(partition)
            _write_part(path, scores)
            outputs[path.name] = {"rows": len(scores), "sha256": checksum(path)}
            levels = {name: list(scores[name].cat.categories) for name in _codes(scores)}
        manifest = {**_describe(scorer), "levels": levels, "outputs": outputs}
        if beside is not None:
            manifest["contributions"] = beside.outputs
        write_json(folder / MANIFEST, manifest)
    return target


def read_scores(path: str | Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read the scores of a folder that `write_scores` wrote.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str, optional
        The columns to read; all when absent.

    Returns
    -------
    DataFrame
        As `taxgap.batch.score` returns it.

    Raises
    ------
    InvalidDataError
        The folder holds no scores, or a file is missing or was changed.
    IncompatibleError
        The folder is of a newer format.
    """
    folder = Path(path)
    manifest = read_json(folder / MANIFEST)
    check_format(manifest, name=FORMAT, version=FORMAT_VERSION, where=folder / MANIFEST)
    levels: dict[str, list[str]] = manifest["levels"]
    parts = [_read_part(folder / name, entry, columns) for name, entry in sorted(manifest["outputs"].items())]
    scores = pd.concat(parts, ignore_index=True)
    for name in scores.columns.intersection(list(levels)):
        scores[name] = pd.Categorical(scores[name], categories=levels[name])
    return scores


def read_contributions(path: str | Path) -> pd.DataFrame:
    """Read the contributions that `write_scores` wrote beside the scores of a folder.

    Parameters
    ----------
    path : str or Path
        The folder of the scores.

    Returns
    -------
    DataFrame
        By `taxpayer_id` and `period`, one column a feature, in log units of expected tax. What they are
        stands in ``attrs``: `unit, baseline, engine, model_id, regime, as_of, population_mean`.

    Raises
    ------
    InvalidDataError
        The folder holds none, or a file is missing or was changed.
    IncompatibleError
        The folder is of a newer format.
    """
    folder = Path(path)
    manifest = read_json(folder / MANIFEST)
    check_format(manifest, name=FORMAT, version=FORMAT_VERSION, where=folder / MANIFEST)
    if "contributions" not in manifest:
        raise InvalidDataError(
            "The folder holds no contributions.",
            where=str(folder),
            remedy="Score again and ask for them: taxgap score --contributions.",
        )
    entries = sorted(manifest["contributions"].items())
    parts = [_read_part(folder / name, entry, None) for name, entry in entries]
    found = pd.concat(parts, ignore_index=True).set_index(["taxpayer_id", "period"])
    found.attrs = read_head(folder / entries[0][0])
    return found


def _write_part(path: Path, scores: pd.DataFrame) -> None:
    content = pa.Table.from_pandas(scores, schema=_schema(scores), preserve_index=False)
    pq.write_table(
        content.replace_schema_metadata({"taxgap.format": str(FORMAT_VERSION)}),
        path,
        compression="zstd",
        compression_level=3,
        use_dictionary=_codes(scores),
        store_schema=False,
    )


def _codes(scores: pd.DataFrame) -> list[str]:
    return [name for name, dtype in scores.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)]


def _schema(scores: pd.DataFrame) -> pa.Schema:
    kinds = {"float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}
    kinds["category"] = pa.dictionary(pa.int8(), pa.string())
    return pa.schema([(name, kinds.get(str(dtype), pa.string())) for name, dtype in scores.dtypes.items()])


def _read_part(path: Path, entry: dict[str, Any], columns: Sequence[str] | None) -> pd.DataFrame:
    if not path.is_file() or checksum(path) != entry["sha256"]:
        raise InvalidDataError(
            "A file of the scores is missing or is not the one that was written.",
            where=str(path),
            remedy="Score again, or copy the folder again.",
        )
    wanted = None if columns is None else list(columns)
    return pq.read_table(path, columns=wanted, partitioning=None).to_pandas()


def _describe(scorer: Scorer) -> dict[str, Any]:
    # Plain data, and no clock time, so that the same run gives the same bytes.
    records = scorer.records
    settings = {**asdict(scorer.settings), "cutoff": scorer.cutoff, "periods": scorer.periods}
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "as_of": str(records.as_of.date()),
        "regime": scorer.regime.name,
        "model_id": scorer.model_id,
        "synthetic": records.manifest.synthetic,
        "settings": settings,
        "columns": scorer.columns,
        "inputs": records.manifest.files,
        "versions": read_versions(),
    }
