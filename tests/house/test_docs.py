"""The API reference can be built and is complete; what the documents say of files and versions is true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import taxgap

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
ELSEWHERE = re.compile(r"[a-z]+:|#")


@pytest.fixture(scope="module")
def documents(root: Path) -> dict[str, str]:
    paths = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("benchmarks/**/*.md")]
    return {str(path.relative_to(root)): path.read_text() for path in sorted(paths)}


def test_the_reference_is_built_and_complete(modules: dict[str, Path], tmp_path: Path) -> None:
    rooms = {".".join(name.split(".")[:2]) for name in modules if not name.startswith("taxgap.__")}
    out = tmp_path / "out"
    command = [sys.executable, "-m", "pdoc", "--docformat", "numpy", "--output-directory", str(out)]
    command += sorted(rooms - {"taxgap.cli"})
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    found = [line for line in answer.stderr.splitlines() if line.startswith("Warn")]
    assert not found, "\n".join(found)
    page = (out / "taxgap.html").read_text()
    found = [name for name in taxgap.__all__ if f'id="{name}"' not in page]
    assert not found, "\n".join(found)


def test_links_lead_to_files(root: Path, documents: dict[str, str]) -> None:
    found = [
        f"{document}: {target}"
        for document, text in documents.items()
        for target in LINK.findall(CODE.sub("", text))
        if not ELSEWHERE.match(target)
        and not (root / document).parent.joinpath(target.split("#")[0]).exists()
    ]
    assert not found, "\n".join(found)


def test_the_changelog_speaks_of_this_version(documents: dict[str, str], pyproject: dict[str, Any]) -> None:
    changelogs = {name: text for name, text in documents.items() if Path(name).stem.upper() == "CHANGELOG"}
    assert changelogs
    headings = ("## [Unreleased]", f"## [{pyproject['project']['version']}]")
    found = [name for name, text in changelogs.items() if not any(each in text for each in headings)]
    assert not found, "\n".join(found)


def test_the_citation_names_this_version(root: Path, pyproject: dict[str, Any]) -> None:
    citation = (root / "CITATION.cff").read_text()
    assert re.findall(r"^version: (.*)$", citation, re.MULTILINE) == [pyproject["project"]["version"]]


def test_the_makefile_explains_every_rule(root: Path) -> None:
    makefile = (root / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    assert sorted(explained) == sorted(phony.split())
