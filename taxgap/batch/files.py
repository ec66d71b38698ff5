"""Scores as a folder: one parquet file a partition and a manifest, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxgap.batch.contribution_files import ContributionFiles, read_head
from taxgap.batch.scoring import Scoring
from taxgap.batch.settings import ScoreSettings
from taxgap.errors import InvalidDataError, UsageError
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
    target, chosen = Path(out), ScoreSettings.of(**settings)
    if contributions:
        chosen.check_explains()
    with new_folder(target, replace=replace, marker=MANIFEST) as folder:
        run = Scoring.of(records, model, chosen)
        if not contributions:
            manifest = _write_parts(folder, run.score_parts(lay_by_in=folder / LAID_BY))
        else:
            with ContributionFiles(folder, run.about) as beside:
                parts = run.score_parts(lay_by_in=folder / LAID_BY, keep=beside.keep)
                manifest = _write_parts(folder, parts)
            manifest["contributions"] = beside.outputs
        write_json(folder / MANIFEST, {**_describe(run), **manifest})
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
    UsageError
        A column is not in the scores.
    InvalidDataError
        The folder holds no scores, or a file is missing or was changed.
    IncompatibleError
        The folder is of a newer format.
    """
    folder = Path(path)
    manifest = read_json(folder / MANIFEST)
    check_format(manifest, name=FORMAT, version=FORMAT_VERSION, where=folder / MANIFEST)
    unknown = [name for name in columns or () if name not in manifest["columns"]]
    if unknown:
        raise UsageError(
            f"The scores have no column {', '.join(unknown)}.", where="columns", available=manifest["columns"]
        )
    levels: dict[str, list[str]] = manifest["levels"]
    entries = sorted(manifest["outputs"].items())
    parts = (read_part(folder / name, entry, columns) for name, entry in entries)
    # Codes file by file, so that their text is not held for all returns.
    return pd.concat((_to_codes(part, levels) for part in parts), ignore_index=True)


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
    parts = [read_part(folder / name, entry, None) for name, entry in entries]
    found = pd.concat(parts, ignore_index=True).set_index(["taxpayer_id", "period"])
    found.attrs = read_head(folder / entries[0][0])
    return found


def _write_parts(folder: Path, parts: Iterable[tuple[int, pd.DataFrame]]) -> dict[str, Any]:
    """Write a file a partition, and return what the manifest says of them."""
    outputs: dict[str, dict[str, Any]] = {}
    levels: dict[str, list[str]] = {}
    for partition, pieces in groupby(parts, key=itemgetter(0)):
        path, rows = folder / part_name(partition), 0
        with ExitStack() as files:
            writer = None
            for _, scores in pieces:
                writer = writer or files.enter_context(_open_part(path, scores))
                writer.write_table(pa.Table.from_pandas(scores, writer.schema, preserve_index=False))
                rows += len(scores)
                levels = {name: list(scores[name].cat.categories) for name in _codes(scores)}
        outputs[path.name] = {"rows": rows, "sha256": checksum(path)}
    return {"levels": levels, "outputs": outputs}


def _open_part(path: Path, scores: pd.DataFrame) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        path,
        _schema(scores).with_metadata({"taxgap.format": str(FORMAT_VERSION)}),
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


def read_part(path: Path, entry: dict[str, Any], columns: Sequence[str] | None) -> pd.DataFrame:
    """Read a file of the scores, if it is the one that its entry in the manifest tells of."""
    if not path.is_file() or checksum(path) != entry["sha256"]:
        raise InvalidDataError(
            "A file of the scores is missing or is not the one that was written.",
            where=str(path),
            remedy="Score again, or copy the folder again.",
        )
    wanted = None if columns is None else list(columns)
    return pq.read_table(path, columns=wanted, partitioning=None).to_pandas()


def _to_codes(scores: pd.DataFrame, levels: dict[str, list[str]]) -> pd.DataFrame:
    coded = scores.columns.intersection(list(levels))
    return scores.assign(**{name: pd.Categorical(scores[name], categories=levels[name]) for name in coded})


def _describe(run: Scoring) -> dict[str, Any]:
    # Plain data, and no clock time, so that the same run gives the same bytes.
    records, scorer = run.records, run.scorer
    settings = {**asdict(scorer.settings), "cutoff": scorer.cutoff, "periods": run.periods}
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
