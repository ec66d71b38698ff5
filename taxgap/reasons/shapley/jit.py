"""How kernels are compiled: at first use, without the interpreter's lock, kept in a folder of the user's."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

from numba import config, njit

_settings: Any = config  # its attributes are made when numba is imported

FOLDER = "TAXGAP_CACHE_DIR"
"""The environment variable that names a folder for compiled code; the user's cache folder when absent."""

_MONTH = 30 * 24 * 3600

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Compile a function when it is first called.

    Compiled code is kept for later processes in a folder of the user's, or where ``NUMBA_CACHE_DIR`` says.
    Where neither can be written it is kept in memory, with a warning.
    """
    compiled: Any = njit(nogil=True, error_model="numpy")(function)
    folder = find_folder()
    if folder is not None:
        own, _settings.CACHE_DIR = _settings.CACHE_DIR, folder
        try:
            compiled.enable_caching()
        finally:
            _settings.CACHE_DIR = own
    typed: _Function = compiled
    return typed


@cache
def find_folder() -> str | None:
    """Return the folder for compiled code, or None where none can be written."""
    own = f"kernels-{_fingerprint()}"
    try:
        folder = Path(_settings.CACHE_DIR) if _settings.CACHE_DIR else _find_parent() / own
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home
        warnings.warn(
            f"Compiled code cannot be kept ({error}), and every process compiles anew, which takes half a "
            f"minute. Name a folder that can be written with {FOLDER}.",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
    if not _settings.CACHE_DIR:
        _clear_old(folder)
    return str(folder)


def _find_parent() -> Path:
    if os.environ.get(FOLDER):
        return Path(os.environ[FOLDER])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "taxgap"


def _clear_old(folder: Path) -> None:
    """Remove what other versions have kept and nobody has used for a month."""
    folder.touch()
    for other in folder.parent.glob("kernels-*"):
        if other.stat().st_mtime < folder.stat().st_mtime - _MONTH:
            shutil.rmtree(other, ignore_errors=True)


def _fingerprint() -> str:
    # numba looks at the file of a function alone, and would run code whose callees have changed since.
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return blake2b(b"".join(path.read_bytes() for path in sources), digest_size=8).hexdigest()
