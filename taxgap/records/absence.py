"""What to say of a path that holds no records."""

from __future__ import annotations

from pathlib import Path

from taxgap.errors import InvalidDataError
from taxgap.records.manifest import FILE_NAME

_KINDS = {"card.json": "a model", "_manifest.json": "scores", "audit.json": "an audit"}


def no_records(folder: Path) -> InvalidDataError:
    """Return the error for a path without records: what it is instead, or where they may be.

    Examples
    --------
    >>> print(no_records(Path("nothing-of-the-kind")))
    There are no records here: nothing has this name. [nothing-of-the-kind] Check the path.
    """
    inside = [name for name in ("records", "trusted/records") if (folder / name / FILE_NAME).is_file()]
    kinds = [kind for name, kind in _KINDS.items() if (folder / name).is_file()]
    if not folder.exists():
        why, remedy = "nothing has this name", "Check the path."
    elif inside:
        why, remedy = "they lie in a folder within", f"Name {folder / inside[0]}."
    elif kinds:
        why, remedy = f"the folder holds {kinds[0]}", "Name the folder of the records."
    else:
        why = f"the folder has no {FILE_NAME}"
        remedy = (
            "Name the folder 'records' inside what `taxgap generate` or `taxgap validate` wrote; tables of "
            "your own are read by `taxgap ingest`."
        )
    return InvalidDataError(f"There are no records here: {why}.", where=str(folder), remedy=remedy)
