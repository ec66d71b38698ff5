"""What stands on disk, for the tests of the house. Nothing is listed by hand."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def folders(pyproject: dict[str, Any]) -> dict[str, Path]:
    """The top-level folders by the package they are imported as."""
    mapped: dict[str, str] = pyproject["tool"]["setuptools"]["package-dir"]
    return {package: ROOT / folder for package, folder in mapped.items()}


@pytest.fixture(scope="session")
def modules(folders: dict[str, Path]) -> dict[str, Path]:
    """Every module on disk by its dotted name; a package stands for its `__init__`."""
    found = {}
    for package, folder in folders.items():
        for path in _python_files(folder):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join((package, *parts)).removesuffix(".__init__")] = path
    return found


@pytest.fixture(scope="session")
def listed_files() -> list[Path]:
    """Files that git tracks or would track, relative to the checkout. Symlinks are files here."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI needs git and a checkout: {error}")
        pytest.skip("this is not a git checkout")
    paths = (Path(name) for name in answer.stdout.split("\0") if name)
    return sorted(path for path in paths if os.path.lexists(ROOT / path))


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """The environment without anything that points Python at particular folders."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def _python_files(folder: Path) -> Iterator[Path]:
    for where, inner, names in os.walk(folder):  # does not follow symlinks
        inner[:] = [name for name in inner if name != "__pycache__"]
        yield from (Path(where, name) for name in sorted(names) if name.endswith(".py"))
