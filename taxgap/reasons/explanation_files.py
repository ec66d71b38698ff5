"""Explanations as files: parquet and JSON that carry what they are, and a number of their format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxgap.errors import InvalidDataError, UsageError
from taxgap.reasons.uncertainty import OF_CODE
from taxgap.records.files import check_format, new_file, read_json, write_text

FORMAT = "taxgap-explanation"
FORMAT_VERSION = 1
METADATA = "taxgap"
"""Where parquet keeps the head of the file, as JSON."""

ABOUT = ("unit", "baseline", "engine", "model_id", "regime", "as_of", "population_mean")
"""What a file says of the explanation as a whole."""

OF_REFITS = ("refits", "coverage")
"""What it says of refits, if there were any."""

OF_RETURN = (
    "taxpayer_id",
    "period",
    "group_effect",
    "score",
    "trade_group",
    "size_band",
    "number",
    "rung",
    "peers",
    "stability",
    "stable",
)
OF_FEATURE = ("feature", "code")
OF_BOTH = ("contribution", "observed", "seen", *(f"code_{name}" for name in OF_CODE))
"""What is said of each return, of each feature, and of each feature of a return, as far as it is known."""

NEEDED = ("taxpayer_id", "period", "group_effect", *OF_FEATURE, "contribution", "observed", "seen")
OF_UNCERTAINTY = (*(f"code_{name}" for name in OF_CODE), "stability")
"""What is always known, and what is with refits."""


def write_parquet_form(path: Path, about: dict[str, Any], frame: pd.DataFrame) -> Path:
    """Write the long form of an explanation as parquet.

    Parameters
    ----------
    path : Path
    about : dict
        With `ABOUT`.
    frame : DataFrame
        From `taxgap.reasons.explanation.Explanation.to_frame`.

    Returns
    -------
    Path
    """
    content = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    codes = [name for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    settings = {"compression": "zstd", "compression_level": 3, "use_dictionary": codes}
    # Without the schema's own copy of itself its metadata is left out too, so the head is added by hand.
    with new_file(path) as temporary:  # noqa: SIM117  the file takes its name after it is closed
        with pq.ParquetWriter(temporary, content.schema, store_schema=False, **settings) as writer:
            writer.write_table(content)
            writer.add_key_value_metadata({METADATA: json.dumps(_head(about), sort_keys=True)})
    return path


def write_json_form(path: Path | None, about: dict[str, Any], frame: pd.DataFrame) -> str:
    """Write an explanation as JSON: its head, its features, and one object a return.

    Parameters
    ----------
    path : Path or None
        Where it is written too.
    about, frame
        As for `write_parquet_form`.

    Returns
    -------
    str
    """
    features = frame["feature"].nunique()
    first = frame.iloc[:: max(features, 1)]
    known = first[[name for name in OF_RETURN if name in frame]]
    of_return = known.apply(_or_none).to_dict("records")
    numbers = {
        name: _or_none(frame[name]).to_numpy().reshape(len(first), features)
        for name in OF_BOTH
        if name in frame
    }
    returns = [
        entry | {name: values[row].tolist() for name, values in numbers.items()}
        for row, entry in enumerate(of_return)
    ]
    listed = frame.iloc[:features][list(OF_FEATURE)].astype("str").to_dict("records")
    text = json.dumps(_head(about) | {"features": listed, "returns": returns}, default=_plain)
    if path is not None:
        write_text(path, text + "\n")
    return text


def read_form(path: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Read either form.

    Parameters
    ----------
    path : Path

    Returns
    -------
    about : dict
        With `ABOUT`, and `OF_REFITS` if there were any.
    frame : DataFrame
        The long form.

    Raises
    ------
    UsageError
        The file's name ends with neither ``.parquet`` nor ``.json``.
    InvalidDataError
        The file is missing, damaged or holds no explanation.
    IncompatibleError
        The file is of a newer format.
    """
    readers = {".parquet": _read_parquet, ".json": _read_json}
    if path.suffix not in readers:
        raise UsageError(
            "An explanation is read from parquet or JSON.", where=str(path), available=list(readers)
        )
    head, frame = readers[path.suffix](path)
    if not _is_whole(head, frame):
        raise _broken(path)
    known = [*ABOUT, *(name for name in OF_REFITS if name in head)]
    return {name: head[name] for name in known}, frame


def _is_whole(head: dict[str, Any], frame: pd.DataFrame) -> bool:
    """Whether everything is said, of every return and the same features in the same order."""
    refits = any(name in head for name in OF_REFITS)
    wanted = [*ABOUT, *(OF_REFITS if refits else ())]
    columns = [*NEEDED, *(OF_UNCERTAINTY if refits else ())]
    if not (all(name in head for name in wanted) and all(name in frame for name in columns)):
        return False
    features = pd.factorize(frame["feature"])[0]
    number = int(features.max(initial=-1)) + 1
    return len(frame) == 0 or bool((features == np.arange(len(frame)) % number).all())


def _broken(path: Path) -> InvalidDataError:
    return InvalidDataError(
        "The file does not hold a whole explanation.",
        where=str(path),
        remedy="Write it again with `to_parquet` or `to_json`.",
    )


def _head(about: dict[str, Any]) -> dict[str, Any]:
    return {"format": FORMAT, "format_version": FORMAT_VERSION, **about}


def _read_parquet(path: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    if not path.is_file():
        raise InvalidDataError("The file is missing.", where=str(path))
    try:
        content = pq.read_table(path, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise InvalidDataError("The file cannot be read as parquet.", where=str(path)) from error
    head = json.loads((content.schema.metadata or {}).get(METADATA.encode(), b"{}"))
    check_format(head, name=FORMAT, version=FORMAT_VERSION, where=path)
    return head, content.to_pandas()


def _read_json(path: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    head = read_json(path)
    check_format(head, name=FORMAT, version=FORMAT_VERSION, where=path)
    try:
        return head, _lay_out(head.pop("features"), head.pop("returns"))
    except (KeyError, TypeError, ValueError) as error:  # something is absent, or too short
        raise _broken(path) from error


def _lay_out(features: list[dict[str, Any]], returns: list[dict[str, Any]]) -> pd.DataFrame:
    rows = np.repeat(np.arange(len(returns)), len(features))
    known = [name for name in OF_RETURN if all(name in entry for entry in returns)]
    frame = pd.DataFrame([{name: entry[name] for name in known} for entry in returns], columns=known)
    frame = frame.iloc[rows].reset_index(drop=True)
    for name in OF_FEATURE:
        frame[name] = np.tile(np.array([feature[name] for feature in features], dtype=object), len(returns))
    for name in (name for name in OF_BOTH if all(name in entry for entry in returns)):
        frame[name] = np.array([entry[name] for entry in returns], dtype=np.float64).ravel()
    return frame


def _or_none(values: pd.Series) -> pd.Series:
    return values.astype(object).where(values.notna(), None)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
