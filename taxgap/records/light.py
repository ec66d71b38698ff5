"""Records made light: what a worker needs of them, and nothing that is long."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path

from taxgap.errors import UsageError
from taxgap.records.manifest import FILE_NAME
from taxgap.records.tables import Records


def lighten(records: Records) -> Records:
    """Return the same records without their list of files, to go to workers with each job.

    Examples
    --------
    >>> lighten(Records.from_frames({})).manifest.files
    {}
    """
    light = copy(records)
    light.manifest = replace(records.manifest, files={})
    return light


def check_folder(records: Records, what: str) -> None:
    """Refuse records in memory where several processes, or others, must read them.

    Parameters
    ----------
    records : Records
    what : str
        What is done with them, such as ``checked``.

    Raises
    ------
    UsageError
    """
    if not (Path(records.where) / FILE_NAME).is_file():
        raise UsageError(
            f"Records in memory are {what} by one process.",
            where="workers",
            remedy="Write them to a folder first, with taxgap.ingest.",
        )
