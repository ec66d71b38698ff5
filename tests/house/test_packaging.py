"""What is installed is what is on disk: no file missing, none extra, and nothing comes from the checkout."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.xdist_group("packaging")

Build = Callable[[Path, str], Path]

IMPORT_ALL = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
print(json.dumps({name: file for name, file in files.items() if file}))
"""


@pytest.fixture(scope="module")
def source(
    root: Path, listed_files: list[Path], folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A copy of what git sees, so that nothing ignored or left from an earlier build gets in."""
    copy = tmp_path_factory.mktemp("source")
    names = {folder.name for folder in folders.values()}
    for path in listed_files:
        if len(path.parts) == 1 or path.parts[0] in names:
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, copy / path, follow_symlinks=False)
    return copy


@pytest.fixture(scope="module")
def build(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Call the build backend as an installer does, but without a network."""

    def build(source: Path, kind: str) -> Path:
        out = tmp_path_factory.mktemp(kind)
        code = f"from setuptools import build_meta; build_meta.build_{kind}({str(out)!r})"
        _run([sys.executable, "-c", code], source, environment)
        (archive,) = out.iterdir()
        return archive

    return build


@pytest.fixture(scope="module")
def source_archive(source: Path, build: Build) -> Path:
    return build(source, "sdist")


@pytest.fixture(scope="module")
def wheel(source_archive: Path, build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the unpacked source archive, so that both are proven."""
    where = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(source_archive) as archive:
        archive.extractall(where, filter="data")
    (unpacked,) = where.iterdir()
    return build(unpacked, "wheel")


@pytest.fixture(scope="module")
def installed(wheel: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment with the wheel. It sees our dependencies, but not our own editable install:
    the hook of that is a .pth file, and those count only in an environment's own folder."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "--isolated"]
    _run(
        [*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-compile", str(wheel)], home, environment
    )
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    purelib = Path(_run([str(home / "bin" / "python"), "-I", "-c", where], home, environment).strip())
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (purelib / "dependencies.pth").write_text("\n".join(sorted(dependencies)))
    return home


def test_the_wheel_holds_every_file(
    root: Path, wheel: Path, folders: dict[str, Path], listed_files: list[Path]
) -> None:
    packages = {folder.name: package.replace(".", "/") for package, folder in folders.items()}
    expected = {
        Path(packages[path.parts[0]], *path.parts[1:]).as_posix()
        for path in listed_files
        if path.parts[0] in packages and not (root / path).is_symlink()
    }
    with ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    found = sorted(expected - held)
    assert not found, f"name its package or its kind of file in pyproject.toml: {found}"
    found = sorted(held - expected)
    assert not found, f"git does not know these: {found}"


def test_the_source_archive_holds_every_file(
    root: Path, source_archive: Path, folders: dict[str, Path], listed_files: list[Path]
) -> None:
    tops = {folder.name for folder in folders.values()}
    expected = {
        path.as_posix() for path in listed_files if path.parts[0] in tops and not (root / path).is_symlink()
    }
    with tarfile.open(source_archive) as archive:
        held = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    found = sorted((expected | {"pyproject.toml", "README.md", "LICENSE"}) - held)
    assert not found, "\n".join(found)


def test_every_module_is_imported_from_the_wheel(
    root: Path, installed: Path, modules: dict[str, Path], environment: dict[str, str], tmp_path: Path
) -> None:
    python = str(installed / "bin" / "python")
    answer = _run([python, "-I", "-c", IMPORT_ALL, *modules], tmp_path, environment)
    files = {name: Path(file) for name, file in json.loads(answer.splitlines()[-1]).items()}
    found = [name for name in modules if not files[name].is_relative_to(installed)]
    assert not found, "\n".join(found)
    environments = (Path(sys.prefix), installed)
    found = [
        str(file)
        for file in files.values()
        if file.is_relative_to(root) and not any(file.is_relative_to(each) for each in environments)
    ]
    assert not found, "\n".join(found)


def test_the_command_is_installed(
    installed: Path, environment: dict[str, str], pyproject: dict[str, Any], tmp_path: Path
) -> None:
    answer = _run([str(installed / "bin" / "taxgap"), "--version"], tmp_path, environment)
    assert answer == f"taxgap, version {pyproject['project']['version']}\n"


def _run(command: list[str], where: Path, environment: dict[str, str]) -> str:
    answer = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout
