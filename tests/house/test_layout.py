"""The folders are what pyproject.toml and the design say, and no file or function grows too long."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LONGEST_MODULE = 400
LONGEST_FUNCTION = 50


def test_pyproject_lists_the_packages_on_disk(pyproject: dict[str, Any], modules: dict[str, Path]) -> None:
    on_disk = {name for name, path in modules.items() if path.name == "__init__.py"}
    listed = pyproject["tool"]["setuptools"]["packages"]
    found = sorted(on_disk - set(listed))
    assert not found, f"pyproject.toml must list these, or the wheel lacks them: {found}"
    found = sorted(set(listed) - on_disk)
    assert not found, f"pyproject.toml lists these, but they are not on disk: {found}"
    assert len(listed) == len(set(listed)), "a package is listed twice"


def test_every_folder_with_modules_is_a_package(root: Path, modules: dict[str, Path]) -> None:
    folders = {path.parent for path in modules.values()}
    found = [
        str(folder.relative_to(root)) for folder in sorted(folders) if not (folder / "__init__.py").exists()
    ]
    assert not found, "\n".join(found)


def test_mapped_folders_have_relative_symlinks(root: Path, folders: dict[str, Path]) -> None:
    for package, folder in folders.items():
        if package != "taxgap":
            link = root / package.replace(".", "/")
            assert link.is_symlink(), f"{link} must be a symlink"
            assert link.readlink() == Path("..") / folder.name, f"{link} must be relative"
            assert link.resolve() == folder


def test_no_other_symlink_stands_in_the_packages(root: Path, folders: dict[str, Path]) -> None:
    links = {
        Path(where, name)
        for folder in folders.values()
        for where, inner, names in os.walk(folder)
        for name in (*inner, *names)
        if Path(where, name).is_symlink()
    }
    assert links == {root / package.replace(".", "/") for package in folders if package != "taxgap"}


def test_no_module_is_too_long(root: Path, modules: dict[str, Path]) -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in modules.values()}
    found = [
        f"{path.relative_to(root)}: {length} lines, {LONGEST_MODULE} are allowed"
        for path, length in lengths.items()
        if length > LONGEST_MODULE
    ]
    assert not found, "\n".join(found)


def test_no_function_is_too_long(root: Path, modules: dict[str, Path]) -> None:
    found = [
        f"{path.relative_to(root)}:{function.lineno}: {function.name} has {_length(function)} lines "
        f"without its docstring, {LONGEST_FUNCTION} are allowed"
        for path in modules.values()
        for function in _functions(path)
        if _length(function) > LONGEST_FUNCTION
    ]
    assert not found, "\n".join(found)


def test_imports_are_absolute(root: Path, modules: dict[str, Path]) -> None:
    found = [
        f"{path.relative_to(root)}:{node.lineno}: write the import in full"
        for path in modules.values()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not found, "\n".join(found)


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return lines
