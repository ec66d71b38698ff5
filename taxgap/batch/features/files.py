"""Features as a folder: one parquet file a partition and a manifest, written and read back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxgap.batch.features.plan import FORMAT, FORMAT_VERSION
from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.files import check_format, checksum, new_file, read_json
from taxgap.records.partitions import part_name

MANIFEST = "_manifest.json"  # readers of parquet folders pass over names that begin so
PEERS = "_peers.parquet"
KEYS = ["taxpayer_id", "period"]
_AGAIN = "Make the features again, or copy the folder again."


def read_features(
    path: str | Path, columns: Sequence[str] | None = None, *, partition: int | None = None
) -> pd.DataFrame:
    """Read the features of a folder that `build_features` wrote.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str, optional
        The features to read; all when absent.
    partition : int, optional
        One partition; all when absent.

    Returns
    -------
    DataFrame
        Indexed by (taxpayer_id, period), sorted within each partition: what `Regime.compare` gives, to the
        bit; a model takes it as it is where the features were made for it.

    Raises
    ------
    UsageError
        A column or the partition is not there.
    InvalidDataError
        The folder holds no features, or a file is missing or was changed.
    IncompatibleError
        The folder is of a newer format.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    wanted = list(manifest["columns"] if columns is None else columns)
    unknown = [name for name in wanted if name not in manifest["columns"]]
    if unknown:
        raise UsageError(
            f"There is no feature {', '.join(unknown)}.", where="columns", available=manifest["columns"]
        )
    names = sorted(manifest["outputs"]) if partition is None else [part_name(partition)]
    if names[0] not in manifest["outputs"]:
        raise UsageError(
            f"There is no partition {partition}.", where="partition", available=sorted(manifest["outputs"])
        )
    parts = [_read_part(folder / name, manifest["outputs"][name], wanted, manifest) for name in names]
    return parts[0] if len(parts) == 1 else pd.concat(parts)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what a folder of features says of itself.

    Raises
    ------
    InvalidDataError, IncompatibleError
        It holds no features, or is of a newer format.
    """
    manifest = read_json(folder / MANIFEST)
    check_format(manifest, name=FORMAT, version=FORMAT_VERSION, where=folder / MANIFEST)
    return manifest


def write_part(folder: Path, partition: int, seen: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Write the features of a partition; return the file with its rows and checksum."""
    path = folder / part_name(partition)
    table = pa.Table.from_pandas(seen.reset_index(), _schema(seen), preserve_index=False)
    with new_file(path) as temporary:
        pq.write_table(
            table.replace_schema_metadata({"taxgap.format": str(FORMAT_VERSION)}),
            temporary,
            compression="zstd",
            compression_level=3,
            use_dictionary=_coded(seen),
            store_schema=False,
        )
    return {path.name: {"rows": len(seen), "sha256": checksum(path)}}


def describe_levels(seen: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the levels of the categorical features, and whether they rise."""
    return {
        name: {"levels": list(map(str, seen[name].cat.categories)), "ordered": bool(seen[name].cat.ordered)}
        for name in _coded(seen)
    }


def _schema(seen: pd.DataFrame) -> pa.Schema:
    levels = describe_levels(seen)
    kinds: dict[str, pa.DataType] = {
        name: pa.dictionary(pa.int8(), pa.string(), ordered=about["ordered"])
        for name, about in levels.items()
    }
    texts = [(name, pa.string()) for name in KEYS]
    return pa.schema([*texts, *((name, kinds.get(str(name), pa.float64())) for name in seen.columns)])


def _coded(seen: pd.DataFrame) -> list[str]:
    return [str(name) for name, kind in seen.dtypes.items() if isinstance(kind, pd.CategoricalDtype)]


def _read_part(
    path: Path, entry: dict[str, Any], columns: list[str], manifest: dict[str, Any]
) -> pd.DataFrame:
    if not path.is_file() or checksum(path) != entry["sha256"]:
        raise InvalidDataError(
            "A file of the features is missing or is not the one that was written.",
            where=str(path),
            remedy=_AGAIN,
        )
    table = pq.read_table(path, columns=[*KEYS, *columns], partitioning=None).to_pandas()
    known = {name: about for name, about in manifest["levels"].items() if name in columns}
    coded = {
        name: pd.Categorical(table[name], about["levels"], ordered=about["ordered"])
        for name, about in known.items()
    }
    return table.assign(**coded).set_index(KEYS)[columns]
