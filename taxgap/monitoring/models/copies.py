"""A model's folder copied to the shelf: whole or not at all, and the same afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

from taxgap.errors import InvalidDataError
from taxgap.monitoring.models.log import sync
from taxgap.records.files import checksum, new_folder, read_json
from taxgap.risk.model import RiskModel
from taxgap.risk.storage import CARD


def copy_model(source: Path, target: Path) -> None:
    """Copy what the card of a model names, and check that the copy loads.

    Parameters
    ----------
    source : Path
        The folder of a model.
    target : Path
        Where it shall stand; nothing stands there yet.

    Raises
    ------
    UsageError
        The copy cannot be written.
    IncompatibleError
        It does not load.
    """
    with new_folder(target, marker=CARD) as draft:
        for name in _list_files(source):
            shutil.copyfile(source / name, draft / name)
            sync(draft / name)
        RiskModel.load(draft)
        sync(draft)
    sync(target.parent)


def is_copy(source: Path, target: Path) -> bool:
    """Tell whether two folders hold the same model, file by file."""
    return all(
        (target / name).is_file() and checksum(target / name) == checksum(source / name)
        for name in _list_files(source)
    )


def hash_card(folder: Path) -> str:
    """Return the SHA-256 of a model's card, which holds those of its other files."""
    return checksum(folder / CARD)


def check_copy(folder: Path, card: str) -> None:
    """Refuse a folder whose card is not the one that was added.

    Raises
    ------
    InvalidDataError
    """
    if not (folder / CARD).is_file():
        raise InvalidDataError("Its folder is missing.", where=str(folder))
    if hash_card(folder) != card:
        raise InvalidDataError("Its card is not the one that was added.", where=str(folder / CARD))


def _list_files(folder: Path) -> list[str]:
    # Only names: a card must not lead out of its folder.
    return sorted({CARD, *(Path(name).name for name in read_json(folder / CARD)["checksums"])})
