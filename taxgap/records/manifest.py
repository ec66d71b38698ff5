"""The manifest of a population: what is in the folder, what made it, and how to check it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from taxgap.errors import InvalidDataError
from taxgap.records.files import check_format, read_json, write_json

FORMAT = "taxgap-records"
FORMAT_VERSION = 1
FILE_NAME = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What a folder of records says of itself.

    Attributes
    ----------
    as_of : str
        The date at which the records stand, such as ``2026-09-30``.
    periods : list of str
        The tax years.
    partitions : int
        The number of partitions of every table.
    synthetic : bool
        Whether the records were generated.
    seed : int or None
        The seed they were generated with.
    made_by : dict
        Versions and settings.
    files : dict
        For each file its rows and sha256.
    """

    as_of: str
    periods: list[str]
    partitions: int
    synthetic: bool
    seed: int | None = None
    made_by: dict[str, Any] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the manifest into a folder."""
        content = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}
        write_json(folder / FILE_NAME, content)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of a folder.

        Raises
        ------
        InvalidDataError
            It is missing or incomplete.
        IncompatibleError
            It is of a newer format.
        """
        path = folder / FILE_NAME
        content = read_json(path)
        check_format(content, name=FORMAT, version=FORMAT_VERSION, where=path)
        names = cls.__dataclass_fields__
        try:
            manifest = cls(**{name: content[name] for name in names})
        except KeyError as error:
            raise InvalidDataError(f"The manifest lacks {error}.", where=str(path)) from error
        wrong = [name for name, right in manifest._checks().items() if not right]
        if wrong:
            raise InvalidDataError(f"The manifest has unusable values: {', '.join(wrong)}.", where=str(path))
        return manifest

    def _checks(self) -> dict[str, bool]:
        return {
            "as_of": _is_date(self.as_of),
            "periods": isinstance(self.periods, list),
            "partitions": type(self.partitions) is int and self.partitions > 0,
            "files": isinstance(self.files, dict),
        }

    def rows(self, table: str) -> int:
        """Return the number of rows of a table, over all partitions."""
        return sum(int(item["rows"]) for name, item in self.files.items() if name.split("/")[0] == table)


def _is_date(text: Any) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except (TypeError, ValueError):
        return False
