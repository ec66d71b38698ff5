"""The public face: every name resolves, is documented and typed, and importing it costs nothing."""

from __future__ import annotations

import ast
import inspect
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import taxgap

HEAVY = [
    *("pandas", "pyarrow", "scipy", "sklearn", "pandera", "lightgbm", "shap", "numba", "matplotlib"),
    *("numpy", "duckdb", "jinja2"),
]
LIST_HEAVY = f"import json, sys; print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
HELP = "from taxgap.cli.main import main; assert main(['--help']) == 0"


def test_public_names_are_sorted_and_resolve() -> None:
    assert list(taxgap.__all__) == sorted(set(taxgap.__all__))
    found = [name for name in taxgap.__all__ if getattr(taxgap, name) is None]
    assert not found, "\n".join(found)
    found = [name for name in taxgap.__all__ if name.startswith("_")]
    assert not found, "\n".join(found)


def test_dir_shows_the_public_names() -> None:
    assert set(taxgap.__all__) <= set(dir(taxgap))


def test_a_second_look_finds_the_same_object() -> None:
    found = [name for name in taxgap.__all__ if getattr(taxgap, name) is not getattr(taxgap, name)]
    assert not found, "\n".join(found)


def test_type_checkers_see_the_same_names(modules: dict[str, Path]) -> None:
    tree = ast.parse(modules["taxgap"].read_text())
    (block,) = [
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    typed = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom), ast.unparse(node)
        for alias in node.names:
            assert alias.name == alias.asname, f"write `{alias.name} as {alias.name}`: it is a re-export"
            typed[alias.name] = node.module
    assert typed == taxgap._HOMES


def test_no_module_bears_a_public_name(modules: dict[str, Path]) -> None:
    rooms = {name.split(".")[1] for name in modules if name != "taxgap"}
    assert rooms & set(taxgap.__all__) == set(), "the module would hide the function, or the other way round"


def test_an_unknown_name_says_what_was_meant() -> None:
    with pytest.raises(AttributeError, match="Did you mean 'TaxGapError'") as caught:
        _ = getattr(taxgap, "TaxgapError")  # noqa: B009
    assert caught.value.name == "TaxgapError"
    with pytest.raises(AttributeError, match=r"Public names: .*TaxGapError"):
        _ = getattr(taxgap, "xyzzy")  # noqa: B009


def test_the_version_is_the_projects(pyproject: dict[str, Any]) -> None:
    assert taxgap.__version__ == pyproject["project"]["version"]


def test_the_package_is_typed(folders: dict[str, Path]) -> None:
    assert (folders["taxgap"] / "py.typed").exists()


def test_logging_is_silent_unless_asked_for() -> None:
    handlers = logging.getLogger("taxgap").handlers
    assert any(isinstance(handler, logging.NullHandler) for handler in handlers)


@pytest.mark.parametrize("code", ["import taxgap; dir(taxgap)", HELP], ids=["import", "help"])
def test_nothing_heavy_is_loaded(code: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", f"{code}\n{LIST_HEAVY}"]
    answer = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert json.loads(answer.stdout.splitlines()[-1]) == []


def test_public_names_are_documented() -> None:
    found = [fault for name in taxgap.__all__ for fault in _faults(name, getattr(taxgap, name))]
    assert not found, "\n".join(found)


def _faults(name: str, thing: Any) -> Iterator[str]:
    """Name what the numpydoc docstring of a class or function lacks."""
    if not callable(thing):
        return
    lines = inspect.cleandoc(thing.__doc__ or "").splitlines()
    if not lines or not lines[0].endswith((".", "?", "!")):
        yield f"{name}: the docstring has no summary line that ends with a full stop"
    text = "\n".join(lines)
    sections = set(re.findall(r"^(\w[\w ]*)\n-{3,}$", text, re.MULTILINE))
    signature = inspect.signature(thing)
    named = [parameter.name for parameter in signature.parameters.values()]
    if named and not sections & ({"Parameters", "Attributes"} if isinstance(thing, type) else {"Parameters"}):
        yield f"{name}: the docstring has no section Parameters"
    listed = {
        word.strip(" *")
        for names in re.findall(r"^([\w*, ]+) :", text, re.MULTILINE)
        for word in names.split(",")
    }
    yield from (f"{name}: parameter {each} is not described" for each in named if each not in listed)
    silent = (None, "None", "NoReturn", inspect.Signature.empty)
    if (
        not isinstance(thing, type)
        and signature.return_annotation not in silent
        and not sections & {"Returns", "Yields"}
    ):
        yield f"{name}: the docstring has no section Returns"
