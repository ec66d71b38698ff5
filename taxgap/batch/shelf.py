"""A shelf: the pieces of a scoring, laid by until all are ranked, in memory or on disk."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


class Shelf:
    """Frames by name, each laid by once and taken once.

    Parameters
    ----------
    folder : Path, optional
        Where they are laid by, so that memory holds one at a time; in memory when absent.

    Examples
    --------
    >>> shelf = Shelf()
    >>> shelf.put("3-0", pd.DataFrame({"score": [0.5]}))
    >>> shelf.take("3-0")["score"].tolist()
    [0.5]
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._held: dict[str, pd.DataFrame] = {}

    def put(self, name: str, frame: pd.DataFrame) -> None:
        """Lay a frame by; its index is not kept."""
        if self._folder is None or frame.empty:  # a file of no rows would lose the levels of its codes
            self._held[name] = frame.reset_index(drop=True)
        else:
            self._folder.mkdir(parents=True, exist_ok=True)
            frame.reset_index(drop=True).to_feather(self._path(name))

    def take(self, name: str) -> pd.DataFrame:
        """Take a frame off the shelf."""
        if self._folder is None or name in self._held:
            return self._held.pop(name)
        frame = pd.read_feather(self._path(name))
        self._path(name).unlink()
        if not any(self._folder.iterdir()):
            self._folder.rmdir()
        return frame

    def _path(self, name: str) -> Path:
        assert self._folder is not None  # noqa: S101 - for the type checker
        return self._folder / f"{name}.arrow"
