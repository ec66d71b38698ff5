"""Imports point one way: a room imports rooms to its left, never its neighbours and never to its right."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ORDER = (
    "errors <- tax, schemas <- records <- validation <- synthetic, peers <- regimes <- risk <- reasons "
    "<- calibration, gap <- cases <- policy, batch <- monitoring <- publication <- cli"
)
LEVELS = {
    room: level
    for level, rooms in enumerate(group.split(",") for group in ORDER.split("<-"))
    for room in map(str.strip, rooms)
}
LAST = max(LEVELS, key=lambda room: LEVELS[room])
DOOR = ("taxgap", "taxgap.__main__")  # the public face and `python -m taxgap` may name any room


def test_imports_point_one_way(root: Path, modules: dict[str, Path]) -> None:
    named = {
        f"{path.relative_to(root)}": (name, path.read_text())
        for name, path in modules.items()
        if name not in DOOR
    }
    found = list(offences(named))
    assert not found, "\n".join(found)


def test_the_door_imports_nothing_at_once(modules: dict[str, Path]) -> None:
    tree = ast.parse(modules["taxgap"].read_text())
    at_once = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    found = [
        f"line {node.lineno}: {target}" for node in at_once for target in _targets(node) if _is_ours(target)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "source", "allowed"),
    [
        ("taxgap.records", "from taxgap.schemas.returns import Vat", True),
        ("taxgap.records.manifest", "from taxgap.records import Records", True),
        ("taxgap.records", "from taxgap import __version__", True),
        ("taxgap.cli.train", "import taxgap as tg", True),
        ("taxgap.cli.train", "from taxgap import train", True),
        ("taxgap.risk.model", "import taxgapx", True),
        ("taxgap.records", "from taxgap.risk import train", False),
        ("taxgap.records", "import taxgap.risk.model", False),
        ("taxgap.records", "from taxgap import risk", False),
        ("taxgap.records", "from taxgap import train", False),
        ("taxgap.records", "import taxgap", False),
        ("taxgap.records", "def f():\n    from taxgap.risk import train", False),
        ("taxgap.records", "if TYPE_CHECKING:\n    from taxgap.risk import RiskModel", False),
        ("taxgap.records", "import_module('taxgap.risk')", False),
        ("taxgap.records", "importlib.import_module('taxgap.risk')", False),
        ("taxgap.peers", "from taxgap.synthetic import economy", False),
        ("taxgap.cellar", "import json", False),
        ("taxgap.records", "from taxgap.cellar import wine", False),
    ],
)
def test_the_rule_itself(name: str, source: str, allowed: bool) -> None:
    found = list(offences({"file.py": (name, source)}))
    assert (found == []) is allowed
    assert all(offence.startswith("file.py:") and ORDER in offence for offence in found)


def offences(modules: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Name each import that breaks the rule, by the file given and its line."""
    for file, (name, source) in modules.items():
        room = name.split(".")[1]
        if room not in LEVELS:
            yield f"{file}:1: room {room!r} has no place in the order: {ORDER}"
            continue
        for node in ast.walk(ast.parse(source)):
            for target in filter(_is_ours, _targets(node)):
                if not _allowed(room, target):
                    line = getattr(node, "lineno", 0)
                    yield f"{file}:{line}: {room} may not import {target}; imports point one way: {ORDER}"


def _targets(node: ast.AST) -> list[str]:
    """Return the dotted names that a node imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
        if name in {"import_module", "__import__"}:
            return [str(node.args[0].value)]
    return []


def _is_ours(target: str) -> bool:
    return target.split(".", maxsplit=1)[0] == "taxgap"


def _allowed(room: str, target: str) -> bool:
    if room == LAST or target == "taxgap.__version__":
        return True
    aim = target.split(".")[1] if "." in target else None  # `import taxgap` opens the door to everything
    return aim == room or (aim in LEVELS and LEVELS[aim] < LEVELS[room])
