"""Pieces as files: what a run holds of each between its steps, written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from taxgap.batch.explaining import Piece
from taxgap.records.files import checksum, new_file

FOLDER = "_work"
"""The folder of these files in that of the run; it is removed before the run is delivered."""


class PieceFiles:
    """Frames of one kind, by piece.

    Parameters
    ----------
    folder : Path
        That of the run.
    kind : str
        What they are, as the name of their folder.

    Notes
    -----
    Frames without rows are not written, since their codes would lose their levels.
    """

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        self._run = folder

    def write(self, name: str, frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
        """Write a frame without its index; return its file, rows and checksum, if it has rows."""
        if frame.empty:
            return {}
        path = self._path(name)
        with new_file(path) as temporary:
            frame.reset_index(drop=True).to_feather(temporary, compression="lz4")
        return {str(path.relative_to(self._run)): {"rows": len(frame), "sha256": checksum(path)}}

    def read(self, piece: Piece | str, columns: list[str] | None = None) -> pd.DataFrame | None:
        """Read a frame; None where it had no rows."""
        path = self._path(piece if isinstance(piece, str) else piece.name)
        return pd.read_feather(path, columns=columns) if path.is_file() else None

    def _path(self, name: str) -> Path:
        return self._run / FOLDER / self.kind / f"{name}.arrow"
