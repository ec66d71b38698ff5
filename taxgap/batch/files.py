"""Scores as a folder: one parquet file a partition and a manifest, written and read back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxgap.batch.contribution_files import read_head
from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.files import check_format, checksum, new_file, read_json
from taxgap.validation.output import write_any

FORMAT = "taxgap-scores"
FORMAT_VERSION = 1
MANIFEST = "_manifest.json"  # readers of parquet folders pass over names that begin so


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
    manifest = read_manifest(folder)
    unknown = [name for name in columns or () if name not in manifest["columns"]]
    if unknown:
        raise UsageError(
            f"The scores have no column {', '.join(unknown)}.", where="columns", available=manifest["columns"]
        )
    levels: dict[str, list[str]] = manifest["levels"]
    entries = sorted(manifest["outputs"].items())
    parts = (read_part(folder / name, entry, columns) for name, entry in entries)
    # Codes file by file, so that their text is not held for all returns.
    return pd.concat((to_codes(part, levels) for part in parts), ignore_index=True)


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
    manifest = read_manifest(folder)
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


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of scores.

    Raises
    ------
    InvalidDataError, IncompatibleError
        The folder holds no scores, or is of a newer format.
    """
    if not (folder / MANIFEST).is_file():
        raise InvalidDataError(
            f"There are no scores here: {MANIFEST} is missing.",
            where=str(folder),
            remedy="Give the folder that taxgap score has written.",
        )
    manifest = read_json(folder / MANIFEST)
    check_format(manifest, name=FORMAT, version=FORMAT_VERSION, where=folder / MANIFEST)
    return manifest


def write_part(folder: Path, name: str, frames: Iterable[pd.DataFrame]) -> dict[str, dict[str, Any]]:
    """Write the scores of a partition, piece by piece; return the file with its rows and checksum."""
    path, rows = folder / name, 0
    with new_file(path) as temporary, ExitStack() as files:
        writer = None
        for scores in frames:
            writer = writer or files.enter_context(_open_part(temporary, scores))
            writer.write_table(pa.Table.from_pandas(scores, writer.schema, preserve_index=False))
            rows += len(scores)
    return {name: {"rows": rows, "sha256": checksum(path)}}


def write_rows(folder: Path, name: str, rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Write rows as they are; return the file with its rows and checksum."""
    write_any(folder / name, rows)
    return {name: {"rows": len(rows), "sha256": checksum(folder / name)}}


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


def to_codes(scores: pd.DataFrame, levels: dict[str, list[str]]) -> pd.DataFrame:
    """Give the columns that are codes all of their levels."""
    coded = scores.columns.intersection(list(levels))
    return scores.assign(**{name: pd.Categorical(scores[name], categories=levels[name]) for name in coded})
