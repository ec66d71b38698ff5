"""What validation writes: trusted rows, quarantined rows with their reasons, and the report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxgap.errors import UsageError
from taxgap.records import Records
from taxgap.records.files import checksum, new_file, new_folder, write_text
from taxgap.records.parquet import write_table
from taxgap.records.partitions import part_name
from taxgap.records.spreadsheets import SHOWN, read_first, write_csv
from taxgap.validation.outcome import Outcome, with_reasons
from taxgap.validation.report import ValidationReport
from taxgap.validation.table_part import TablePart
from taxgap.validation.trusted import trusted_manifest

Files: TypeAlias = dict[str, dict[str, Any]]
"""For each file its rows and checksum, as in the manifest."""


class Output:
    """A folder that fills partition by partition.

    Parameters
    ----------
    folder : Path
    records : Records
        What is validated.
    """

    def __init__(self, folder: Path, records: Records) -> None:
        self.folder = folder
        self._records = records
        (folder / "quarantine").mkdir()

    def write_report(self, report: ValidationReport, files: Files) -> None:
        """Write the manifest of the records, the reports as JSON and HTML, and rejected rows for people."""
        manifest = replace(trusted_manifest(self._records), files=files)
        (self.folder / "records").mkdir(exist_ok=True)
        manifest.write(self.folder / "records")
        show_quarantine(self.folder / "quarantine")
        write_text(self.folder / "report.json", report.to_json())
        write_text(self.folder / "report.html", report.to_html())
        if report.has_quality:
            write_text(self.folder / "quality.json", report.quality.to_json())
            write_text(self.folder / "quality.html", report.quality.to_html())


def write_part(folder: Path, part: TablePart, outcome: Outcome, *, synthetic: bool) -> Files:
    """Write the kept rows of a part to the records, and the rejected ones to the quarantine.

    Returns
    -------
    dict
        What the manifest says of the file of kept rows.
    """
    kept = part.kept()
    name = f"{part.name}/{part_name(part.partition)}"
    path = folder / "records" / name
    write_table(path, kept, part.model, synthetic=synthetic, absent=part.absent)
    if outcome.quarantined:
        write_any(folder / "quarantine" / name, with_reasons(part.raw, outcome.reasons("reject")))
    return {name: {"rows": len(kept), "sha256": checksum(path)}}


def show_quarantine(folder: Path) -> None:
    """Write for each table the first rows in quarantine as CSV, beside the folder of the table."""
    for table in sorted(path for path in folder.iterdir() if path.is_dir()):
        write_csv(folder / f"{table.name}.csv", read_first(sorted(table.iterdir()), SHOWN))


@contextmanager
def new_output(out: Path | None, records: Records, *, replace: bool) -> Iterator[Output | None]:
    """Give the output to write to, or nothing where nothing is to be written.

    The folder takes its name only when the block succeeds.
    """
    if out is None:
        yield None
        return
    source = Path(records.where)
    if source.is_dir() and source.resolve().is_relative_to(out.resolve()):
        raise UsageError(
            "The output would replace the records themselves.",
            where=str(out),
            remedy="Name a folder outside of the records.",
        )
    with new_folder(out, replace=replace, marker="report.json") as folder:
        yield Output(folder, records)


def write_any(path: Path, table: pd.DataFrame) -> None:
    """Write rows as they are; a column that parquet cannot hold, or of mixed types, as text cell by cell."""
    columns = {str(name): _to_arrow(table[name]) for name in table.columns}
    with new_file(path) as temporary:
        pq.write_table(pa.table(columns), temporary, compression="zstd", compression_level=3)


def _to_arrow(values: pd.Series) -> pa.Array:
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        array = None
    if array is not None and any(is_plain(array.type) for is_plain in _PLAIN):
        return array
    texts = [None if pd.api.types.is_scalar(cell) and pd.isna(cell) else str(cell) for cell in values]
    return pa.array(texts, pa.string())


_PLAIN = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_floating,
    pa.types.is_integer,
    pa.types.is_boolean,
    pa.types.is_temporal,
    pa.types.is_dictionary,
    pa.types.is_null,
)
