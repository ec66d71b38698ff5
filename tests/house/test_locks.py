"""The lock files pin everything, by hash, and name no place to fetch it from."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

LOCKS = ("requirements.lock", "requirements-test.lock")
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")

Pins = dict[str, dict[Version, set[str]]]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_with_hashes(root: Path, lock: str) -> None:
    pins = _pins(root / lock)
    assert pins
    found = [name for name, versions in pins.items() if not all(versions.values())]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_address_and_no_option_is_written(root: Path, lock: str) -> None:
    lines = (root / lock).read_text().splitlines()
    wrong = re.compile(r"://|^\s*-(?!-hash=sha256:)|\s@\s|file:")
    found = [f"{lock}:{number}: {line}" for number, line in enumerate(lines, 1) if wrong.search(line)]
    assert not found, "\n".join(found)


def test_the_test_lock_is_a_superset(root: Path) -> None:
    runtime, test = (_pins(root / lock) for lock in LOCKS)
    assert {name: test.get(name) for name in runtime} == runtime


def test_the_runtime_lock_holds_dependencies_and_build_backend(root: Path, pyproject: dict[str, Any]) -> None:
    declared = [*pyproject["project"]["dependencies"], *pyproject["build-system"]["requires"]]
    found = _unmet(declared, _pins(root / LOCKS[0]))
    assert not found, "\n".join(found)


def test_the_test_lock_holds_the_test_group(root: Path, pyproject: dict[str, Any]) -> None:
    found = _unmet(pyproject["dependency-groups"]["test"], _pins(root / LOCKS[1]))
    assert not found, "\n".join(found)


def _pins(path: Path) -> Pins:
    pins: Pins = defaultdict(dict)
    for block in re.split(r"\n(?=\S)", path.read_text().strip()):
        requirement = Requirement(block.split("\\\n")[0].strip())
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", f"{path.name}: {requirement} is no pin"
        pins[canonicalize_name(requirement.name)][Version(specifier.version)] = set(HASH.findall(block))
    return dict(pins)


def _unmet(declared: list[str], pins: Pins) -> list[str]:
    requirements = map(Requirement, declared)
    return [
        f"{requirement}: run `make lock`"
        for requirement in requirements
        if not any(
            version in requirement.specifier for version in pins.get(canonicalize_name(requirement.name), {})
        )
    ]
